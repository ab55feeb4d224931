// How far a satellite may be from where its elements put it, from nothing but their age. Public sets do not
// state their errors. Two answers:
//
// `element_age_margin` is one number, from the literature: AIAA 2006-6753 (Vallado, Crawford, Hujsak, Kelso,
// 2006) gives about 1 km at the epoch, growing by 1 to 3 km a day in low orbits; the defaults take the upper
// end. Measured against later sets it is too small below 600 km after two days.
//
// `element_error` is measured: what 95 of 100 sets of CelesTrak's groups "resource" and "weather" were wrong
// by when compared with later sets of the same satellite (24 to 30 May 2026 with each other and with 7 May
// 2026; 59,289 pairs; bench/passes_against_later_sets.py does the like for passes). On other satellites
// ("science", "stations", "oneweb", a week) it held 97 to 100 in 100 above 450 km, and below from 98 in 100
// at a day to 75 at a week. Not for satellites under daily thrust: of Starlink it held 30 to 65 in 100, where
// 95 in 100 were within 60 km at one to two days and 400 km at a week. Occasional manoeuvres are in it, rare
// and large: the worst in a hundred is two to ten times as far. Two sets share what both are wrong by, so a
// kilometre along and half a kilometre across the track at the epoch are added, from the literature.
//
// Both are margins to plan with, not bounds.
#pragma once

#include "base/time.h"
#include "base/units.h"
#include "orbit/elements.h"

namespace skywarden::orbit {

struct ElementAgeOptions {
  Metres at_epoch{1000.0};
  Metres per_day{3000.0};
};

// The same before and after the epoch.
[[nodiscard]] Metres element_age_margin(Duration age, const ElementAgeOptions& options = {});

// By how much a pass may come early or late: the error lies almost wholly along the orbit, where the
// satellite covers it at its mean speed.
[[nodiscard]] Duration pass_time_margin(const ElementSet& elements, Instant t,
                                        const ElementAgeOptions& options = {});

// Along the orbit (early or late), and at right angles to it, sideways or up and down.
struct ElementError {
  Metres along, across;
};
// 95 in 100, from the epoch to three weeks; beyond, extrapolated. By mean height: below 450 km, below 600 km,
// above; beyond 2,000 km nothing was measured and the margin above stands in.
[[nodiscard]] ElementError element_error(const ElementSet& elements, Duration age);

}  // namespace skywarden::orbit
