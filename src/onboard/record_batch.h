// Records as few bytes, to send over a link: deterministic CBOR (RFC 8949 §4.2), column by column, so that
// numbers are small differences and what is missing costs a bit. Both ends hold the schema; the batch names
// it and carries its fingerprint. docs/formats.md lists the items.
//
// What is sent is what was observed: numbers on the grid of field_grid.h, categories as levels, text as it
// is, and of each missing field its reason. Estimated fields are not sent, because the far end can estimate
// by itself; they and whatever a Selection leaves out arrive as Missing{kDropped}. A number that its grid
// cannot hold arrives as Missing{kOutOfRange}, a text that is too long or not UTF-8 as Missing{kMalformed}.
//
// One set of records has one encoding, and the decoder takes no other. There is no checksum inside: bundles
// and other carriers have theirs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "datum/record.h"
#include "datum/schema.h"
#include "onboard/field_grid.h"

namespace skywarden::onboard {

inline constexpr std::uint64_t kRecordBatchVersion = 1;
inline constexpr std::size_t kBatchBytesMax = std::size_t{64} << 20;
inline constexpr std::size_t kBatchCellsMax = 1 << 20;   // records × fields; 20 bytes can claim very many
inline constexpr std::size_t kBatchTextBytesMax = 4096;  // a text, or the name of a stream

// Of the schema's name and what changes the meaning of a batch: names, kinds, grids and levels of the fields.
[[nodiscard]] std::uint64_t schema_fingerprint(const datum::Schema& schema);

// What of some records is to be packed. `cells` are records × fields; those of records left out do not count.
struct Selection {
  std::vector<std::uint8_t> records;
  std::vector<std::uint8_t> cells;
};

// Quantises and sorts once, packs as often as asked: whoever looks for what fits tries many selections.
class BatchPacker {
 public:
  // Expects as many fields in each record as the schema has; keeps a reference to both. kLimitReached past
  // kBatchCellsMax; kMalformed for a stream's name that is too long or not UTF-8.
  [[nodiscard]] static Result<BatchPacker> make(const datum::Schema& schema,
                                                std::span<const datum::Record> records);

  [[nodiscard]] std::size_t records() const { return records_.size(); }
  [[nodiscard]] std::size_t fields() const { return grids_.size(); }
  // There is something to send in this cell.
  [[nodiscard]] bool present(std::size_t record, std::size_t field) const {
    return cell(record, field).state == kPresent;
  }
  [[nodiscard]] std::vector<std::byte> pack(const Selection& kept) const;
  [[nodiscard]] std::vector<std::byte> pack_all() const;

 private:
  static constexpr std::uint8_t kPresent = 0xFF;
  struct Cell {
    std::int64_t number = 0;        // steps, level, or the bits of an exact number
    std::uint8_t state = kPresent;  // or a MissingReason
  };
  struct Stream {
    std::string name;
    datum::Provenance provenance;
    std::vector<std::uint32_t> records;  // by time
  };
  class Writing;

  BatchPacker(const datum::Schema& schema, std::span<const datum::Record> records);
  [[nodiscard]] const Cell& cell(std::size_t record, std::size_t field) const {
    return cells_[record * fields() + field];
  }
  [[nodiscard]] Cell cell_of(std::size_t field, const datum::Field& value) const;

  const datum::Schema* schema_;
  std::span<const datum::Record> records_;
  std::uint64_t fingerprint_;
  std::vector<std::optional<FieldGrid>> grids_;  // of the fields
  std::vector<Cell> cells_;
  std::vector<Stream> streams_;  // by name, then provenance
};

// By time, equal times by stream. kConflict when the batch belongs to another schema, kUnsupported for
// another version, otherwise kMalformed, kOutOfRange or kLimitReached.
[[nodiscard]] Result<std::vector<datum::Record>> unpack_records(const datum::Schema& schema,
                                                                std::span<const std::byte> batch);

// The name of the schema that a batch is of, without looking at the rest; errors as above.
[[nodiscard]] Result<std::string> batch_schema_name(std::span<const std::byte> batch);

}  // namespace skywarden::onboard
