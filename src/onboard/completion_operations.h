// What completing records as they arrive takes, counted from the sizes of what works: fields of the schema,
// streams of the system, and the model at work (ReviewOperations). For modelled energy (power.h). Products
// and sums of the loops of completion are counted as those loops are written; categories, texts and
// bookkeeping stand in the instructions that go with each product, a share that was settled once against
// counted instructions (docs/numbers.md).
#pragma once

#include <cstddef>

#include "datum/schema.h"
#include "onboard/power.h"

namespace skywarden::onboard {

struct CompletionOperations {
  OperationCounts record;   // whatever is in it: what the neighbours say of each number
  OperationCounts known;    // a number that was measured: learnt from, once
  OperationCounts missing;  // a number that is estimated
  OperationCounts slot;     // a time begins: regressions solved anew in turn, and trials of the estimates
  double trials = 0.0;      // of a slot; a model is asked about each of them, too
};

// Of one record, number or slot, by the baseline alone, with so many streams in the system.
[[nodiscard]] CompletionOperations completion_operations(const datum::Schema& schema, std::size_t streams);

// Of a record answered by the last value: so many rows of its stream are looked through at most.
[[nodiscard]] OperationCounts rule_operations(const datum::Schema& schema, std::size_t rows);

}  // namespace skywarden::onboard
