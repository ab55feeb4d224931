#include <cmath>

#include "base/contract.h"
#include "onboard/firms.h"

// Whatever the bytes, a hotspot that comes out lies on the Earth and has a size.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const auto file = skywarden::onboard::read_firms({reinterpret_cast<const char*>(data), size});
  if (!file) return 0;
  for (const auto& spot : file->hotspots) {
    EXPECTS(std::abs(spot.centre.lat_deg) <= 90 && std::abs(spot.centre.lon_deg) <= 180);
    EXPECTS(spot.scan.value() > 0 && spot.track.value() > 0);
    EXPECTS(spot.confidence.value() >= 0 && spot.confidence.value() <= 1);
  }
  return 0;
}
