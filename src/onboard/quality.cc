#include "onboard/quality.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/contract.h"

namespace skywarden::onboard {
namespace {

using datum::MissingReason;

double weight_of(datum::Criticality criticality) {
  switch (criticality) {
    case datum::Criticality::kLow:
      return 1.0;
    case datum::Criticality::kNormal:
      return 2.0;
    case datum::Criticality::kHigh:
      break;
  }
  return 4.0;
}

double weight_of(datum::Provenance provenance) {
  switch (provenance) {
    case datum::Provenance::kObserved:
      return 1.0;
    case datum::Provenance::kReconstructed:
      return 0.5;
    case datum::Provenance::kSimulated:
    case datum::Provenance::kWhatIf:
      break;
  }
  return 0.0;
}

// Something came, and it was not believed.
bool contradicts(MissingReason reason) {
  switch (reason) {
    case MissingReason::kMalformed:
    case MissingReason::kOutOfRange:
    case MissingReason::kRateOfChange:
    case MissingReason::kStuck:
    case MissingReason::kClockJump:
      return true;
    case MissingReason::kNotReported:
    case MissingReason::kLinkLoss:
    case MissingReason::kDropped:
      break;
  }
  return false;
}

double worth_of(const datum::FieldSpec& spec, const datum::Estimated& estimate) {
  if (std::holds_alternative<datum::Category>(estimate.value)) return estimate.probability.value();
  const auto* number = std::get_if<double>(&estimate.value);
  if (number == nullptr || !estimate.interval) return 0.0;
  const double half = (estimate.interval->high - estimate.interval->low) / 2.0;
  const double tolerance = std::max(spec.tolerance_abs, spec.tolerance_rel * std::fabs(*number));
  if (!(half > 0.0)) return 1.0;
  return std::min(1.0, tolerance / half);
}

double share(double part, double whole, double otherwise) {
  return whole > 0.0 ? part / whole : otherwise;
}

double hours_of(Duration duration) {
  return std::chrono::duration<double, std::ratio<3600>>(duration).count();
}

double score_of(const Quality& quality) {
  const double score = std::pow(quality.completeness, kCompletenessWeight) *
                       std::pow(quality.consistency, kConsistencyWeight) *
                       std::pow(quality.freshness, kFreshnessWeight) *
                       std::pow(quality.provenance, kProvenanceWeight);
  return std::round(score * 1e6) / 1e6;
}

}  // namespace

QualityTally::QualityTally(datum::Schema schema, QualityOptions options)
    : schema_(std::move(schema)), options_(options), fields_(schema_.fields.size()) {
  EXPECTS(options_.freshness_half_life > Duration::zero());
}

double QualityTally::field_weight(std::size_t field) const {
  return weight_of(schema_.fields[field].criticality);
}

void QualityTally::add(const datum::Record& cleaned, const datum::Record& used,
                       const std::vector<bool>& flagged) {
  EXPECTS(cleaned.fields.size() == fields_.size() && used.fields.size() == fields_.size());
  EXPECTS(flagged.empty() || flagged.size() == fields_.size());
  ++records_;
  newest_ = newest_ ? std::max(*newest_, used.time) : used.time;
  for (std::size_t f = 0; f < fields_.size(); ++f) {
    FieldQuality& field = fields_[f];
    if (const auto* missing = std::get_if<datum::Missing>(&cleaned.fields[f])) {
      const bool wrong = contradicts(missing->reason);
      field.reported += wrong ? 1 : 0;
      field.contradicted += wrong ? 1 : 0;
    } else if (std::holds_alternative<datum::Observed>(cleaned.fields[f])) {
      ++field.reported;
      field.flagged += !flagged.empty() && flagged[f] ? 1 : 0;
    }
    if (std::holds_alternative<datum::Missing>(used.fields[f])) continue;
    ++field.present;
    const auto* estimate = std::get_if<datum::Estimated>(&used.fields[f]);
    field.estimated += estimate != nullptr ? 1 : 0;
    field.worth +=
        weight_of(used.provenance) * (estimate != nullptr ? worth_of(schema_.fields[f], *estimate) : 1.0);
  }
}

Quality QualityTally::quality(Instant now) const {
  Quality out;
  out.records = records_;
  if (records_ == 0) return out;
  double all = 0.0, present = 0.0, reported = 0.0, believed = 0.0, worth = 0.0;
  for (std::size_t f = 0; f < fields_.size(); ++f) {
    const FieldQuality& field = fields_[f];
    const double weight = field_weight(f);
    all += weight * static_cast<double>(records_);
    present += weight * static_cast<double>(field.present);
    reported += weight * static_cast<double>(field.reported);
    believed += weight * static_cast<double>(field.reported - field.contradicted - field.flagged);
    worth += weight * field.worth;
  }
  out.completeness = share(present, all, 0.0);
  out.consistency = share(believed, reported, 1.0);
  out.provenance = share(worth, present, 0.0);
  out.age = std::max(Duration::zero(), now - *newest_);
  out.freshness = std::exp2(-hours_of(out.age) / hours_of(options_.freshness_half_life));
  out.score = score_of(out);
  return out;
}

std::vector<std::string> QualityTally::reasons(Instant now) const {
  const Quality q = quality(now);
  if (records_ == 0) return {"no records"};
  // The field that costs a part most, if any does.
  const auto costliest = [&](const auto& cost) -> std::optional<std::size_t> {
    std::optional<std::size_t> worst;
    double most = 0.0;
    for (std::size_t f = 0; f < fields_.size(); ++f) {
      const double costs = field_weight(f) * cost(fields_[f]);
      if (costs > most) worst = f, most = costs;
    }
    return worst;
  };
  std::vector<std::string> lines;
  const auto missing =
      costliest([&](const FieldQuality& f) { return static_cast<double>(records_ - f.present); });
  lines.push_back(fmt::format("completeness {:.3f}: ", q.completeness) +
                  (missing ? fmt::format("{} is missing in {} of {}", schema_.fields[*missing].name,
                                         records_ - fields_[*missing].present, records_)
                           : "nothing is missing"));
  const auto wrong =
      costliest([](const FieldQuality& f) { return static_cast<double>(f.contradicted + f.flagged); });
  lines.push_back(fmt::format("consistency {:.3f}: ", q.consistency) +
                  (wrong ? fmt::format("{} was not believed in {} and looks odd in {} of {} reports",
                                       schema_.fields[*wrong].name, fields_[*wrong].contradicted,
                                       fields_[*wrong].flagged, fields_[*wrong].reported)
                         : "nothing contradicts"));
  lines.push_back(
      fmt::format("freshness {:.3f}: the newest record is {:.1f} h old and loses half in {:.1f} h",
                  q.freshness, hours_of(q.age), hours_of(options_.freshness_half_life)));
  const auto unsure =
      costliest([](const FieldQuality& f) { return static_cast<double>(f.present) - f.worth; });
  lines.push_back(fmt::format("provenance {:.3f}: ", q.provenance) +
                  (unsure ? fmt::format("{} is estimated in {} of {}, worth {:.1f} readings together",
                                        schema_.fields[*unsure].name, fields_[*unsure].estimated,
                                        fields_[*unsure].present, fields_[*unsure].worth)
                          : "all is measured"));
  return lines;
}

Quality record_quality(const datum::Schema& schema, const datum::Record& cleaned, const datum::Record& used,
                       Instant now, const QualityOptions& options) {
  QualityTally tally(schema, options);
  tally.add(cleaned, used);
  return tally.quality(now);
}

}  // namespace skywarden::onboard
