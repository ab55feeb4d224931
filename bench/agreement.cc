// bench-agreement: how long agreement takes on a shell of 72 planes of 22 satellites, in virtual time. One
// JSON line a figure and seed, and one over all seeds. A line that says "violation" says that something Raft
// promises was broken; then the exit code is 1. Everything is measured in virtual time after 20 s of
// settling (areas: 30 s). Crashes, slowness, moves and the places of groups follow from the seed and are the
// same for everything that is compared. What links do about loss: agreement/ways.h.
#include <fmt/format.h>

#include "agreement/figures.h"
#include "agreement/shell.h"
#include "base/text.h"
#include "command_line/command_line.h"

namespace {

using namespace skywarden;
using namespace skywarden::agreement;

constexpr std::uint64_t kSeedsMax = 100'000;  // in one call

bool read_seeds(std::string_view said, Ask& ask) {
  const auto dots = said.find("..");
  const auto first = parse_integer(said.substr(0, dots));
  const auto last = dots == std::string_view::npos ? first : parse_integer(said.substr(dots + 2));
  if (!first || !last || *first < 1 || *last < *first) return false;
  ask.first = static_cast<std::uint64_t>(*first);
  ask.last = static_cast<std::uint64_t>(*last);
  return ask.last - ask.first < kSeedsMax;
}

std::string footer() {
  std::string text = "Figures:\n";
  for (const Figure& figure : figures()) text += fmt::format("  {:<12} {}\n", figure.name, figure.what);
  return text +
         "\nExamples:\n"
         "  bench-agreement flat --seeds 1..3\n"
         "  bench-agreement uneven --copies 3 --seconds 900\n"
         "  bench-agreement shares --seeds 1..100 --jobs 2\n"
         "  bench-agreement availability --seconds 604800\n\n"
         "Exit codes: 0 measured, 1 a promise of Raft was broken, 2 no such figure, no such seeds\n"
         "or too short a run, above 100 an option cannot be read.";
}

}  // namespace

int main(int argc, char** argv) {
  skywarden::command_line::Program app(
      "Agreement on a shell of 72 planes of 22 satellites, in virtual time: one JSON line a seed, and one\n"
      "over all seeds. Each hop loses 5 % of frames, the link sends them again.");
  std::string figure;
  std::string seeds = "1";
  int length = static_cast<int>(kOrbit / std::chrono::seconds(1));
  Ask ask;
  app.add_option("figure", figure, "which, see below").required();
  app.add_option("--seeds", seeds, "A or A..B").capture_default_str();
  app.add_option("--seconds", length, "of virtual time a run; one orbit unless said")
      .check(skywarden::command_line::range(60, 604'800))
      .capture_default_str();
  app.add_option("--copies", ask.copies, "of each frame on each hop, in succession; the first counts")
      .check(skywarden::command_line::range(1, 8))
      .capture_default_str();
  app.add_option("--lost-alike", ask.lost_alike, "chance that a copy is lost or kept as the one before")
      .check(skywarden::command_line::range(0.0, 0.99))
      .capture_default_str();
  app.add_option("--voters", ask.voters, "of availability")
      .check(skywarden::command_line::range(1, 200))
      .capture_default_str();
  app.add_option("--jobs", ask.jobs, "seeds played at once; changes nothing of what is printed")
      .check(skywarden::command_line::range(1, 64))
      .capture_default_str();
  app.footer(footer());
  if (const auto exit_code = app.parse(argc, argv)) return *exit_code;
  if (!read_seeds(seeds, ask))
    return fmt::print(stderr, "bench-agreement: --seeds {}: expected A or A..B, from 1, at most {}\n", seeds,
                      kSeedsMax),
           2;
  ask.length = std::chrono::seconds(length);
  for (const Figure& each : figures()) {
    if (figure != each.name) continue;
    if (ask.length < each.length_min)
      return fmt::print(stderr, "bench-agreement: {}: --seconds {}: expected {:.0f} or more\n", figure,
                        length, to_seconds(each.length_min)),
             2;
    return each.play(ask) ? 0 : 1;
  }
  return fmt::print(stderr, "bench-agreement: {}: no such figure, see --help\n", figure), 2;
}
