#include "replay_shares.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace skywarden::app {
namespace {

// So many of the voters may be among the nearest when at most f come from each plane.
std::size_t room(const std::map<std::uint32_t, std::size_t>& in_plane, std::size_t failures_max) {
  std::size_t sum = 0;
  for (const auto& [plane, voters] : in_plane) sum += std::min(voters, failures_max);
  return sum;
}

}  // namespace

ShareRule share_rule(std::span<const std::uint32_t> planes) {
  if (planes.size() < kVotersMeasuredMin)
    return {
        0,
        {fmt::format("Vote shares stay equal: measured shares gain nothing with fewer than {} voters, and "
                     "here are {}",
                     kVotersMeasuredMin, planes.size()),
         fmt::format("表决权保持均等：少于 {} 个表决成员时按测量分配并无益处，此处有 {} 个",
                     kVotersMeasuredMin, planes.size())}};
  std::map<std::uint32_t, std::size_t> in_plane;
  for (const std::uint32_t plane : planes) ++in_plane[plane];
  const auto most = std::min<std::size_t>(kFailuresMeasuredMax, (planes.size() / 2 - 1) / 2);
  for (std::size_t f = most; f >= kFailuresMeasuredMin; --f) {
    if (room(in_plane, f) < 2 * f + 1) continue;
    return {
        static_cast<std::uint32_t>(f),
        {fmt::format("Vote shares follow what leaders measure: nearly all lie with the {} nearest voters "
                     "that can be counted on, at most {} of one orbital plane, so any {} may fail together",
                     2 * f + 1, f, f),
         fmt::format("表决权随领导节点的测量而定：几乎全部归最近且可靠的 {} 个表决成员，"
                     "同一轨道面至多 {} 个，因此任意 {} 个可同时失效",
                     2 * f + 1, f, f)}};
  }
  return {0,
          {fmt::format("Vote shares stay equal: the {} voters fly in {} orbital planes, too few for measured "
                       "shares to survive the loss of one",
                       planes.size(), in_plane.size()),
           fmt::format("表决权保持均等：{} 个表决成员只分布在 {} 个轨道面，按测量分配经不起失去一个轨道面",
                       planes.size(), in_plane.size())}};
}

node::ShareDeskOptions share_desk_options(std::uint32_t failures_max, Duration heartbeat, Duration length) {
  node::ShareDeskOptions desk;
  desk.failures_max = failures_max;
  desk.probes.every = std::max<Duration>(std::chrono::seconds(20), 2 * heartbeat);
  desk.probes.answer_within = std::chrono::seconds(2);
  desk.probes.samples = 3;
  desk.probes.late_beyond = std::chrono::milliseconds(150);  // orbits stretch a way by as much
  desk.policy.change_every = std::max<Duration>(std::chrono::minutes(10), length / 1000);
  desk.policy.change_urgently = std::max<Duration>(std::chrono::minutes(1), length / 10'000);
  desk.policy.gain_min_percent = 10;
  return desk;
}

}  // namespace skywarden::app
