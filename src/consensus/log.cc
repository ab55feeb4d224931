#include "consensus/log.h"

#include <algorithm>
#include <utility>

#include "base/contract.h"

namespace skywarden::consensus {

Log::Log(std::vector<Entry> entries) : entries_(std::move(entries)) {
  EXPECTS(is_contiguous(entries_, {}));
}

LogPosition Log::last() const {
  return entries_.empty() ? LogPosition{} : LogPosition{entries_.back().index, entries_.back().term};
}

bool Log::contains(LogIndex index) const {
  return index <= last_index();
}

Term Log::term_at(LogIndex index) const {
  return index == LogIndex() ? Term() : at(index).term;
}

bool Log::matches(LogPosition position) const {
  return contains(position.index) && term_at(position.index) == position.term;
}

const Entry& Log::at(LogIndex index) const {
  EXPECTS(index > LogIndex() && contains(index));
  return entries_[index.value() - 1];
}

std::span<const Entry> Log::after(LogIndex after, std::size_t count_max, std::size_t bytes_max) const {
  EXPECTS(contains(after));
  const std::span<const Entry> rest = std::span(entries_).subspan(after.value());
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
  EXPECTS(first > LogIndex() && first.value() <= last.value() + 1 && contains(last));
  return std::span(entries_).subspan(first.value() - 1, last.value() + 1 - first.value());
}

bool Log::is_no_newer_than(LogPosition other) const {
  const LogPosition mine = last();
  return other.term > mine.term || (other.term == mine.term && other.index >= mine.index);
}

LogPosition Log::last_at_most(LogIndex index, Term term) const {
  const auto end = entries_.begin() + static_cast<std::ptrdiff_t>(std::min(index, last_index()).value());
  const auto above =
      std::partition_point(entries_.begin(), end, [&](const Entry& e) { return e.term <= term; });
  if (above == entries_.begin()) return {};
  const Entry& found = *std::prev(above);
  return {found.index, found.term};
}

void Log::append(Entry entry) {
  EXPECTS(is_contiguous(std::span(&entry, 1), last()));
  entries_.push_back(std::move(entry));
}

void Log::truncate_from(LogIndex index) {
  EXPECTS(index > LogIndex());
  if (index <= last_index())
    entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(index.value() - 1), entries_.end());
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
