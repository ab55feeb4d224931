#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <cmath>
#include <vector>

#include "onboard/quality.h"

namespace skywarden::onboard {
namespace {

using datum::Estimated;
using datum::Field;
using datum::Interval;
using datum::Missing;
using datum::MissingReason;
using datum::Observed;

const Instant kNow = parse_utc("2022-02-26T12:00:00Z").value();

datum::Schema schema() {
  datum::Schema out;
  for (const auto& [name, criticality] : {std::pair{"temp", datum::Criticality::kHigh},
                                          {"wind", datum::Criticality::kNormal},
                                          {"sky", datum::Criticality::kLow}}) {
    datum::FieldSpec field;
    field.name = name;
    field.criticality = criticality;
    field.tolerance_abs = 1.0;
    out.fields.push_back(field);
  }
  out.fields[2].kind = datum::FieldKind::kCategory;
  out.fields[2].levels = {"clear", "smoke"};
  return out;
}

datum::Record record(Field temp, Field wind, Field sky, Duration age = Duration::zero()) {
  return {"tower", kNow - age, {std::move(temp), std::move(wind), std::move(sky)}};
}

datum::Record whole(Duration age = Duration::zero()) {
  return record(Observed{20.0}, Observed{3.0}, Observed{datum::Category{0}}, age);
}

Quality of(const datum::Record& cleaned, const datum::Record& used) {
  return record_quality(schema(), cleaned, used, kNow);
}

TEST_CASE("a whole, sound, new, measured record scores 1") {
  const Quality quality = of(whole(), whole());
  CHECK(quality.completeness == 1.0);
  CHECK(quality.consistency == 1.0);
  CHECK(quality.freshness == 1.0);
  CHECK(quality.provenance == 1.0);
  CHECK(quality.score == 1.0);
}

TEST_CASE("completeness weighs fields by how critical they are") {
  const datum::Record no_temp = record(Missing{}, Observed{3.0}, Observed{datum::Category{0}});
  const datum::Record no_sky = record(Observed{20.0}, Observed{3.0}, Missing{MissingReason::kLinkLoss});
  CHECK(of(no_temp, no_temp).completeness == doctest::Approx(3.0 / 7.0));
  CHECK(of(no_sky, no_sky).completeness == doctest::Approx(6.0 / 7.0));
  CHECK(of(no_temp, no_temp).consistency == 1.0);  // what did not come contradicts nothing
  CHECK(of(no_sky, no_sky).score == doctest::Approx(std::pow(6.0 / 7.0, 0.3)).epsilon(1e-6));
}

TEST_CASE("what cleaning lost stays inconsistent when it is estimated") {
  const datum::Record cleaned =
      record(Missing{MissingReason::kOutOfRange}, Observed{3.0}, Observed{datum::Category{0}});
  datum::Record used = cleaned;
  used.fields[0] = Estimated{20.0, Interval{18.0, 22.0}, Probability{1.0}, "baseline"};
  const Quality quality = of(cleaned, used);
  CHECK(quality.completeness == 1.0);
  CHECK(quality.consistency == doctest::Approx(3.0 / 7.0));
  // Known to 2 where 1 is asked for: half a reading.
  CHECK(quality.provenance == doctest::Approx((4.0 * 0.5 + 2.0 + 1.0) / 7.0));
}

TEST_CASE("every reason of missing is either not reported or not believed") {
  for (const auto& [reason, consistent] : {std::pair{MissingReason::kNotReported, true},
                                           {MissingReason::kLinkLoss, true},
                                           {MissingReason::kDropped, true},
                                           {MissingReason::kMalformed, false},
                                           {MissingReason::kOutOfRange, false},
                                           {MissingReason::kRateOfChange, false},
                                           {MissingReason::kStuck, false},
                                           {MissingReason::kClockJump, false}}) {
    const datum::Record one = record(Observed{1.0}, Missing{reason}, Observed{datum::Category{0}});
    CHECK((of(one, one).consistency == 1.0) == consistent);
  }
}

TEST_CASE("an estimate is worth what its interval and probability say") {
  const auto worth = [](Field wind) {
    QualityTally tally(schema());
    const datum::Record used = record(Missing{}, std::move(wind), Missing{});
    tally.add(used, used);
    return tally.quality(kNow).provenance;
  };
  CHECK(worth(Estimated{3.0, Interval{2.5, 3.5}, Probability{1.0}, "x"}) == 1.0);
  CHECK(worth(Estimated{3.0, Interval{3.0, 3.0}, Probability{1.0}, "twin:a"}) == 1.0);
  CHECK(worth(Estimated{3.0, Interval{-1.0, 7.0}, Probability{1.0}, "x"}) == 0.25);
  CHECK(worth(Estimated{3.0, std::nullopt, Probability{1.0}, "x"}) == 0.0);
  CHECK(worth(Estimated{datum::Category{1}, std::nullopt, Probability{0.7}, "x"}) == 0.7);
}

TEST_CASE("what a program made is no evidence, and what was put together afterwards half of it") {
  datum::Record made = whole();
  made.provenance = datum::Provenance::kSimulated;
  CHECK(of(made, made).provenance == 0.0);
  CHECK(of(made, made).score == 0.0);
  made.provenance = datum::Provenance::kReconstructed;
  CHECK(of(made, made).provenance == 0.5);
}

TEST_CASE("freshness halves in three hours, and the newest record counts") {
  const auto old = whole(std::chrono::hours(3));
  CHECK(of(old, old).freshness == doctest::Approx(0.5));
  const auto ahead = whole(-std::chrono::hours(1));
  CHECK(of(ahead, ahead).freshness == 1.0);
  QualityTally tally(schema());
  tally.add(old, old);
  tally.add(whole(), whole());
  tally.add(old, old);
  CHECK(tally.quality(kNow).freshness == 1.0);
  CHECK(tally.quality(kNow).records == 3);
}

TEST_CASE("anomalies count against consistency, and reasons name what costs most") {
  QualityTally tally(schema());
  for (int i = 0; i < 4; ++i) tally.add(whole(), whole(), {i == 0, false, false});
  const datum::Record gap = record(Observed{1.0}, Missing{}, Observed{datum::Category{0}});
  tally.add(gap, gap);
  CHECK(tally.quality(kNow).consistency == doctest::Approx(1.0 - 4.0 / 33.0));
  const auto reasons = tally.reasons(kNow);
  REQUIRE(reasons.size() == 4);
  CHECK(reasons[0] == "completeness 0.943: wind is missing in 1 of 5");
  CHECK(reasons[1] == "consistency 0.879: temp was not believed in 0 and looks odd in 1 of 5 reports");
  CHECK(reasons[2] == "freshness 1.000: the newest record is 0.0 h old and loses half in 3.0 h");
  CHECK(reasons[3] == "provenance 1.000: all is measured");
  CHECK(QualityTally(schema()).quality(kNow).score == 0.0);
  CHECK(QualityTally(schema()).reasons(kNow) == std::vector<std::string>{"no records"});
}

Field some_field(int which) {
  switch (which) {
    case 0:
      return Observed{5.0};
    case 1:
      return Missing{MissingReason::kLinkLoss};
    case 2:
      return Missing{MissingReason::kStuck};
    default:
      return Estimated{5.0, Interval{5.0 - which, 5.0 + which}, Probability{1.0}, "x"};
  }
}

TEST_CASE("parts and score stay in 0…1, and losing a value never raises completeness") {
  CHECK(rc::check("bounds", [](const std::vector<std::uint8_t>& raw, std::uint16_t minutes) {
    RC_PRE(raw.size() >= 2);
    QualityTally before(schema()), after(schema());
    const Duration age = std::chrono::minutes(minutes);
    for (std::size_t i = 0; i + 1 < raw.size(); i += 2) {
      const datum::Record one = record(some_field(raw[i] % 8), some_field(raw[i + 1] % 8), Missing{}, age);
      datum::Record less = one;
      less.fields[0] = Missing{MissingReason::kLinkLoss};
      before.add(one, one);
      after.add(i == 0 ? less : one, i == 0 ? less : one);
    }
    for (const Quality& q : {before.quality(kNow), after.quality(kNow)}) {
      for (const double part : {q.completeness, q.consistency, q.freshness, q.provenance, q.score})
        RC_ASSERT(part >= 0.0 && part <= 1.0);
      // A weighted geometric mean lies between the least and the greatest of its parts.
      const auto [least, most] = std::minmax({q.completeness, q.consistency, q.freshness, q.provenance});
      RC_ASSERT(q.score >= least - 1e-6 && q.score <= most + 1e-6);
    }
    RC_ASSERT(after.quality(kNow).completeness <= before.quality(kNow).completeness);
    RC_ASSERT(after.quality(kNow).freshness == before.quality(kNow).freshness);
  }));
}

}  // namespace
}  // namespace skywarden::onboard
