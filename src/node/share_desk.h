// What a leader does about vote shares: it measures the others with probes and with what is sent anyway, and
// from time to time asks the policy which shares are wanted (consensus/share_policy.h). Its memory is that of
// one term; the next leader begins anew, with the shares that the log holds.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "base/ids.h"
#include "base/random.h"
#include "base/time.h"
#include "consensus/raft.h"
#include "consensus/round_trips.h"
#include "consensus/share_policy.h"
#include "datum/contact_forecast.h"

namespace skywarden::node {

struct ShareDeskOptions {
  std::uint32_t failures_max = 1;  // f: so many voters may fail together
  // What fails together, of members whose domain the log does not say yet.
  consensus::FailureDomains domains{};
  // These only listen, however well they answer: they are not measured and get no vote.
  std::set<NodeId> listeners{};
  consensus::ProbeOptions probes{};
  consensus::SharePolicyOptions policy{};
  std::uint64_t behind_max = 64;  // entries; who lacks more has not caught up
};

// When members joined, of those that were not there at the first look.
class JoinedMembers {
 public:
  void follow(const consensus::JointShares& shares, Instant now);
  [[nodiscard]] const std::map<NodeId, Instant>& since() const { return since_; }

 private:
  std::optional<std::vector<NodeId>> members_;  // ascending
  std::map<NodeId, Instant> since_;
};

class ShareDesk {
 public:
  // `forecast` may be null, then nothing is said for or against anybody's stability.
  ShareDesk(NodeId self, const ShareDeskOptions& options, const datum::ArrivalForecast* forecast,
            Duration in_time, Random random, Instant now);

  void sent(const consensus::Message& message, Instant now);
  void received(const consensus::Message& message, Instant now);
  [[nodiscard]] std::vector<consensus::Message> probe(const consensus::Raft& raft, Instant now);
  // The membership to ask for, if another one is wanted. Expects the leader's machine, between changes.
  [[nodiscard]] std::optional<consensus::Membership> want(const consensus::Raft& raft,
                                                          const JoinedMembers& joined, Instant now);
  [[nodiscard]] Instant next_deadline() const { return due_; }
  // Why shares are what they are: of the change asked for last.
  [[nodiscard]] const std::vector<consensus::ShareReason>& reasons() const { return reasons_; }

 private:
  [[nodiscard]] consensus::Membership candidates(const consensus::Raft& raft) const;
  [[nodiscard]] consensus::Score stability(NodeId node, Instant now);

  NodeId self_;
  ShareDeskOptions options_;
  const datum::ArrivalForecast* forecast_;
  Duration in_time_;
  consensus::RoundTrips trips_;
  consensus::SharePolicy policy_;
  std::vector<consensus::ShareReason> reasons_;
  struct Outlook {
    Instant made{};
    consensus::Score score = 0;
  };
  std::map<NodeId, Outlook> outlooks_;  // a forecast is asked once in a while: it searches
  Instant due_;
};

}  // namespace skywarden::node
