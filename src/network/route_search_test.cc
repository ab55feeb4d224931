#include "network/route_search.h"

#include <doctest/doctest.h>

using namespace skywarden;
using namespace skywarden::network;

namespace {

constexpr BitsPerSecond kRate{8e6};  // a byte a microsecond

PlannedContact contact(std::uint32_t from, std::uint32_t to, double start_s, double end_s, double light_s) {
  return {Vertex(from), Vertex(to), from_seconds(start_s), from_seconds(end_s), from_seconds(light_s), kRate};
}

}  // namespace

TEST_CASE("a bundle without size may leave at the very end of a contact") {
  const auto graph = ContactGraph::make(2, {contact(0, 1, 0, 10, 1)}).value();
  RouteSearch search(graph);
  CHECK(search.best({Vertex(0), Vertex(1), from_seconds(10)})->arrival == from_seconds(11));
  CHECK_FALSE(search.best({Vertex(0), Vertex(1), from_seconds(10) + Duration(1)}));
  CHECK_FALSE(search.best({Vertex(0), Vertex(1), from_seconds(10), 1}));
  CHECK(search.best({Vertex(0), Vertex(1), from_seconds(9), 1'000'000})->arrival == from_seconds(11));
}

TEST_CASE("a later contact with a shorter way arrives first") {
  const auto graph = ContactGraph::make(2, {contact(0, 1, 0, 100, 50), contact(0, 1, 10, 20, 1)}).value();
  CHECK(RouteSearch(graph).best({Vertex(0), Vertex(1), from_seconds(0)})->arrival == from_seconds(11));
}

TEST_CASE("fewer hops win although a node on the way is reached later") {
  // 0→1→2→3 reaches 2 early; 0→2 directly is slower, yet in time for the contact to 3.
  const auto graph = ContactGraph::make(4, {contact(0, 1, 0, 100, 1), contact(1, 2, 0, 100, 1),
                                            contact(0, 2, 5, 100, 1), contact(2, 3, 50, 100, 1)})
                         .value();
  const auto route = RouteSearch(graph).best({Vertex(0), Vertex(3), from_seconds(0)});
  REQUIRE(route);
  CHECK(route->arrival == from_seconds(51));
  CHECK(route->contacts.size() == 2);
}

TEST_CASE("contacts that make no sense are refused") {
  CHECK_FALSE(ContactGraph::make(2, {contact(0, 1, 10, 5, 1)}));
  CHECK_FALSE(ContactGraph::make(2, {contact(0, 2, 0, 5, 1)}));
  CHECK_FALSE(ContactGraph::make(2, {contact(1, 1, 0, 5, 1)}));
  CHECK_FALSE(ContactGraph::make(2, {contact(0, 1, 0, 5, -1)}));
  CHECK_FALSE(ContactGraph::make(2, {{Vertex(0), Vertex(1), {}, from_seconds(1), {}, BitsPerSecond(0)}}));
  CHECK(ContactGraph::make(0, {}));
}

TEST_CASE("an unknown node has no route") {
  const auto graph = ContactGraph::make(2, {contact(0, 1, 0, 10, 1)}).value();
  CHECK_FALSE(RouteSearch(graph).best({Vertex(0), Vertex(7), {}}));
  CHECK_FALSE(RouteSearch(graph).best({Vertex(7), Vertex(0), {}}));
  CHECK_FALSE(RouteSearch(ContactGraph{}).best({Vertex(0), Vertex(0), {}}));
}
