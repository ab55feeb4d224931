// skywarden-fit choose: which of several compressed networks a target can fly.
#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>

#include "commands.h"
#include "compression_choice.h"
#include "formats/read_file.h"
#include "inference/model_file.h"
#include "model_timing.h"
#include "onboard/complete_network.h"
#include "onboard/network_operations.h"
#include "run_record.h"

namespace skywarden::fit {
namespace {

using nlohmann::ordered_json;

struct Arguments {
  std::vector<std::string> of;
  std::optional<double> latency, memory, energy;
  double seconds = 0.5;
  std::string out, svg;
};

struct Measured {
  Candidate candidate;
  ordered_json source;  // of the rows it was judged on
};

// NET.json beside NET.swm, and beside NET.swm.f32 with other figures.
Result<Measured> recorded(const std::string& path) {
  const bool plain = path.ends_with(".f32");
  const std::string note = (plain ? path.substr(0, path.size() - 4) : path) + ".json";
  const auto text = formats::read_file(note);
  if (!text) return fail(Errc::kNotFound, "{}: no run record; it says how accurate the network is", note);
  const ordered_json record = ordered_json::parse(*text, nullptr, false);
  Measured out;
  out.candidate.name = std::filesystem::path(path).filename().string();
  try {
    const ordered_json& all = record.at(plain ? "fp32" : "int8").at("held_back").at("all");
    out.candidate.within = all.at("network").at("within").get<double>();
    out.source = record.at("source");
  } catch (const nlohmann::json::exception& error) {
    return fail(Errc::kMalformed, "{}: no figures of held-back rows: {}", note, error.what());
  }
  return out;
}

Result<Measured> measured(const std::string& path, double seconds) {
  auto out = recorded(path);
  if (!out) return out;
  const auto bytes = formats::read_file(path);
  if (!bytes) return tl::unexpected(bytes.error());
  auto file = inference::read_model(std::as_bytes(std::span(*bytes)), path);
  if (!file) return tl::unexpected(file.error());
  const auto kind = file->model.about.find("completion");
  if (kind == file->model.about.end()) return fail(Errc::kConflict, "{}: no network of completion", path);
  const bool encoder = kind->second.starts_with(onboard::to_string(onboard::NetworkKind::kEncoder));
  auto program = inference::make_program(std::move(file->model));
  std::uint32_t tokens = onboard::kRecurrentRows;
  if (program && encoder && program->index_ends.size() == 2) tokens = program->index_ends[1];  // fields
  // Again, for as much memory as one record needs.
  if (program) program = inference::make_program(std::move(program->model), {.tokens_at_once = tokens});
  if (!program) return fail(program.error().code, "{}: {}", path, program.error().message);
  const auto each = app::graph_seconds(*program, tokens, seconds);
  if (!each) return fail(each.error().code, "{}: {}", path, each.error().message);
  out->candidate.latency_ms = *each * 1e3;
  out->candidate.memory_mb = static_cast<double>(memory_bytes(*program)) / 1e6;
  out->candidate.energy_mj =
      onboard::modelled_energy(onboard::network_operations(*program, tokens)).value() * 1e3;
  return out;
}

Result<bool> run(const Arguments& arguments) {
  std::vector<Candidate> candidates;
  std::optional<ordered_json> source;
  bool same_rows = true;
  for (const std::string& path : arguments.of) {
    auto one = measured(path, arguments.seconds);
    if (!one) return tl::unexpected(one.error());
    if (source && *source != one->source) {
      same_rows = false;
      fmt::print(stderr, "{}: judged on other rows or losses than {}\n", path, arguments.of[0]);
    }
    if (!source) source = one->source;
    candidates.push_back(one->candidate);
  }
  ChoiceLimits limits;
  if (arguments.latency) limits.latency_ms = *arguments.latency;
  if (arguments.memory) limits.memory_mb = *arguments.memory;
  if (arguments.energy) limits.energy_mj = *arguments.energy;
  const Choice choice = choose(candidates, limits);
  fmt::print("{:<28} {:>8} {:>10} {:>10} {:>12}  front limits\n", "network", "within", "ms", "MB",
             "mJ modelled");
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const Candidate& c = candidates[i];
    fmt::print("{:<28} {:>8.4f} {:>10.4f} {:>10.4f} {:>12.6f}  {:<5} {}{}\n", c.name, c.within, c.latency_ms,
               c.memory_mb, c.energy_mj, choice.on_front[i] ? "yes" : "",
               choice.within_limits[i] ? "within" : "beyond", choice.best == i ? ", chosen" : "");
  }
  if (!choice.best) fmt::print("none is within the limits\n");
  ordered_json record = to_json(candidates, limits, choice);
  record["same_rows"] = same_rows;
  if (!arguments.out.empty())
    if (const auto written = write_json(arguments.out, record); !written)
      return tl::unexpected(written.error());
  if (!arguments.svg.empty()) {
    const std::string drawn = picture(candidates, limits, choice);
    if (const auto written = write_file(arguments.svg, std::as_bytes(std::span(drawn))); !written)
      return tl::unexpected(written.error());
  }
  return choice.best.has_value();
}

}  // namespace

void add_choose(command_line::Command app, int* exit_code) {
  auto arguments = std::make_shared<Arguments>();
  command_line::Command command =
      app.add_subcommand("choose", "The best of several networks within a target's limits");
  command.add_option("--of", arguments->of, "networks (.swm, .swm.f32), their run records beside them")
      .required();
  command.add_option("--latency", arguments->latency,
                     "at most so many milliseconds a record, on this machine");
  command.add_option("--memory", arguments->memory, "at most so many megabytes of weights and arena");
  command.add_option("--energy", arguments->energy, "at most so many millijoules a record, modelled");
  command.add_option("--seconds", arguments->seconds, "how long each is timed")
      .check(command_line::range(0.01, 60.0))
      .capture_default_str();
  command.add_option("--out", arguments->out, "all figures as JSON");
  command.add_option("--svg", arguments->svg, "latency against accuracy as a picture");
  command.footer(
      "Latency is measured here, one core; energy is MODELLED (45 nm, onboard/power.h); accuracy is the run "
      "record's.\nExit code 0: one was chosen; 1: none is within the limits, or something failed.\n\n"
      "Example:\n  skywarden-fit choose --of student.swm pruned.swm quantized.swm --latency 0.2 --memory 1 "
      "--svg trade.svg");
  command.callback([arguments, exit_code] {
    const auto found = run(*arguments);
    if (!found) fmt::print(stderr, "skywarden-fit choose: {}\n", found.error().message);
    *exit_code = found && *found ? 0 : 1;
  });
}

}  // namespace skywarden::fit
