#include "network/bundle_seen.h"

#include <doctest/doctest.h>

namespace skywarden::network {
namespace {

BundleId id_of(std::uint64_t sequence) {
  return {EndpointId::ipn(7, 1), {820'454'400'000, sequence}, 0, 0};
}

TEST_CASE("a bundle is new once; its fragments are others") {
  SeenBundles seen;
  CHECK(seen.add(id_of(1)));
  CHECK_FALSE(seen.add(id_of(1)));
  CHECK(seen.add(id_of(2)));
  BundleId piece = id_of(1);
  piece.fragment_bytes = 10;
  CHECK(seen.add(piece));
  CHECK_FALSE(seen.add(piece));
  CHECK(to_string(id_of(3)) == "ipn:7.1 created 820454400000 sequence 3");
}

TEST_CASE("the oldest is forgotten when there are too many") {
  SeenBundles seen(2);
  for (const std::uint64_t i : {1, 2, 3}) CHECK(seen.add(id_of(i)));
  CHECK(seen.size() == 2);
  CHECK_FALSE(seen.add(id_of(3)));
  CHECK_FALSE(seen.add(id_of(2)));
  CHECK(seen.add(id_of(1)));
}

TEST_CASE("what is written reads the same, and a bad line is named") {
  SeenBundles seen;
  CHECK(seen.add(id_of(1)));
  CHECK(seen.add({parse_endpoint("dtn://forest-7/alerts").value(), {5, 6}, 7, 8}));
  auto again = SeenBundles::read(seen.text(), "seen");
  REQUIRE(again.has_value());
  CHECK(again->text() == seen.text());
  CHECK_FALSE(again->add(id_of(1)));
  CHECK(SeenBundles::read(seen.text() + "ipn:7.1 5 6\n", "seen").error().message ==
        "seen:3: expected a source and four numbers, found 'ipn:7.1 5 6'");
  CHECK_FALSE(SeenBundles::read("ipn:7 1 2 3 4", "seen").has_value());
  CHECK_FALSE(SeenBundles::read("ipn:7.1 1 2 3 -4", "seen").has_value());
  CHECK_FALSE(SeenBundles::read("ipn:7.1 1 2 3 4 5", "seen").has_value());
}

}  // namespace
}  // namespace skywarden::network
