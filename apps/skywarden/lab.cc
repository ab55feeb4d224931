// skywarden lab: reference files played against the code, pass or fail per case.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "base/text.h"
#include "commands.h"
#include "formats/read_file.h"
#include "lab_cases.h"
#include "lab_linearizable.h"

namespace skywarden::app {
namespace {

using Check = std::vector<LabCase> (*)(std::string_view);

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
    fmt::print("{}:{}: pass{}\n", file, one.line, what);
  } else {
    ++tally.failed;
    fmt::print("{}:{}: fail{}: {}\n", file, one.line, what, one.difference);
  }
}

int run(const std::vector<std::string>& files, Check check) {
  Tally tally;
  bool unread = false;
  for (const std::string& file : files) {
    const auto text = formats::read_file(file, kLabFileBytesMax);
    if (!text) {
      fmt::print(stderr, "skywarden lab: {}\n", text.error().message);
      unread = true;
      continue;
    }
    const auto cases = check(*text);
    if (cases.empty()) {
      fmt::print(stderr, "{}: no cases\n", file);
      ++tally.malformed;
    }
    for (const LabCase& one : cases) print(file, one, tally);
  }
  fmt::print("{} pass, {} fail, {} cannot be read\n", tally.passed, tally.failed, tally.malformed);
  return unread || tally.failed > 0 ? 1 : tally.malformed > 0 ? 2 : 0;
}

void add(CLI::App& lab, int* exit_code, const char* name, const char* what, Check check, const char* footer) {
  auto files = std::make_shared<std::vector<std::string>>();
  CLI::App* command = lab.add_subcommand(name, what);
  command->add_option("files", *files, "reference files, at most 64 MiB each (.gz too)")->required();
  command->footer(
      std::string(footer) +
      "\nExit code 0 when every case passes, 1 when one fails or a file is missing, 2 when nothing "
      "fails but\nsomething is not a case.\n\nExample:\n  skywarden lab " +
      name + (check == check_shares ? " vectors.jsonl" : " transcript.txt"));
  command->callback([files, check, exit_code] { *exit_code = run(*files, check); });
}

void add_linearizable(CLI::App& lab, int* exit_code) {
  auto files = std::make_shared<std::vector<std::string>>();
  CLI::App* command =
      lab.add_subcommand("linearizable", "Recorded histories of clients: linearizable or not");
  command
      ->add_option("files", *files,
                   "histories, or archives of them, at most 64 MiB each (.gz and .tar.gz too)")
      ->required();
  command->footer(
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
  command->callback([files, exit_code] { *exit_code = run_linearizable(*files); });
}

}  // namespace

void add_lab(CLI::App& app, int* exit_code) {
  CLI::App* lab = app.add_subcommand("lab", "Play reference files against the code, pass or fail per case");
  lab->require_subcommand(1);
  add(*lab, exit_code, "quorum", "Commits and votes of majorities, joint ones and weighted ones",
      check_quorum,
      "etcd's quorum transcripts: committed cfg=(1,2,3) idx=(5,_,7), vote cfg=(1,2) cfgj=(2,3) "
      "votes=(y,n,_).\n"
      "A node with shares is written 3:2, here node 3 with 2 shares. The last line of output counts.");
  add(*lab, exit_code, "confchange", "Changes of voters and learners, simple and joint", check_confchange,
      "etcd's transcripts of configuration changes: simple, enter-joint, leave-joint with v1 l2 r3 u4 as\n"
      "input. Where a refusal is expected any refusal passes.");
  add(*lab, exit_code, "shares", "Weighted commits, votes, quorums and direct switches", check_shares,
      "JSON Lines with weights, weights_next or null, acked, votes and the expected quorum, quorum_next,\n"
      "commit_index, vote_result and direct_switch_allowed.");
  add_linearizable(*lab, exit_code);
}

}  // namespace skywarden::app
