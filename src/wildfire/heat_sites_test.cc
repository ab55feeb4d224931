#include "wildfire/heat_sites.h"

#include <doctest/doctest.h>

using namespace skywarden;
using namespace skywarden::wildfire;

namespace {

const GeoPoint kFlare{-20.6, 116.77};

Instant day(int n) {
  return *parse_utc("2019-08-01T02:00:00Z") + std::chrono::hours(24 * n);
}

}  // namespace

TEST_CASE("the same place on many days over a fortnight is a persistent source") {
  HeatSites sites;
  for (int i = 0; i < 7; ++i) sites.add(to_direction(kFlare), day(2 * i));
  sites.add(to_direction(kFlare), day(12));
  CHECK(!sites.persistent_at(to_direction(kFlare)));  // seven days, twelve apart
  sites.add(to_direction({kFlare.lat_deg + 0.004, kFlare.lon_deg}), day(16));
  CHECK(sites.persistent_at(to_direction(kFlare)));
  CHECK(!sites.persistent_at(to_direction({kFlare.lat_deg + 0.1, kFlare.lon_deg})));
}

TEST_CASE("a place known to be warm counts at once, as far as its radius") {
  HeatSiteOptions options;
  options.known = {{kFlare, Metres(7000.0)}};
  HeatSites sites(options);
  CHECK(sites.persistent_at(to_direction(destination(kFlare, Degrees(30.0), Metres(6900.0)))));
  CHECK(!sites.persistent_at(to_direction(destination(kFlare, Degrees(30.0), Metres(7100.0)))));
  options.known[0].radius = Metres(60'000.0);
  CHECK(!options.validate());
}

TEST_CASE("a fire that burns for days and moves on is none") {
  HeatSites sites;
  for (int i = 0; i < 30; ++i)
    sites.add(to_direction(destination(kFlare, Degrees(90.0), Metres(900.0 * i))), day(i));
  for (int i = 0; i < 30; ++i)
    CHECK(!sites.persistent_at(to_direction(destination(kFlare, Degrees(90.0), Metres(900.0 * i)))));
  HeatSites short_fire;
  for (int i = 0; i < 10; ++i) short_fire.add(to_direction(kFlare), day(i));
  CHECK(!short_fire.persistent_at(to_direction(kFlare)));
}

TEST_CASE("a place amid a wide fire is none") {
  HeatSites sites;
  for (int i = 0; i < 20; ++i)
    for (int azimuth = 0; azimuth < 360; azimuth += 30) {
      sites.add(to_direction(kFlare), day(i));
      sites.add(to_direction(destination(kFlare, Degrees(azimuth), Metres(3500.0))), day(i));
      sites.add(to_direction(destination(kFlare, Degrees(azimuth), Metres(3000.0))), day(i));
    }
  CHECK(!sites.persistent_at(to_direction(kFlare)));
}

TEST_CASE("sites are forgotten after long silence and beyond the limit, the longest unseen first") {
  HeatSiteOptions options;
  options.cells_max = 10;
  HeatSites sites(options);
  for (int i = 0; i < 20; ++i) {
    sites.add(to_direction(kFlare), day(i));
    sites.add(to_direction({10.0, static_cast<double>(i)}), day(i));
  }
  CHECK(sites.cells() == 10);
  CHECK(sites.persistent_at(to_direction(kFlare)));
  sites.advance(day(200));
  CHECK(sites.cells() == 0);
  CHECK(!sites.persistent_at(to_direction(kFlare)));
}
