#include <utility>

#include "base/text.h"
#include "lab_cases.h"

namespace skywarden::app {

std::vector<TranscriptCase> read_transcript(std::string_view text, std::size_t* cut_off) {
  std::vector<TranscriptCase> cases;
  TranscriptCase now;
  bool in_output = false;
  *cut_off = 0;
  const auto close = [&] {
    if (in_output)
      cases.push_back(std::move(now));
    else if (!now.command.empty() && *cut_off == 0)
      *cut_off = now.line;
    now = {};
    in_output = false;
  };
  std::size_t number = 0;
  while (!text.empty()) {
    const std::string_view line = trim(take_line(text));
    ++number;
    if (line.empty()) {
      close();
    } else if (line.starts_with("----") && !in_output) {
      in_output = !now.command.empty();
    } else if (in_output) {
      now.expected.emplace_back(line);
    } else if (!line.starts_with('#')) {
      if (now.command.empty()) {
        now.line = number;
        now.command = line;
      } else {
        now.input.emplace_back(line);
      }
    }
  }
  close();
  return cases;
}

}  // namespace skywarden::app
