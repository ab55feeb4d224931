// The rules that safety rests on, by name. Tests compile the machine with SKYWARDEN_MUTANTS, break one rule
// at a time and show that somebody notices (mutants_test.cc). In every other build holds() is a constant and
// leaves no code behind. Not for options: no rule can be switched off in operation.
#pragma once

namespace skywarden::consensus {

enum class Rule {
  kJointUnlessQuorumsMeet,  // a change goes through both majorities unless old and new quorums meet
  kTransferIsNoException,   // moving one unit is judged like any other change; W may be odd
  kTruncationRollsBack,     // an epoch whose entry is cut off the log rules no more
  kLatestEntryRules,        // an epoch rules from the moment its entry is in the log
  kOwnTermBeforeChange,     // no change before an entry of the leader's own term is committed
  kOneChangeAtATime,        // no change before the last one is committed
  kOwnTermBeforeCommit,     // only entries of the own term are committed by counting (Raft §5.4.2)
  kBothHalvesElect,         // a joint epoch elects by both majorities
  kBothHalvesCommit,        // and commits by both
  kVoterComparesLogs,       // no vote for a log that lacks what the voter holds (Raft §5.4.1)
  kOneVotePerTerm,          // a vote is given once in a term
  kCommitWhatAgrees,        // a follower commits no further than its log is known to agree
  kSnapshotBringsItsEpoch,  // what a snapshot says of the epoch rules after it is installed
  kReadAsksQuorum,          // a read waits for a round that began after it, unless a lease holds
  kReadAfterOwnTerm,        // and for a commit of the leader's own term
  kLeaseEnds,               // a lease is no longer than followers refuse to vote
  kLeaseOutlivesTerm,       // who heard a leader refuses to vote even when it learns of a later term
  kLeaseOutlivesRestart,    // and even when it restarts
  kLeaseEndsWithHandOver,   // who asked another to take over has no lease any more
  kOwnEntryWaitsForDisk,    // a leader counts its own copy of an entry when it is on its disk
  kOwnVoteWaitsForDisk,     // and a candidate its own vote
  kAnswersWaitForDisk,      // what promises something leaves when that is on the disk
  kRelayOnlyCommitted,      // what is handed on is committed
  kRelayContinuesCommits,   // and is taken only where it continues what the receiver has committed
  kWitnessNeverLeads,       // who keeps no payloads does not stand for election
  kWitnessesBelowHalf,      // witnesses hold less than half of the shares
  kWitnessHandsNothingOn,   // who keeps no payloads hands nothing on
};

#ifdef SKYWARDEN_MUTANTS
inline const Rule* broken_rule = nullptr;  // set by the test; the only global, and only in that program
inline bool holds(Rule rule) {
  return broken_rule == nullptr || *broken_rule != rule;
}
#else
constexpr bool holds(Rule) {
  return true;
}
#endif

}  // namespace skywarden::consensus
