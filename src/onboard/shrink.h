// Fewer bytes by dropping what is less critical: a contact is too small for all records that wait, so fields
// are left out on purpose, critical ones last, and completion fills them at the far end (requirement S6).
//
// What is kept is a prefix of a fixed order, the longest that is found to fit (see below): that there are
// such records, newest first; then their cells of high criticality, then those of normal, then those of low.
// Within a level those cells come first that cannot be restored from what would be left (restorable.h). So a
// cell is never dropped while a less critical one is sent. Fields dropped arrive as Missing{kDropped}, which
// no link loss looks like; records left out altogether may wait for the next contact, and so may the fields
// (unsent()).
//
// When not even the critical fields fit there are two ways: to thin them over all records, or to send those
// of the newest records only, which is the default. docs/numbers.md compares them: thinning restores more
// where the far end may look ahead, newest first delivers more of them.
//
// The real encoder is the measure. The size does not grow evenly (a column all of whose values are there is
// written shorter than one with a hole), so the ends of the levels are tried first, then the place in between
// is found by bisection: one step more would not fit.
//
// Reference of the idea that critical data goes first and the rest degrades: layered coding, McCanne,
// Jacobson, Vetterli, SIGCOMM 1996.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "datum/record.h"
#include "datum/schema.h"
#include "onboard/record_batch.h"

namespace skywarden::onboard {

// One step of an order: what is kept next.
struct KeepStep {
  static constexpr std::uint32_t kCritical = 0xFFFFFFFF;  // the record with its critical fields
  static constexpr std::uint32_t kWhole = 0xFFFFFFFE;     // the record with all its fields
  static constexpr std::uint32_t kNothing = 0xFFFFFFFD;   // that there is a record
  std::uint32_t record = 0;
  std::uint32_t field = kCritical;  // or one of these
};

struct KeepOrder {
  std::vector<KeepStep> steps;      // a record before its cells
  std::vector<std::size_t> levels;  // ends of the levels, in steps, ascending; the last is all steps
};

enum class Overflow : std::uint8_t {  // when not even the critical fields fit
  kThin,                              // those are kept that cannot be restored, of all records
  kNewest,                            // all of the newest records, and nothing of the others
};

[[nodiscard]] KeepOrder critical_first(const BatchPacker& packer, const datum::Schema& schema,
                                       std::span<const datum::Record> records,
                                       Overflow overflow = Overflow::kNewest);

struct Shrunk {
  std::vector<std::byte> batch;  // at most the budget; empty when not even an empty batch fits
  Selection kept;                // what is in it
  std::size_t records_sent = 0;
  std::size_t values = 0;  // there were
  std::size_t values_sent = 0;
  std::size_t critical = 0;  // of these, of high criticality
  std::size_t critical_sent = 0;
};

[[nodiscard]] Shrunk pack_in_order(const BatchPacker& packer, const datum::Schema& schema,
                                   const KeepOrder& order, std::size_t bytes_max);

// Expects as many fields in each record as the schema has; fails as BatchPacker::make.
[[nodiscard]] Result<Shrunk> shrink(const datum::Schema& schema, std::span<const datum::Record> records,
                                    std::size_t bytes_max, Overflow overflow = Overflow::kNewest);

// What a later contact may still bring: records left out, and of the others those of which a field was
// dropped, with Missing{kDropped} where something was sent. The far end joins them as it joins any two
// records of one stream and time (ingest.h).
[[nodiscard]] std::vector<datum::Record> unsent(std::span<const datum::Record> records, const Shrunk& shrunk);

}  // namespace skywarden::onboard
