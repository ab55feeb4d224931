#include <doctest/doctest.h>

#include <vector>

#include "base/random.h"
#include "onboard/power.h"

using namespace skywarden;
using namespace skywarden::onboard;

namespace {

std::vector<PowerChoice> choices() {
  return {{Joules(2.0), Joules(0.5), 32}, {Joules(0.5), Joules(0.1), 64}, {Joules(0.0), Joules(0.01), 1}};
}

}  // namespace

TEST_CASE("no window that ends at a grant holds more than its budget") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Random random(seed);
    GovernorOptions options;
    options.window = std::chrono::seconds(10);
    options.idle = Watts(0.5);
    PowerGovernor governor(options);
    std::vector<std::pair<Instant, double>> granted;
    Instant now = Instant{} + std::chrono::hours(1);
    for (int i = 0; i < 500; ++i) {
      now += std::chrono::milliseconds(static_cast<long>(random.below(2000)));
      const Watts offered(random.uniform(0.0, 30.0));
      const PowerGrant grant = governor.grant(choices(), now, offered, random.below(400));
      granted.emplace_back(now, grant.energy.value());
      double spent = 0.0;
      for (const auto& [time, joules] : granted)
        if (now - time < options.window) spent += joules;
      const double allowed = std::max(0.0, (std::min(offered.value(), 20.0) - 0.5) * 10.0);
      if (grant.records > 0) CHECK(spent <= allowed + 1e-9);
    }
  }
}

TEST_CASE("more budget never gives a worse choice, nor fewer records of one") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Random random(seed);
    PowerGovernor governor;
    Instant now = Instant{} + std::chrono::hours(1);
    for (int i = 0; i < 60; ++i) {
      now += std::chrono::seconds(static_cast<long>(random.below(20)));
      const std::size_t wanted = random.below(5000);
      const double watts = random.uniform(0.0, 20.0);
      PowerGovernor poor = governor, rich = governor;
      const PowerGrant less = poor.grant(choices(), now, Watts(watts), wanted);
      const PowerGrant more = rich.grant(choices(), now, Watts(watts + random.uniform(0.0, 5.0)), wanted);
      CHECK(more.choice <= less.choice);
      CHECK(more.records >= less.records);
      governor = poor;
    }
  }
}

TEST_CASE("all is done by the best model when there is power, nothing when there is none") {
  PowerGovernor governor;
  const Instant now = Instant{} + std::chrono::hours(1);
  CHECK(governor.grant(choices(), now, Watts(0.0), 10).records == 0);
  const PowerGrant grant = governor.grant(choices(), now, Watts(20.0), 40);
  CHECK(grant.choice == 0);
  CHECK(grant.records == 40);
  CHECK(grant.batch == 32);
  CHECK(grant.energy.value() == doctest::Approx(2 * 2.0 + 40 * 0.5));
  CHECK(governor.left(now, Watts(20.0)).value() == doctest::Approx(1200.0 - 24.0));
  CHECK(governor.left(now, Watts(0.0)).value() < 0.0);
}

TEST_CASE("modelled energy is the table's sum") {
  OperationCounts counts;
  counts.int8_multiply_adds = 1e12;
  CHECK(modelled_energy(counts).value() == doctest::Approx(0.3));
  counts = tree_operations(1, 300, 6, 0, 0);
  CHECK(counts.float_additions == 2100);
  CHECK(modelled_energy(counts).value() == doctest::Approx(2100 * (0.9 + 14 * 70.0 + 12 * 12.5) * 1e-12));
}
