// Changes against looking at the windows at every moment, and routes played from them against routes made of
// the windows open at that moment.
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <map>

#include "base/random.h"
#include "network/link_changes.h"

using namespace skywarden;
using namespace skywarden::network;

namespace {

constexpr std::uint32_t kNodes = 7;

std::vector<ContactWindow> any_windows(Random& random) {
  std::vector<ContactWindow> windows;
  for (std::uint64_t i = random.below(60); i > 0; --i) {
    const auto a = static_cast<std::uint32_t>(1 + random.below(kNodes));
    const auto b = static_cast<std::uint32_t>(1 + random.below(kNodes));
    const Instant start{Duration(random.below(50))};
    windows.push_back({NodeId(std::min(a, b)),
                       NodeId(std::max(a, b)),
                       {start, start + Duration(random.below(20)), Duration(random.below(4)),
                        BitsPerSecond(static_cast<double>(1 + random.below(3)))}});
  }
  return windows;
}

// The window of the pair that counts at t: of the open ones the one that began last, of those the last
// listed.
const datum::Contact* open_at(const std::vector<ContactWindow>& windows, NodeId a, NodeId b, Instant t) {
  const datum::Contact* found = nullptr;
  for (const ContactWindow& w : windows)
    if (w.a == a && w.b == b && w.contact.start <= t && t < w.contact.end &&
        (found == nullptr || w.contact.start >= found->start))
      found = &w.contact;
  return found;
}

std::vector<NodeId> all_nodes() {
  std::vector<NodeId> nodes;
  for (std::uint32_t i = 1; i <= kNodes; ++i) nodes.emplace_back(i);
  return nodes;
}

}  // namespace

TEST_CASE("changes in order say at every moment what the windows say, and no change says nothing new") {
  CHECK(rc::check([] {
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    const auto windows = any_windows(random);
    const auto changes = link_changes(windows);
    std::map<std::pair<NodeId, NodeId>, std::pair<Duration, BitsPerSecond>> links;
    std::size_t next = 0;
    for (Instant t{}; t < Instant(Duration(75)); t += Duration(1)) {
      for (; next < changes.size() && changes[next].at <= t; ++next) {
        const LinkChange& c = changes[next];
        RC_ASSERT(c.at == t);
        RC_ASSERT((next == 0 || changes[next - 1].at < t || changes[next - 1].event <= c.event));
        const std::pair key(c.a, c.b);
        const std::pair value(c.delay, c.rate);
        RC_ASSERT(links.contains(key) == (c.event != LinkEvent::kUp));
        if (c.event == LinkEvent::kDown) {
          RC_ASSERT(links.at(key) == value);
          links.erase(key);
        } else {
          RC_ASSERT((c.event == LinkEvent::kUp || links.at(key) != value));
          links[key] = value;
        }
      }
      for (const NodeId a : all_nodes())
        for (const NodeId b : all_nodes()) {
          if (!(a < b)) continue;
          const datum::Contact* expected = open_at(windows, a, b, t);
          const auto found = links.find({a, b});
          RC_ASSERT((expected != nullptr) == (found != links.end()));
          if (expected != nullptr) RC_ASSERT(found->second == std::pair(expected->delay, expected->rate));
        }
    }
    RC_ASSERT(next == changes.size());
    RC_ASSERT(links.empty());
  }));
}

TEST_CASE("routes played along the changes are routes over the windows open now") {
  CHECK(rc::check([] {
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    const auto windows = any_windows(random);
    LinkTimeline timeline(link_changes(windows), all_nodes());
    ConnectedRoutes played(kNodes);
    for (Instant t{}; t < Instant(Duration(75));
         t += Duration(1 + static_cast<std::int64_t>(random.below(5)))) {
      timeline.advance(t, played);
      RC_ASSERT((!timeline.next_change() || *timeline.next_change() > t));
      ConnectedRoutes fresh(kNodes);
      for (const NodeId a : all_nodes())
        for (const NodeId b : all_nodes())
          if (const auto* contact = a < b ? open_at(windows, a, b, t) : nullptr)
            fresh.set_link(*timeline.vertex(a), *timeline.vertex(b), contact->delay, contact->rate);
      for (std::uint32_t from = 0; from < kNodes; ++from)
        for (std::uint32_t to = 0; to < kNodes; ++to)
          RC_ASSERT(played.path(Vertex(from), Vertex(to)) == fresh.path(Vertex(from), Vertex(to)));
    }
  }));
}

TEST_CASE("nodes that nobody knows change nothing") {
  const ContactWindow window{NodeId(1), NodeId(9), {Instant{}, Instant(Duration(5)), {}, BitsPerSecond(1.0)}};
  LinkTimeline timeline(link_changes(std::vector{window}), {NodeId(1), NodeId(2)});
  ConnectedRoutes routes(2);
  CHECK_FALSE(timeline.next_change());
  CHECK(timeline.advance(Instant(Duration(9)), routes) == 0);
  CHECK_FALSE(timeline.vertex(NodeId(9)));
  CHECK(timeline.node(Vertex(1)) == NodeId(2));
}
