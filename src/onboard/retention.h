// What is kept when storage fills, by criticality: everything while there is room; beyond a share of it old
// entries below kHigh are thinned to every other one; when full the oldest entry of the least criticality
// goes. So nothing critical is dropped while anything less critical is left, and bytes are bounded.
//
// A plan only: it says what to erase, whoever keeps the bytes does so (storage/record_store.h). Entries are
// held in order of arrival. Constant work for an entry, spread over those before it. After a restart a plan
// is restored from the entries that are there and a memory of a few numbers, and goes on as if nothing had
// been.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <list>
#include <span>
#include <vector>

#include "datum/schema.h"

namespace skywarden::onboard {

struct RetentionOptions {
  std::size_t bytes_max = 64'000'000;
  std::size_t entries_max = 1'000'000;
  double thin_from = 0.75;  // share of the bytes from which on old entries are thinned
};

struct RetainedEntry {
  std::uint64_t id = 0;
  datum::Criticality criticality = datum::Criticality::kNormal;
  std::size_t bytes = 0;
};

inline constexpr std::size_t kCriticalities = 3;

// What a plan knows beside its entries.
struct RetentionMemory {
  // By criticality: the entry that thinning looks at next; kAtOldest: it begins with the oldest.
  static constexpr std::uint64_t kAtOldest = UINT64_MAX;
  std::array<std::uint64_t, kCriticalities> next = {kAtOldest, kAtOldest, kAtOldest};
  std::uint64_t thinned = 0, dropped = 0;
  friend bool operator==(const RetentionMemory&, const RetentionMemory&) = default;
};

class RetentionPlan {
 public:
  explicit RetentionPlan(const RetentionOptions& options = {});
  // Holds these entries, in the order they were added in, which their ids ascend with. Nothing is thinned.
  // `erased` receives what has no room when there is less of it than there was.
  RetentionPlan(const RetentionOptions& options, std::span<const RetainedEntry> held,
                const RetentionMemory& memory, std::vector<std::uint64_t>& erased);

  struct Outcome {
    bool kept = false;                  // the new entry
    std::vector<std::uint64_t> erased;  // entries to be erased for it, in this order
  };
  // An entry is not kept when everything held is more critical and leaves no room, or when it is larger than
  // the storage.
  [[nodiscard]] Outcome add(const RetainedEntry& entry);

  [[nodiscard]] RetentionMemory memory() const;

  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  [[nodiscard]] std::size_t bytes_of(datum::Criticality criticality) const {
    return levels_[static_cast<std::size_t>(criticality)].bytes;
  }
  [[nodiscard]] std::size_t entries() const { return entries_; }
  [[nodiscard]] std::uint64_t thinned() const { return thinned_; }
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

 private:
  static constexpr std::size_t kLevels = kCriticalities;
  struct Level {
    std::list<RetainedEntry> entries;                         // the oldest first
    std::list<RetainedEntry>::iterator next = entries.end();  // to be looked at by the thinning
    std::size_t bytes = 0;
    Level() = default;
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;
  };
  void erase(Level& level, std::list<RetainedEntry>::iterator entry, Outcome& outcome);
  void hold(const RetainedEntry& entry);
  bool drop_oldest_up_to(std::size_t criticality, Outcome& outcome);
  void thin(Outcome& outcome);

  RetentionOptions options_;
  std::array<Level, kLevels> levels_;
  std::size_t bytes_ = 0, entries_ = 0;
  std::uint64_t thinned_ = 0, dropped_ = 0;
};

}  // namespace skywarden::onboard
