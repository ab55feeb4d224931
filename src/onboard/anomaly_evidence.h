// What a judge of readings is told of an observed number: how it stands against what the completion would
// have said without it, against the other streams and against its own past, now and over the last hours and
// days. Faults show in time: an offset stays, a drift grows, noise and stuck values change how a series
// moves. All is relative to what is usual for the stream's field, so that the same numbers mean the same in
// any unit, and no stream or field has a name here. Unknown is NaN.
//
// Rows never depend on later rows, and of a slot only on records that have arrived. Usual sizes and biases
// are learnt with each innovation clipped (Huber, 1964), so that a fault hardly moves them.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string_view>

#include "datum/schema.h"
#include "onboard/complete.h"
#include "onboard/panel.h"

namespace skywarden::onboard {

inline constexpr std::array<std::string_view, 67> kEvidenceNames{
    // against the other streams (their median, each without its usual bias), in usual differences
    "apart", "apart_before", "apart_mean3", "apart_mean6", "apart_mean12", "apart_mean24", "apart_mean48",
    "apart_min3", "apart_min6", "apart_min12", "apart_max3", "apart_max6", "apart_max12", "apart_spread6",
    "apart_spread12", "apart_spread24", "apart_step", "apart_rise24", "apart_rise48", "apart_sum_up",
    "apart_sum_down", "outside", "outside_mean6", "outside_mean24", "neighbours_spread", "neighbours_largest",
    "neighbours_second",
    // the same, less what the other fields of the record make one expect of it
    "beside", "beside_before", "beside_mean3", "beside_mean6", "beside_mean12",
    // against the completion's prediction
    "last", "last_before", "last_before2", "day", "day_mean3", "day_mean6", "day_mean12", "day_mean24",
    "day_mean48", "day_spread12",
    // how it moves, in usual moves
    "move", "move_before", "turn", "moves3", "moves6", "moves12", "moves24", "neighbours_move",
    "neighbours_moves6", "neighbours_moves24", "moves_apart6", "moves_apart24",
    // one and the same value
    "run", "run_surprise", "run_apart", "value_commonness",
    // twins, the rest of the record, the place
    "twins_agree", "twins_disagree", "twin_last", "record_apart_mean", "record_apart_max", "record_last_max",
    "level", "hour", "gap"};
inline constexpr std::size_t kEvidence = kEvidenceNames.size();
using Evidence = std::array<float, kEvidence>;

// By name, checked when compiled.
consteval std::size_t evidence(std::string_view name) {
  for (std::size_t i = 0; i < kEvidence; ++i)
    if (kEvidenceNames[i] == name) return i;
  throw "no such evidence";
}

struct Reading {
  std::size_t slot = 0, stream = 0, field = 0, cell = 0;
};
using EvidenceVisitor = std::function<void(const Reading&, const Evidence&)>;

// Visits each observed number of the panel, slot by slot. `completion` keeps residuals
// (complete_for_anomaly).
void read_evidence(const Panel& panel, const datum::Schema& schema, const Completion& completion,
                   const EvidenceVisitor& visit);

}  // namespace skywarden::onboard
