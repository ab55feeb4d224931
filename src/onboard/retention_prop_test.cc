#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <vector>

#include "base/random.h"
#include "onboard/retention.h"

using namespace skywarden;
using namespace skywarden::onboard;

TEST_CASE("bytes are bounded and nothing critical goes before what is less so") {
  std::size_t refused = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    Random random(seed);
    const RetentionOptions options{.bytes_max = 2000, .entries_max = 60};
    RetentionPlan plan(options);
    std::map<std::uint64_t, RetainedEntry> held;  // the storage that follows the plan
    for (std::uint64_t id = 0; id < 2000; ++id) {
      const auto level = static_cast<datum::Criticality>(random.below(3));
      const RetainedEntry entry{id, level, 1 + random.below(id % 50 == 0 ? 2500 : 120)};
      const auto outcome = plan.add(entry);
      for (const std::uint64_t gone : outcome.erased) {
        REQUIRE(held.count(gone) == 1);
        const auto criticality = held.at(gone).criticality;
        held.erase(gone);
        CHECK(criticality <= std::max(entry.criticality, datum::Criticality::kNormal));
        if (criticality == datum::Criticality::kHigh)
          for (const auto& [other, kept] : held) CHECK(kept.criticality == datum::Criticality::kHigh);
      }
      if (outcome.kept)
        held.emplace(id, entry);
      else
        ++refused;
      if (!outcome.kept) CHECK(outcome.erased.empty());
      std::size_t bytes = 0;
      for (const auto& [other, kept] : held) bytes += kept.bytes;
      REQUIRE(bytes == plan.bytes());
      REQUIRE(held.size() == plan.entries());
      CHECK(bytes <= options.bytes_max);
      CHECK(held.size() <= options.entries_max);
    }
    CHECK(plan.thinned() > 0);
    CHECK(plan.dropped() > 0);
  }
  CHECK(refused > 0);
}

TEST_CASE("old entries are thinned to every other one while new ones are all kept") {
  RetentionPlan plan({.bytes_max = 100, .entries_max = 1000, .thin_from = 0.5});
  std::vector<std::uint64_t> erased;
  for (std::uint64_t id = 0; id < 60; ++id)
    for (const std::uint64_t gone : plan.add({id, datum::Criticality::kNormal, 1}).erased)
      erased.push_back(gone);
  REQUIRE(erased.size() == plan.thinned());
  REQUIRE(erased.size() >= 5);
  for (std::size_t i = 0; i < 5; ++i) CHECK(erased[i] == 2 * i + 1);
}

TEST_CASE("a full store of critical entries refuses lesser ones and replaces its oldest by critical ones") {
  RetentionPlan plan({.bytes_max = 10, .entries_max = 10, .thin_from = 1.0});
  for (std::uint64_t id = 0; id < 10; ++id) CHECK(plan.add({id, datum::Criticality::kHigh, 1}).kept);
  CHECK_FALSE(plan.add({10, datum::Criticality::kNormal, 1}).kept);
  const auto outcome = plan.add({11, datum::Criticality::kHigh, 1});
  CHECK(outcome.kept);
  CHECK(outcome.erased == std::vector<std::uint64_t>{0});
}

TEST_CASE("a plan restored from what is held goes on as the one before") {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    Random random(seed);
    const RetentionOptions options{.bytes_max = 2000, .entries_max = 60, .thin_from = 0.6};
    auto plan = std::make_unique<RetentionPlan>(options);
    RetentionPlan without_a_pause(options);
    std::map<std::uint64_t, RetainedEntry> held;
    for (std::uint64_t id = 0; id < 1000; ++id) {
      const RetainedEntry entry{id, static_cast<datum::Criticality>(random.below(3)), 1 + random.below(120)};
      const auto outcome = plan->add(entry);
      const auto expected = without_a_pause.add(entry);
      CHECK(outcome.kept == expected.kept);
      CHECK(outcome.erased == expected.erased);
      for (const std::uint64_t gone : outcome.erased) held.erase(gone);
      if (outcome.kept) held.emplace(id, entry);
      if (!random.chance(0.05)) continue;
      std::vector<RetainedEntry> entries;
      for (const auto& [other, kept] : held) entries.push_back(kept);
      std::vector<std::uint64_t> erased;
      const RetentionMemory memory = plan->memory();
      plan = std::make_unique<RetentionPlan>(options, entries, memory, erased);
      CHECK(erased.empty());
      CHECK(plan->memory() == memory);
      CHECK(plan->bytes() == without_a_pause.bytes());
    }
  }
}

TEST_CASE("with less room than before the least critical go first, the oldest of them") {
  const std::vector<RetainedEntry> held = {{1, datum::Criticality::kHigh, 10},
                                           {2, datum::Criticality::kNormal, 10},
                                           {3, datum::Criticality::kLow, 10},
                                           {4, datum::Criticality::kNormal, 10},
                                           {5, datum::Criticality::kHigh, 10}};
  std::vector<std::uint64_t> erased;
  const RetentionPlan plan({.bytes_max = 25}, held, {}, erased);
  CHECK(erased == std::vector<std::uint64_t>{3, 2, 4});
  CHECK(plan.bytes() == 20);
  CHECK(plan.bytes_of(datum::Criticality::kHigh) == 20);
  CHECK(plan.dropped() == 3);
}
