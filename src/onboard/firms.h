// NASA FIRMS active-fire CSV as shipped: MODIS (MCD14) and VIIRS at 375 m (VNP14IMG, VJ114IMG, VJ214IMG),
// near real time and archive, with or without the columns instrument, version and type, with either pair of
// brightness columns, dates in ISO or month/day/year, hhmm that lost its leading zeros. Columns are those of
// the product descriptions on firms.modaps.eosdis.nasa.gov (Giglio et al. 2016; Schroeder et al. 2014).
//
// Times without a zone are UTC. A row with a required cell that cannot be read is reported and left out; frp
// and the background brightness may be empty. The column type (vegetation, volcano, other, offshore) is not
// read: it is known only afterwards, and in orbit it would not be there.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "datum/delimited.h"
#include "datum/hotspot.h"

namespace skywarden::onboard {

struct FirmsFile {
  std::vector<datum::Hotspot> hotspots;     // by time, equal times in the order of the file
  std::vector<datum::RowProblem> problems;  // by row; each row named here was left out
  std::size_t duplicates = 0;               // detections that stood there already, left out
};

// Whether a header row is that of a FIRMS file: position, date and time of acquisition, and a brightness.
[[nodiscard]] bool looks_like_firms(std::span<const std::string> header);

// Fails when there is no header, or when a required column is absent; the message names it.
[[nodiscard]] Result<FirmsFile> read_firms(std::string_view bytes);

// "Terra" for T, "Aqua" for A, "Suomi NPP" for N, "NOAA-20" for N20 and 1, "NOAA-21" for N21 and 2; other
// names as they are. FIRMS writes the same satellite in several ways; comparing needs one.
[[nodiscard]] std::string satellite_name(std::string_view published);

}  // namespace skywarden::onboard
