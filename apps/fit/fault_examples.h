// Examples of sound and of faulty readings: the detector's own evidence over panels into which faults were
// put, with what is true beside it; and how a judge does on such examples, in events.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "datum/schema.h"
#include "examples.h"
#include "fault_process.h"
#include "onboard/panel.h"

namespace skywarden::fit {

// What is true of a reading: sound, of a fault (1 + its kind), or in the 48 slots after one, which count
// neither way.
inline constexpr std::uint8_t kSound = 0, kAftermath = 255;

struct FaultExamples {  // of one number field, slot by slot
  std::vector<float> rows;
  std::vector<std::uint32_t> runs, slots, streams;  // a run is one drawing of faults
  std::vector<std::uint8_t> truths;
  [[nodiscard]] std::size_t size() const { return truths.size(); }
};

// Of each field of the schema, from `draws` drawings over each range; the first `warm_up` slots are left out.
[[nodiscard]] Result<std::vector<FaultExamples>> collect_fault_examples(
    const onboard::Panel& panel, const datum::Schema& schema, const std::vector<SlotRange>& ranges,
    std::size_t draws, std::size_t warm_up, const FaultOptions& options, std::uint64_t seed,
    const Progress& progress);

struct FaultFigures {
  std::array<std::size_t, kFaultKinds> found{}, all{};
  std::size_t sound = 0, false_readings = 0;
  std::size_t right_runs = 0, false_runs = 0;  // flags of a sensor less than 7 slots apart are one run
  void add(const FaultFigures& other);
};

[[nodiscard]] FaultFigures judge_flags(const FaultExamples& examples, std::span<const std::uint8_t> flags);

}  // namespace skywarden::fit
