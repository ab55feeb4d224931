#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <vector>

#include "consensus/aggregate.h"

namespace skywarden::consensus {
namespace {

using datum::Finding;

datum::Ring square(GeoPoint centre, double half) {
  const double s = centre.lat_deg - half, n = centre.lat_deg + half;
  const double w = centre.lon_deg - half, e = centre.lon_deg + half;
  return {{s, w}, {s, e}, {n, e}, {n, w}, {s, w}};
}

double between(double low, double high) {
  return low + (high - low) * *rc::gen::inRange(0, 1001) / 1000.0;
}

// A finding near one place; a liar's may say anything.
Finding arbitrary_finding(std::uint32_t node, bool liar) {
  Finding f;
  f.by = NodeId(node);
  f.event = EventId(1);
  f.time = Instant(std::chrono::seconds(1'500'000'000) +
                   std::chrono::minutes(*rc::gen::inRange(0, liar ? 9999 : 9)));
  f.verdict = static_cast<datum::Verdict>(*rc::gen::inRange(0, 3));
  f.probability = Probability(liar ? between(0.0, 1.0) : between(0.3, 0.8));
  f.interval = {f.probability.value() * 0.7, 1.0 - (1.0 - f.probability.value()) * 0.7};
  f.threshold = Probability(liar ? between(0.0, 1.0) : 0.6);
  f.danger = static_cast<datum::DangerClass>(*rc::gen::inRange(0, liar ? 5 : 2));
  f.centre =
      liar ? GeoPoint{between(-90, 90), between(-180, 180)} : GeoPoint{between(10, 10.1), between(20, 20.1)};
  f.outline = square(f.centre, liar ? between(0.0, 0.0001) : between(0.01, 0.02));
  f.area = SquareMetres(between(0, liar ? 1e12 : 1e7));
  f.radiative_power = Watts(between(0, liar ? 1e14 : 1e9));
  f.measured = *rc::gen::arbitrary<bool>();
  f.persistent_source = *rc::gen::arbitrary<bool>();
  f.reasons = {{datum::EvidenceKind::kMeasured, between(-5, 5),
                std::string(1, static_cast<char>('A' + node % 3)), "text", "文字",
                std::chrono::minutes(*rc::gen::inRange(0, 99))}};
  for (std::uint64_t id = 1; id < 9; ++id)
    if (*rc::gen::arbitrary<bool>()) f.observations.push_back(ObservationId(id));
  return f;
}

struct Scene {
  std::vector<Finding> honest, lying;
  ShareWeights shares;
};

Scene arbitrary_scene() {
  Scene scene;
  std::uint64_t honest_weight = 0, lying_weight = 0;
  const std::uint32_t honest = *rc::gen::inRange(1U, 7U), lying = *rc::gen::inRange(0U, 7U);
  for (std::uint32_t n = 1; n <= honest; ++n) {
    scene.honest.push_back(arbitrary_finding(n, false));
    scene.shares[NodeId(n)] = *rc::gen::inRange<std::uint64_t>(1, 100);
    honest_weight += scene.shares[NodeId(n)];
  }
  for (std::uint32_t n = honest + 1; n <= honest + lying; ++n) {
    const auto weight = *rc::gen::inRange<std::uint64_t>(1, 100);
    if (lying_weight + weight >= honest_weight) break;
    lying_weight += weight;
    scene.lying.push_back(arbitrary_finding(n, true));
    scene.shares[NodeId(n)] = weight;
  }
  return scene;
}

std::vector<Finding> everybody(const Scene& scene) {
  std::vector<Finding> all = scene.honest;
  all.insert(all.end(), scene.lying.begin(), scene.lying.end());
  return all;
}

template <typename Get>
void assert_within_honest(const Scene& scene, double got, double slack, Get get) {
  double low = get(scene.honest[0]), high = low;
  for (const Finding& f : scene.honest) {
    low = std::min(low, static_cast<double>(get(f)));
    high = std::max(high, static_cast<double>(get(f)));
  }
  RC_ASSERT(got >= low - slack);
  RC_ASSERT(got <= high + slack);
}

TEST_CASE("less than half of the weight lying arbitrarily: the result stays within the honest range") {
  CHECK(rc::check("breakdown", [] {
    const Scene scene = arbitrary_scene();
    const auto merged = merge(everybody(scene), scene.shares);
    RC_ASSERT(merged.has_value());
    const auto within = [&](double got, double slack, auto get) {
      assert_within_honest(scene, got, slack, get);
    };
    within(merged->probability_ppm, 1.0, [](const Finding& f) { return f.probability.value() * 1e6; });
    within(merged->low_ppm, 1.0, [](const Finding& f) { return f.interval.low * 1e6; });
    within(merged->high_ppm, 1.0, [](const Finding& f) { return f.interval.high * 1e6; });
    within(merged->threshold_ppm, 1.0, [](const Finding& f) { return f.threshold.value() * 1e6; });
    within(static_cast<double>(merged->area_m2), 1.0, [](const Finding& f) { return f.area.value(); });
    within(static_cast<double>(merged->power_w), 1.0,
           [](const Finding& f) { return f.radiative_power.value(); });
    within(merged->centre.lat * 1e-7, 1e-6, [](const Finding& f) { return f.centre.lat_deg; });
    within(merged->centre.lon * 1e-7, 1e-6, [](const Finding& f) { return f.centre.lon_deg; });
    within(static_cast<double>(merged->time_ns), 1e3,
           [](const Finding& f) { return static_cast<double>(f.time.time_since_epoch().count()); });
    within(static_cast<double>(merged->danger), 0.0,
           [](const Finding& f) { return static_cast<double>(f.danger); });
    RC_ASSERT(merged->low_ppm <= merged->probability_ppm);
    RC_ASSERT(merged->probability_ppm <= merged->high_ppm);
  }));
}

TEST_CASE("no outline reaches beyond the honest ones") {
  CHECK(rc::check("outline", [] {
    const Scene scene = arbitrary_scene();
    const auto merged = merge(everybody(scene), scene.shares);
    for (const auto& p : merged->outline) {  // honest squares lie within 9.98…10.12, 19.98…20.12
      RC_ASSERT(p.lat * 1e-7 >= 9.979);
      RC_ASSERT(p.lat * 1e-7 <= 10.121);
      RC_ASSERT(p.lon * 1e-7 >= 19.979);
      RC_ASSERT(p.lon * 1e-7 <= 20.121);
    }
  }));
}

TEST_CASE("honest nodes that agree about measured and verdict are not overruled") {
  CHECK(rc::check("verdict", [] {
    Scene scene = arbitrary_scene();
    const bool measured = *rc::gen::arbitrary<bool>();
    for (Finding& f : scene.honest) {
      f.measured = measured;
      f.verdict = datum::Verdict::kNoFire;
    }
    const auto merged = merge(everybody(scene), scene.shares);
    RC_ASSERT(merged->measured == measured);
    RC_ASSERT(merged->verdict == datum::Verdict::kNoFire);
  }));
}

TEST_CASE("the order of findings does not matter") {
  CHECK(rc::check("permutation", [] {
    const Scene scene = arbitrary_scene();
    std::vector<Finding> all = everybody(scene);
    for (int extra = *rc::gen::inRange(0, 4); extra > 0; --extra)  // second findings of the same nodes
      all.push_back(arbitrary_finding(*rc::gen::inRange(1U, 5U), *rc::gen::arbitrary<bool>()));
    const auto merged = merge(all, scene.shares);
    for (std::size_t i = all.size(); i > 1; --i)
      std::swap(all[i - 1], all[*rc::gen::inRange<std::size_t>(0, i)]);
    RC_ASSERT(merge(all, scene.shares) == merged);
  }));
}

TEST_CASE("a finding told twice counts once") {
  CHECK(rc::check("twice", [] {
    const Scene scene = arbitrary_scene();
    std::vector<Finding> all = everybody(scene);
    const auto merged = merge(all, scene.shares);
    all.push_back(all[*rc::gen::inRange<std::size_t>(0, all.size())]);
    RC_ASSERT(merge(all, scene.shares) == merged);
  }));
}

}  // namespace
}  // namespace skywarden::consensus
