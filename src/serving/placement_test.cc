#include "serving/placement.h"

#include <doctest/doctest.h>

#include <vector>

#include "base/random.h"

using namespace skywarden;
using namespace skywarden::serving;
using namespace std::chrono_literals;

namespace {

constexpr Instant kNow{1'000s};

Work ten_seconds() {
  return {.compute = 10s, .power = Watts(8.0), .bits_there = 1e6, .bits_back = 1e5, .deadline = kNow + 60s};
}
Offer offer(std::uint32_t node, double spare, Duration queue = 0s) {
  return {NodeId(node), Watts(spare), queue, {kNow, kNow + 600s, BitsPerSecond(1e6), 5ms}};
}

}  // namespace

TEST_CASE("work stays here while power and time last") {
  const Offer offers[] = {offer(2, 30.0)};
  CHECK(place(ten_seconds(), Watts(8.0), 0s, offers, std::nullopt, kNow).place == Place::kHere);
  CHECK(place(ten_seconds(), Watts(7.9), 0s, offers, std::nullopt, kNow).place == Place::kNeighbour);
  CHECK(place(ten_seconds(), Watts(8.0), 51s, offers, std::nullopt, kNow).place == Place::kNeighbour);
}

TEST_CASE(
    "of neighbours the first to answer, of equals the lowest identity, none without spare power or contact") {
  std::vector<Offer> offers = {offer(3, 30.0), offer(2, 30.0), offer(1, 30.0, 1s)};
  CHECK(place(ten_seconds(), Watts(0.0), 0s, offers, std::nullopt, kNow).node == NodeId(2));
  offers = {offer(2, 9.9), offer(3, 10.0, 30s)};
  CHECK(place(ten_seconds(), Watts(0.0), 0s, offers, std::nullopt, kNow).node == NodeId(3));
  // The answer would come after the contact.
  offers = {offer(2, 30.0)};
  offers[0].contact.end = kNow + 11s;
  CHECK(place(ten_seconds(), Watts(0.0), 0s, offers, std::nullopt, kNow).place == Place::kHereCheaper);
  offers[0].contact.end = kNow + 12s;
  CHECK(place(ten_seconds(), Watts(0.0), 0s, offers, std::nullopt, kNow).done == kNow + 11s + 100ms + 10ms);
  offers[0].contact.rate = BitsPerSecond(0.0);
  CHECK(place(ten_seconds(), Watts(0.0), 0s, offers, std::nullopt, kNow).place == Place::kHereCheaper);
}

TEST_CASE(
    "the ground's deeper model is waited for while the deadline allows, and is the last resort of other "
    "work") {
  Contact ground{kNow + 30s, kNow + 600s, BitsPerSecond(1e6), 10ms};
  Work work = ten_seconds();
  CHECK(place(work, Watts(20.0), 0s, {}, ground, kNow).place == Place::kHere);
  CHECK(place(work, Watts(0.0), 0s, {}, ground, kNow).place == Place::kGround);
  work.deeper = true;
  CHECK(place(work, Watts(20.0), 0s, {}, ground, kNow).place == Place::kGround);
  ground.begin = kNow + 59s;
  CHECK(place(work, Watts(20.0), 0s, {}, ground, kNow).place == Place::kHere);
}

TEST_CASE("whatever is drawn, no place is promised that breaks a rule") {
  Random random(4);
  std::size_t counts[4] = {};
  for (int i = 0; i < 20'000; ++i) {
    Work work = ten_seconds();
    work.compute = from_seconds(random.uniform(0.0, 30.0));
    work.deeper = random.chance(0.2);
    std::vector<Offer> offers;
    for (std::uint32_t n = 1; n <= 4; ++n) {
      offers.push_back(offer(n, random.uniform(0.0, 20.0), from_seconds(random.uniform(0.0, 40.0))));
      offers.back().contact.begin += from_seconds(random.uniform(0.0, 60.0));
    }
    std::optional<Contact> ground;
    if (random.chance(0.5))
      ground = Contact{kNow + from_seconds(random.uniform(0.0, 80.0)), kNow + 600s, BitsPerSecond(1e6), 10ms};
    const Watts spare(random.uniform(0.0, 16.0));
    const Duration queue = from_seconds(random.uniform(0.0, 60.0));
    const Placement placed = place(work, spare, queue, offers, ground, kNow);
    ++counts[static_cast<std::size_t>(placed.place)];
    const bool here = spare.value() >= 8.0 && kNow + queue + work.compute <= work.deadline;
    bool neighbour = false;
    for (const Offer& o : offers) {
      const auto back = answer_back(work, o.contact, o.queue, work.compute, kNow);
      const bool can = back && *back <= work.deadline && o.spare.value() >= 10.0;
      neighbour = neighbour || can;
      if (placed.place != Place::kNeighbour) continue;
      if (can) REQUIRE(*back >= placed.done);
      if (o.node == placed.node) REQUIRE(can);
    }
    const auto back = ground ? answer_back(work, *ground, 0s, 0s, kNow) : std::nullopt;
    const bool from_ground = back && *back <= work.deadline;
    REQUIRE(placed.done <= work.deadline);
    REQUIRE((placed.place == Place::kHere) == (here && !(work.deeper && from_ground)));
    REQUIRE((placed.place == Place::kHereCheaper) == (!here && !neighbour && !from_ground));
  }
  for (const std::size_t count : counts) CHECK(count > 100);
}
