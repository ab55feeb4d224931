#include "wildfire/alert_level.h"

#include <algorithm>
#include <array>

namespace skywarden::wildfire {
namespace {

using datum::DangerClass;
using datum::Proposal;

constexpr std::array<std::uint64_t, 3> kAreaSteps = {1'000'000, 10'000'000, 100'000'000};       // m²
constexpr std::array<std::uint64_t, 3> kPowerSteps = {50'000'000, 500'000'000, 5'000'000'000};  // W
constexpr std::uint32_t kObservedPpm = 950'000, kObservedLowPpm = 800'000;
constexpr std::uint32_t kLikelyPpm = 500'000, kPossiblePpm = 50'000;

int step(const std::array<std::uint64_t, 3>& steps, std::uint64_t value) {
  return static_cast<int>(std::upper_bound(steps.begin(), steps.end(), value) - steps.begin());
}

bool very_dangerous(const Proposal& p) {
  return p.danger >= static_cast<std::uint8_t>(DangerClass::kVeryHigh);
}

Severity severity_of(const Proposal& p) {
  const int raised = very_dangerous(p) ? 1 : 0;
  const int worst = std::max(step(kAreaSteps, p.area_m2), step(kPowerSteps, p.power_w)) + raised;
  return static_cast<Severity>(std::min(worst, 3));
}

Urgency urgency_of(const Proposal& p, Severity severity) {
  if (p.kind == datum::ProposalKind::kCancel) return Urgency::kPast;
  if (severity >= Severity::kSevere || very_dangerous(p)) return Urgency::kImmediate;
  return p.danger == static_cast<std::uint8_t>(DangerClass::kLow) ? Urgency::kFuture : Urgency::kExpected;
}

Certainty certainty_of(const Proposal& p) {
  if (p.kind == datum::ProposalKind::kCancel) return Certainty::kUnlikely;
  if (p.probability_ppm >= kObservedPpm && p.low_ppm >= kObservedLowPpm) return Certainty::kObserved;
  if (p.probability_ppm > kLikelyPpm) return Certainty::kLikely;
  return p.probability_ppm > kPossiblePpm ? Certainty::kPossible : Certainty::kUnlikely;
}

}  // namespace

AlertLevel level_of(const Proposal& proposal) {
  const Severity severity =
      proposal.kind == datum::ProposalKind::kCancel ? Severity::kMinor : severity_of(proposal);
  return {severity, urgency_of(proposal, severity), certainty_of(proposal)};
}

std::string_view cap_word(Severity severity) {
  constexpr std::array<std::string_view, 4> kWords = {"Minor", "Moderate", "Severe", "Extreme"};
  return kWords[static_cast<std::size_t>(severity)];
}

std::string_view cap_word(Urgency urgency) {
  constexpr std::array<std::string_view, 4> kWords = {"Past", "Future", "Expected", "Immediate"};
  return kWords[static_cast<std::size_t>(urgency)];
}

std::string_view cap_word(Certainty certainty) {
  constexpr std::array<std::string_view, 4> kWords = {"Unlikely", "Possible", "Likely", "Observed"};
  return kWords[static_cast<std::size_t>(certainty)];
}

}  // namespace skywarden::wildfire
