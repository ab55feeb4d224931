#include "node/catch_up.h"

#include <doctest/doctest.h>

#include <array>

#include "node/hotspot_example.h"

namespace skywarden::node {
namespace {

using namespace std::chrono_literals;

const Instant kNow = parse_utc("2026-07-02T00:00:00Z").value();
const std::array kTwo{NodeId(2)};

// What node 1 asks of node 2, and what node 2 answers, until node 1 has nothing to ask for at `now`.
struct Dialogue {
  CatchUp asker{{}}, other{{}};
  std::vector<datum::Hotspot> fetched;
  std::size_t questions = 0;
  std::optional<CatchUp::Ended> ended;

  void run(Instant& now) {
    for (int i = 0; i < 10'000; ++i) {
      auto step = asker.tick(kTwo, now);
      if (step.ended) ended = step.ended;
      for (const auto& [to, question] : step.send) {
        CHECK(to == NodeId(2));
        ++questions;
        for (const auto& [back, answer] : other.receive(NodeId(1), question, now).send) {
          CHECK(back == NodeId(1));
          auto heard = asker.receive(NodeId(2), answer, now);
          fetched.insert(fetched.end(), heard.fetched.begin(), heard.fetched.end());
        }
      }
      if (asker.next_deadline() > now + 1s) return;
      now = asker.next_deadline();
    }
    FAIL("it never ends");
  }
};

}  // namespace

TEST_CASE("a node that lacks nothing asks one question, and again half a minute later") {
  Dialogue dialogue;
  const auto all = example::pixels(kNow - 3h, 1000);
  dialogue.asker.hold(all, kNow);
  dialogue.other.hold(all, kNow);
  Instant now = kNow;
  dialogue.run(now);
  CHECK(dialogue.questions == 1);
  CHECK(dialogue.asker.next_deadline() == now + 30s);
  now += 30s;
  dialogue.run(now);
  CHECK(dialogue.questions == 2);
  CHECK_FALSE(dialogue.ended);
}

TEST_CASE("a node that was away fetches what it lacks, and nothing else") {
  Dialogue dialogue;
  const auto all = example::pixels(kNow - 5h, 20'000);
  dialogue.other.hold(all, kNow);
  dialogue.asker.hold(std::span(all).first(7000), kNow);
  dialogue.asker.hold(std::span(all).last(7000), kNow);
  Instant now = kNow;
  dialogue.run(now);
  CHECK(dialogue.fetched.size() == 6000);
  CHECK(dialogue.asker.fetched() == 6000);
  CHECK(dialogue.ended.value().fetched == 6000);
  CHECK(dialogue.ended->with == NodeId(2));
  CHECK(dialogue.asker.missing() == 0);
  CHECK(dialogue.questions < 6000 / kKeysPerFetchMax + 40);
  MESSAGE("6,000 of 20,000 fetched with ", dialogue.questions, " questions");
  dialogue.questions = 0;
  now += 30s;
  dialogue.run(now);
  CHECK(dialogue.questions == 1);
}

TEST_CASE("while it catches up it says how many it knows it lacks") {
  Dialogue dialogue;
  dialogue.other.hold(example::pixels(kNow - 5h, 3000), kNow);
  const auto first = dialogue.asker.tick(kTwo, kNow);
  REQUIRE(first.send.size() == 1);
  const auto answer = dialogue.other.receive(NodeId(1), first.send[0].second, kNow);
  (void)dialogue.asker.receive(NodeId(2), answer.send.at(0).second, kNow);
  CHECK(dialogue.asker.missing() == 3000);
  Instant now = kNow;
  dialogue.run(now);
  CHECK(dialogue.asker.missing() == 0);
}

TEST_CASE("what cannot be judged is neither held nor taken") {
  Dialogue dialogue;
  auto flat = example::pixel(kNow, 4);
  flat.scan = Metres(0.0);
  const std::vector pixels{example::pixel(kNow - 25h, 1), example::pixel(kNow + 11min, 2),
                           example::pixel(kNow - 1h, 3), flat};
  dialogue.other.hold(pixels, kNow);
  CHECK(dialogue.other.held().size() == 1);
  dialogue.other.hold(pixels, kNow - 2h);  // its clock was behind
  CHECK(dialogue.other.held().size() == 2);
  Instant now = kNow;
  dialogue.run(now);
  REQUIRE(dialogue.fetched.size() == 1);
  CHECK(dialogue.fetched[0].id == pixels[2].id);
  dialogue.asker.hold(pixels, now);
  (void)dialogue.asker.tick(kTwo, kNow + 23h + 1min);
  CHECK(dialogue.asker.held().size() == 0);
}

TEST_CASE("nodes that hold as much as they may agree on the newest, and come to rest") {
  Dialogue dialogue;
  CatchUpOptions options;
  options.held_max = 500;
  dialogue.asker = CatchUp(options);
  dialogue.other = CatchUp(options);
  const auto all = example::pixels(kNow - 5h, 800);
  dialogue.other.hold(all, kNow);
  dialogue.asker.hold(std::span(all).first(600), kNow);
  Instant now = kNow;
  dialogue.run(now);
  CHECK(dialogue.fetched.size() == 200);
  for (const datum::Hotspot& each : std::span(all).last(500))
    CHECK(dialogue.asker.held().find(key_of(each)) != nullptr);
  now += 30s;
  dialogue.questions = 0;
  dialogue.run(now);
  CHECK(dialogue.questions == 1);
}

TEST_CASE("one that does not answer is asked ever more rarely, also when it comes back again and again") {
  CatchUp asker{{}};
  Instant now = kNow;
  std::vector<Duration> apart;
  for (int i = 0; i < 13; ++i) {
    const Instant before = now;
    while (asker.tick(kTwo, now).send.empty()) now += 1s;
    apart.push_back(now - before);
    (void)asker.tick({}, now);  // it broke off
  }
  CHECK(apart == std::vector<Duration>{0s, 1s, 2s, 4s, 8s, 16s, 32s, 64s, 128s, 256s, 512s, 600s, 600s});
}

TEST_CASE("one that answered is asked at once when it is there again") {
  Dialogue dialogue;
  Instant now = kNow;
  dialogue.run(now);
  (void)dialogue.asker.tick({}, now);
  CHECK(dialogue.asker.next_deadline() == Instant::max());
  CHECK(dialogue.asker.tick(kTwo, now).send.size() == 1);
}

TEST_CASE("who has no vote asks nobody and answers") {
  CatchUp listener{{}};
  listener.hold(example::pixels(kNow - 1h, 3), kNow);
  CHECK(listener.tick({}, kNow).send.empty());
  CHECK(listener.next_deadline() == Instant::max());
  const auto step =
      listener.receive(NodeId(2), FetchObservations{7, {key_of(example::pixel(kNow - 1h, 0))}}, kNow);
  REQUIRE(step.send.size() == 1);
  const auto& answer = std::get<ObservationsFetched>(step.send[0].second);
  CHECK(answer.number == 7);
  CHECK(answer.hotspots.size() == 1);
}

TEST_CASE("who asks faster than nodes do is not answered") {
  CatchUp node{{}};
  CHECK(node.receive(NodeId(2), CompareHeld{1, {}}, kNow).send.size() == 1);
  CHECK(node.receive(NodeId(2), CompareHeld{2, {}}, kNow + 24ms).send.empty());
  CHECK(node.receive(NodeId(3), CompareHeld{1, {}}, kNow + 24ms).send.size() == 1);
  CHECK(node.receive(NodeId(2), CompareHeld{3, {}}, kNow + 25ms).send.size() == 1);
}

TEST_CASE("an answer that was not asked for changes nothing") {
  CatchUp asker{{}};
  const auto forged = example::pixels(kNow - 1h, 10);
  CHECK(asker.receive(NodeId(2), ObservationsFetched{0, forged}, kNow).fetched.empty());
  CHECK(asker.tick(kTwo, kNow).send.size() == 1);  // compares, number 1
  CHECK(asker.receive(NodeId(2), ObservationsFetched{1, forged}, kNow).fetched.empty());
  CHECK(asker.receive(NodeId(3), HeldCompared{1, {{}, {key_of(forged[0])}}}, kNow).fetched.empty());
  CHECK(asker.missing() == 0);
  (void)asker.receive(NodeId(2), HeldCompared{1, {{}, {key_of(forged[0])}}}, kNow);
  CHECK(asker.missing() == 1);
  const auto fetch = asker.tick(kTwo, kNow + 50ms);
  REQUIRE(fetch.send.size() == 1);
  CHECK(asker.receive(NodeId(2), ObservationsFetched{2, forged}, kNow).fetched.size() == 1);
  CHECK(asker.held().size() == 1);
}

}  // namespace skywarden::node
