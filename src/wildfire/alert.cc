#include "wildfire/alert.h"

#include <algorithm>
#include <cmath>

#include "base/contract.h"
#include "base/geodesy.h"
#include "wildfire/alert_area.h"
#include "wildfire/alert_level.h"

namespace skywarden::wildfire {
namespace {

using consensus::MergedFinding;
using datum::Proposal;
using datum::ProposalKind;
using datum::Verdict;

Proposal draft_of(const MergedFinding& finding) {
  Proposal draft;
  draft.event = finding.event;
  draft.time_ns = finding.time_ns;
  draft.probability_ppm = finding.probability_ppm;
  draft.low_ppm = finding.low_ppm;
  draft.high_ppm = finding.high_ppm;
  draft.threshold_ppm = finding.threshold_ppm;
  draft.area_m2 = finding.area_m2;
  draft.power_w = finding.power_w;
  draft.danger = static_cast<std::uint8_t>(finding.danger);
  draft.centre = finding.centre;
  draft.outline = finding.outline;
  draft.reasons = finding.reasons;
  draft.observations = finding.observations;
  draft.merged = finding.merged;
  return draft;
}

// Both ascending.
bool has_new_observations(const Proposal& now, const Proposal& before) {
  return !std::includes(before.observations.begin(), before.observations.end(), now.observations.begin(),
                        now.observations.end());
}

Duration between(const Proposal& before, const Proposal& now) {
  return Duration(now.time_ns - before.time_ns);
}

// Whether people would act differently on `now` than on `before`.
bool changed(const Proposal& now, const Proposal& before, const AlertOptions& options) {
  const AlertLevel level = level_of(now), old_level = level_of(before);
  if (level.severity != old_level.severity) return true;
  const double probability_step =
      std::fabs(static_cast<double>(now.probability_ppm) - static_cast<double>(before.probability_ppm)) /
      consensus::kPpm;
  if (level.certainty != old_level.certainty && probability_step >= options.probability_changed.value())
    return true;
  const double grown = static_cast<double>(before.area_m2) * (1.0 + options.area_growth.value());
  if (now.area_m2 > before.area_m2 && static_cast<double>(now.area_m2) >= grown) return true;
  if (distance(to_geo(now.centre), to_geo(before.centre)) >= options.centre_moved) return true;
  return between(before, now) >= options.refresh_after && has_new_observations(now, before);
}

}  // namespace

Result<void> AlertOptions::validate() const {
  if (!(area_growth.value() > 0.0) || !(centre_moved.value() > 0.0))
    return fail(Errc::kOutOfRange, "alert.area_growth, centre_moved: expected numbers over 0");
  if (!(probability_changed.value() >= 0.0 && probability_changed.value() <= 1.0) ||
      !(backing_min.value() >= 0.0 && backing_min.value() <= 1.0))
    return fail(Errc::kOutOfRange, "alert.probability_changed, backing_min: expected 0…1");
  for (const Duration d : {refresh_after, update_gap_min, cancel_after, cancel_persistent_after})
    if (d < Duration::zero())
      return fail(Errc::kOutOfRange, "alert: expected durations that are not negative");
  if (events_max == 0) return fail(Errc::kOutOfRange, "alert.events_max: expected at least 1");
  return {};
}

AlertPolicy::AlertPolicy(AlertOptions options) : options_(options) {
  EXPECTS(options_.validate().has_value());
}

std::optional<ProposalKind> AlertPolicy::due(const MergedFinding& finding, const Proposal& draft) const {
  const bool fire = finding.verdict == Verdict::kFire && finding.measured;
  const auto found = told_.find(draft.event);
  if (found == told_.end()) return fire ? std::optional(ProposalKind::kAlert) : std::nullopt;
  const Proposal& last = found->second.last.proposal;
  if (draft.time_ns <= last.time_ns) return std::nullopt;  // nothing newer than what was told
  if (last.kind == ProposalKind::kCancel)
    return fire && has_new_observations(draft, last) ? std::optional(ProposalKind::kAlert) : std::nullopt;
  if (fire) {
    const bool worse = level_of(draft).severity > level_of(last).severity;
    if (!worse && between(last, draft) < options_.update_gap_min) return std::nullopt;
    return changed(draft, last, options_) ? std::optional(ProposalKind::kUpdate) : std::nullopt;
  }
  const bool surely_none = finding.verdict == Verdict::kNoFire && finding.high_ppm < finding.threshold_ppm;
  const Duration patience =
      finding.persistent_source ? options_.cancel_persistent_after : options_.cancel_after;
  const bool long_enough = Duration(draft.time_ns - found->second.fire_told_ns) >= patience;
  return surely_none && long_enough ? std::optional(ProposalKind::kCancel) : std::nullopt;
}

std::optional<Proposal> AlertPolicy::propose(const MergedFinding& finding) const {
  Proposal draft = draft_of(finding);
  if (!told_.contains(draft.event)) draft.event = chain_of(draft.observations).value_or(draft.event);
  const auto kind = due(finding, draft);
  if (!kind || !is_backed(finding, *kind)) return std::nullopt;
  draft.kind = *kind;
  const Proposal* before = last(draft.event);
  draft.sequence = before == nullptr ? 0 : before->sequence + 1;
  return draft;
}

bool AlertPolicy::is_backed(const MergedFinding& finding, ProposalKind kind) const {
  const bool opens = kind == ProposalKind::kAlert;
  const std::uint64_t shares = opens ? finding.shares_for_fire : finding.shares_merged;
  return static_cast<double>(shares) >=
         options_.backing_min.value() * static_cast<double>(finding.shares_total);
}

bool AlertPolicy::is_old_news(const datum::Finding& finding) const {
  const bool fire = finding.verdict == Verdict::kFire && finding.measured;
  auto told = told_.find(finding.event);  // its own name is found sooner than its observations
  if (told == told_.end())
    if (const auto chain = chain_of(finding.observations)) told = told_.find(*chain);
  if (told == told_.end()) return !fire;
  const Proposal& last = told->second.last.proposal;
  const bool told_fire = last.kind != ProposalKind::kCancel;
  if (fire != told_fire) return false;
  const bool knows_more = !std::includes(last.observations.begin(), last.observations.end(),
                                         finding.observations.begin(), finding.observations.end());
  if (knows_more) return false;
  const double step =
      finding.probability.value() - static_cast<double>(last.probability_ppm) / consensus::kPpm;
  return std::uint8_t(finding.danger) == last.danger &&
         std::fabs(step) < options_.probability_changed.value();
}

bool AlertPolicy::admits(const Proposal& proposal) const {
  const Proposal* before = last(proposal.event);
  if (before == nullptr) return proposal.sequence == 0 && proposal.kind == ProposalKind::kAlert;
  const bool opens = proposal.kind == ProposalKind::kAlert;
  const bool closed = before->kind == ProposalKind::kCancel;
  return proposal.sequence == before->sequence + 1 && opens == closed && proposal.time_ns > before->time_ns;
}

bool AlertPolicy::apply(const datum::Alert& alert) {
  const Proposal& proposal = alert.proposal;
  if (!admits(proposal)) return false;
  const auto [entry, opens] = told_.try_emplace(proposal.event);
  Told& told = entry->second;
  if (opens) told.opened = opened_++;
  told.last = alert;
  if (proposal.kind != ProposalKind::kCancel) told.fire_told_ns = proposal.time_ns;
  for (const ObservationId id : proposal.observations) told_of_.try_emplace(id, proposal.event);
  forget_beyond_limit();
  return true;
}

std::optional<EventId> AlertPolicy::chain_of(std::span<const ObservationId> observations) const {
  std::optional<EventId> oldest;
  std::uint64_t opened = 0;
  for (const ObservationId id : observations) {
    const auto known = told_of_.find(id);
    if (known == told_of_.end() || known->second == oldest) continue;
    const Told& told = told_.at(known->second);
    if (oldest && told.opened > opened) continue;
    oldest = known->second;
    opened = told.opened;
  }
  return oldest;
}

const Proposal* AlertPolicy::last(EventId event) const {
  const auto found = told_.find(event);
  return found == told_.end() ? nullptr : &found->second.last.proposal;
}

std::vector<const datum::Alert*> AlertPolicy::last_alerts() const {
  std::vector<const datum::Alert*> out;
  for (const auto& [event, told] : told_) out.push_back(&told.last);
  return out;
}

void AlertPolicy::forget_beyond_limit() {
  if (told_.size() <= options_.events_max) return;
  const auto oldest = std::min_element(told_.begin(), told_.end(), [](const auto& a, const auto& b) {
    return a.second.last.proposal.time_ns < b.second.last.proposal.time_ns;
  });
  std::erase_if(told_of_, [&](const auto& entry) { return entry.second == oldest->first; });
  told_.erase(oldest);
}

}  // namespace skywarden::wildfire
