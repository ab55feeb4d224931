// The way of station records to the gateway, and what is left of them there. Records get lost whole, fields
// get lost out of records, each in gaps of geometric length (Gilbert, Bell Syst. Tech. J. 39, 1960), so that
// some are single and some go on. Stations report on a schedule: the gateway knows that a record is due, and
// a lost one stands there with every field missing, for completion to fill.
#pragma once

#include <cstdint>
#include <vector>

#include "base/random.h"
#include "datum/record.h"
#include "datum/schema.h"

namespace skywarden::sim {

struct RecordLoss {          // shares in the long run, each at most kLossMax
  double record = 0.05;      // whole records
  double critical = 0.005;   // of the critical fields of the records that arrive
  double field = 0.05;       // of the other fields
  double gap_records = 1.5;  // mean length of a gap, in records; from 1
};
inline constexpr double kLossMax = 0.5;

struct Arrivals {
  std::vector<datum::Record> records;  // as many as were sent and in their order
  std::vector<bool> lost;              // of the records: nothing of it arrived
};

// `sent` by time; gaps are drawn for each stream, and for each of its fields, by itself.
[[nodiscard]] Arrivals send_records(const datum::Schema& schema, const std::vector<datum::Record>& sent,
                                    const RecordLoss& loss, const Random& random);

// The loss that a run lived with, against the truth.
struct LossProfile {
  std::uint64_t records_sent = 0, records_lost = 0;
  std::uint64_t records_complete = 0;                       // of those that arrived: no field missing
  std::uint64_t critical_fields = 0, critical_missing = 0;  // of those that arrived
  std::uint64_t values_missing = 0;    // of lost records, and fields of those that arrived
  std::uint64_t values_recovered = 0;  // of those, estimated within the schema's tolerance
};

// The estimate is within the schema's tolerance of the true number.
[[nodiscard]] bool is_right(const datum::FieldSpec& spec, const datum::Field& truth,
                            const datum::Field& said);

// `completed[i]` is what became of `sent[i]`.
[[nodiscard]] LossProfile loss_profile(const datum::Schema& schema, const std::vector<datum::Record>& sent,
                                       const Arrivals& arrivals,
                                       const std::vector<const datum::Record*>& completed);

}  // namespace skywarden::sim
