// Ground stations from CSV: `name,lat_deg,lon_deg,alt_m` with a header (order free, altitude optional), or
// without one as `name,lat,lon,alt_m` or `id,name,lat,lon,alt_m`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "datum/delimited.h"
#include "orbit/earth.h"

namespace skywarden::orbit {

struct Station {
  std::string name;
  Place place;
};

struct StationFile {
  std::vector<Station> stations;
  std::vector<datum::RowProblem> problems;  // rows left out
};

// kMalformed when the columns cannot be recognised.
[[nodiscard]] Result<StationFile> read_stations(std::string_view bytes, std::string_view file_name);

}  // namespace skywarden::orbit
