#include "consensus/log.h"

#include <algorithm>
#include <utility>

#include "base/contract.h"

namespace skywarden::consensus {

Log::Log(std::vector<Entry> entries, LogPosition base) : base_(base), entries_(std::move(entries)) {
  EXPECTS(is_contiguous(entries_, base_));
}

LogPosition Log::last() const {
  return entries_.empty() ? base_ : LogPosition{entries_.back().index, entries_.back().term};
}

bool Log::contains(LogIndex index) const {
  return index >= base_.index && index <= last_index();
}

Term Log::term_at(LogIndex index) const {
  return index == base_.index ? base_.term : at(index).term;
}

bool Log::matches(LogPosition position) const {
  return contains(position.index) && term_at(position.index) == position.term;
}

const Entry& Log::at(LogIndex index) const {
  EXPECTS(index > base_.index && contains(index));
  return entries_[place(index)];
}

std::span<const Entry> Log::after(LogIndex after, std::size_t count_max, std::size_t bytes_max) const {
  EXPECTS(contains(after));
  const std::span<const Entry> rest = std::span(entries_).subspan(place(after.next()));
  std::size_t count = 0;
  std::size_t bytes = 0;
  while (count < rest.size() && count < count_max) {
    bytes += rest[count].payload.size();
    if (count > 0 && bytes > bytes_max) break;
    ++count;
  }
  return rest.first(count);
}

std::span<const Entry> Log::between(LogIndex first, LogIndex last) const {
  EXPECTS(first > base_.index && first.value() <= last.value() + 1 && contains(last));
  return std::span(entries_).subspan(place(first), last.value() + 1 - first.value());
}

bool Log::is_no_newer_than(LogPosition other) const {
  const LogPosition mine = last();
  return other.term > mine.term || (other.term == mine.term && other.index >= mine.index);
}

LogPosition Log::last_at_most(LogIndex index, Term term) const {
  if (index < base_.index) return {};
  const std::size_t count = std::min(index, last_index()).value() - base_.index.value();
  const auto end = entries_.begin() + static_cast<std::ptrdiff_t>(count);
  const auto above =
      std::partition_point(entries_.begin(), end, [&](const Entry& e) { return e.term <= term; });
  if (above == entries_.begin()) return base_.term <= term ? base_ : LogPosition{};
  const Entry& found = *std::prev(above);
  return {found.index, found.term};
}

void Log::append(Entry entry) {
  EXPECTS(is_contiguous(std::span(&entry, 1), last()));
  entries_.push_back(std::move(entry));
}

void Log::truncate_from(LogIndex index) {
  EXPECTS(index > base_.index);
  if (index <= last_index())
    entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(place(index)), entries_.end());
}

void Log::compact(LogIndex index) {
  EXPECTS(contains(index));
  const LogPosition base{index, term_at(index)};
  entries_.erase(entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(place(index.next())));
  base_ = base;
}

void Log::reset(LogPosition base) {
  entries_.clear();
  base_ = base;
}

bool is_contiguous(std::span<const Entry> entries, LogPosition previous) {
  for (const Entry& entry : entries) {
    if (entry.index != previous.index.next() || entry.term < previous.term || entry.term == Term())
      return false;
    previous = {entry.index, entry.term};
  }
  return true;
}

}  // namespace skywarden::consensus
