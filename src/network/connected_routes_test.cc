#include "network/connected_routes.h"

#include <doctest/doctest.h>

using namespace skywarden;
using namespace skywarden::network;
using std::chrono::milliseconds;

namespace {

std::vector<Vertex> way(std::initializer_list<std::uint32_t> numbers) {
  std::vector<Vertex> out;
  for (const std::uint32_t number : numbers) out.emplace_back(number);
  return out;
}

// 0 – 1 – 3 in 20 ms, 0 – 2 – 3 in 24 ms.
ConnectedRoutes diamond(const ConnectedRoutesOptions& options = {}) {
  ConnectedRoutes routes(4, options);
  routes.set_link(Vertex(0), Vertex(1), milliseconds(10), BitsPerSecond(10e6));
  routes.set_link(Vertex(1), Vertex(3), milliseconds(10), BitsPerSecond(40e6));
  routes.set_link(Vertex(0), Vertex(2), milliseconds(12), BitsPerSecond(20e6));
  routes.set_link(Vertex(3), Vertex(2), milliseconds(12), BitsPerSecond(20e6));
  return routes;
}

}  // namespace

TEST_CASE("a way has delay, bottleneck and vertices, and follows its links") {
  ConnectedRoutes routes = diamond();
  CHECK(routes.path(Vertex(0), Vertex(3)) ==
        ConnectedPath{milliseconds(20), {}, BitsPerSecond(10e6), way({0, 1, 3})});
  CHECK(routes.remove_link(Vertex(1), Vertex(0)));
  CHECK_FALSE(routes.remove_link(Vertex(1), Vertex(0)));
  CHECK(routes.path(Vertex(0), Vertex(3)) ==
        ConnectedPath{milliseconds(24), {}, BitsPerSecond(20e6), way({0, 2, 3})});
  CHECK(routes.path(Vertex(0), Vertex(1))->vertices == way({0, 2, 3, 1}));
  routes.remove_link(Vertex(0), Vertex(2));
  CHECK_FALSE(routes.path(Vertex(0), Vertex(3)));
  CHECK(routes.path(Vertex(0), Vertex(0))->vertices == way({0}));
  CHECK(routes.path(Vertex(0), Vertex(0))->delay == Duration(0));
}

TEST_CASE("forwarding costs every hop") {
  ConnectedRoutesOptions options;
  options.forwarding = milliseconds(1);
  CHECK(diamond(options).path(Vertex(0), Vertex(3))->delay == milliseconds(22));
}

TEST_CASE("a station sends and receives but does not relay") {
  ConnectedRoutes routes = diamond();
  CHECK(routes.path(Vertex(0), Vertex(3))->vertices == way({0, 1, 3}));
  routes.set_relay(Vertex(1), false);
  CHECK(routes.path(Vertex(0), Vertex(3))->vertices == way({0, 2, 3}));
  CHECK(routes.path(Vertex(0), Vertex(1))->vertices == way({0, 1}));
  CHECK(routes.path(Vertex(1), Vertex(2))->vertices == way({1, 0, 2}));
  routes.set_relay(Vertex(1), true);
  CHECK(routes.path(Vertex(0), Vertex(3))->vertices == way({0, 1, 3}));
}

TEST_CASE("a loaded link is left while another way is shorter than waiting, and taken again later") {
  ConnectedRoutes routes = diamond();
  CHECK(routes.path(Vertex(0), Vertex(3))->vertices == way({0, 1, 3}));
  for (int i = 0; i < 12; ++i) routes.set_load(Vertex(0), Vertex(1), milliseconds(30));
  const auto around = routes.path(Vertex(0), Vertex(3));
  CHECK(around->vertices == way({0, 2, 3}));
  CHECK(around->delay == milliseconds(24));
  CHECK(routes.path(Vertex(3), Vertex(0))->vertices == way({3, 1, 0}));  // the other direction is free
  routes.remove_link(Vertex(0), Vertex(2));
  const auto loaded = routes.path(Vertex(0), Vertex(3));
  CHECK(loaded->delay == milliseconds(20));
  CHECK(loaded->wait == milliseconds(28));  // the average comes to just below 30
  for (int i = 0; i < 12; ++i) routes.set_load(Vertex(0), Vertex(1), Duration(0));
  CHECK(routes.path(Vertex(0), Vertex(3))->wait == Duration(0));
  CHECK_FALSE(routes.set_load(Vertex(0), Vertex(2), milliseconds(30)));  // no such link
}

TEST_CASE("a wait counts only so much, and not at all when told so") {
  ConnectedRoutesOptions options;
  options.wait_max = milliseconds(3);
  ConnectedRoutes bounded = diamond(options);
  for (int i = 0; i < 20; ++i) bounded.set_load(Vertex(0), Vertex(1), std::chrono::seconds(10));
  CHECK(bounded.path(Vertex(0), Vertex(3))->vertices == way({0, 1, 3}));
  CHECK(bounded.path(Vertex(0), Vertex(3))->wait == milliseconds(3));
  options.wait_max = Duration(0);
  ConnectedRoutes heedless = diamond(options);
  CHECK_FALSE(heedless.set_load(Vertex(0), Vertex(1), std::chrono::seconds(10)));
}

TEST_CASE("mean waits are those of an M/M/1 queue") {
  // A packet of 1,250 bytes takes 1 ms at 10 Mbit/s.
  CHECK(mean_wait(Fraction(0.0), 1250, BitsPerSecond(10e6)) == Duration(0));
  CHECK(mean_wait(Fraction(0.5), 1250, BitsPerSecond(10e6)) == milliseconds(1));
  CHECK(to_seconds(mean_wait(Fraction(0.9), 1250, BitsPerSecond(10e6))) == doctest::Approx(0.009));
  CHECK(mean_wait(Fraction(7.0), 1250, BitsPerSecond(10e6)) ==
        mean_wait(Fraction(0.99), 1250, BitsPerSecond(10e6)));
}

TEST_CASE("options out of range are refused") {
  ConnectedRoutesOptions options;
  options.wait_step = Duration(0);
  CHECK(options.validate().error().code == Errc::kOutOfRange);
  options = {};
  options.forwarding = Duration(-1);
  CHECK(options.validate().error().code == Errc::kOutOfRange);
  options = {};
  options.wait_max = std::chrono::hours(2);
  CHECK(options.validate().error().code == Errc::kOutOfRange);
}
