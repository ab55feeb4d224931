// Which vote shares are wanted: w = α·bandwidth + β·trust + γ·stability, put to work. A commit takes as long
// as the way to the quorum that is nearest by shares, so for f failures it is quickest when nearly all shares
// lie, nearly equally, with the 2f + 1 nearest members. Nearest is by the distance that the leader measured
// (round_trips.h), stretched by what the blend lacks: at blend 0 a member counts as twice as far. The others
// keep one share each of thousands, so that everybody goes on voting.
//
// What an enemy can do, and what it gains (share_policy_prop_test.cc plays each):
//   lies about itself or others    own claims are not asked for; others' are one voice in a median
//   seems nearer than it is        it cannot, see round_trips.h
//   builds trust, then betrays     nobody's share exceeds full_share, whatever its past; trust falls fast
//   goes to and fro                each time distrusted, it waits twice as long; while slow, others are
//   nearer comes again under a new name   newcomers hold one share of thousands for half a minute, and until
//                                  their probation is over f / 2 of them together at most hold full ones:
//                                  should all betray at once, as many failures again are provided for
//   contradicts itself             a proof (misbehaviour.h) takes every share, at once and for good
// What is measured and who is barred is the memory of one leader; the next begins anew, with the shares that
// the log holds. A leader that lies about its measurements can shift shares within the caps.
//
// Shares change only through the log. The policy returns what to pass to Raft::change_membership, or nothing:
// when no gain is worth it (hysteresis) or the last change is too recent. Who holds a full share and can no
// longer be counted on, or is now twice as far as whoever else would hold it, is always worth a change: it
// uses up one of the f failures. Whatever it returns passes
// validate(), so neither a node, a domain nor the f largest reach half.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "consensus/configuration.h"
#include "consensus/score.h"

namespace skywarden::consensus {

struct Standing {                    // of one member, as others measured it
  std::optional<Duration> distance;  // round trip from the leader; nothing: it does not answer
  Score bandwidth = kScoreNeutral;
  Score trust = kScoreNeutral;
  Score stability = kScoreNeutral;
  Instant member_since{};
  bool caught_up = true;   // holds the log, so that commits need not wait for it
  bool malicious = false;  // proven
};

struct SharePolicyOptions {
  // α, β, γ in thousandths; together 1000.
  std::int64_t bandwidth_part = 300;
  std::int64_t trust_part = 400;
  std::int64_t stability_part = 300;

  std::uint64_t full_share = 1000;               // what the most trusted of the nearest holds
  Score trust_min = 350'000;                     // less is distrusted
  Score trust_lost = 250'000;                    // who had more and falls below is barred
  Duration probation = std::chrono::minutes(2);  // of newcomers, and of whoever is barred first
  // Then newcomers may hold full shares, the nearest f / 2 of them: a group that moves need not wait longer.
  Duration probation_early = std::chrono::seconds(30);
  Duration barred_max = std::chrono::hours(24);
  std::int64_t gain_min_percent = 5;  // of the time to commit: less is not worth a change
  std::int64_t gain_urgent_percent = 25;
  Duration gain_min{};                               // less is noise, whatever part of the whole it is
  Duration change_every = std::chrono::seconds(10);  // between changes at least
  Duration change_urgently = std::chrono::seconds(1);

  [[nodiscard]] Result<void> validate() const;
};

enum class ShareWhy : std::uint8_t {
  kNearest,     // one of the 2f + 1
  kFarther,     // there are enough nearer ones
  kDomainFull,  // its failure domain holds as much as it may
  kSilent,      // not measured, or does not answer
  kNewcomer,    // its probation is not over, and it is none of the few that need not wait
  kDistrusted,  // or barred for having been
  kBehind,      // does not hold the log yet
  kMalicious,   // proven
  kWitness,     // keeps no payloads: votes, and is no member to count on
};
[[nodiscard]] std::string_view to_string(ShareWhy why);
[[nodiscard]] std::optional<ShareWhy> share_why(std::string_view name);  // as to_string() says it

struct ShareReason {
  NodeId node;
  std::uint64_t share = 0;
  ShareWhy why{};
  Standing standing;
  Score blend = 0;
};

struct WantedShares {
  Membership membership;
  std::vector<ShareReason> reasons;       // of every member, ascending
  std::optional<Duration> commit_before;  // round trip to the nearest quorum; nothing: none answers
  std::optional<Duration> commit_after;
};

class SharePolicy {
 public:
  explicit SharePolicy(SharePolicyOptions options);  // valid

  // `current`: the incoming half of what rules. Nothing: leave it.
  [[nodiscard]] std::optional<WantedShares> want(const Membership& current, NodeId leader,
                                                 const std::map<NodeId, Standing>& standings, Instant now);

 private:
  struct Record {
    Instant barred_until = Instant::min();
    Duration bar{};
    bool trusted = true;
  };
  [[nodiscard]] bool barred(NodeId node, const Standing& standing, Instant now);
  [[nodiscard]] ShareWhy obstacle(NodeId node, const Standing& standing, Instant now);
  [[nodiscard]] Score blend(const Standing& standing) const;

  SharePolicyOptions options_;
  std::map<NodeId, Record> records_;
  Instant changed_ = Instant::min();
};

// The round trip to the nearest quorum of such shares; nothing when those that answer are none.
[[nodiscard]] std::optional<Duration> commit_time(const Shares& shares, NodeId leader,
                                                  const std::map<NodeId, Standing>& standings);

}  // namespace skywarden::consensus
