// What speaks for or against a fire at a place. Evidence is never gated by danger; a prior is not evidence.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/geodesy.h"
#include "base/ids.h"
#include "base/time.h"
#include "base/units.h"

namespace skywarden::datum {

enum class EvidenceKind : std::uint8_t {
  kMeasured,   // an instrument saw it
  kEstimated,  // filled in by completion
  kModelled,   // a model says so; modelled evidence alone never raises an alert
};

// A closed ring on WGS 84: first point equals last, counter-clockwise, at least four points.
using Ring = std::vector<GeoPoint>;

struct Evidence {
  EventId event;  // the cluster it belongs to
  EvidenceKind kind = EvidenceKind::kMeasured;
  Instant time{};                           // of the newest observation behind it
  Probability probability{0.5};             // that there is a fire, from this source alone, before any prior
  Fraction reliability{1.0};                // how much this source's log-odds count, 0…1
  std::string source;                       // "MODIS Terra", "smoke station X"
  std::string detail;                       // one short English phrase: "12 pixels, 340 MW"
  std::vector<ObservationId> observations;  // ascending, unique
};

// The state of one fire event as detection sees it.
struct FireEvent {
  EventId id;
  Instant first_seen{}, last_seen{};
  GeoPoint centre;
  Ring outline;                             // hull of the pixels' footprints
  SquareMetres area;                        // union of pixel footprints, an upper bound of the burning area
  Watts radiative_power;                    // sum over the newest pass
  bool persistent_source = false;           // a heat source that stays: volcano, flare, plant
  std::vector<ObservationId> observations;  // ascending, unique
};

// The chance of fire before anybody looked, from weather and fuel.
enum class DangerClass : std::uint8_t { kLow, kModerate, kHigh, kVeryHigh, kExtreme };
struct Prior {
  Probability probability{0.01};
  DangerClass danger = DangerClass::kModerate;
  Instant as_of{};
  std::string source;  // "FWI 38.2 at Santa Rosa"; empty: no weather is known
};

}  // namespace skywarden::datum
