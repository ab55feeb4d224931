#include "fault_examples.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "masked_panel.h"
#include "onboard/anomaly.h"
#include "onboard/anomaly_evidence.h"

namespace skywarden::fit {
namespace {

using onboard::Panel;

constexpr std::size_t kAftermathSlots = 48;
constexpr std::size_t kRunGap = 7;
constexpr std::size_t kFaultGap = 48;  // slots without a reading, within one fault

std::vector<std::uint8_t> truths_of(const Panel& panel, const std::vector<Fault>& faults) {
  std::vector<std::uint8_t> out(panel.cells(), kSound);
  for (const Fault& fault : faults)
    for (std::size_t slot = fault.last; slot < std::min(panel.slots(), fault.last + kAftermathSlots); ++slot)
      out[panel.at(slot, fault.stream, fault.field)] = kAftermath;
  for (const Fault& fault : faults)
    for (std::size_t slot = fault.first; slot < fault.last; ++slot)
      out[panel.at(slot, fault.stream, fault.field)] =
          static_cast<std::uint8_t>(1 + static_cast<unsigned>(fault.kind));
  return out;
}

// One sensor's course through a drawing.
struct Course {
  std::size_t fault_slot = 0, flag_slot = 0;
  std::uint8_t fault = kSound;  // that of the last faulty reading
  bool found = false, any_flag = false;
  bool run_right = false, run_false = false;

  void end_fault(FaultFigures& out) {
    if (fault != kSound) {
      ++out.all[fault - 1U];
      out.found[fault - 1U] += found ? 1 : 0;
    }
    fault = kSound;
    found = false;
  }
  void end_run(FaultFigures& out) {
    if (run_right)
      ++out.right_runs;
    else if (run_false)
      ++out.false_runs;
    any_flag = run_right = run_false = false;
  }
};

}  // namespace

Result<std::vector<FaultExamples>> collect_fault_examples(const Panel& panel, const datum::Schema& schema,
                                                          const std::vector<SlotRange>& ranges,
                                                          std::size_t draws, std::size_t warm_up,
                                                          const FaultOptions& options, std::uint64_t seed,
                                                          const Progress& progress) {
  std::vector<FaultExamples> out(schema.fields.size());
  std::uint32_t run = 0;
  for (const SlotRange& range : ranges) {
    const auto sound = part_of(panel, schema, range.first, range.last, true);
    if (!sound) return tl::unexpected(sound.error());
    for (std::size_t draw = 0; draw < draws; ++draw, ++run) {
      Random random = Random(seed).fork(run);
      const Faulty faulty = draw_faults(*sound, schema, options, random);
      const auto changed = with_values(*sound, schema, faulty.values, true);
      if (!changed) return tl::unexpected(changed.error());
      const std::vector<std::uint8_t> truths = truths_of(*changed, faulty.faults);
      const onboard::Completion completion = onboard::complete_for_anomaly(*changed, schema);
      onboard::read_evidence(*changed, schema, completion,
                             [&](const onboard::Reading& reading, const onboard::Evidence& evidence) {
                               if (reading.slot < warm_up) return;
                               FaultExamples& to = out[reading.field];
                               to.rows.insert(to.rows.end(), evidence.begin(), evidence.end());
                               to.runs.push_back(run);
                               to.slots.push_back(static_cast<std::uint32_t>(reading.slot));
                               to.streams.push_back(static_cast<std::uint32_t>(reading.stream));
                               to.truths.push_back(truths[reading.cell]);
                             });
      progress(fmt::format("slots {} to {}, drawing {} of {}: {} faults", range.first, range.last, draw + 1,
                           draws, faulty.faults.size()));
    }
  }
  return out;
}

void FaultFigures::add(const FaultFigures& other) {
  for (std::size_t k = 0; k < kFaultKinds; ++k) {
    found[k] += other.found[k];
    all[k] += other.all[k];
  }
  sound += other.sound;
  false_readings += other.false_readings;
  right_runs += other.right_runs;
  false_runs += other.false_runs;
}

FaultFigures judge_flags(const FaultExamples& examples, std::span<const std::uint8_t> flags) {
  FaultFigures out;
  std::map<std::pair<std::uint32_t, std::uint32_t>, Course> courses;  // of run and stream
  for (std::size_t i = 0; i < examples.size(); ++i) {
    Course& course = courses[{examples.runs[i], examples.streams[i]}];
    const std::uint8_t truth = examples.truths[i];
    const std::size_t slot = examples.slots[i];
    const bool faulty = truth != kSound && truth != kAftermath, flag = flags[i] != 0;
    if (course.fault != kSound && (truth != course.fault || slot - course.fault_slot > kFaultGap))
      course.end_fault(out);
    if (faulty) {
      course.fault = truth;
      course.fault_slot = slot;
      course.found = course.found || flag;
    }
    out.sound += truth == kSound ? 1 : 0;
    if (!flag) continue;
    if (course.any_flag && slot - course.flag_slot >= kRunGap) course.end_run(out);
    course.any_flag = true;
    course.flag_slot = slot;
    course.run_right = course.run_right || faulty;
    course.run_false = course.run_false || truth == kSound;
    out.false_readings += truth == kSound ? 1 : 0;
  }
  for (auto& [place, course] : courses) {
    course.end_fault(out);
    course.end_run(out);
  }
  return out;
}

}  // namespace skywarden::fit
