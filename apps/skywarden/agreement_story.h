// How a group came to where it is, read from what its nodes say about themselves (base/trace.h): who leads
// since when and why there was an election, which epochs were agreed and whose share changed in them. It
// decides nothing. Of a node it keeps a few words, so its size is bounded by the group's.
//
// Why there was an election. A node that campaigns asks first whether it would be elected (a pre-vote, thesis
// §9.6), unless the leader itself told it to take over; so a candidacy without a pre-vote is a hand-over.
// Otherwise the former leader went down, or it was not heard.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>

#include "agreement_turn.h"
#include "base/trace.h"
#include "consensus/configuration.h"
#include "consensus/share_policy.h"
#include "incident.h"

namespace skywarden::app {

struct MeasuredShare {
  consensus::ShareReason reason;
  NodeId by;  // the leader that measured
};

class AgreementStory {
 public:
  explicit AgreementStory(consensus::Shares founding) : founding_(founding), agreed_(std::move(founding)) {}

  // Events in their order; `ruling` is what rules at the event's node after its step, nullptr: not known.
  // `reasons`: why that node, as the leader it is, asked for the shares it asked for last.
  std::optional<Turn> follow(const TraceEvent& event, const consensus::Configuration* ruling,
                             std::span<const consensus::ShareReason> reasons = {});

  [[nodiscard]] NodeId leader() const { return leader_; }  // of the highest term so far, be it down
  [[nodiscard]] Instant leader_since() const { return leader_since_; }
  [[nodiscard]] std::uint64_t epoch() const { return epoch_; }  // the last that was agreed
  [[nodiscard]] const consensus::Shares& founding() const { return founding_; }
  [[nodiscard]] const consensus::Shares& agreed() const { return agreed_; }  // in that epoch
  // The last agreed epoch in which the node's share changed; nothing: it has what it was founded with.
  [[nodiscard]] std::optional<std::uint64_t> changed_in(NodeId node) const;
  // Why the node has the share that was agreed, as the leader measured it that asked for that; nothing: no
  // leader did.
  [[nodiscard]] std::optional<MeasuredShare> measured(NodeId node) const;

 private:
  struct Begun {
    std::uint64_t epoch = 0, index = 0;
    consensus::Shares shares;
    std::vector<ShareChange> changes;
    std::vector<consensus::ShareReason> reasons;
    NodeId by;
  };
  [[nodiscard]] Turn elected(const TraceEvent& event);
  [[nodiscard]] std::optional<Turn> epoch_begun(const TraceEvent& event,
                                                const consensus::Configuration* ruling,
                                                std::span<const consensus::ShareReason> reasons);
  [[nodiscard]] std::optional<Turn> epoch_agreed(const TraceEvent& event);

  consensus::Shares founding_, agreed_;
  std::map<NodeId, std::uint64_t> changed_in_;
  std::map<NodeId, consensus::ShareReason> measured_;  // of the last agreed shares
  NodeId measured_by_;
  std::uint64_t epoch_ = 0;
  std::optional<Begun> begun_;  // not agreed yet
  NodeId leader_;
  Instant leader_since_{};
  std::uint64_t term_ = 0;
  bool leader_crashed_ = false;
  std::set<NodeId> asked_to_lead_;
};

// Who leads now and why there was an election; expects a turn of that kind.
[[nodiscard]] Bilingual election_words(const Turn& turn, const std::function<std::string(NodeId)>& name);

// Whose share differs, by node.
[[nodiscard]] std::vector<ShareChange> share_changes(const consensus::Shares& from,
                                                     const consensus::Shares& to);

}  // namespace skywarden::app
