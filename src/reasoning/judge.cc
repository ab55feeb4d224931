#include "reasoning/judge.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <tuple>
#include <vector>

#include "base/contract.h"
#include "reasoning/independent.h"
#include "reasoning/wording.h"
#include "statistics/pooling.h"

namespace skywarden::reasoning {
namespace {

using datum::Evidence;
using datum::EvidenceKind;
using datum::Finding;
using datum::Prior;
using datum::Reason;
using datum::Verdict;

constexpr double kMicro = 1e6;  // weights of pieces are whole millionths of a log-odd

// A piece that is usable: what it says, and how much of that counts.
struct Weighed {
  const Evidence* evidence = nullptr;
  statistics::Opinion opinion;
  std::int64_t micro = 0;  // opinion's share of the sum, rounded
  Duration age{};
};

bool is_fraction(double x) {
  return x >= 0.0 && x <= 1.0;  // false for NaN
}

double kind_factor(EvidenceKind kind, const JudgeOptions& options) {
  switch (kind) {
    case EvidenceKind::kMeasured:
      return 1.0;
    case EvidenceKind::kEstimated:
      return options.estimated_factor;
    case EvidenceKind::kModelled:
      return options.modelled_factor;
  }
  return 0.0;
}

double clamped_log_odds(Probability p, double limit) {
  if (p.value() <= 0.0) return -limit;
  if (p.value() >= 1.0) return limit;
  return std::clamp(log_odds(p), -limit, limit);
}

bool usable(const Evidence& piece, EventId event, Instant now, const JudgeOptions& options) {
  return piece.event == event && is_fraction(piece.probability.value()) &&
         is_fraction(piece.reliability.value()) && piece.time <= now + options.clock_skew_max &&
         piece.time >= now - options.age_max;
}

Weighed weigh(const Evidence& piece, Instant now, const JudgeOptions& options) {
  const Duration age = std::max(Duration::zero(), now - piece.time);
  const double fresh = std::exp2(-to_seconds(age) / to_seconds(options.half_life));
  const double weight = piece.reliability.value() * fresh * kind_factor(piece.kind, options);
  const double log_odds = clamped_log_odds(piece.probability, options.log_odds_max);
  return {&piece, {log_odds, weight}, std::llround(log_odds * weight * kMicro), age};
}

// A total order of what a piece says, so that the order of arrival decides nothing.
auto canonical(const Weighed& w) {
  const Evidence& e = *w.evidence;
  return std::tuple(-std::abs(w.micro), e.kind, std::string_view(e.source), -e.time.time_since_epoch(),
                    std::string_view(e.detail), e.probability.value(), e.reliability.value());
}

bool earlier(const Weighed& a, const Weighed& b) {
  const auto left = canonical(a), right = canonical(b);
  if (left != right) return left < right;
  return a.evidence->observations < b.evidence->observations;
}

// The pieces of one side that count, strongest first.
std::vector<Weighed> independent_side(const std::vector<Weighed>& ordered, bool positive) {
  std::vector<Weighed> side;
  for (const Weighed& w : ordered)
    if (positive ? w.micro > 0 : w.micro < 0) side.push_back(w);
  if (side.size() > kEvidenceMax) side.resize(kEvidenceMax);
  std::vector<Piece> pieces;
  pieces.reserve(side.size());
  for (const Weighed& w : side)
    pieces.push_back({std::abs(w.micro), w.evidence->source, w.evidence->observations});
  std::vector<Weighed> chosen;
  for (const std::size_t i : heaviest_independent(pieces)) chosen.push_back(side[i]);
  return chosen;
}

double side_sum(const std::vector<Weighed>& side) {
  std::int64_t micro = 0;
  for (const Weighed& w : side) micro += std::abs(w.micro);
  return static_cast<double>(micro) / kMicro;
}

Reason reason_of(const Weighed& w) {
  const Evidence& e = *w.evidence;
  Reason reason{.kind = e.kind,
                .log_odds = static_cast<double>(w.micro) / kMicro,
                .source = e.source,
                .text_en = {},
                .text_zh = {},
                .age = w.age};
  const std::string_view mark_en = e.kind == EvidenceKind::kMeasured    ? ""
                                   : e.kind == EvidenceKind::kEstimated ? " (filled in)"
                                                                        : " (model)";
  const std::string_view mark_zh = e.kind == EvidenceKind::kMeasured    ? ""
                                   : e.kind == EvidenceKind::kEstimated ? "（补全值）"
                                                                        : "（模型）";
  const bool silent = e.detail.empty();
  reason.text_en =
      fmt::format("{}{}: {}", e.source, mark_en, silent ? "no detail given" : std::string_view(e.detail));
  reason.text_zh =
      fmt::format("{}{}：{}", e.source, mark_zh, silent ? "无详情" : detail_in_chinese(e.detail));
  return reason;
}

Probability bounded(const Prior& prior, const JudgeOptions& options) {
  if (!is_fraction(prior.probability.value())) return options.prior_min;
  return std::clamp(prior.probability, options.prior_min, options.prior_max);
}

Reason prior_reason(const Prior& prior, Probability used, double share, Instant now) {
  const bool known = !prior.source.empty();
  return {.kind = EvidenceKind::kModelled,
          .log_odds = share,
          .source = std::string(kPriorSource),
          .text_en = fmt::format(
              "Before any look: chance of fire {}, danger {} ({})", percent(used.value(), Language::kEnglish),
              danger_word(prior.danger, Language::kEnglish), known ? prior.source : "no weather known"),
          .text_zh =
              fmt::format("观测之前：起火概率{}，火险等级{}（{}）", percent(used.value(), Language::kChinese),
                          danger_word(prior.danger, Language::kChinese), known ? prior.source : "无气象数据"),
          .age = std::max(Duration::zero(), now - prior.as_of)};
}

Reason persistent_reason(const JudgeOptions& options) {
  return {.kind = EvidenceKind::kEstimated,
          .log_odds = options.persistent_log_odds,
          .source = std::string(kPersistentSource),
          .text_en = "The heat stays in one place, as of a plant, a flare or a volcano",
          .text_zh = "热源长期固定不动，可能是工厂、火炬或火山",
          .age = {}};
}

Reason abstention(std::string text_en, std::string text_zh) {
  return {.kind = EvidenceKind::kMeasured,
          .log_odds = 0.0,
          .source = std::string(kAbstentionSource),
          .text_en = std::move(text_en),
          .text_zh = std::move(text_zh),
          .age = {}};
}

struct Sides {
  std::vector<Weighed> positive, negative;
};

// Why nothing can be said, or nothing to add.
std::optional<Reason> why_abstain(const Sides& sides, bool over_threshold, const JudgeOptions& options) {
  const double with = side_sum(sides.positive), against = side_sum(sides.negative);
  if (with + against < options.thin_log_odds)
    return abstention("Abstains: the evidence is too thin to say", "暂不判断：证据不足");
  const double weaker = std::min(with, against), stronger = std::max(with, against);
  if (weaker >= options.conflict_log_odds && weaker >= options.conflict_ratio * stronger)
    return abstention(
        fmt::format("Abstains: evidence conflicts, {:.1f} for and {:.1f} against in log-odds", with, against),
        fmt::format("暂不判断：证据相互矛盾，支持{:.1f}，反对{:.1f}（对数几率）", with, against));
  const bool seen = std::any_of(sides.positive.begin(), sides.positive.end(), [&](const Weighed& w) {
    return w.evidence->kind == EvidenceKind::kMeasured &&
           static_cast<double>(w.micro) / kMicro >= options.measured_log_odds_min;
  });
  if (over_threshold && !seen)
    return abstention("Abstains: nothing measured speaks for fire, only models or filled-in values",
                      "暂不判断：没有实测证据支持起火，仅有模型或补全值");
  return std::nullopt;
}

std::vector<Reason> collect_reasons(const Sides& sides, std::vector<Reason> others) {
  std::vector<Reason> reasons = std::move(others);
  for (const Weighed& w : sides.positive) reasons.push_back(reason_of(w));
  for (const Weighed& w : sides.negative) reasons.push_back(reason_of(w));
  std::stable_sort(reasons.begin(), reasons.end(), [](const Reason& a, const Reason& b) {
    return std::fabs(a.log_odds) > std::fabs(b.log_odds);
  });
  if (reasons.size() > kReasonsMax - 1) reasons.resize(kReasonsMax - 1);  // one place for an abstention
  return reasons;
}

statistics::Pooled pool(double start, const Sides& sides, const JudgeOptions& options) {
  std::vector<statistics::Opinion> opinions;
  for (const Weighed& w : sides.positive) opinions.push_back(w.opinion);
  for (const Weighed& w : sides.negative) opinions.push_back(w.opinion);
  statistics::Pooled pooled = statistics::pool_log_odds(start, options.prior_weight * options.prior_deviation,
                                                        opinions, options.calibration);
  // The rounded shares are what was compared, so they are what counts: one more piece for fire never lowers
  // the sum, not even by rounding.
  pooled.log_odds = start + (side_sum(sides.positive) - side_sum(sides.negative));
  return pooled;
}

Finding described(NodeId self, const datum::FireEvent& event, const Prior& prior, Instant now) {
  Finding finding;
  finding.by = self;
  finding.event = event.id;
  finding.time = now;
  finding.danger = prior.danger;
  finding.centre = event.centre;
  finding.outline = event.outline;
  finding.area = event.area;
  finding.radiative_power = event.radiative_power;
  finding.persistent_source = event.persistent_source;
  finding.observations = event.observations;
  return finding;
}

void add_observations(std::vector<ObservationId>& all, const std::vector<Weighed>& side) {
  for (const Weighed& w : side)
    all.insert(all.end(), w.evidence->observations.begin(), w.evidence->observations.end());
}

}  // namespace

Result<void> JudgeOptions::validate() const {
  for (std::size_t i = 0; i < thresholds.size(); ++i) {
    if (!(thresholds[i].value() > 0.0 && thresholds[i].value() < 1.0))
      return fail(Errc::kOutOfRange, "judge.thresholds: expected probabilities between 0 and 1, found {}",
                  thresholds[i].value());
    if (i > 0 && thresholds[i] > thresholds[i - 1])
      return fail(Errc::kConflict, "judge.thresholds: expected to fall with danger, found {} after {}",
                  thresholds[i].value(), thresholds[i - 1].value());
  }
  if (!(prior_min.value() > 0.0 && prior_min <= prior_max && prior_max.value() < 1.0))
    return fail(Errc::kOutOfRange, "judge.prior_min, prior_max: expected 0 < min <= max < 1");
  if (half_life <= Duration::zero() || age_max < Duration::zero() || clock_skew_max < Duration::zero())
    return fail(Errc::kOutOfRange, "judge.half_life, age_max, clock_skew_max: expected positive durations");
  if (!is_fraction(prior_weight)) return fail(Errc::kOutOfRange, "judge.prior_weight: expected 0…1");
  if (!is_fraction(estimated_factor) || !is_fraction(modelled_factor) || !is_fraction(conflict_ratio))
    return fail(Errc::kOutOfRange, "judge.estimated_factor, modelled_factor, conflict_ratio: expected 0…1");
  if (!(log_odds_max > 0.0 && log_odds_max <= 20.0))
    return fail(Errc::kOutOfRange, "judge.log_odds_max: expected a number over 0 and up to 20");
  if (!(prior_deviation >= 0.0 && calibration >= 0.0 && persistent_log_odds <= 0.0 && thin_log_odds >= 0.0 &&
        conflict_log_odds >= 0.0 && measured_log_odds_min > 0.0))
    return fail(Errc::kOutOfRange, "judge: expected deviations and limits that are not negative");
  return {};
}

Finding judge(NodeId self, const datum::FireEvent& event, const Prior& prior,
              std::span<const Evidence> evidence, Instant now, const JudgeOptions& options) {
  EXPECTS(options.validate().has_value());
  std::vector<Weighed> ordered;
  for (const Evidence& piece : evidence)
    if (usable(piece, event.id, now, options)) ordered.push_back(weigh(piece, now, options));
  std::sort(ordered.begin(), ordered.end(), earlier);
  const Sides sides{independent_side(ordered, true), independent_side(ordered, false)};

  const Probability prior_used = bounded(prior, options);
  double start = options.prior_weight * log_odds(prior_used);
  std::vector<Reason> grounds = {prior_reason(prior, prior_used, start, now)};
  if (event.persistent_source) {
    start += options.persistent_log_odds;
    grounds.push_back(persistent_reason(options));
  }
  const statistics::Pooled pooled = pool(start, sides, options);

  Finding finding = described(self, event, prior, now);
  finding.probability = from_log_odds(pooled.log_odds);
  const double half_width = statistics::kNormal95 * pooled.deviation;
  finding.interval = {from_log_odds(pooled.log_odds - half_width).value(),
                      from_log_odds(pooled.log_odds + half_width).value()};
  const auto danger = std::min<std::size_t>(static_cast<std::size_t>(prior.danger), 4);
  finding.threshold = options.thresholds[danger];
  finding.reasons = collect_reasons(sides, std::move(grounds));
  finding.measured = std::any_of(ordered.begin(), ordered.end(), [](const Weighed& w) {
    return w.evidence->kind == EvidenceKind::kMeasured && w.micro != 0;
  });
  const bool over = finding.probability >= finding.threshold;
  if (const auto why = why_abstain(sides, over, options)) {
    finding.verdict = Verdict::kAbstained;
    finding.reasons.push_back(*why);
  } else {
    finding.verdict = over ? Verdict::kFire : Verdict::kNoFire;
  }
  add_observations(finding.observations, sides.positive);
  add_observations(finding.observations, sides.negative);
  std::sort(finding.observations.begin(), finding.observations.end());
  finding.observations.erase(std::unique(finding.observations.begin(), finding.observations.end()),
                             finding.observations.end());
  return finding;
}

}  // namespace skywarden::reasoning
