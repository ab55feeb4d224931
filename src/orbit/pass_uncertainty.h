// By how much a pass may come early or late, and peak higher or lower, when the satellite is along and across
// its orbit from where the elements put it (element_error in element_age.h: 95 in 100). The error is carried
// to the station to first order: a station sees AOS when the elevation reaches the mask, so a displacement
// moves it by the elevation's change divided by its rate. Not for errors of hundreds of kilometres, where
// nothing is linear, and silent about manoeuvres to come.
#pragma once

#include "base/time.h"
#include "base/units.h"
#include "orbit/earth.h"
#include "orbit/element_age.h"
#include "orbit/passes.h"
#include "orbit/sgp4.h"

namespace skywarden::orbit {

struct PassUncertainty {
  Duration age{0};        // of the elements at the pass's summit, never negative
  Duration aos{0};        // either way
  Duration los{0};        // either way
  Degrees elevation_max;  // either way; a pass that peaks nearer to the mask than this may not take place
};

// `pass` as find_passes gave it for this satellite, station and options. Nothing is uncertain about an edge
// at which the interval was cut, and it reads zero.
[[nodiscard]] PassUncertainty pass_uncertainty(const Sgp4& satellite, const Horizon& station,
                                               const Pass& pass, const PassOptions& options = {});
[[nodiscard]] PassUncertainty pass_uncertainty(const Sgp4& satellite, const Horizon& station,
                                               const Pass& pass, const PassOptions& options,
                                               const ElementError& error);

}  // namespace skywarden::orbit
