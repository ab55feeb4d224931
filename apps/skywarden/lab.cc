// skywarden lab: reference files played against the code, pass or fail per case.
#include <fmt/format.h>

#include <filesystem>
#include <functional>
#include <memory>

#include "base/text.h"
#include "command_line/command_line.h"
#include "commands.h"
#include "formats/read_file.h"
#include "lab_cases.h"
#include "lab_linearizable.h"
#include "lab_robust.h"

namespace skywarden::app {
namespace {

// The cases of a file, by its path and text.
using Check = std::function<Result<std::vector<LabCase>>(const std::string&, std::string_view)>;

// What neighbours of a file hold; nothing when they cannot be read.
std::string beside(const std::string& file, const std::string& name) {
  return formats::read_file((std::filesystem::path(file).parent_path() / name).string(), kLabFileBytesMax)
      .value_or("");
}

std::vector<LabCase> game_beside_reference(const std::string& file, std::string_view text) {
  std::string name = std::filesystem::path(file).filename().string();
  if (name.ends_with(".gz")) name.resize(name.size() - 3);
  return check_game(text, name, beside(file, "nash_reference.json"));
}

struct Tally {
  std::size_t passed = 0, failed = 0, malformed = 0;
};

void print(const std::string& file, const LabCase& one, Tally& tally) {
  const std::string what = one.command.empty() ? "" : " " + printable(one.command);
  if (one.malformed) {
    ++tally.malformed;
    fmt::print(stderr, "{}:{}:{} {}\n", file, one.line, what, one.difference);
  } else if (one.difference.empty()) {
    ++tally.passed;
    fmt::print("{}:{}: pass{}{}{}\n", file, one.line, what, one.found.empty() ? "" : ": ", one.found);
  } else {
    ++tally.failed;
    fmt::print("{}:{}: fail{}: {}\n", file, one.line, what, one.difference);
  }
}

int run(const std::vector<std::string>& files, const Check& check) {
  Tally tally;
  bool unread = false;
  for (const std::string& file : files) {
    const auto text = formats::read_file(file, kLabFileBytesMax);
    if (!text) {
      fmt::print(stderr, "skywarden lab: {}\n", text.error().message);
      unread = true;
      continue;
    }
    const auto checked = check(file, *text);
    if (!checked) {
      fmt::print(stderr, "skywarden lab: {}\n", checked.error().message);
      ++tally.malformed;
      continue;
    }
    const auto& cases = *checked;
    if (cases.empty()) {
      fmt::print(stderr, "{}: no cases\n", file);
      ++tally.malformed;
    }
    for (const LabCase& one : cases) print(file, one, tally);
  }
  fmt::print("{} pass, {} fail, {} cannot be read\n", tally.passed, tally.failed, tally.malformed);
  return unread || tally.failed > 0 ? 1 : tally.malformed > 0 ? 2 : 0;
}

std::vector<LabCase> bargain_beside_profiles(const std::string& file, std::string_view text) {
  return check_bargain(text, [&](const std::string& name) { return beside(file, name); });
}

Result<std::vector<LabCase>> robust_beside_data(const std::string& file, std::string_view text) {
  const std::filesystem::path path(file);
  return check_robust(text, path.filename().string(), [&](const std::string& name) -> Result<std::string> {
    if (name.find('/') != std::string::npos)
      return fail(Errc::kMalformed, "expected the name of a file beside the reference, found '{}'",
                  printable(name));
    return formats::read_file((path.parent_path() / name).string(), kLabFileBytesMax);
  });
}

struct LabCommand {
  const char *name, *what, *footer, *example;
  Check check;
};

// A check that needs the text alone.
Check of_text(std::vector<LabCase> (*check)(std::string_view)) {
  return [check](const std::string&, std::string_view text) { return check(text); };
}

const std::vector<LabCommand>& commands() {
  static const std::vector<LabCommand> all = {
      {"quorum", "Commits and votes of majorities, joint ones and weighted ones",
       "etcd's quorum transcripts: committed cfg=(1,2,3) idx=(5,_,7), vote cfg=(1,2) cfgj=(2,3) "
       "votes=(y,n,_).\n"
       "A node with shares is written 3:2, here node 3 with 2 shares. The last line of output counts.",
       "transcript.txt", of_text(check_quorum)},
      {"confchange", "Changes of voters and learners, simple and joint",
       "etcd's transcripts of configuration changes: simple, enter-joint, leave-joint with v1 l2 r3 u4 as\n"
       "input. Where a refusal is expected any refusal passes.",
       "transcript.txt", of_text(check_confchange)},
      {"shares", "Weighted commits, votes, quorums and direct switches",
       "JSON Lines with weights, weights_next or null, acked, votes and the expected quorum, quorum_next,\n"
       "commit_index, vote_result and direct_switch_allowed.",
       "vectors.jsonl", of_text(check_shares)},
      {"robust", "Robust statistics and regressions against R's, to 1e-6",
       "A table dataset,statistic,value, with the samples as dataset,i,x in the file of the same name with\n"
       "'data' for 'reference'; or dataset,method,param,value, with the numbers in DATASET.csv beside it. "
       "The\n"
       "names are those of docs/formats.md. A value passes within 1e-6, above 1 within 1e-6 of it.",
       "univariate_reference.csv regression_stackloss.csv", robust_beside_data},
      {"game", "Equilibria of games in Gambit's strategic form",
       "Games of two players: all equilibria, found twice and as the ends of Lemke-Howson paths. Of more: "
       "all\n"
       "pure ones, and those that logit responses lead to. Each is judged in exact fractions. A file\n"
       "nash_reference.json beside the game is compared where it names the game.",
       "game.nfg", game_beside_reference},
      {"coop", "Shapley values and power indices",
       "A JSON list of games: values_by_bitmask with the expected shapley and banzhaf_raw, or quota and\n"
       "weights with shapley_shubik, banzhaf_swings and banzhaf_normalized_float. Fractions are text: "
       "\"2/3\".\n"
       "What is not stated is not compared. Quotas too large to count are sampled, with error bounds.",
       "games.json", of_text(check_coop)},
      {"replicator", "Replicator dynamics and evolutionary stability",
       "A JSON list of populations: payoffs A, first shares x0, times t, and the expected shares x,\n"
       "interior_rest_point (or null) and ess, every evolutionarily stable strategy. What is not stated is "
       "not\n"
       "compared.",
       "populations.json", of_text(check_replicator)},
      {"bargain", "Bargaining over several issues, and alternating offers",
       "A JSON list of domains: name and profiles say which NAME/PROFILE.xml beside the file hold the "
       "parties'\n"
       "preferences (ANAC's XML); expected are u_max, nash, kalai_smorodinsky_discrete, max_welfare,\n"
       "egalitarian_min_gain, pareto. Or CSV with delta1, delta2, horizon_rounds and the expected\n"
       "rubinstein_spe_share_player1, finite_horizon_spe_share_player1. What is not stated is not compared.",
       "domains.json", bargain_beside_profiles},
  };
  return all;
}

void add(command_line::Command lab, int* exit_code, const LabCommand& one) {
  auto files = std::make_shared<std::vector<std::string>>();
  command_line::Command command = lab.add_subcommand(one.name, one.what);
  command.add_option("files", *files, "reference files, at most 64 MiB each (.gz too)").required();
  command.footer(fmt::format(
      "{}\nExit code 0 when every case passes, 1 when one fails or a file is missing, 2 when nothing "
      "fails but\nsomething is not a case.\n\nExample:\n  skywarden lab {} {}",
      one.footer, one.name, one.example));
  command.callback([files, check = one.check, exit_code] { *exit_code = run(*files, check); });
}

void add_linearizable(command_line::Command lab, int* exit_code) {
  auto files = std::make_shared<std::vector<std::string>>();
  command_line::Command command =
      lab.add_subcommand("linearizable", "Recorded histories of clients: linearizable or not");
  command
      .add_option("files", *files,
                  "histories, or archives of them, at most 64 MiB each (.gz and .tar.gz too)")
      .required();
  command.footer(
      "Histories as Jepsen writes them: log lines about one register (:read, :write, :cas) or EDN maps "
      "about\n"
      "texts by key (:get, :put, :append). Where a table *verdicts.csv with the columns file,linearizable "
      "lies\n"
      "beside the file and names it, the verdict is compared with that: pass or fail.\n"
      "Exit code 0 when every history passes or, without a verdict, is linearizable; 1 when one does not or "
      "a\n"
      "file is missing; 2 when nothing fails but something is no history or needs more than 1 GiB to "
      "judge.\n\n"
      "Example:\n  skywarden lab linearizable etcd_jepsen_register_histories.tar.gz c01-ok.txt");
  command.callback([files, exit_code] { *exit_code = run_linearizable(*files); });
}

}  // namespace

void add_lab(command_line::Command app, int* exit_code) {
  command_line::Command lab =
      app.add_subcommand("lab", "Play reference files against the code, pass or fail per case");
  lab.require_subcommand(1);
  for (const LabCommand& one : commands()) add(lab, exit_code, one);
  add_linearizable(lab, exit_code);
}

}  // namespace skywarden::app
