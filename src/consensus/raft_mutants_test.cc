// The checks would notice: each rule of rule.h is broken in turn, and the histories that the intact machine
// survives must show it. Compiled with SKYWARDEN_MUTANTS, apart from the library.
#include <doctest/doctest.h>

#include "consensus/raft_group.h"
#include "consensus/raft_history.h"
#include "consensus/rule.h"

namespace skywarden::consensus {
namespace {

constexpr std::uint64_t kSeedsMax = 5000;

struct Caught {
  std::uint64_t seed = 0;  // 0: not at all
  std::string by;
};

Caught hunt(Rule rule, std::string History::* sign) {
  broken_rule = &rule;
  Caught caught;
  for (std::uint64_t seed = 1; seed <= kSeedsMax && caught.seed == 0; ++seed)
    if (History history = play_history(seed); !(history.*sign).empty())
      caught = {seed, std::move(history.*sign)};
  broken_rule = nullptr;
  return caught;
}

TEST_CASE("every broken rule is noticed") {
  const struct {
    Rule rule;
    std::string name;
  } mutants[] = {
      {Rule::kJointUnlessQuorumsMeet, "no joint epoch"},
      {Rule::kTransferIsNoException, "a unit moved at odd W without a joint epoch"},
      {Rule::kTruncationRollsBack, "shares not rolled back when the log is cut"},
      {Rule::kLatestEntryRules, "the committed epoch rules, not the latest"},
      {Rule::kOwnTermBeforeChange, "a change before a commit of the own term"},
      {Rule::kOneChangeAtATime, "a change before the last one is committed"},
      {Rule::kOwnTermBeforeCommit, "an entry of an earlier term committed by counting"},
      {Rule::kBothHalvesElect, "a joint epoch elects by the incoming half alone"},
      {Rule::kBothHalvesCommit, "a joint epoch commits by the incoming half alone"},
      {Rule::kVoterComparesLogs, "a vote for a log that lacks something"},
      {Rule::kOneVotePerTerm, "two votes in one term"},
      {Rule::kCommitWhatAgrees, "a follower commits what it has not compared"},
      {Rule::kSnapshotBringsItsEpoch, "a snapshot installed without its epoch"},
      {Rule::kReadAsksQuorum, "a read answered without asking anybody"},
      {Rule::kReadAfterOwnTerm, "a read before a commit of the own term"},
      {Rule::kLeaseEnds, "a lease longer than followers keep still"},
      {Rule::kLeaseOutlivesRestart, "a restart makes a follower forget that it heard a leader"},
      {Rule::kLeaseEndsWithHandOver, "a lease kept although another was asked to take over"},
      {Rule::kOwnEntryWaitsForDisk, "a leader counts its own entry before its disk is done"},
      {Rule::kOwnVoteWaitsForDisk, "a candidate counts its own vote before its disk is done"},
      {Rule::kAnswersWaitForDisk, "votes and acknowledgements leave before the disk is done"},
      {Rule::kRelayOnlyCommitted, "what is not committed handed on as if it were"},
      {Rule::kRelayContinuesCommits, "what is handed on taken beyond the own commits"},
      {Rule::kWitnessNeverLeads, "a witness stands for election"},
      {Rule::kWitnessesBelowHalf, "witnesses hold half of the shares or more"},
      {Rule::kWitnessHandsNothingOn, "a witness hands on what it does not have"},
  };
  for (const auto& mutant : mutants) {
    const Caught caught = hunt(mutant.rule, &History::violation);
    MESSAGE(mutant.name, ": seed ", caught.seed, ", ", caught.by);
    CHECK_MESSAGE(caught.seed != 0, mutant.name);
  }
}

// Nothing is known here but what clients asked and were told.
TEST_CASE("clients alone notice stale reads") {
  const struct {
    Rule rule;
    std::string name;
  } mutants[] = {
      {Rule::kReadAsksQuorum, "a read answered without asking anybody"},
      {Rule::kReadAfterOwnTerm, "a read before a commit of the own term"},
      {Rule::kLeaseEnds, "a lease longer than followers keep still"},
      {Rule::kLeaseEndsWithHandOver, "a lease kept although another was asked to take over"},
  };
  for (const auto& mutant : mutants) {
    const Caught caught = hunt(mutant.rule, &History::misled);
    MESSAGE(mutant.name, ": seed ", caught.seed, ", ", caught.by);
    CHECK_MESSAGE(caught.seed != 0, mutant.name);
  }
}

// Too rare for histories: a refused pre-vote must arrive late, just after the leader was heard again.
TEST_CASE("a follower that forgets its leader in a later term is noticed, too") {
  const auto forgets = [] {
    RaftOptions options;
    options.lease = true;
    Group group(equal_shares(3), options);
    group.campaign(1);
    group.settle();
    group.heartbeat(1);
    group.settle();
    group.deliver({NodeId(3), NodeId(2), Term(8), PreVoteReply{false}});
    group.deliver({NodeId(3), NodeId(2), Term(9), VoteRequest{{LogIndex(9), Term(8)}}});
    return group[2].term() == Term(9);
  };
  CHECK(!forgets());
  const Rule rule = Rule::kLeaseOutlivesTerm;
  broken_rule = &rule;
  CHECK(forgets());
  broken_rule = nullptr;
}

}  // namespace
}  // namespace skywarden::consensus
