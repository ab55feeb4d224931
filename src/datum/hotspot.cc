#include "datum/hotspot.h"

#include <cmath>

#include "base/hash.h"

namespace skywarden::datum {

ObservationId observation_id(const Hotspot& hotspot) {
  Fnv1a hash;
  hash.add(static_cast<std::uint64_t>(hotspot.time.time_since_epoch().count()));
  hash.add(static_cast<std::uint64_t>(std::llround(hotspot.centre.lat_deg * 1e5)));
  hash.add(static_cast<std::uint64_t>(std::llround(hotspot.centre.lon_deg * 1e5)));
  hash.add(hotspot.satellite);
  hash.add(hotspot.instrument);
  return ObservationId(hash.value());
}

}  // namespace skywarden::datum
