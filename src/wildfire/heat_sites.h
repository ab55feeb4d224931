// Where heat stays: volcanoes, gas flares, steel works and power plants light up in the same place for weeks,
// while a wildfire moves on or goes out. A site counts as persistent when its kilometre and the ones around
// it were seen on enough distinct days over a long enough span, and most of what was seen in the wider
// neighbourhood lies there. (FIRMS says the same afterwards in its archive's column `type`; in orbit nobody
// does.) A peat or log fire that smoulders in one place for weeks looks the same and is counted as
// persistent.
//
// Places that somebody knows to be warm without a fire count at once.
//
// The answer depends on the known places and the set of detections only, not on their order, until the limit
// makes it forget cells.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "wildfire/footprint.h"

namespace skywarden::wildfire {

struct KnownHeat {
  GeoPoint centre;
  Metres radius;
};

inline constexpr std::size_t kKnownHeatMax = 1000;

struct HeatSiteOptions {
  std::vector<KnownHeat> known;  // at most kKnownHeatMax, of up to 50 km
  std::size_t days_min = 8;      // distinct UTC days with a detection: more than half a fortnight
  Duration span_min = std::chrono::hours(14 * 24);  // from the first of them to the last
  double core_share_min = 0.6;  // of the detections within about 4 km, those within about 1.5
  Duration forget_after = std::chrono::hours(90 * 24);
  std::size_t cells_max = 200'000;  // the cells longest unseen are forgotten first

  [[nodiscard]] Result<void> validate() const;
};

class HeatSites {
 public:
  explicit HeatSites(HeatSiteOptions options = {});

  void add(const Direction& where, Instant when);
  // Forgets what nobody saw for long.
  void advance(Instant now);
  [[nodiscard]] bool persistent_at(const Direction& where) const;
  [[nodiscard]] std::size_t cells() const { return cells_.size(); }
  // While it stays the same, so do the answers.
  [[nodiscard]] std::uint64_t revision() const { return revision_; }

 private:
  using Key = std::array<std::int16_t, 3>;  // cubes of a kilometre, so that no meridian or pole is special
  struct Cell {
    std::uint64_t count = 0;
    std::vector<std::int32_t> days;  // ascending, unique, the newest kDaysMax
  };
  static constexpr std::size_t kDaysMax = 64;
  [[nodiscard]] static Key key_of(const Direction& where);
  void forget(const Key& key);
  [[nodiscard]] bool is_known(const Direction& where) const;

  struct Circle {
    Direction centre;
    double cosine;  // of the angle of its radius
  };
  HeatSiteOptions options_;
  std::vector<Circle> known_;
  std::map<Key, Cell> cells_;
  std::set<std::pair<std::int32_t, Key>> by_last_day_;
  std::uint64_t revision_ = 0;
};

}  // namespace skywarden::wildfire
