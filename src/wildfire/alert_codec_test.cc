#include <doctest/doctest.h>

#include "base/random.h"
#include "wildfire/alert.h"
#include "wildfire/alert_example.h"

namespace skywarden::wildfire {
namespace {

datum::Alert message(std::uint64_t event, std::uint32_t sequence, datum::ProposalKind kind) {
  datum::Alert alert = example::alert(sequence, kind);
  alert.proposal.event = EventId(event);
  alert.proposal.observations = {ObservationId(event * 100 + 1), ObservationId(event * 100 + 2 + sequence)};
  alert.index = LogIndex(event * 10 + sequence);
  return alert;
}

AlertPolicy several_chains() {
  AlertPolicy policy;
  REQUIRE(policy.apply(message(9, 0, datum::ProposalKind::kAlert)));
  REQUIRE(policy.apply(message(4, 0, datum::ProposalKind::kAlert)));
  REQUIRE(policy.apply(message(4, 1, datum::ProposalKind::kUpdate)));
  REQUIRE(policy.apply(message(9, 1, datum::ProposalKind::kCancel)));
  return policy;
}

TEST_CASE("what was told goes on after it was saved and restored") {
  const AlertPolicy policy = several_chains();
  auto restored = AlertPolicy::restore(policy.save(), {});
  REQUIRE(restored);
  CHECK(restored->save() == policy.save());
  CHECK(restored->events() == 2);
  REQUIRE(restored->last(EventId(4)) != nullptr);
  CHECK(*restored->last(EventId(4)) == *policy.last(EventId(4)));
  // An observation that only the first message named still leads to its chain.
  const ObservationId early[] = {ObservationId(402)};
  CHECK(restored->chain_of(early) == EventId(4));
  CHECK_FALSE(restored->apply(message(4, 1, datum::ProposalKind::kUpdate)));  // told already
  CHECK(restored->apply(message(4, 2, datum::ProposalKind::kUpdate)));
  CHECK_FALSE(restored->apply(message(9, 2, datum::ProposalKind::kUpdate)));  // cancelled
  CHECK(restored->apply(message(9, 2, datum::ProposalKind::kAlert)));
}

TEST_CASE("an empty policy is saved and restored") {
  const AlertPolicy nothing;
  const auto restored = AlertPolicy::restore(nothing.save(), {});
  REQUIRE(restored);
  CHECK(restored->events() == 0);
}

TEST_CASE("damaged bytes restore nothing, or what would be saved as those bytes") {
  const std::vector<std::byte> sound = several_chains().save();
  Random random(1);
  for (int i = 0; i < 2000; ++i) {
    std::vector<std::byte> bytes = sound;
    if (random.chance(0.3)) bytes.resize(random.below(bytes.size()));
    for (std::uint64_t n = random.below(4); n > 0 && !bytes.empty(); --n)
      bytes[random.below(bytes.size())] ^= static_cast<std::byte>(1 + random.below(255));
    if (const auto restored = AlertPolicy::restore(bytes, {})) CHECK(restored->save() == bytes);
  }
}

}  // namespace
}  // namespace skywarden::wildfire
