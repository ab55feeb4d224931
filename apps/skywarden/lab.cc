// skywarden lab: reference files played against the code, pass or fail per case.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <functional>
#include <memory>

#include "base/text.h"
#include "commands.h"
#include "formats/read_file.h"
#include "lab_cases.h"
#include "lab_robust.h"

namespace skywarden::app {
namespace {

// The cases of a file's text; `path` tells where its data may stand.
using Check = std::function<Result<std::vector<LabCase>>(std::string_view text, const std::string& path)>;

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

Result<std::vector<LabCase>> robust(std::string_view text, const std::string& path) {
  const std::filesystem::path file(path);
  return check_robust(text, file.filename().string(), [&](const std::string& name) -> Result<std::string> {
    if (name.find('/') != std::string::npos)
      return fail(Errc::kMalformed, "expected the name of a file beside the reference, found '{}'",
                  printable(name));
    return formats::read_file((file.parent_path() / name).string(), kLabFileBytesMax);
  });
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
    const auto checked = check(*text, file);
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

void add(CLI::App& lab, int* exit_code, const char* name, const char* what, const Check& check,
         const char* footer, const char* example) {
  auto files = std::make_shared<std::vector<std::string>>();
  CLI::App* command = lab.add_subcommand(name, what);
  command->add_option("files", *files, "reference files, at most 64 MiB each (.gz too)")->required();
  command->footer(
      std::string(footer) +
      "\nExit code 0 when every case passes, 1 when one fails or a file is missing, 2 when nothing "
      "fails but\nsomething is not a case.\n\nExample:\n  skywarden lab " +
      name + " " + example);
  command->callback([files, check, exit_code] { *exit_code = run(*files, check); });
}

}  // namespace

void add_lab(CLI::App& app, int* exit_code) {
  CLI::App* lab = app.add_subcommand("lab", "Play reference files against the code, pass or fail per case");
  lab->require_subcommand(1);
  const auto text_alone = [](std::vector<LabCase> (*cases)(std::string_view)) {
    return [cases](std::string_view text, const std::string&) { return cases(text); };
  };
  add(*lab, exit_code, "quorum", "Commits and votes of majorities, joint ones and weighted ones",
      text_alone(check_quorum),
      "etcd's quorum transcripts: committed cfg=(1,2,3) idx=(5,_,7), vote cfg=(1,2) cfgj=(2,3) "
      "votes=(y,n,_).\n"
      "A node with shares is written 3:2, here node 3 with 2 shares. The last line of output counts.",
      "transcript.txt");
  add(*lab, exit_code, "confchange", "Changes of voters and learners, simple and joint",
      text_alone(check_confchange),
      "etcd's transcripts of configuration changes: simple, enter-joint, leave-joint with v1 l2 r3 u4 as\n"
      "input. Where a refusal is expected any refusal passes.",
      "transcript.txt");
  add(*lab, exit_code, "shares", "Weighted commits, votes, quorums and direct switches",
      text_alone(check_shares),
      "JSON Lines with weights, weights_next or null, acked, votes and the expected quorum, quorum_next,\n"
      "commit_index, vote_result and direct_switch_allowed.",
      "vectors.jsonl");
  add(*lab, exit_code, "robust", "Robust statistics and regressions against R's, to 1e-6", robust,
      "A table dataset,statistic,value, with the samples as dataset,i,x in the file of the same name with\n"
      "'data' for 'reference'; or dataset,method,param,value, with the numbers in DATASET.csv beside it. "
      "The\n"
      "names are those of docs/formats.md. A value passes within 1e-6, above 1 within 1e-6 of it.",
      "univariate_reference.csv regression_stackloss.csv");
}

}  // namespace skywarden::app
