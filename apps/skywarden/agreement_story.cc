#include "agreement_story.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/contract.h"

namespace skywarden::app {

Bilingual election_words(const Turn& turn, const std::function<std::string(NodeId)>& name) {
  EXPECTS(turn.kind == TurnKind::kElected);
  Bilingual why;
  if (turn.cause != ElectionCause::kFirst) {
    const Bilingual cause = cause_words(turn, name);
    why = {": " + cause.en, "：" + cause.zh};
  }
  return {fmt::format("{} leads the group (term {}){}", name(turn.node), turn.term, why.en),
          fmt::format("{} 成为领导节点（任期 {}）{}", name(turn.node), turn.term, why.zh)};
}

std::vector<ShareChange> share_changes(const consensus::Shares& from, const consensus::Shares& to) {
  std::vector<ShareChange> out;
  consensus::Shares all = from;
  all.insert(to.begin(), to.end());
  for (const auto& [node, share] : all) {
    const ShareChange change{node, consensus::share_of(from, node), consensus::share_of(to, node)};
    if (change.from != change.to) out.push_back(change);
  }
  return out;
}

std::optional<std::uint64_t> AgreementStory::changed_in(NodeId node) const {
  const auto found = changed_in_.find(node);
  return found == changed_in_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<MeasuredShare> AgreementStory::measured(NodeId node) const {
  const auto found = measured_.find(node);
  return found == measured_.end() ? std::nullopt : std::optional(MeasuredShare{found->second, measured_by_});
}

std::optional<Turn> AgreementStory::follow(const TraceEvent& event, const consensus::Configuration* ruling,
                                           std::span<const consensus::ShareReason> reasons) {
  switch (event.kind) {
    case TraceKind::kBecameFollower:
      asked_to_lead_.erase(event.node);
      return std::nullopt;
    case TraceKind::kBecameCandidate:
      if (event.second == 2)
        asked_to_lead_.insert(event.node);
      else
        asked_to_lead_.erase(event.node);
      return std::nullopt;
    case TraceKind::kCrashed:
      asked_to_lead_.erase(event.node);
      leader_crashed_ = leader_crashed_ || event.node == leader_;
      return std::nullopt;
    case TraceKind::kBecameLeader:
      return elected(event);
    case TraceKind::kEpochRules:
      return epoch_begun(event, ruling, reasons);
    case TraceKind::kEpochCommitted:
      return epoch_agreed(event);
    case TraceKind::kStateRestored:
      return Turn{.time = event.at, .kind = TurnKind::kRestored, .node = event.node, .index = event.first};
    default:
      return std::nullopt;
  }
}

Turn AgreementStory::elected(const TraceEvent& event) {
  Turn turn{.time = event.at, .kind = TurnKind::kElected, .node = event.node, .term = event.first};
  turn.previous = leader_;
  const bool asked = asked_to_lead_.erase(event.node) > 0;
  turn.cause = leader_ == kNobody ? ElectionCause::kFirst
               : asked            ? ElectionCause::kHandover
               : leader_crashed_  ? ElectionCause::kCrash
                                  : ElectionCause::kSilence;
  if (event.first > term_) {
    term_ = event.first;
    leader_ = event.node;
    leader_since_ = event.at;
    leader_crashed_ = false;
  }
  return turn;
}

// Every node tells of an epoch when it gets it, and once more when a cut log brings it back; the first one
// counts.
std::optional<Turn> AgreementStory::epoch_begun(const TraceEvent& event,
                                                const consensus::Configuration* ruling,
                                                std::span<const consensus::ShareReason> reasons) {
  const bool known = begun_ && begun_->epoch == event.first && begun_->index == event.second;
  if (event.first <= epoch_ || known) return std::nullopt;
  begun_ = Begun{event.first, event.second, ruling == nullptr ? agreed_ : ruling->shares.incoming,
                 {},          {},           event.node};
  begun_->changes = share_changes(agreed_, begun_->shares);
  // They may be of a change that came to nothing, and somebody else may have asked for these shares.
  const bool told = std::all_of(reasons.begin(), reasons.end(), [&](const consensus::ShareReason& reason) {
    return consensus::share_of(begun_->shares, reason.node) == reason.share;
  });
  if (told) begun_->reasons.assign(reasons.begin(), reasons.end());
  return Turn{.time = event.at,
              .kind = TurnKind::kEpochBegun,
              .node = event.node,
              .epoch = event.first,
              .joint = event.third == 1,
              .index = event.second,
              .changes = begun_->changes};
}

std::optional<Turn> AgreementStory::epoch_agreed(const TraceEvent& event) {
  if (event.first <= epoch_) return std::nullopt;
  epoch_ = event.first;
  if (begun_ && begun_->epoch == event.first) {
    for (const ShareChange& change : begun_->changes) changed_in_[change.node] = event.first;
    if (!begun_->changes.empty() || !begun_->reasons.empty()) {
      measured_.clear();
      for (const consensus::ShareReason& reason : begun_->reasons) measured_.emplace(reason.node, reason);
      measured_by_ = begun_->by;
    }
    agreed_ = std::move(begun_->shares);
    begun_.reset();
  }
  return Turn{.time = event.at,
              .kind = TurnKind::kEpochAgreed,
              .node = event.node,
              .epoch = event.first,
              .joint = event.third == 1,
              .index = event.second};
}

}  // namespace skywarden::app
