#include "node/pipeline.h"

#include "base/contract.h"

namespace skywarden::node {

Pipeline::Pipeline(const PipelineOptions& options) : options_(options), detector_(options.detect) {}

std::vector<EventId> Pipeline::detect(std::span<const datum::Hotspot> hotspots, Instant now) {
  return detector_.add(hotspots, now);
}

std::vector<EventId> Pipeline::take_retired() {
  std::vector<EventId> retired;
  for (const wildfire::Renamed& renamed : detector_.take_renamed()) retired.push_back(renamed.from);
  return retired;
}

datum::Finding Pipeline::judge(NodeId self, EventId event, Instant now) const {
  EXPECTS(is_open(event));
  const datum::FireEvent& fire = detector_.event(event);
  const std::vector<datum::Evidence> evidence = detector_.evidence(event, now);
  return reasoning::judge(self, fire, prior_ ? *prior_ : wildfire::no_prior(now), evidence, now,
                          options_.judge);
}

bool Pipeline::set_prior(const datum::Prior& prior) {
  if (prior_ && prior.as_of < prior_->as_of) return false;
  const bool changed = !prior_ || prior.danger != prior_->danger || prior.probability != prior_->probability;
  prior_ = prior;
  return changed;
}

bool Pipeline::is_open(EventId event) const {
  return detector_.is_open(event);
}

}  // namespace skywarden::node
