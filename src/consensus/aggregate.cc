#include "consensus/aggregate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <tuple>
#include <utility>

#include "base/geodesy.h"
#include "base/hash.h"
#include "base/text.h"
#include "consensus/aggregate_outline.h"
#include "statistics/quantile.h"
#include "statistics/weighted.h"

namespace skywarden::consensus {
namespace {

using datum::Finding;
using datum::FixedPoint;
using datum::ProposalReason;
using datum::Verdict;
using statistics::lower_weighted_median;
using statistics::Weighted;

constexpr double kAreaMax = 5.2e14;   // m², the Earth
constexpr double kPowerMax = 1.0e15;  // W, beyond any fire
constexpr std::int64_t kTurn = 3'600'000'000;
// A node is an outlier when its log-odds lie further from the result than this many robust standard
// deviations, and by more than the floor; or its centre lies beyond three radii of the fire and 10 km.
constexpr double kOutlierDeviations = 3.5;
constexpr double kOutlierFloor = 1.5;
constexpr double kOutlierRadii = 3.0, kOutlierMetres = 10'000.0;

// A finding in integers.
struct Ballot {
  NodeId by;
  std::uint64_t weight = 0;
  EventId event;
  std::int64_t time_ns = 0;
  int verdict_rank = 0;  // no fire 0, abstained 1, fire 2
  std::uint32_t probability = 0, low = 0, high = 0, threshold = 0;
  std::uint8_t danger = 0;
  std::uint64_t area = 0, power = 0;
  FixedPoint centre;
  FixedRing outline;
  bool measured = false, persistent = false;
  std::vector<ProposalReason> reasons;
  std::vector<ObservationId> observations;
};

bool is_probability(double p) {
  return p >= 0.0 && p <= 1.0;
}
bool is_amount(double x, double max) {
  return x >= 0.0 && x <= max;
}
bool is_place(GeoPoint p) {
  return std::fabs(p.lat_deg) <= 90.0 && std::fabs(p.lon_deg) <= 180.0;
}

bool is_finding(const Finding& f) {
  return is_probability(f.probability.value()) && is_probability(f.interval.low) &&
         is_probability(f.interval.high) && is_probability(f.threshold.value()) &&
         f.interval.low <= f.probability.value() && f.probability.value() <= f.interval.high &&
         is_amount(f.area.value(), kAreaMax) && is_amount(f.radiative_power.value(), kPowerMax) &&
         is_place(f.centre) && f.verdict <= Verdict::kAbstained && f.danger <= datum::DangerClass::kExtreme;
}

std::uint32_t to_ppm(double probability) {
  return static_cast<std::uint32_t>(std::clamp<long long>(std::llround(probability * kPpm), 1, kPpm - 1));
}

FixedPoint to_fixed(GeoPoint p) {
  return {static_cast<std::int32_t>(std::llround(p.lat_deg * 1e7)),
          static_cast<std::int32_t>(std::llround(p.lon_deg * 1e7))};
}

FixedRing to_fixed(const datum::Ring& ring) {
  if (ring.size() < 4 || ring.size() > kMergedOutlineMax || !(ring.front() == ring.back()) ||
      !std::all_of(ring.begin(), ring.end(), is_place))
    return {};
  FixedRing out;
  out.reserve(ring.size());
  for (const GeoPoint p : ring) out.push_back(to_fixed(p));
  return out;
}

// Text of another node made safe to pass on: UTF-8, no control characters, not too long.
std::string clean(std::string text, std::size_t bytes_max) {
  const bool utf8 = is_valid_utf8(text);
  for (char& c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) c = ' ';
    if (byte >= 0x80 && !utf8) c = '?';
  }
  if (text.size() <= bytes_max) return text;
  std::size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  text.resize(end);
  return text;
}

ProposalReason to_fixed(const datum::Reason& reason) {
  const double milli = std::isfinite(reason.log_odds) ? reason.log_odds * 1000.0 : 0.0;
  const double limit = kMergedLogOddsMilliMax;
  const auto age = std::chrono::duration_cast<std::chrono::milliseconds>(reason.age).count();
  return {.kind = std::min(reason.kind, datum::EvidenceKind::kModelled),
          .log_odds_milli = static_cast<std::int32_t>(std::llround(std::clamp(milli, -limit, limit))),
          .age_ms = std::max<std::int64_t>(0, age),
          .source = clean(reason.source, kMergedSourceBytesMax),
          .text_en = clean(reason.text_en, kMergedTextBytesMax - 64),  // room for how many gave it
          .text_zh = clean(reason.text_zh, kMergedTextBytesMax - 64)};
}

int rank_of(Verdict verdict) {
  return verdict == Verdict::kFire ? 2 : verdict == Verdict::kAbstained ? 1 : 0;
}

template <typename T>
void keep_smallest(std::vector<T>& items, std::size_t count_max) {
  std::sort(items.begin(), items.end());
  items.erase(std::unique(items.begin(), items.end()), items.end());
  if (items.size() > count_max) items.resize(count_max);
}

Ballot ballot_of(const Finding& f, std::uint64_t weight) {
  Ballot b;
  b.by = f.by;
  b.weight = weight;
  b.event = f.event;
  b.time_ns = f.time.time_since_epoch().count();
  b.verdict_rank = rank_of(f.verdict);
  b.probability = to_ppm(f.probability.value());
  b.low = to_ppm(f.interval.low);
  b.high = to_ppm(f.interval.high);
  b.threshold = to_ppm(f.threshold.value());
  b.danger = static_cast<std::uint8_t>(f.danger);
  b.area = static_cast<std::uint64_t>(std::llround(f.area.value()));
  b.power = static_cast<std::uint64_t>(std::llround(f.radiative_power.value()));
  b.centre = to_fixed(f.centre);
  b.outline = to_fixed(f.outline);
  b.measured = f.measured;
  b.persistent = f.persistent_source;
  for (std::size_t i = 0; i < std::min(f.reasons.size(), kMergedReasonsMax); ++i)
    b.reasons.push_back(to_fixed(f.reasons[i]));
  b.observations = f.observations;
  keep_smallest(b.observations, kMergedObservationsMax);
  return b;
}

std::uint64_t fingerprint(const Ballot& b) {
  Fnv1a hash;
  for (const std::uint64_t x :
       {static_cast<std::uint64_t>(b.verdict_rank), std::uint64_t{b.probability}, std::uint64_t{b.low},
        std::uint64_t{b.high}, std::uint64_t{b.threshold}, std::uint64_t{b.danger}, b.area, b.power,
        std::uint64_t{b.measured}, std::uint64_t{b.persistent}})
    hash.add(x);
  const auto add_point = [&](FixedPoint p) {
    hash.add(static_cast<std::uint64_t>(p.lat));
    hash.add(static_cast<std::uint64_t>(p.lon));
  };
  add_point(b.centre);
  for (const FixedPoint p : b.outline) add_point(p);
  for (const ProposalReason& r : b.reasons) {
    hash.add(static_cast<std::uint64_t>(r.kind));
    hash.add(static_cast<std::uint64_t>(r.log_odds_milli));
    hash.add(static_cast<std::uint64_t>(r.age_ms));
    for (const std::string* text : {&r.source, &r.text_en, &r.text_zh}) hash.add(std::string_view(*text));
  }
  for (const ObservationId id : b.observations) hash.add(id.value());
  return hash.value();
}

// Newer first; of two at one time the same one, in whatever order they came.
bool supersedes(const Ballot& a, const Ballot& b) {
  if (a.time_ns != b.time_ns) return a.time_ns > b.time_ns;
  return fingerprint(a) < fingerprint(b);
}

struct Poll {
  std::map<NodeId, Ballot> ballots;
  std::vector<NodeId> refused;
};

EventId heaviest_event(std::span<const Finding> findings, const ShareWeights& shares) {
  std::map<EventId, std::map<NodeId, std::uint64_t>> speakers;
  for (const Finding& f : findings)
    if (const auto share = shares.find(f.by); share != shares.end()) speakers[f.event][f.by] = share->second;
  EventId best;
  std::uint64_t best_weight = 0;
  for (const auto& [event, nodes] : speakers) {
    std::uint64_t weight = 0;
    for (const auto& [node, share] : nodes) weight += share;
    if (weight <= best_weight) continue;
    best = event;
    best_weight = weight;
  }
  return best;
}

Poll poll(std::span<const Finding> findings, const ShareWeights& shares) {
  Poll out;
  const EventId event = heaviest_event(findings, shares);
  for (const Finding& f : findings) {
    const auto share = shares.find(f.by);
    if (f.event != event || share == shares.end() || share->second == 0) continue;
    if (!is_finding(f)) {
      out.refused.push_back(f.by);
      continue;
    }
    Ballot ballot = ballot_of(f, share->second);
    const auto [at, fresh] = out.ballots.try_emplace(f.by, ballot);
    if (!fresh && supersedes(ballot, at->second)) at->second = std::move(ballot);
  }
  keep_smallest(out.refused, out.refused.size());
  return out;
}

template <typename T, typename Get>
T median_of(const std::map<NodeId, Ballot>& ballots, Get get) {
  std::vector<Weighted<T>> items;
  items.reserve(ballots.size());
  for (const auto& [node, ballot] : ballots) items.push_back({static_cast<T>(get(ballot)), ballot.weight});
  return lower_weighted_median(std::move(items));
}

template <typename Says>
bool majority(const std::map<NodeId, Ballot>& ballots, std::uint64_t total, Says says) {
  std::uint64_t weight = 0;
  for (const auto& [node, ballot] : ballots)
    if (says(ballot)) weight += ballot.weight;
  return 2 * weight > total;
}

// Longitudes on a circle have no order. Both cuts are tried, at 180° and at 0°; the one around which the
// nodes lie closer together is right for every fire smaller than half the Earth.
std::int32_t median_longitude(const std::map<NodeId, Ballot>& ballots) {
  const auto plain = [](const Ballot& b) { return std::int64_t{b.centre.lon}; };
  const auto turned = [](const Ballot& b) {
    return b.centre.lon < 0 ? b.centre.lon + kTurn : std::int64_t{b.centre.lon};
  };
  const auto spread = [&](auto get, std::int64_t median) {
    long double sum = 0.0L;
    for (const auto& [node, b] : ballots)
      sum += static_cast<long double>(b.weight) * static_cast<long double>(std::abs(get(b) - median));
    return sum;
  };
  const auto plain_median = median_of<std::int64_t>(ballots, plain);
  const auto turned_median = median_of<std::int64_t>(ballots, turned);
  if (spread(plain, plain_median) <= spread(turned, turned_median))
    return static_cast<std::int32_t>(plain_median);
  return static_cast<std::int32_t>(turned_median > kTurn / 2 ? turned_median - kTurn : turned_median);
}

using ReasonKey = std::tuple<datum::EvidenceKind, std::string, int>;  // kind, source, sign

struct Backed {  // one reason, and who gives it
  ProposalReason reason;
  std::uint64_t weight = 0;
  std::size_t nodes = 0;
};

Backed backed(const std::vector<std::pair<const ProposalReason*, std::uint64_t>>& given) {
  std::vector<Weighted<std::int32_t>> strengths;
  Backed out;
  for (const auto& [reason, weight] : given) {
    strengths.push_back({reason->log_odds_milli, weight});
    out.weight += weight;
  }
  out.nodes = given.size();
  const std::int32_t strength = lower_weighted_median(std::move(strengths));
  const ProposalReason* chosen = nullptr;
  for (const auto& [reason, weight] : given) {
    if (reason->log_odds_milli != strength) continue;
    if (chosen == nullptr || std::tie(reason->age_ms, reason->text_en, reason->text_zh) <
                                 std::tie(chosen->age_ms, chosen->text_en, chosen->text_zh))
      chosen = reason;
  }
  out.reason = *chosen;
  return out;
}

std::vector<ProposalReason> merged_reasons(const std::map<NodeId, Ballot>& ballots, std::uint64_t total) {
  std::map<ReasonKey, std::vector<std::pair<const ProposalReason*, std::uint64_t>>> groups;
  for (const auto& [node, ballot] : ballots) {
    std::map<ReasonKey, bool> given;  // a node gives each reason once
    for (const ProposalReason& r : ballot.reasons) {
      const int sign = r.log_odds_milli > 0 ? 1 : r.log_odds_milli < 0 ? -1 : 0;
      const ReasonKey key{r.kind, r.source, sign};
      if (given.try_emplace(key, true).second) groups[key].emplace_back(&r, ballot.weight);
    }
  }
  std::vector<Backed> reasons;
  for (const auto& [key, given] : groups) reasons.push_back(backed(given));
  const auto minor = [&](const Backed& b) { return 2 * b.weight <= total; };
  std::stable_sort(reasons.begin(), reasons.end(), [&](const Backed& a, const Backed& b) {
    if (minor(a) != minor(b)) return minor(b);
    return std::abs(a.reason.log_odds_milli) > std::abs(b.reason.log_odds_milli);
  });
  if (reasons.size() > kMergedReasonsMax) reasons.resize(kMergedReasonsMax);
  std::vector<ProposalReason> out;
  for (Backed& b : reasons) {
    if (minor(b)) {
      b.reason.text_en += fmt::format(" (from {} of {} satellites)", b.nodes, ballots.size());
      b.reason.text_zh += fmt::format("（{}颗卫星中{}颗给出）", ballots.size(), b.nodes);
    }
    out.push_back(std::move(b.reason));
  }
  return out;
}

double log_odds_of(std::uint32_t ppm) {
  return log_odds(Probability(static_cast<double>(ppm) / kPpm));
}

GeoPoint to_geo(FixedPoint p) {
  return {p.lat * 1e-7, p.lon * 1e-7};
}

std::vector<NodeId> find_outliers(const std::map<NodeId, Ballot>& ballots, const MergedFinding& merged) {
  const double result = log_odds_of(merged.probability_ppm);
  const auto away = [&](const Ballot& b) { return std::fabs(log_odds_of(b.probability) - result); };
  const double spread = statistics::kMadToSigma * median_of<double>(ballots, away);
  const double limit = std::max(kOutlierFloor, kOutlierDeviations * spread);
  const double radius = std::sqrt(static_cast<double>(merged.area_m2) / std::numbers::pi);
  const double far = kOutlierMetres + kOutlierRadii * radius;
  std::vector<NodeId> outliers;
  for (const auto& [node, b] : ballots)
    if (away(b) > limit || distance(to_geo(b.centre), to_geo(merged.centre)).value() > far)
      outliers.push_back(node);
  return outliers;
}

Verdict merged_verdict(const MergedFinding& merged, int rank) {
  if (rank == 0) return Verdict::kNoFire;
  const bool fire = rank == 2 && merged.measured && merged.probability_ppm >= merged.threshold_ppm;
  return fire ? Verdict::kFire : Verdict::kAbstained;
}

void merge_numbers(const std::map<NodeId, Ballot>& ballots, MergedFinding& out) {
  out.time_ns = median_of<std::int64_t>(ballots, [](const Ballot& b) { return b.time_ns; });
  out.probability_ppm = median_of<std::uint32_t>(ballots, [](const Ballot& b) { return b.probability; });
  out.low_ppm = median_of<std::uint32_t>(ballots, [](const Ballot& b) { return b.low; });
  out.high_ppm = median_of<std::uint32_t>(ballots, [](const Ballot& b) { return b.high; });
  out.threshold_ppm = median_of<std::uint32_t>(ballots, [](const Ballot& b) { return b.threshold; });
  out.danger = static_cast<datum::DangerClass>(
      median_of<std::uint8_t>(ballots, [](const Ballot& b) { return b.danger; }));
  out.area_m2 = median_of<std::uint64_t>(ballots, [](const Ballot& b) { return b.area; });
  out.power_w = median_of<std::uint64_t>(ballots, [](const Ballot& b) { return b.power; });
  out.centre = {median_of<std::int32_t>(ballots, [](const Ballot& b) { return b.centre.lat; }),
                median_longitude(ballots)};
}

}  // namespace

std::optional<MergedFinding> merge(std::span<const Finding> findings, const ShareWeights& shares) {
  std::vector<Weighted<NodeId>> all_shares;
  for (const auto& [node, share] : shares) all_shares.push_back({node, share});
  MergedFinding out;
  out.shares_total = statistics::total_weight<NodeId>(all_shares);  // also checks their limit

  const auto [ballots, refused] = poll(findings, shares);
  if (ballots.empty()) return std::nullopt;
  out.event = ballots.begin()->second.event;
  out.refused = refused;
  std::vector<WeightedRing> rings;
  for (const auto& [node, ballot] : ballots) {
    out.merged.push_back(node);
    out.shares_merged += ballot.weight;
    if (ballot.verdict_rank == rank_of(Verdict::kFire)) out.shares_for_fire += ballot.weight;
    rings.push_back({&ballot.outline, ballot.weight});
    out.observations.insert(out.observations.end(), ballot.observations.begin(), ballot.observations.end());
  }
  keep_smallest(out.observations, kMergedObservationsMax);
  merge_numbers(ballots, out);
  out.outline = merge_outlines(rings, out.centre, out.shares_merged);
  out.measured = majority(ballots, out.shares_merged, [](const Ballot& b) { return b.measured; });
  out.persistent_source = majority(ballots, out.shares_merged, [](const Ballot& b) { return b.persistent; });
  out.verdict = merged_verdict(out, median_of<int>(ballots, [](const Ballot& b) { return b.verdict_rank; }));
  out.reasons = merged_reasons(ballots, out.shares_merged);
  out.outliers = find_outliers(ballots, out);
  return out;
}

}  // namespace skywarden::consensus
