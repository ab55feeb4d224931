// A forwarder over links that lose: what it sends twice without being asked, what gives way to what, and what
// goes first when a contact on the way ends soon.
#include <doctest/doctest.h>

#include "network/bundle_decode.h"
#include "network/forwarder.h"
#include "network/forwarding_trial.h"

using namespace skywarden;
using namespace skywarden::network;
using namespace std::chrono_literals;

namespace {

Instant epoch() {
  return from_civil({2026, 5, 10}).value();
}

PlannedContact contact(std::uint32_t from, std::uint32_t to, Duration start, Duration end) {
  return {Vertex(from), Vertex(to), start, end, 5ms, BitsPerSecond(8'000.0)};  // a byte takes 1 ms
}

constexpr Duration kRoundTrip = 15ms;  // two light times and the margin

std::vector<std::byte> critical(std::uint32_t to, std::uint64_t sequence, Duration created,
                                std::uint32_t bytes = 100) {
  return trial_bundle({Vertex(0), Vertex(to), created, BundleCriticality::kCritical, bytes, 1h}, sequence,
                      epoch());
}

ForwarderOptions options(bool lossy) {
  ForwarderOptions options;
  options.epoch = epoch();
  options.store.bytes_max = 60'000;
  options.lossy_links = lossy;
  return options;
}

// Node 0, one link to node 1, and a driver that keeps what the contact is busy with.
struct Sender {
  ContactGraph plan;
  Forwarder node;
  PlannedContactId link{0};
  Effects effects;

  explicit Sender(bool lossy, std::vector<PlannedContact> contacts = {contact(0, 1, 0s, 600s)})
      : plan(ContactGraph::make(4, std::move(contacts)).value()), node(plan, Vertex(0), options(lossy)) {}

  void accept(std::uint32_t to, const std::vector<std::byte>& bytes, Duration now) {
    CHECK(node.accept(bytes, {Vertex(to), {}, 0}, now, effects) == Acceptance::kKept);
  }
  template <typename Kind>
  const Kind* one() const {  // the last of its kind
    const Kind* found = nullptr;
    for (const Effect& effect : effects)
      if (const auto* each = std::get_if<Kind>(&effect)) found = each;
    return found;
  }
  std::uint64_t slot_sent() const { return one<Send>() == nullptr ? 0 : one<Send>()->slot; }
  Duration sent(Duration begun) {  // what the contact is busy with has left
    const Duration takes = one<Send>() != nullptr ? one<Send>()->takes : one<Tell>()->takes;
    effects.clear();
    node.sent(link, begun + takes, effects);
    return begun + takes;
  }
};

TEST_CASE("a critical bundle that cannot wait for an answer is sent twice, until it is answered") {
  Sender sender(true);
  sender.node.link_up(sender.link, 0s, sender.effects);
  sender.accept(1, critical(1, 1, 20s), 20s);
  REQUIRE(sender.slot_sent() == 1);
  const Duration left = sender.sent(20s);
  REQUIRE(sender.slot_sent() == 1);
  CHECK_FALSE(sender.one<Send>()->resumed);
  sender.effects.clear();
  sender.node.answered(sender.link, 1, Answer::kTaken, left + 10ms, sender.effects);
  REQUIRE(sender.effects.size() == 1);
  CHECK(std::get<Abort>(sender.effects[0]).contact == sender.link);
  sender.effects.clear();
  sender.node.tick(left + 1s, sender.effects);
  CHECK(sender.effects.empty());
  CHECK(sender.node.holdings().booked == 0);
}

TEST_CASE("a link that repeats by itself carries a critical bundle once") {
  Sender sender(false);
  sender.node.link_up(sender.link, 0s, sender.effects);
  sender.accept(1, critical(1, 1, 20s), 20s);
  sender.sent(20s);
  CHECK(sender.effects.empty());
}

TEST_CASE("what has been under way for long enough to wait for an answer is not sent twice unasked") {
  Sender sender(true);
  sender.node.link_up(sender.link, 0s, sender.effects);
  sender.accept(1, critical(1, 1, 20s), 120s);  // a second is a hundredth of it
  REQUIRE(sender.slot_sent() == 1);
  const Duration left = sender.sent(120s);
  CHECK(sender.effects.empty());
  sender.node.tick(left + kRoundTrip, sender.effects);
  CHECK(sender.slot_sent() == 1);
}

TEST_CASE("only when both sendings are without an answer a third one follows, and either answer will do") {
  Sender sender(true);
  sender.node.link_up(sender.link, 0s, sender.effects);
  sender.accept(1, critical(1, 1, 20s), 20s);
  const Duration first = sender.sent(20s);
  const Duration second = sender.sent(first);
  CHECK(sender.effects.empty());
  SUBCASE("the first one's answer is missing") {
    sender.node.tick(first + kRoundTrip, sender.effects);
    CHECK(sender.effects.empty());
    sender.node.answered(sender.link, 1, Answer::kTaken, second + 10ms, sender.effects);
    sender.node.tick(second + kRoundTrip, sender.effects);
    CHECK(sender.effects.empty());
  }
  SUBCASE("both are missing") {
    sender.node.tick(second + kRoundTrip, sender.effects);
    CHECK(sender.slot_sent() == 1);
  }
}

TEST_CASE("a second sending gives way to a bundle that would come late, and goes on after it") {
  Sender sender(true);
  sender.node.link_up(sender.link, 0s, sender.effects);
  sender.accept(1, critical(1, 1, 20s), 20s);
  const Duration first = sender.sent(20s);
  sender.effects.clear();
  sender.accept(1, critical(1, 2, first), first + 5ms);
  REQUIRE(sender.effects.size() == 2);
  CHECK(std::holds_alternative<Abort>(sender.effects[0]));
  CHECK(std::get<Send>(sender.effects[1]).slot == 2);
  sender.sent(first + 5ms);
  CHECK(sender.slot_sent() != 0);  // either again, nothing else waits
}

TEST_CASE("no second sending begins before a bundle that would come late for it") {
  Sender sender(true);
  sender.node.link_up(sender.link, 0s, sender.effects);
  sender.accept(1, critical(1, 1, 20s), 20s);
  sender.accept(1, critical(1, 2, 20s), 20s);
  REQUIRE(sender.slot_sent() == 1);
  const Duration first = sender.sent(20s);
  CHECK(sender.slot_sent() == 2);
  sender.sent(first);
  CHECK(sender.slot_sent() == 1);
}

TEST_CASE("news gives way to a bundle that would come late, and is told afterwards") {
  Sender sender(true);
  sender.accept(3, critical(3, 1, 0s), 0s);  // there is no way to node 3
  sender.node.link_up(sender.link, 1s, sender.effects);
  REQUIRE(sender.one<Tell>() != nullptr);
  const auto news = sender.one<Tell>()->news;
  sender.effects.clear();
  sender.accept(1, critical(1, 2, 1s), 1s + 1ms);
  REQUIRE(sender.effects.size() == 2);
  CHECK(std::holds_alternative<Abort>(sender.effects[0]));
  CHECK(sender.slot_sent() == 2);
  Duration now = sender.sent(1s + 1ms);
  CHECK(sender.slot_sent() == 2);  // once more, before the news
  sender.effects.clear();
  sender.node.answered(sender.link, 2, Answer::kArrived, now + 10ms, sender.effects);
  REQUIRE(sender.one<Tell>() != nullptr);
  CHECK(sender.one<Tell>()->news == news);
}

TEST_CASE("what would miss a contact on the way goes before the news and before what would not") {
  // Node 1 sees node 2 until 100.55 s and much later; node 3 at any time.
  Sender sender(true, {contact(0, 1, 100s, 600s), contact(1, 2, 0s, 100'550ms), contact(1, 2, 5000s, 5600s),
                       contact(1, 3, 0s, 600s)});
  sender.accept(3, critical(3, 1, 0s), 0s);
  sender.accept(2, critical(2, 2, 0s), 0s);  // both may be a second late
  sender.accept(2, critical(2, 3, 50s), 50s);
  sender.node.link_up(sender.link, 100s, sender.effects);
  REQUIRE(sender.slot_sent() == 3);  // younger: fewer copies are elsewhere
  sender.sent(100s);
  CHECK(sender.slot_sent() == 2);
}

TEST_CASE("second sendings are never delivered twice nor kept, over many losses") {
  std::vector<PlannedContact> contacts;
  for (const auto& [a, b] : {std::pair(0U, 1U), std::pair(1U, 2U), std::pair(0U, 2U)})
    for (Duration t = 0s; t < 1h; t += 200s) {
      contacts.push_back(contact(a, b, t, t + 150s));
      contacts.push_back(contact(b, a, t, t + 150s));
    }
  const ContactGraph plan = ContactGraph::make(3, std::move(contacts)).value();
  TrialSetup setup;
  setup.plan = &plan;
  setup.fails.resize(plan.contacts().size());
  setup.end = 2h;
  setup.loss = 0.2;
  setup.check_visits = true;
  for (int i = 0; i < 500; ++i)
    setup.offered.push_back({Vertex(static_cast<std::uint32_t>(i % 3)),
                             Vertex(static_cast<std::uint32_t>((i + 1) % 3)), 5s * i,
                             BundleCriticality::kCritical, 50, 1h});
  std::array<TrialOutcome, 2> outcomes;
  for (const bool lossy : {false, true}) {
    setup.options = options(lossy);
    std::vector<TrialHoldings> held;
    setup.sample_every = 10min;
    setup.sample = [&](Duration, const TrialHoldings& all) { held.push_back(all); };
    const TrialOutcome& outcome = outcomes.at(lossy ? 1 : 0) = run_trial(setup);
    CHECK(outcome.delivered_again == 0);
    CHECK(outcome.visited_again == 0);
    for (const Duration delivered : outcome.delivered) CHECK(delivered != kNotDelivered);
    CHECK(held.back().stored == 0);
    CHECK(held.back().known == 0);
    CHECK(held.back().booked == 0);
  }
  CHECK(outcomes[0].aborted == 0);
  CHECK(outcomes[1].aborted > 0);
  CHECK(outcomes[0].sends < outcomes[1].sends);
  CHECK(outcomes[1].sends < 2 * outcomes[0].sends);
}

}  // namespace
