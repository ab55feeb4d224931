// What must hold of any plan and any traffic, and a few examples counted by hand.
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>

#include "network/link_emulator.h"

namespace skywarden::network {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

PlannedContact contact(Duration start, Duration end, Duration light, double rate_bps) {
  return {Vertex(0), Vertex(1), start, end, light, BitsPerSecond(rate_bps)};
}

std::vector<PlannedContact> any_contacts(Random& random, bool overlapping) {
  std::vector<PlannedContact> contacts;
  Duration t{};
  for (std::uint64_t i = 1 + random.below(6); i > 0; --i) {
    t += milliseconds(random.below(500));
    const Duration end = t + milliseconds(1 + random.below(1000));
    contacts.push_back(
        contact(t, end, milliseconds(random.below(300)), 1e3 * static_cast<double>(1 + random.below(100))));
    if (!overlapping || random.chance(0.5)) t = end;
  }
  return contacts;
}

struct Traffic {
  std::vector<EmulatedArrival> arrivals;
  std::vector<Duration> offered;  // by tag
  std::vector<LinkOffer> offers;
};

// Packets of random sizes at random times; taken at the time they are due.
Traffic run(Random& random, LinkEmulator& link, bool stream) {
  Traffic traffic;
  Duration now{};
  for (std::uint64_t tag = 0; tag < 60; ++tag) {
    if (random.chance(0.5)) now += milliseconds(random.below(150));
    while (const auto at = link.next_at()) {
      if (*at > now) break;
      traffic.arrivals.push_back(*link.take(*at));
    }
    EmulatedPacket packet{tag, std::vector<std::byte>(random.below(400)), 1 + random.below(400)};
    traffic.offered.push_back(now);
    traffic.offers.push_back(stream ? link.chunk(packet, now) : link.datagram(std::move(packet), now));
  }
  while (const auto at = link.next_at()) traffic.arrivals.push_back(*link.take(*at));
  return traffic;
}

bool inside_a_contact(const std::vector<PlannedContact>& contacts, const EmulatedArrival& arrival) {
  return std::any_of(contacts.begin(), contacts.end(), [&](const PlannedContact& each) {
    return each.start <= arrival.begun && arrival.left <= each.end &&
           arrival.left - arrival.begun >= transmission_time(arrival.packet.charge, each.rate) &&
           arrival.at >= arrival.left + each.light_time;
  });
}

TEST_CASE("packets leave inside contacts, no faster than their rate, arrive no sooner than light, in order") {
  CHECK(rc::check([] {
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    const bool stream = random.chance(0.5);
    const auto contacts = any_contacts(random, random.chance(0.5));
    LinkEmulatorOptions options;
    options.loss = random.chance(0.5) ? random.uniform(0.0, 0.4) : 0.0;
    options.burst = 1.0 + static_cast<double>(random.below(4));
    options.seed = random.next();
    options.queue_bytes_max = 100 + random.below(3000);
    LinkEmulator link(contacts, options);
    const Traffic traffic = run(random, link, stream);
    Duration busy_until{};
    const EmulatedArrival* before = nullptr;
    for (const EmulatedArrival& arrival : traffic.arrivals) {
      RC_ASSERT(inside_a_contact(contacts, arrival));
      RC_ASSERT(arrival.begun >= traffic.offered[arrival.packet.tag]);
      RC_ASSERT(arrival.begun >= busy_until);  // one after another: the rate is never exceeded
      busy_until = arrival.left;
      if (stream && options.loss > 0.0) {  // of a repeated chunk the line is free before the repetition ends
        busy_until = arrival.begun;
      }
      if (before != nullptr) {
        RC_ASSERT(before->packet.tag < arrival.packet.tag);
        RC_ASSERT(before->at <= arrival.at);
      }
      before = &arrival;
    }
    const auto taken = std::count(traffic.offers.begin(), traffic.offers.end(), LinkOffer::kTaken);
    RC_ASSERT(static_cast<std::size_t>(taken) == traffic.arrivals.size());
    if (stream) RC_ASSERT(std::count(traffic.offers.begin(), traffic.offers.end(), LinkOffer::kLost) == 0);
  }));
}

TEST_CASE("a datagram is never taken while no contact is open") {
  CHECK(rc::check([] {
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    const auto contacts = any_contacts(random, true);
    LinkEmulator link(contacts, {});
    const Traffic traffic = run(random, link, false);
    for (const EmulatedArrival& arrival : traffic.arrivals) {
      const Duration t = traffic.offered[arrival.packet.tag];
      RC_ASSERT(std::any_of(contacts.begin(), contacts.end(),
                            [&](const PlannedContact& each) { return each.start <= t && t <= each.end; }));
    }
  }));
}

TEST_CASE("the same seed gives the same run") {
  const auto once = [] {
    Random random(7);
    LinkEmulatorOptions options;
    options.loss = 0.3;
    LinkEmulator link(any_contacts(random, true), options);
    std::vector<std::pair<std::uint64_t, Duration>> out;
    for (const EmulatedArrival& arrival : run(random, link, false).arrivals)
      out.emplace_back(arrival.packet.tag, arrival.at);
    return out;
  };
  CHECK(once() == once());
}

TEST_CASE("one second of 8 kbit/s with 100 ms of light, by hand") {
  LinkEmulator link({contact(seconds(1), seconds(2), milliseconds(100), 8000)}, {});
  CHECK(link.datagram({0, {}, 100}, milliseconds(500)) == LinkOffer::kNoContact);
  EmulatedPacket early{1, std::vector<std::byte>(100), 100};
  CHECK(link.chunk(early, milliseconds(500)) == LinkOffer::kTaken);  // waits
  CHECK(link.next_at() == milliseconds(1200));                       // 1 s + 100 ms for 800 bits + light
  CHECK(link.datagram({2, {}, 800}, milliseconds(1000)) == LinkOffer::kTaken);
  CHECK(link.datagram({3, {}, 200}, milliseconds(1000)) == LinkOffer::kNoContact);  // would end at 2.1 s
  CHECK(link.datagram({4, {}, 100}, milliseconds(1000)) == LinkOffer::kTaken);      // exactly at its end
  CHECK_FALSE(link.take(milliseconds(1199)).has_value());
  CHECK(link.take(milliseconds(1200))->packet.tag == 1);
  CHECK(link.take(seconds(9))->at == milliseconds(2000));
  CHECK(link.take(seconds(9))->at == milliseconds(2100));
  EmulatedPacket late{5, {}, 1};
  CHECK(link.chunk(late, seconds(3)) == LinkOffer::kNoContact);
}

TEST_CASE("what waits is bounded, and room comes as packets leave") {
  LinkEmulatorOptions options;
  options.queue_bytes_max = 200;
  LinkEmulator link({contact({}, seconds(10), seconds(1), 8000)}, options);
  for (int i = 0; i < 2; ++i) CHECK(link.datagram({0, {}, 100}, {}) == LinkOffer::kTaken);
  CHECK(link.datagram({0, {}, 100}, {}) == LinkOffer::kFull);
  CHECK(link.room_at() == milliseconds(100));
  CHECK(link.has_room(milliseconds(100)));  // long before it arrives
}

TEST_CASE("losses are as many and as long as asked") {
  for (const double burst : {1.0, 5.0}) {
    LinkEmulatorOptions options;
    options.loss = 0.05;
    options.burst = burst;
    options.queue_bytes_max = 1U << 20;
    LinkEmulator link({contact({}, seconds(100'000), {}, 1e9)}, options);
    int lost = 0, runs = 0;
    bool before = false;
    constexpr int kPackets = 200'000;
    for (int i = 0; i < kPackets; ++i) {
      const Duration now = milliseconds(i);
      const bool gone = link.datagram({0, {}, 1}, now) == LinkOffer::kLost;
      lost += gone ? 1 : 0;
      runs += gone && !before ? 1 : 0;
      before = gone;
      (void)link.take(now + milliseconds(1));
    }
    // Deviations of the mean: 0.05 % alone, 0.15 % in runs of five; four of them are allowed.
    CHECK(lost / double{kPackets} == doctest::Approx(0.05).epsilon(burst == 1.0 ? 0.04 : 0.12));
    CHECK(lost / double(runs) == doctest::Approx(burst == 1.0 ? 1 / 0.95 : burst).epsilon(0.05));
  }
}

TEST_CASE("a lost chunk is sent twice, comes two light times later, and holds up what follows") {
  LinkEmulatorOptions options;
  options.loss = 0.5;
  options.burst = 1.0;
  LinkEmulator link({contact({}, seconds(1000), milliseconds(100), 8000)}, options);
  int late = 0;
  Duration end{};
  for (std::uint64_t i = 0; i < 200; ++i) {
    EmulatedPacket packet{i, {}, 100};
    const Duration now = seconds(static_cast<int>(i));
    CHECK(link.chunk(packet, now) == LinkOffer::kTaken);
    const auto arrival = link.take(now + seconds(1));
    const Duration delay = arrival->at - now;
    CHECK((delay == milliseconds(200) || delay == milliseconds(500)));  // + 200 ms of light + 100 ms
    late += delay > milliseconds(200) ? 1 : 0;
    end = std::max(end, arrival->at);
  }
  CHECK(late > 70);
  CHECK(late < 130);
}

TEST_CASE("options that cannot be are refused") {
  CHECK_FALSE(LinkEmulatorOptions{.loss = 1.0}.validate().has_value());
  CHECK_FALSE(LinkEmulatorOptions{.loss = -0.1}.validate().has_value());
  CHECK_FALSE(LinkEmulatorOptions{.burst = 0.5}.validate().has_value());
  CHECK(LinkEmulatorOptions{.loss = 0.1, .burst = 8}.validate().has_value());
}

}  // namespace
}  // namespace skywarden::network
