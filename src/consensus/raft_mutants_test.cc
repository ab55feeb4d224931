// The checks would notice: each rule of rule.h is broken in turn, and the histories that the intact machine
// survives must show it. Compiled with SKYWARDEN_MUTANTS, apart from the library.
#include <doctest/doctest.h>

#include "consensus/raft_history.h"
#include "consensus/rule.h"

namespace skywarden::consensus {
namespace {

constexpr std::uint64_t kSeedsMax = 5000;

struct Caught {
  std::uint64_t seed = 0;  // 0: not at all
  std::string by;
};

Caught hunt(Rule rule) {
  broken_rule = &rule;
  Caught caught;
  for (std::uint64_t seed = 1; seed <= kSeedsMax && caught.seed == 0; ++seed)
    if (History history = play_history(seed); !history.violation.empty())
      caught = {seed, std::move(history.violation)};
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
  };
  for (const auto& mutant : mutants) {
    const Caught caught = hunt(mutant.rule);
    MESSAGE(mutant.name, ": seed ", caught.seed, ", ", caught.by);
    CHECK_MESSAGE(caught.seed != 0, mutant.name);
  }
}

}  // namespace
}  // namespace skywarden::consensus
