// Records as networks see them, for training and for judging: the completion runs over panels with values
// hidden by many loss processes, and the records of some streams are kept in order, each with the truth of
// what was hidden.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/result.h"
#include "datum/schema.h"
#include "examples.h"
#include "onboard/complete_network.h"
#include "onboard/complete_work.h"
#include "onboard/panel.h"

namespace skywarden::fit {

// Half the width of what is tolerated around a true value, on the working scale.
[[nodiscard]] float tolerance_at(const datum::FieldSpec& spec, const onboard::WorkingScale& scale,
                                 double truth);

struct RecordExamples {
  std::size_t numbers = 0;                      // of a record
  std::vector<onboard::RecordNumbers> records;  // of each run stream by stream, slots in order
  std::vector<std::size_t> begins;              // first record of each stream of each run
  // numbers a record, on the working scale: what was hidden (NaN: nothing was) and what error is tolerated
  std::vector<float> truths, tolerances;

  [[nodiscard]] std::size_t end_of(std::size_t sequence) const {
    return sequence + 1 < begins.size() ? begins[sequence + 1] : records.size();
  }
  [[nodiscard]] bool asked(std::size_t record, std::size_t number) const;
};

// Of each run `streams` streams drawn by chance.
[[nodiscard]] Result<RecordExamples> collect_records(const onboard::Panel& panel, const datum::Schema& schema,
                                                     const std::vector<SlotRange>& ranges,
                                                     const ExampleOptions& options, std::size_t streams,
                                                     const Progress& progress);

// To keep them between trainings; `run` says what they came from, and others are not read back. The format is
// this machine's own.
[[nodiscard]] Result<void> write_records(const RecordExamples& examples, const std::string& run,
                                         const std::string& path);
// kNotFound when there is no such file, kConflict when it came from another run.
[[nodiscard]] Result<RecordExamples> read_records(const std::string& path, const std::string& run);

}  // namespace skywarden::fit
