#include "consensus/share_policy.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/contract.h"

namespace skywarden::consensus {
namespace {

constexpr std::uint64_t kLightShare = 1;
constexpr std::int64_t kParts = 1000;
// Who holds a full share already is kept unless another is nearer by more than a twentieth.
constexpr std::int64_t kKept = 19, kKeptOf = 20;
constexpr Duration kDistanceMax = std::chrono::hours(1);

struct Candidate {
  Duration effective;
  NodeId node;
  Score blend;
  bool newcomer;
  friend auto operator<=>(const Candidate&, const Candidate&) = default;
};

// Whether `after` is better by so much of `before`, and by `least`.
bool gains(std::optional<Duration> before, std::optional<Duration> after, std::int64_t percent,
           Duration least) {
  if (!after) return false;
  return !before || (*after / 100 * 100 < *before / 100 * (100 - percent) && *before - *after >= least);
}

}  // namespace

std::string_view to_string(ShareWhy why) {
  switch (why) {
    case ShareWhy::kNearest:
      return "nearest";
    case ShareWhy::kFarther:
      return "farther";
    case ShareWhy::kDomainFull:
      return "domain full";
    case ShareWhy::kSilent:
      return "silent";
    case ShareWhy::kNewcomer:
      return "newcomer";
    case ShareWhy::kDistrusted:
      return "distrusted";
    case ShareWhy::kBehind:
      return "behind";
    case ShareWhy::kMalicious:
      return "malicious";
    case ShareWhy::kWitness:
      return "witness";
  }
  return "";
}

std::optional<ShareWhy> share_why(std::string_view name) {
  for (int i = 0; i <= static_cast<int>(ShareWhy::kWitness); ++i)
    if (to_string(static_cast<ShareWhy>(i)) == name) return static_cast<ShareWhy>(i);
  return std::nullopt;
}

Result<void> SharePolicyOptions::validate() const {
  if (bandwidth_part < 0 || trust_part < 0 || stability_part < 0 ||
      bandwidth_part + trust_part + stability_part != kParts)
    return fail(Errc::kOutOfRange, "shares: parts {}, {}, {} of the blend, expected 0 or more, together {}",
                bandwidth_part, trust_part, stability_part, kParts);
  constexpr std::uint64_t kFullMin = 100, kFullMax = 1'000'000;
  if (full_share < kFullMin || full_share > kFullMax)
    return fail(Errc::kOutOfRange, "shares: full share {}, expected {}…{}", full_share, kFullMin, kFullMax);
  if (trust_lost < 0 || trust_min < trust_lost || trust_min > kScoreNeutral)
    return fail(Errc::kOutOfRange, "shares: trust_lost {} and trust_min {}, expected 0…{}, ascending",
                trust_lost, trust_min, kScoreNeutral);
  if (probation < Duration::zero() || barred_max < probation || change_urgently < Duration::zero() ||
      change_every < change_urgently || probation_early < Duration::zero() || probation < probation_early ||
      gain_min < Duration::zero())
    return fail(Errc::kOutOfRange, "shares: a time is negative or exceeds its maximum");
  if (gain_min_percent < 0 || gain_urgent_percent < gain_min_percent || gain_urgent_percent > 100)
    return fail(Errc::kOutOfRange, "shares: gains of {} and {} percent, expected 0…100, ascending",
                gain_min_percent, gain_urgent_percent);
  return {};
}

std::optional<Duration> commit_time(const Shares& shares, NodeId leader,
                                    const std::map<NodeId, Standing>& standings) {
  constexpr std::int64_t kNever = INT64_MIN;
  std::map<NodeId, std::int64_t> nearness{{leader, 0}};
  for (const auto& [node, standing] : standings)
    if (standing.distance) nearness.emplace(node, -standing.distance->count());
  const std::int64_t reached = reached_by_quorum<std::int64_t>(shares, nearness, kNever, kNever);
  if (reached == kNever) return std::nullopt;
  return Duration(-reached);
}

SharePolicy::SharePolicy(SharePolicyOptions options) : options_(options) {
  EXPECTS(options_.validate());
}

Score SharePolicy::blend(const Standing& standing) const {
  return (options_.bandwidth_part * standing.bandwidth + options_.trust_part * standing.trust +
          options_.stability_part * standing.stability) /
         kParts;
}

bool SharePolicy::barred(NodeId node, const Standing& standing, Instant now) {
  const auto [found, is_new] = records_.try_emplace(node);
  Record& record = found->second;
  if (record.trusted && standing.trust < options_.trust_lost) {
    record.trusted = false;
    record.bar = is_new || record.bar == Duration::zero() ? options_.probation
                                                          : std::min(2 * record.bar, options_.barred_max);
    record.barred_until = now + record.bar;
  }
  if (now < record.barred_until || standing.trust < options_.trust_min) return true;
  record.trusted = true;
  return false;
}

// kFarther: none.
ShareWhy SharePolicy::obstacle(NodeId node, const Standing& standing, Instant now) {
  const bool is_barred = barred(node, standing, now);  // whatever else there is
  if (standing.malicious) return ShareWhy::kMalicious;
  if (!standing.caught_up) return ShareWhy::kBehind;
  if (!standing.distance || *standing.distance > kDistanceMax) return ShareWhy::kSilent;
  if (is_barred) return ShareWhy::kDistrusted;
  if (now < standing.member_since + options_.probation) return ShareWhy::kNewcomer;
  return ShareWhy::kFarther;
}

std::optional<WantedShares> SharePolicy::want(const Membership& current, NodeId leader,
                                              const std::map<NodeId, Standing>& standings, Instant now) {
  if (current.failures_max == 0) return std::nullopt;
  const std::uint64_t f = current.failures_max;
  WantedShares wanted{current, {}, {}, {}};
  std::vector<Candidate> candidates;
  bool holds_malicious = false;
  bool holds_in_vain = false;  // a full share that cannot be counted on is one of the f failures used up
  const std::uint64_t half_full = options_.full_share / 2;
  for (const auto& [node, share] : current.shares) {
    const auto found = standings.find(node);
    const Standing standing = found == standings.end() ? Standing{} : found->second;
    ShareWhy why = node == leader ? ShareWhy::kFarther : obstacle(node, standing, now);
    if (current.witnesses.contains(node) && why != ShareWhy::kMalicious) why = ShareWhy::kWitness;
    wanted.reasons.push_back({node, 0, why, standing, blend(standing)});
    ShareReason& reason = wanted.reasons.back();
    const bool early = why == ShareWhy::kNewcomer && now >= standing.member_since + options_.probation_early;
    const bool eligible = why == ShareWhy::kFarther || early;
    if (node == leader) reason.standing.distance = Duration::zero();
    if (eligible) {
      Duration effective = *reason.standing.distance / 1000 * ((2 * kScoreMax - reason.blend) / 1000);
      if (share > half_full) effective = effective / kKeptOf * kKept;
      candidates.push_back({effective, node, reason.blend, early});
    }
    holds_in_vain |= !eligible && share > half_full;
    holds_malicious |= why == ShareWhy::kMalicious && share > 0;
    // Whoever votes goes on voting, unless it was proven malicious; whoever learned and caught up begins to.
    const bool votes = why != ShareWhy::kMalicious && (share > 0 || why != ShareWhy::kBehind);
    wanted.membership.shares[node] = votes ? kLightShare : 0;
  }
  std::sort(candidates.begin(), candidates.end());
  // The f largest stay below half as long as nobody of 2f + 1 lacks more than one part of 2f + 2.
  const std::uint64_t slack = options_.full_share / (2 * f + 2);
  std::map<FailureDomain, std::uint64_t> in_domain;
  std::uint64_t chosen = 0;
  std::uint64_t newcomers = 0;
  Duration farthest{};
  const auto reason_of = [&](NodeId node) {
    return std::lower_bound(wanted.reasons.begin(), wanted.reasons.end(), node,
                            [](const ShareReason& reason, NodeId id) { return reason.node < id; });
  };
  for (const Candidate& candidate : candidates) {
    if (chosen == 2 * f + 1) break;
    if (candidate.newcomer && newcomers == f / 2) continue;
    const auto domain = current.domains.find(candidate.node);
    if (domain != current.domains.end() && domain->second != FailureDomain() &&
        ++in_domain[domain->second] > f) {
      reason_of(candidate.node)->why = ShareWhy::kDomainFull;
      continue;
    }
    ++chosen;
    newcomers += candidate.newcomer ? 1 : 0;
    const auto lacks = static_cast<std::uint64_t>(kScoreMax - candidate.blend);
    wanted.membership.shares[candidate.node] = options_.full_share - slack * lacks / kScoreMax;
    reason_of(candidate.node)->why = ShareWhy::kNearest;
    farthest = candidate.effective;
  }
  if (chosen < 2 * f + 1) {  // too few are known: at least nobody malicious keeps a share
    if (!holds_malicious) return std::nullopt;
    for (auto& [node, share] : wanted.membership.shares) share = share == 0 ? 0 : current.shares.at(node);
  }
  for (ShareReason& reason : wanted.reasons) {
    reason.share = wanted.membership.shares.at(reason.node);
    const bool passed_over = reason.why == ShareWhy::kFarther || reason.why == ShareWhy::kNewcomer;
    holds_in_vain |= passed_over && current.shares.at(reason.node) > half_full &&
                     *reason.standing.distance > std::max(2 * farthest, farthest + options_.gain_min);
  }
  wanted.commit_before = commit_time(current.shares, leader, standings);
  wanted.commit_after = commit_time(wanted.membership.shares, leader, standings);
  const bool urgent = holds_malicious || gains(wanted.commit_before, wanted.commit_after,
                                               options_.gain_urgent_percent, options_.gain_min);
  const bool gained =
      gains(wanted.commit_before, wanted.commit_after, options_.gain_min_percent, options_.gain_min);
  if (!urgent && !gained && !holds_in_vain) return std::nullopt;
  const Duration wait = urgent ? options_.change_urgently : options_.change_every;
  if (changed_ != Instant::min() && now < changed_ + wait) return std::nullopt;
  if (wanted.membership == current || !validate(wanted.membership)) return std::nullopt;
  changed_ = now;
  return wanted;
}

}  // namespace skywarden::consensus
