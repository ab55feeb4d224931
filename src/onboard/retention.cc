#include "onboard/retention.h"

#include <algorithm>
#include <iterator>

#include "base/contract.h"

namespace skywarden::onboard {
namespace {

constexpr std::size_t kThinnedAtOnce = 2;  // entries looked at for each new one

}  // namespace

RetentionPlan::RetentionPlan(const RetentionOptions& options) : options_(options) {
  EXPECTS(options_.bytes_max > 0 && options_.entries_max > 0);
  EXPECTS(options_.thin_from > 0.0 && options_.thin_from <= 1.0);
}

void RetentionPlan::erase(Level& level, std::list<RetainedEntry>::iterator entry, Outcome& outcome) {
  if (level.next == entry) ++level.next;
  bytes_ -= entry->bytes;
  level.bytes -= entry->bytes;
  --entries_;
  outcome.erased.push_back(entry->id);
  level.entries.erase(entry);
}

void RetentionPlan::hold(const RetainedEntry& entry) {
  Level& level = levels_[static_cast<std::size_t>(entry.criticality)];
  level.entries.push_back(entry);
  level.bytes += entry.bytes;
  bytes_ += entry.bytes;
  ++entries_;
}

RetentionPlan::RetentionPlan(const RetentionOptions& options, std::span<const RetainedEntry> held,
                             const RetentionMemory& memory, std::vector<std::uint64_t>& erased)
    : RetentionPlan(options) {
  const RetainedEntry* before = nullptr;
  for (const RetainedEntry& entry : held) {
    EXPECTS(static_cast<std::size_t>(entry.criticality) < kLevels);
    EXPECTS(before == nullptr || before->id < entry.id);
    hold(entry);
    before = &entry;
  }
  for (std::size_t l = 0; l < kLevels; ++l) {
    Level& level = levels_[l];
    level.next = std::ranges::find_if(level.entries,
                                      [&](const RetainedEntry& entry) { return entry.id >= memory.next[l]; });
  }
  thinned_ = memory.thinned;
  dropped_ = memory.dropped;
  Outcome outcome;
  while (bytes_ > options_.bytes_max || entries_ > options_.entries_max)
    (void)drop_oldest_up_to(kLevels - 1, outcome);
  erased.insert(erased.end(), outcome.erased.begin(), outcome.erased.end());
}

RetentionMemory RetentionPlan::memory() const {
  RetentionMemory out;
  for (std::size_t l = 0; l < kLevels; ++l)
    if (levels_[l].next != levels_[l].entries.end()) out.next[l] = levels_[l].next->id;
  out.thinned = thinned_;
  out.dropped = dropped_;
  return out;
}

bool RetentionPlan::drop_oldest_up_to(std::size_t criticality, Outcome& outcome) {
  for (std::size_t l = 0; l <= criticality; ++l) {
    if (levels_[l].entries.empty()) continue;
    erase(levels_[l], levels_[l].entries.begin(), outcome);
    ++dropped_;
    return true;
  }
  return false;
}

// Every other entry of the least level that is not critical, from the oldest on; then from the oldest again.
void RetentionPlan::thin(Outcome& outcome) {
  for (std::size_t l = 0; l + 1 < kLevels; ++l) {
    Level& level = levels_[l];
    if (level.entries.size() < 2) continue;
    for (std::size_t i = 0; i < kThinnedAtOnce; ++i) {
      if (level.next == level.entries.end()) level.next = level.entries.begin();
      if (std::next(level.next) == level.entries.end()) {
        level.next = level.entries.begin();
        return;
      }
      ++level.next;  // this one stays, the one behind it goes
      const auto entry = level.next;
      erase(level, entry, outcome);
      ++thinned_;
      if (static_cast<double>(bytes_) <= options_.thin_from * static_cast<double>(options_.bytes_max)) return;
    }
    return;
  }
}

RetentionPlan::Outcome RetentionPlan::add(const RetainedEntry& entry) {
  const auto criticality = static_cast<std::size_t>(entry.criticality);
  EXPECTS(criticality < kLevels);
  Outcome out;
  if (entry.bytes > options_.bytes_max) return out;
  // What may go for it must suffice, else nothing goes.
  std::size_t above = 0, above_count = 0;
  for (std::size_t l = criticality + 1; l < kLevels; ++l) {
    above_count += levels_[l].entries.size();
    above += levels_[l].bytes;
  }
  if (above + entry.bytes > options_.bytes_max || above_count >= options_.entries_max) return out;
  while (bytes_ + entry.bytes > options_.bytes_max || entries_ >= options_.entries_max)
    if (!drop_oldest_up_to(criticality, out)) return out;
  const double filled = static_cast<double>(bytes_ + entry.bytes);
  if (filled > options_.thin_from * static_cast<double>(options_.bytes_max)) thin(out);
  hold(entry);
  out.kept = true;
  ENSURES(bytes_ <= options_.bytes_max && entries_ <= options_.entries_max);
  return out;
}

}  // namespace skywarden::onboard
