// The second half of the way of station records, when a scenario asks for it: a satellite has collected them
// and brings them to the gateway at contacts of so many bytes each. What does not fit is dropped by
// onboard/shrink.h; two plainer ways to drop, at the same contacts and bytes, stand beside it as controls.
// The batches are really packed and unpacked.
//
// Contacts come at fixed intervals and carry a drawn number of bytes, because passes differ; they are not
// computed from orbits. Whatever waits is offered at the next contact, once: what is left out of it is gone,
// so that nothing which the gateway said before rests on what comes later.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/time.h"
#include "datum/record.h"
#include "datum/schema.h"
#include "sim/record_link.h"

namespace skywarden::sim {

struct RecordDownlink {
  Duration contact_every = std::chrono::hours(12);
  double bytes_low = 200.0, bytes_high = 1000.0;  // of a contact, drawn uniformly
};

enum class DropWay : std::uint8_t {
  kCriticalFirst,  // onboard/shrink.h
  kOldestRecords,  // control: whole records, the oldest dropped
  kRandomFields,   // control: fields at random
};

// When a record of that time reaches the gateway: the first contact at or after it.
[[nodiscard]] Instant contact_of(const RecordDownlink& downlink, Instant start, Instant recorded);

struct Downlinked {
  Arrivals arrivals;  // what did not fit is Missing{kDropped}; records left out count as lost
  std::uint64_t contacts = 0;
  std::uint64_t overloaded = 0;  // contacts at which not everything fitted
  std::uint64_t bytes_waiting = 0, bytes_offered = 0, bytes_sent = 0;  // packed whole; of the contacts; used
  // Contacts at which a critical field was dropped although something less critical was sent.
  std::vector<Instant> sacrifices;
};

// `collected` by time, what the satellite has; lost records never reached it.
[[nodiscard]] Downlinked bring_down(const datum::Schema& schema, const Arrivals& collected,
                                    const RecordDownlink& downlink, DropWay way, Instant start,
                                    const Random& random);

// What became of the values that the satellite had.
struct DropProfile {
  std::uint64_t contacts = 0, overloaded = 0;
  std::uint64_t bytes_waiting = 0, bytes_offered = 0, bytes_sent = 0;
  std::uint64_t values = 0, values_dropped = 0, values_restored = 0;  // restored: estimated within tolerance
  std::uint64_t critical = 0, critical_dropped = 0, critical_restored = 0;

  DropProfile& operator+=(const DropProfile& other);
};

[[nodiscard]] DropProfile drop_profile(const datum::Schema& schema, const std::vector<datum::Record>& truth,
                                       const Arrivals& collected, const Downlinked& brought,
                                       const std::vector<const datum::Record*>& completed);

}  // namespace skywarden::sim
