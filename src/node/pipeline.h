// The steps from observations to this node's finding, in their order. It holds no cleverness: each step is a
// function or a small class of its own folder.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "datum/evidence.h"
#include "datum/finding.h"
#include "datum/hotspot.h"
#include "reasoning/judge.h"
#include "wildfire/danger.h"
#include "wildfire/detect.h"

namespace skywarden::node {

struct PipelineOptions {
  wildfire::DetectorOptions detect;
  reasoning::JudgeOptions judge;
};

class Pipeline {
 public:
  explicit Pipeline(const PipelineOptions& options);

  // Detection: the events that the new observations touched, ascending.
  [[nodiscard]] std::vector<EventId> detect(std::span<const datum::Hotspot> hotspots, Instant now);
  // Names that events no longer go by, since the last call: merged, or an older first observation became
  // known.
  [[nodiscard]] std::vector<EventId> take_retired();
  // Prior and evidence to a finding. Expects an event that is_open.
  [[nodiscard]] datum::Finding judge(NodeId self, EventId event, Instant now) const;

  // The newest counts. True when open events should be judged again: danger or probability changed.
  bool set_prior(const datum::Prior& prior);
  [[nodiscard]] bool is_open(EventId event) const;

 private:
  PipelineOptions options_;
  wildfire::Detector detector_;
  std::optional<datum::Prior> prior_;  // nothing until weather is heard of
};

}  // namespace skywarden::node
