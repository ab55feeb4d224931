// The modelled energy of completing records at each depth, for the schema and the model that are loaded
// (onboard/completion_operations.h). What a plug-in's method takes is not known and counts nothing; nor does
// reading requests and writing answers.
#pragma once

#include <optional>
#include <span>

#include "datum/record.h"
#include "datum/schema.h"
#include "onboard/complete_features.h"
#include "onboard/completion_operations.h"
#include "serving/completion_ladder.h"

namespace skywarden::serving {

// What completion is given, as far as its energy is concerned.
struct CompletionLoad {
  std::size_t records = 0, with_holes = 0;
  std::size_t known = 0, missing = 0;  // numbers
  std::size_t slots = 0;               // times that begin
};

// `newest`: the latest time before them.
[[nodiscard]] CompletionLoad load_of(const datum::Schema& schema,
                                     std::span<const datum::Record* const> records,
                                     std::optional<Instant> newest);

class CompletionCost {
 public:
  // `streams` share the system; rules look through so many rows.
  CompletionCost(const datum::Schema& schema, const onboard::ReviewOperations& model, std::size_t streams,
                 std::size_t stream_rows, const onboard::EnergyTable& table = {});

  [[nodiscard]] onboard::Joules of(const CompletionLoad& load, Haste haste) const;
  // Whether doing without networks saves anything.
  [[nodiscard]] bool has_networks() const { return has_networks_; }

 private:
  bool has_networks_ = false;
  double record_ = 0.0, known_ = 0.0, missing_ = 0.0, slot_ = 0.0;  // joules, of the system without networks
  double network_ = 0.0;                                            // a record with holes
  double rules_ = 0.0;                                              // a record
};

}  // namespace skywarden::serving
