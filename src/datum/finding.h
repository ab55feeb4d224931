// What one node concludes about one event; only `reasoning/judge` makes it. Reasons carry their source and
// age, so that a person can weigh them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "datum/evidence.h"
#include "datum/field.h"

namespace skywarden::datum {

struct Reason {
  EvidenceKind kind = EvidenceKind::kMeasured;
  double log_odds = 0.0;  // what it added: positive speaks for fire
  std::string source;
  std::string text_en, text_zh;
  Duration age{};  // of its newest observation, when the finding was made
};

enum class Verdict : std::uint8_t {
  kFire,       // probability at or over the threshold of the day's danger class
  kNoFire,     // under it
  kAbstained,  // evidence conflicts or is too thin to say
};

struct Finding {
  NodeId by;
  EventId event;
  Instant time{};
  Verdict verdict = Verdict::kAbstained;
  Probability probability{0.5};
  Interval interval;           // of the probability, 90 %
  Probability threshold{0.5};  // what it was compared with
  DangerClass danger = DangerClass::kModerate;
  GeoPoint centre;
  Ring outline;
  SquareMetres area;
  Watts radiative_power;
  bool measured = false;  // at least one piece of evidence was measured
  bool persistent_source = false;
  std::vector<Reason> reasons;              // strongest first
  std::vector<ObservationId> observations;  // ascending, unique
};

}  // namespace skywarden::datum
