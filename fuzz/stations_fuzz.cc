#include "base/contract.h"
#include "orbit/stations.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const auto file = skywarden::orbit::read_stations({reinterpret_cast<const char*>(data), size}, "fuzz");
  if (!file) return 0;
  for (const auto& station : file->stations)
    EXPECTS(!station.name.empty() && station.place.point.lat_deg >= -90.0 &&
            station.place.point.lat_deg <= 90.0);
  return 0;
}
