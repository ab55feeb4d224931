// How good the records of a stream are: four parts, each 0…1 with the reason for it, and a score of them.
//
// - completeness: the share of the fields that have a value, measured or estimated. A field of high
//   criticality counts four times, a normal one twice, one of low criticality once.
// - consistency: the share of what was reported that cleaning believed (clean.h: readable, in range, not too
//   fast, not stuck, clock sound) and anomaly detection did not flag, weighted alike. 1 when nothing was
//   reported: nothing contradicts.
// - freshness: one half to the power of the age over the half-life; of several records, that of the newest.
// - provenance: how far the values rest on measurement. A measured value counts 1. An estimated number counts
//   by how well it is known, the schema's tolerance over half of its 90 % interval, at most 1: within
//   tolerance an estimate serves operations as well as a reading. An estimated category counts by its
//   probability. All of a record counts by its own origin: observed 1, reconstructed 1/2, simulated and
//   what-if 0, because they are no evidence.
//
// The score is the product of the parts, each to the power of its weight: a part at 0 makes it 0, since fresh
// and complete records of a program are worth as little as good ones of last week, and no part makes up for
// another. What is missing or contradicts itself is a fault of the record (0.3 each); age and origin are
// stated and can be allowed for (0.2 each). The score orders streams and is no probability.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "datum/record.h"
#include "datum/schema.h"

namespace skywarden::onboard {

struct QualityOptions {
  // Fire weather and hotspots: a front or a flare changes them within hours.
  Duration freshness_half_life = std::chrono::hours(3);
};

inline constexpr double kCompletenessWeight = 0.3, kConsistencyWeight = 0.3, kFreshnessWeight = 0.2,
                        kProvenanceWeight = 0.2;

struct Quality {
  double completeness = 0.0, consistency = 0.0, freshness = 0.0, provenance = 0.0;
  double score = 0.0;  // to six digits, so that it orders alike on every system
  std::size_t records = 0;
  Duration age{};  // of the newest record; 0 for one ahead of the clock
};

// Of one field, in records.
struct FieldQuality {
  std::size_t present = 0;       // measured or estimated
  std::size_t estimated = 0;     // of those
  std::size_t reported = 0;      // something came
  std::size_t contradicted = 0;  // of that, not believed
  std::size_t flagged = 0;       // of that, believed but anomalous
  double worth = 0.0;            // of those present, summed: 1 each when measured
};

class QualityTally {
 public:
  explicit QualityTally(datum::Schema schema, QualityOptions options = {});

  // A record as cleaning left it, and as it is used: completed, or the same. Both have the schema's fields.
  // `flagged` says of each field whether it is an anomaly, or is empty.
  void add(const datum::Record& cleaned, const datum::Record& used, const std::vector<bool>& flagged = {});

  // All parts 0 when nothing was added.
  [[nodiscard]] Quality quality(Instant now) const;
  [[nodiscard]] const std::vector<FieldQuality>& fields() const { return fields_; }
  // "completeness 0.912: rain_mm is missing in 12 of 100", a line a part, naming the field that costs most.
  [[nodiscard]] std::vector<std::string> reasons(Instant now) const;

 private:
  [[nodiscard]] double field_weight(std::size_t field) const;

  datum::Schema schema_;
  QualityOptions options_;
  std::vector<FieldQuality> fields_;
  std::size_t records_ = 0;
  std::optional<Instant> newest_;
};

// Of one record.
[[nodiscard]] Quality record_quality(const datum::Schema& schema, const datum::Record& cleaned,
                                     const datum::Record& used, Instant now,
                                     const QualityOptions& options = {});

}  // namespace skywarden::onboard
