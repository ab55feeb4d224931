// Recorded histories of clients, judged and compared with the verdicts that lie beside them.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace skywarden::app {

using HistoryVerdicts = std::map<std::string, bool, std::less<>>;  // by file name: linearizable?

// A table "file,linearizable" with 1 or 0; kMalformed names the line. Another table: none.
[[nodiscard]] Result<HistoryVerdicts> read_history_verdicts(std::string_view csv);

struct JudgedHistory {
  enum class Outcome { kPass, kFail, kUnreadable, kUnknown };
  Outcome outcome = Outcome::kPass;
  std::string says;  // one line
};

// Without an expected verdict it passes when it is linearizable.
[[nodiscard]] JudgedHistory judge_history(std::string_view text, std::optional<bool> expected);

// Prints a line for each history of the files, archives unpacked in memory. The exit code.
[[nodiscard]] int run_linearizable(const std::vector<std::string>& files);

}  // namespace skywarden::app
