// Who belongs to a group and how much each one counts, as a value that lives in the log. Each configuration
// entry begins an epoch; what a group is founded with is epoch 0 and needs no entry. Between two epochs whose
// quorums could miss each other lies a joint one, in which both majorities must agree (Ongaro 2014,
// "Consensus: Bridging Theory and Practice", §4.3); how it is entered and left is raft_configuration.cc's
// business. Here: the values, what may be proposed, which kind of change is due, and the bytes.
//
// Caps. A membership declares how many of its voters may fail together. The shares of the top f then stay
// below half of all, and so does every failure domain (an orbital plane: its satellites share a launcher and
// a path): whatever single failure of this size happens, the rest still is a quorum. Declaring 0 waives the
// caps, which groups of one or two voters need; nobody then claims to survive anything.
//
// Admissions. What lets the others reach and recognise a member that came later travels with the epoch, so
// that it rules, falls back, is compacted and comes again after a restart together with it. Nothing here
// reads it.
//
// Witnesses vote and acknowledge and keep no payloads (withheld.h). Together they hold less than half of the
// shares, in each half of a joint epoch, so that every quorum contains a member that keeps the entries, and
// the members that do are a quorum by themselves. A member that stays stays what it is, with shares or
// without: whoever changed sides would acknowledge entries that it does not keep. For the same reason a
// name that was once a witness's must not come back as a full member's, or the reverse; the caller sees to
// that, as to lost disks. f counts votes alone: where witnesses are part of the quorum that is left, what
// only they and the failed hold waits for the failed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "consensus/log.h"
#include "consensus/quorum.h"

namespace skywarden::consensus {

using Epoch = Ordinal<struct EpochTag>;
using FailureDomain =
    Identity<struct FailureDomainTag, std::uint32_t>;    // what fails together; 0: fails alone
using FailureDomains = std::map<NodeId, FailureDomain>;  // who is absent is a domain of its own

using Admissions = std::map<NodeId, Payload>;  // the caller's own, opaque here

inline constexpr std::size_t kAdmissionBytesMax = 512;  // of one
inline constexpr std::size_t kAdmissionsBytesMax = std::size_t{1} << 17;

struct Membership {  // what is wanted
  Shares shares;     // 0: a learner
  FailureDomains domains;
  std::uint32_t failures_max = 0;  // f: so many voters may fail together
  Admissions admissions = {};
  NodeId newest = {};  // the greatest id that ever was a member's, as far as the caller keeps count
  std::set<NodeId> witnesses = {};
  friend bool operator==(const Membership&, const Membership&) = default;
};

// kOutOfRange, kLimitReached: shares that cannot decide, or too much to carry; kConflict: a cap is broken,
// and by whom, witnesses hold too much, or somebody is named who is no member.
[[nodiscard]] Result<void> validate(const Membership& membership);

struct Configuration {  // one epoch
  Epoch epoch;
  JointShares shares;  // `outgoing` is empty unless the epoch is joint
  FailureDomains domains;
  std::uint32_t failures_max = 0;
  Admissions admissions = {};  // of both halves
  NodeId newest = {};
  std::set<NodeId> witnesses = {};  // of both halves
  [[nodiscard]] bool joint() const { return !shares.outgoing.empty(); }
  friend bool operator==(const Configuration&, const Configuration&) = default;
};

// The epoch that follows `from` on the way to `to`: `to` itself where every old quorum meets every new one,
// else the joint epoch of both. Expects that `from` is not joint and that `to` is valid.
[[nodiscard]] Configuration next_towards(const Configuration& from, const Membership& to);
[[nodiscard]] Configuration leave_joint(const Configuration& joint);         // expects joint()
[[nodiscard]] Membership membership_of(const Configuration& configuration);  // the incoming half
// kConflict: somebody would stay and be a witness no more, or become one.
[[nodiscard]] Result<void> check_sides(const Configuration& from, const Membership& to);

// Deterministic CBOR: [version, epoch, failures_max, [node, share, ...], [node, share, ...], [node, domain,
// ...]], where there are any, [node, admission, ...] and the newest id, and where there are any after those,
// [witness, ...]. decode refuses what validate refuses, caps apart: those bind who proposes.
inline constexpr std::uint64_t kConfigurationVersion = 1;
[[nodiscard]] std::vector<std::byte> encode(const Configuration& configuration);
[[nodiscard]] Result<Configuration> decode_configuration(std::span<const std::byte> bytes);

// The epochs of one log, oldest first. Invariants: there is always one; indices ascend; the first has index 0
// or lies at or before the end of what was compacted, every other one is the index of an entry in the log. So
// the last element is what the latest configuration entry says, and cutting the log gives back what ruled
// before.
class ConfigurationHistory {
 public:
  ConfigurationHistory(LogIndex index, Configuration first);

  [[nodiscard]] const Configuration& latest() const { return epochs_.back().configuration; }
  [[nodiscard]] LogIndex latest_index() const { return epochs_.back().index; }
  [[nodiscard]] const Configuration* before_latest() const;  // nullptr: forgotten, hence long committed
  [[nodiscard]] const Configuration& ruling_at(LogIndex index) const;  // of a log that ends there

  void append(LogIndex index, Configuration configuration);
  bool truncate_from(LogIndex index);  // true when an epoch was rolled back
  void forget_before(LogIndex index);  // keeps what rules there: the log up to `index` is gone

 private:
  struct Begun {
    LogIndex index;
    Configuration configuration;
  };
  std::vector<Begun> epochs_;
};

}  // namespace skywarden::consensus
