// How good a network is on held-back rows, by the engine that flies.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "datum/schema.h"
#include "onboard/complete_network.h"
#include "record_examples.h"

namespace skywarden::fit {

// Shares of the held-back numbers within the tolerance and half of it.
struct Tally {
  std::size_t count = 0, within = 0, within_half = 0;
  void add(double error, double tolerance);
  [[nodiscard]] double share() const;                 // within the tolerance
  [[nodiscard]] nlohmann::ordered_json json() const;  // rounded to four places
};

struct Verdict {
  std::vector<Tally> baseline, network;  // of number fields, and of all together at the end
};

// Record by record, as in flight.
[[nodiscard]] Verdict judge(const RecordExamples& examples, onboard::Network& network);

// By names of fields, "all" at the end: numbers judged, and the baseline's figures beside the network's.
[[nodiscard]] nlohmann::ordered_json to_json(const Verdict& verdict, const datum::Schema& schema);
// A line each on stdout, headed by `label`.
void print(std::string_view label, const nlohmann::ordered_json& held_back);

}  // namespace skywarden::fit
