// Mended ways against the same ways found from scratch, by rounds over all links, after every change.
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <map>
#include <utility>

#include "base/random.h"
#include "network/connected_routes.h"

using namespace skywarden;
using namespace skywarden::network;

namespace {

using Pair = std::pair<std::uint32_t, std::uint32_t>;

struct SlowLink {
  Duration delay{};
  BitsPerSecond rate;
  std::map<Pair, Duration> counted;  // by direction: what the load adds
};

// The links as the test knows them, and the obvious search.
struct SlowMesh {
  std::uint32_t vertices = 0;
  Duration forwarding{};
  std::map<Pair, SlowLink> links;  // smaller first
  std::vector<bool> relays;

  // Length and hops from a source to everywhere; negative: no way.
  [[nodiscard]] std::vector<std::pair<std::int64_t, int>> lengths(std::uint32_t source) const {
    std::vector<std::pair<std::int64_t, int>> best(vertices, {-1, -1});
    best[source] = {0, 0};
    for (bool changed = true; changed;) {
      changed = false;
      for (const auto& [pair, link] : links)
        for (const auto& [from, to] : {pair, Pair(pair.second, pair.first)}) {
          if (best[from].second < 0 || (from != source && !relays[from])) continue;
          const std::pair<std::int64_t, int> offered{
              best[from].first + (link.delay + forwarding + link.counted.at({from, to})).count(),
              best[from].second + 1};
          if (best[to].second >= 0 && best[to] <= offered) continue;
          best[to] = offered;
          changed = true;
        }
    }
    return best;
  }
};

struct Trial {
  explicit Trial(std::uint64_t seed) : random(seed) {
    mesh.vertices = static_cast<std::uint32_t>(2 + random.below(12));
    mesh.relays.assign(mesh.vertices, true);
    options.forwarding = mesh.forwarding = Duration(random.below(3));
    options.wait_step = Duration(2);
    options.wait_max = Duration(6);
  }

  Pair any_pair() {
    const auto a = static_cast<std::uint32_t>(random.below(mesh.vertices));
    const auto b = (a + 1 + static_cast<std::uint32_t>(random.below(mesh.vertices - 1))) % mesh.vertices;
    return {a, b};
  }

  void change(ConnectedRoutes& routes) {
    const auto [a, b] = any_pair();
    const auto key = std::minmax(a, b);
    const double what = random.uniform();
    if (what < 0.55) {
      const Duration delay(random.below(6));  // small, so that many ways are equal; zero too
      const BitsPerSecond rate(static_cast<double>(1 + random.below(5)));
      routes.set_link(Vertex(a), Vertex(b), delay, rate);
      SlowLink& link = mesh.links[key];
      link.delay = delay;
      link.rate = rate;
      link.counted.try_emplace({a, b});
      link.counted.try_emplace({b, a});
    } else if (what < 0.8) {
      RC_ASSERT(routes.remove_link(Vertex(a), Vertex(b)) == (mesh.links.erase(key) > 0));
    } else if (what < 0.9) {
      mesh.relays[a] = random.chance(0.7);
      routes.set_relay(Vertex(a), mesh.relays[a]);
    } else {
      // What the load counts for is another test's; here it is read off a way of one link.
      routes.set_load(Vertex(a), Vertex(b), Duration(random.below(20)));
      if (!mesh.links.contains(key)) return;
      mesh.links[key].counted[{a, b}] = counted(routes, a, b);
    }
  }

  // On a mesh of the one link alone.
  Duration counted(ConnectedRoutes routes, std::uint32_t a, std::uint32_t b) const {
    for (const auto& [pair, link] : mesh.links)
      if (pair != Pair(std::minmax(a, b))) routes.remove_link(Vertex(pair.first), Vertex(pair.second));
    return routes.path(Vertex(a), Vertex(b))->wait;
  }

  Random random;
  SlowMesh mesh;
  ConnectedRoutesOptions options;
};

void check_way(const SlowMesh& mesh, const ConnectedPath& path, std::pair<std::int64_t, int> expected) {
  RC_ASSERT((path.delay + path.wait).count() == expected.first);
  RC_ASSERT(static_cast<int>(path.vertices.size()) == expected.second + 1);
  Duration delay{};
  Duration wait{};
  double rate = std::numeric_limits<double>::infinity();
  for (std::size_t i = 1; i < path.vertices.size(); ++i) {
    const Pair step{path.vertices[i - 1].value(), path.vertices[i].value()};
    const SlowLink& link = mesh.links.at(std::minmax(step.first, step.second));
    delay += link.delay + mesh.forwarding;
    wait += link.counted.at(step);
    rate = std::min(rate, link.rate.value());
    RC_ASSERT((i + 1 == path.vertices.size() || mesh.relays[step.second]));
  }
  RC_ASSERT(path.delay == delay);
  RC_ASSERT(path.wait == wait);
  RC_ASSERT(path.rate.value() == rate);
}

// Of equal ways the smallest last relay, then the smallest before it.
void check_ties(const SlowMesh& mesh, const ConnectedPath& path) {
  const std::uint32_t source = path.vertices.front().value();
  const auto lengths = mesh.lengths(source);
  for (std::size_t i = path.vertices.size(); --i > 0;) {
    const std::uint32_t here = path.vertices[i].value();
    for (std::uint32_t other = 0; other < path.vertices[i - 1].value(); ++other) {
      const auto link = mesh.links.find(std::minmax(other, here));
      if (other == here || link == mesh.links.end() || lengths[other].second < 0) continue;
      if (other != source && !mesh.relays[other]) continue;
      const Duration over = link->second.delay + mesh.forwarding + link->second.counted.at({other, here});
      RC_ASSERT((std::pair{lengths[other].first + over.count(), lengths[other].second + 1}) != lengths[here]);
    }
  }
}

}  // namespace

TEST_CASE("ways after any changes are those found from scratch, of equal ones the first") {
  CHECK(rc::check([] {
    Trial trial(*rc::gen::arbitrary<std::uint64_t>());
    ConnectedRoutes routes(trial.mesh.vertices, trial.options);
    const std::uint64_t at_once = 1 + trial.random.below(6);
    for (int round = 0; round < 40; ++round) {
      for (std::uint64_t i = 0; i < at_once; ++i) trial.change(routes);
      RC_ASSERT(routes.links() == trial.mesh.links.size());
      for (std::uint32_t from = 0; from < trial.mesh.vertices; ++from) {
        if (trial.random.chance(0.3)) continue;  // trees that missed more than one round
        const auto lengths = trial.mesh.lengths(from);
        for (std::uint32_t to = 0; to < trial.mesh.vertices; ++to) {
          const auto path = routes.path(Vertex(from), Vertex(to));
          RC_ASSERT(path.has_value() == (lengths[to].second >= 0));
          if (!path) continue;
          RC_ASSERT(path->vertices.front() == Vertex(from));
          RC_ASSERT(path->vertices.back() == Vertex(to));
          check_way(trial.mesh, *path, lengths[to]);
          check_ties(trial.mesh, *path);
        }
      }
    }
  }));
}

TEST_CASE("in larger meshes trees are mended, not grown, and still right") {
  CHECK(rc::check([] {
    Trial trial(*rc::gen::arbitrary<std::uint64_t>());
    trial.mesh.vertices = 60;
    trial.mesh.relays.assign(60, true);
    ConnectedRoutes routes(60, trial.options);
    for (int i = 0; i < 400; ++i) trial.change(routes);
    static_cast<void>(routes.path(Vertex(0), Vertex(1)));
    for (int round = 0; round < 30; ++round) {
      for (std::uint64_t i = trial.random.below(8) + 1; i > 0; --i) trial.change(routes);
      const auto lengths = trial.mesh.lengths(0);
      for (std::uint32_t to = 0; to < 60; ++to) {
        const auto path = routes.path(Vertex(0), Vertex(to));
        RC_ASSERT(path.has_value() == (lengths[to].second >= 0));
        if (path) check_way(trial.mesh, *path, lengths[to]);
      }
    }
    RC_ASSERT(routes.work().mended > routes.work().grown);
  }));
}

TEST_CASE("a load that wavers within a step never changes a length") {
  CHECK(rc::check([] {
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    ConnectedRoutesOptions options;
    options.wait_step = Duration(1000);
    options.wait_max = Duration(10'000);
    ConnectedRoutes routes(2, options);
    routes.set_link(Vertex(0), Vertex(1), Duration(500), BitsPerSecond(1.0));
    const auto level = static_cast<std::int64_t>(random.below(9));
    for (int i = 0; i < 40; ++i) routes.set_load(Vertex(0), Vertex(1), Duration(level * 1000 + 500));
    const Duration counted = routes.path(Vertex(0), Vertex(1))->wait;
    RC_ASSERT(counted == Duration(level * 1000));
    // From half a step below what is counted to just below the next.
    for (int i = 0; i < 100; ++i) {
      const auto low = std::max<std::int64_t>(0, level * 1000 - 490);
      const auto wait = random.chance(0.5) ? low : level * 1000 + 990;
      RC_ASSERT_FALSE(routes.set_load(Vertex(0), Vertex(1), Duration(wait)));
    }
    for (int i = 0; i < 60; ++i) routes.set_load(Vertex(0), Vertex(1), Duration(0));
    RC_ASSERT(routes.path(Vertex(0), Vertex(1))->wait == Duration(0));
  }));
}
