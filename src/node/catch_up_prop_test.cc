#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/random.h"
#include "node/catch_up.h"
#include "node/hotspot_example.h"

namespace skywarden::node {
namespace {

using namespace std::chrono_literals;

const Instant kStart = parse_utc("2026-07-02T00:00:00Z").value();

struct Letter {
  Instant at;
  NodeId from, to;
  CatchUpMessage message;
};

// Some nodes on a network that loses messages, breaks links and lets messages overtake each other.
class Network {
 public:
  Network(std::size_t nodes, std::uint64_t seed) : random_(seed) {
    for (std::uint32_t id = 1; id <= nodes; ++id) {
      nodes_.emplace(NodeId(id), CatchUp{{}});
      ids_.emplace_back(id);
    }
  }
  CatchUp& operator[](NodeId id) { return nodes_.at(id); }
  [[nodiscard]] const std::vector<NodeId>& ids() const { return ids_; }
  [[nodiscard]] std::size_t fetched() const { return fetched_; }
  [[nodiscard]] std::size_t messages() const { return messages_; }
  [[nodiscard]] bool twice() const { return twice_; }

  void run(Duration time, bool faults) {
    const Instant end = now_ + time;
    while (now_ < end) {
      if (faults && random_.below(20) == 0) toggle_link();
      if (!faults) cut_.clear();
      for (const NodeId id : ids_) take(id, nodes_.at(id).tick(peers_of(id), now_), faults);
      Instant next = end;
      for (const auto& [id, node] : nodes_) next = std::min(next, std::max(node.next_deadline(), now_ + 1ms));
      for (const Letter& letter : letters_) next = std::min(next, letter.at);
      now_ = faults ? std::min(next, now_ + 1s) : next;
      deliver(faults);
    }
  }

 private:
  [[nodiscard]] bool is_cut(NodeId a, NodeId b) const {
    return cut_.contains({std::min(a, b), std::max(a, b)});
  }
  [[nodiscard]] std::vector<NodeId> peers_of(NodeId id) const {
    std::vector<NodeId> peers;
    for (const NodeId other : ids_)
      if (other != id && !is_cut(id, other)) peers.push_back(other);
    return peers;
  }
  void toggle_link() {
    const auto one = NodeId(static_cast<std::uint32_t>(1 + random_.below(ids_.size())));
    const auto other = NodeId(static_cast<std::uint32_t>(1 + random_.below(ids_.size())));
    if (one == other) return;
    const std::pair link{std::min(one, other), std::max(one, other)};
    if (cut_.erase(link) == 0) cut_.insert(link);
  }
  void take(NodeId id, CatchUp::Step step, bool faults) {
    for (auto& [to, message] : step.send) {
      ++messages_;
      if (faults && random_.below(5) == 0) continue;
      const Duration delay = (faults ? 1 + random_.below(8000) : 20) * 1ms;
      letters_.push_back({now_ + delay, id, to, std::move(message)});
    }
    fetched_ += step.fetched.size();
    for (const datum::Hotspot& hotspot : step.fetched) twice_ = twice_ || !had_[id].insert(hotspot.id).second;
  }
  void deliver(bool faults) {
    std::vector<Letter> due;
    std::erase_if(letters_, [&](const Letter& letter) {
      if (letter.at > now_) return false;
      due.push_back(letter);
      return true;
    });
    for (const Letter& letter : due)
      if (!is_cut(letter.from, letter.to))
        take(letter.to, nodes_.at(letter.to).receive(letter.from, letter.message, now_), faults);
  }

  Random random_;
  Instant now_ = kStart;
  std::map<NodeId, CatchUp> nodes_;
  std::vector<NodeId> ids_;
  std::set<std::pair<NodeId, NodeId>> cut_;
  std::vector<Letter> letters_;
  std::map<NodeId, std::set<ObservationId>> had_;
  std::size_t fetched_ = 0, messages_ = 0;
  bool twice_ = false;
};

// A member that answers every question as suits it.
class Liar {
 public:
  explicit Liar(std::uint64_t seed) : random_(seed) {}

  CatchUpMessage answer(const CatchUpMessage& question, Instant now) {
    if (const auto* compare = std::get_if<CompareHeld>(&question)) return compared(*compare, now);
    const auto& fetch = std::get<FetchObservations>(question);
    ObservationsFetched answer{fetch.number, {}};
    for (const ObservationKey& key : fetch.keys) {
      const auto known = listed_.find(key);
      const auto kind = random_.below(4);
      if (kind == 0 || known == listed_.end()) continue;
      answer.hotspots.push_back(known->second);
      if (kind == 1) answer.hotspots.push_back(some_pixel(key.time));
      if (kind == 2) answer.hotspots.push_back(answer.hotspots.front());
    }
    return answer;
  }

 private:
  datum::Hotspot some_pixel(Instant at) {
    return example::pixel(at, static_cast<int>(random_.below(1'000'000)));
  }
  HeldCompared compared(const CompareHeld& question, Instant now) {
    HeldCompared answer{question.number, {}};
    for (const HeldSpan& asked : question.spans) {
      if (random_.below(2) == 0) {
        answer.parts.spans.push_back(asked);  // the same for ever, with another fingerprint
        answer.parts.spans.back().count = random_.below(std::uint64_t{1} << 32);
        answer.parts.spans.back().fingerprint[0] ^= std::byte{1};
        continue;
      }
      const Instant from = std::max(asked.first.time, now - 20h);
      std::set<ObservationKey> keys;
      for (int i = 0; i < 60; ++i) {
        const auto pixel = some_pixel(from + random_.below(600) * 1s);
        listed_.emplace(key_of(pixel), pixel);
        keys.insert(key_of(pixel));
      }
      answer.parts.keys.insert(answer.parts.keys.end(), keys.begin(), keys.end());
    }
    return answer;
  }

  Random random_;
  std::map<ObservationKey, datum::Hotspot> listed_;
};

TEST_CASE("after enough comparisons without loss everybody holds what anybody held") {
  CHECK(rc::check([] {
    const auto nodes = *rc::gen::inRange<std::size_t>(2, 6);
    const auto all = example::pixels(kStart - 6h, *rc::gen::inRange(0, 2000), *rc::gen::inRange(10, 1000));
    const auto seed = *rc::gen::arbitrary<std::uint64_t>();
    const auto lacks = *rc::gen::inRange<std::uint64_t>(2, 200);  // one in so many
    Network network(nodes, seed);
    Random random(seed);
    std::size_t missing = 0;
    for (const datum::Hotspot& pixel : all) {
      const auto owner = NodeId(static_cast<std::uint32_t>(1 + random.below(nodes)));
      for (const NodeId id : network.ids()) {
        const bool has = random.below(lacks) != 0 || id == owner;
        if (has) network[id].hold(std::span(&pixel, 1), kStart);
        missing += has ? 0 : 1;
      }
    }
    network.run(*rc::gen::element<Duration>(0s, 5min), true);
    network.run(40min, false);
    for (const NodeId id : network.ids()) {
      RC_ASSERT(network[id].held().size() == all.size());
      for (const datum::Hotspot& pixel : all) RC_ASSERT(network[id].held().find(key_of(pixel)) != nullptr);
      RC_ASSERT(network[id].missing() == 0);
    }
    RC_ASSERT(network.fetched() == missing);
    RC_ASSERT(!network.twice());
    // Then it is quiet: a question and an answer with each member every half minute.
    const std::size_t before = network.messages();
    network.run(10min, false);
    RC_ASSERT(network.messages() - before <= 2 * nodes * (nodes - 1) * 21);
  }));
}

TEST_CASE("a member that lies makes nobody ask without end, and gives nothing that was not asked for") {
  CHECK(rc::check([] {
    CatchUpOptions options;
    options.held_max = 2000;
    options.questions_max = 64;
    CatchUp asker(options);
    Liar liar(*rc::gen::arbitrary<std::uint64_t>());
    const std::array peer{NodeId(2)};
    std::size_t asked = 0, questions = 0, in_a_row = 0;
    Instant now = kStart, last = kStart;
    for (const Duration time = 3h; now < kStart + time; now = std::max(asker.next_deadline(), now + 1ms)) {
      const auto step = asker.tick(peer, now);
      RC_ASSERT(step.send.size() <= 1U);
      for (const auto& [to, question] : step.send) {
        in_a_row = now - last < options.compare_every ? in_a_row + 1 : 1;
        last = now;
        RC_ASSERT(in_a_row <= options.questions_max);
        ++questions;
        const auto* fetch = std::get_if<FetchObservations>(&question);
        if (fetch != nullptr) {
          asked += fetch->keys.size();
          RC_ASSERT(fetch->keys.size() <= kKeysPerFetchMax);
        } else {
          const auto& spans = std::get<CompareHeld>(question).spans;
          RC_ASSERT(spans.size() <= kSpansPerQuestionMax);
          for (std::size_t i = 0; i < spans.size(); ++i) {
            RC_ASSERT(spans[i].first <= spans[i].last);
            RC_ASSERT((i == 0 || spans[i - 1].last < spans[i].first));
          }
        }
        const auto heard = asker.receive(NodeId(2), liar.answer(question, now), now + 10ms);
        for (const datum::Hotspot& hotspot : heard.fetched)
          RC_ASSERT(fetch != nullptr &&
                    std::count(fetch->keys.begin(), fetch->keys.end(), key_of(hotspot)) == 1);
        RC_ASSERT(heard.fetched.size() <= kKeysPerFetchMax);
        RC_ASSERT(asker.held().size() <= options.held_max);
      }
    }
    RC_ASSERT(asked <= options.held_max + options.held_max / 8 + 1);  // three hours of twenty-four
    RC_ASSERT(asker.fetched() <= asked);
    RC_ASSERT(questions > 0U);
  }));
}

}  // namespace
}  // namespace skywarden::node
