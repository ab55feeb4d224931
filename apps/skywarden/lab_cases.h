// Cases of reference files, played against the code, one verdict each. Transcripts are in etcd's
// syntax: a command, perhaps lines of input, a line of dashes, the expected output up to an empty line. What
// counts is what they say, not their wording or their drawings.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace skywarden::app {

inline constexpr std::size_t kLabFileBytesMax = std::size_t{64} << 20;

struct LabCase {
  std::size_t line = 0;    // where it begins, from 1; in a JSON list its number
  std::string command;     // its first line, without arguments, or what was asked
  std::string difference;  // empty: passes
  bool malformed = false;  // it says nothing that could be checked; `difference` says why
  std::string found = {};  // worth telling when it passes; our own words and numbers
};

// One case of a transcript.
struct TranscriptCase {
  std::size_t line = 0;
  std::string command;             // the first line
  std::vector<std::string> input;  // what follows before the dashes
  std::vector<std::string> expected;
};
// Cases without dashes are left out and named in `cut_off` by their line; 0: none.
[[nodiscard]] std::vector<TranscriptCase> read_transcript(std::string_view text, std::size_t* cut_off);

// Commits and votes: "committed cfg=(1,2,3) idx=(5,_,7)", "vote cfg=(1,2) cfgj=(2,3) votes=(y,n,_)". Values
// belong to the nodes of cfg, then to those of cfgj that are new. 3:2 in cfg or cfgj is node 3 with 2 shares,
// 3 alone has one.
[[nodiscard]] std::vector<LabCase> check_quorum(std::string_view text);
// Changes of membership: simple, enter-joint, leave-joint with v1 l2 r3 u4 as input; state carries over from
// case to case.
[[nodiscard]] std::vector<LabCase> check_confchange(std::string_view text);
// Weighted commits, votes, quorums and direct switches, a JSON object a line: weights, weights_next, acked,
// votes; expected are commit_index, vote_result, quorum, quorum_next, direct_switch_allowed.
[[nodiscard]] std::vector<LabCase> check_shares(std::string_view text);
// A game in Gambit's .nfg format: all equilibria of two players, pure and traced ones of more, each judged in
// exact fractions. `reference` is a JSON list of games with pure_equilibria, equal_support_equilibria,
// n_equal_support and degenerate_detected; the entry whose "file" is `name` is compared. Empty: nothing to
// compare with.
[[nodiscard]] std::vector<LabCase> check_game(std::string_view text, std::string_view name,
                                              std::string_view reference);
// A JSON list. Coalition games: values_by_bitmask (fractions or numbers; the first player's bit is the
// lowest), and expected shapley, banzhaf_raw. Weighted voting: quota and weights, and expected
// shapley_shubik, banzhaf_swings, banzhaf_normalized_float. What is not stated is not compared.
[[nodiscard]] std::vector<LabCase> check_coop(std::string_view text);
// A JSON list of populations: payoffs A, shares x0, times t, and expected shares x, interior_rest_point (or
// null) and ess. What is not stated is not compared.
[[nodiscard]] std::vector<LabCase> check_replicator(std::string_view text);
// The text of a file by its name relative to the reference's folder; empty when it cannot be read.
using ReadBeside = std::function<std::string(const std::string& name)>;
// Either a JSON list of bargaining domains (name: the folder of its profiles, read through `read`) with the
// expected nash, kalai_smorodinsky_discrete, max_welfare, pareto and so on; or CSV of alternating offers with
// delta1, delta2, horizon_rounds and the expected shares. What is not stated is not compared.
[[nodiscard]] std::vector<LabCase> check_bargain(std::string_view text, const ReadBeside& read);

}  // namespace skywarden::app
