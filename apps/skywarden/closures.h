// When the exercise kept nodes apart that could have seen each other: cut links, nodes that were down,
// partitions. sim::Cuts says what is so now; this remembers since when and until when, for the timeline of
// contacts. It decides nothing.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "sim/cuts.h"

namespace skywarden::app {

enum class ClosureReason : std::uint8_t { kCut, kDown, kPartition };
[[nodiscard]] std::string_view to_string(ClosureReason reason);

struct Closure {
  Instant from{};
  Instant until = Instant::max();  // max: it still lasts
  ClosureReason reason = ClosureReason::kCut;
  friend bool operator==(const Closure&, const Closure&) = default;
};

class Closures {
 public:
  static constexpr std::size_t kKeptMax = 16;  // of each pair, the newest

  explicit Closures(std::vector<NodeId> nodes) : nodes_(std::move(nodes)) {}

  // After `cuts` may have changed; `now` never goes back.
  void follow(const sim::Cuts& cuts, Instant now);

  // Those that touch [from, to], by time.
  [[nodiscard]] std::vector<Closure> during(NodeId a, NodeId b, Instant from, Instant to) const;
  [[nodiscard]] bool closed(NodeId a, NodeId b) const;  // now

 private:
  [[nodiscard]] static std::optional<ClosureReason> reason(const sim::Cuts& cuts, NodeId a, NodeId b);
  void note(std::vector<Closure>& kept, std::optional<ClosureReason> reason, Instant now);

  std::vector<NodeId> nodes_;
  std::map<std::pair<NodeId, NodeId>, std::vector<Closure>> by_pair_;  // first < second
  std::uint64_t version_ = 0;                                          // of the cuts
};

}  // namespace skywarden::app
