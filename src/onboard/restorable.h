// How well a value could be restored if it were dropped, so that what is sent is what cannot be guessed. The
// sender knows the truth: it removes the values of a column (one field of one stream) one after another,
// always the one whose removal makes the worst interpolation error between the values left least, measured in
// the field's tolerance (the order of line simplification: Visvalingam and Whyatt, Cartographic Journal 30,
// 1993). A category is taken from the nearer neighbour. Of equal errors the shorter gap goes first, so that
// gaps grow evenly; a gap longer than kGapMax is opened only when nothing else is left.
//
// This stands in for the completion at the far end, which knows more (other streams, other fields) and less
// (it may not look ahead). docs/numbers.md compares it with other orders.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "datum/record.h"
#include "datum/schema.h"
#include "onboard/record_batch.h"

namespace skywarden::onboard {

struct CellPlace {
  std::uint32_t record = 0;
  std::uint32_t field = 0;
};

// Records. Of 6, 12 and 24 the one that restored most of the fourth fifth of the Beijing rows; the longer,
// the fewer values are left to follow the rest of a column when much is dropped.
inline constexpr std::size_t kGapMax = 6;

// The cells of that criticality which are present.
[[nodiscard]] std::vector<CellPlace> least_restorable_first(const BatchPacker& packer,
                                                            const datum::Schema& schema,
                                                            std::span<const datum::Record> records,
                                                            datum::Criticality level);

}  // namespace skywarden::onboard
