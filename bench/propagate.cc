// Propagations a second of the batch path over a whole catalogue, and how far it is from the reference path.
// One core; CPU time, median of several runs.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <optional>

#include "command_line/command_line.h"
#include "cpu_time.h"
#include "formats/read_file.h"
#include "orbit/batch.h"
#include "orbit/element_file.h"
#include "orbit/sgp4.h"

namespace {

using namespace skywarden;
using namespace skywarden::orbit;

struct Arguments {
  std::string elements;
  std::string start = "2026-05-10T12:00:00Z";
  std::string instructions = "all";
  int steps = 200;
  double step_s = 60.0;
  int runs = 7;
  double days = 30.0;
  int compared_times = 121;
};

// CPU seconds of each run, ascending. The first, which fills caches and pages, does not count.
std::vector<double> timed(int runs, const std::function<void()>& work) {
  work();
  std::vector<double> seconds;
  for (int i = 0; i < runs; ++i) {
    const double before = cpu_seconds();
    work();
    seconds.push_back(cpu_seconds() - before);
  }
  std::sort(seconds.begin(), seconds.end());
  return seconds;
}

void print_rate(const char* figure, std::string_view instructions, std::size_t satellites, std::size_t count,
                const std::vector<double>& seconds) {
  const auto rate = [&](double s) { return static_cast<double>(count) / s; };
  fmt::print(
      "{{\"figure\": \"{}\", \"instructions\": \"{}\", \"satellites\": {}, \"propagations\": {}, \"per_s\": "
      "{:.0f}, \"per_s_best\": {:.0f}, \"per_s_worst\": {:.0f}, \"runs\": {}}}\n",
      figure, instructions, satellites, count, rate(seconds[seconds.size() / 2]), rate(seconds.front()),
      rate(seconds.back()), seconds.size());
  std::fflush(stdout);
}

std::vector<Instant> times_of(const Arguments& a, Instant start) {
  std::vector<Instant> times;
  for (int i = 0; i < a.steps; ++i) times.push_back(start + from_seconds(i * a.step_s));
  return times;
}

void measure_rates(const Arguments& a, const char* which, std::span<const ElementSet> sets,
                   InstructionSet set, std::span<const Instant> times) {
  const Sgp4Batch batch(sets, set);
  StateArrays out;
  const std::size_t count = sets.size() * times.size();
  const auto name = [&](const char* what) { return fmt::format("{}, {}", which, what); };
  const auto each_time = [&] {
    for (const Instant t : times) batch.at(t, out);
  };
  print_rate(name("all at one time").c_str(), to_string(set), sets.size(), count, timed(a.runs, each_time));
  out.with_velocity = false;
  print_rate(name("all at one time, positions only").c_str(), to_string(set), sets.size(), count,
             timed(a.runs, each_time));
  out.with_velocity = true;
  print_rate(name("one at many times").c_str(), to_string(set), sets.size(), count, timed(a.runs, [&] {
               for (std::size_t i = 0; i < sets.size(); ++i) batch.track(i, times, out);
             }));
  const std::size_t some = std::min<std::size_t>(times.size(), 32);  // so that the states fit into memory
  print_rate(name("many at many times").c_str(), to_string(set), sets.size(), sets.size() * some,
             timed(a.runs, [&] { batch.at(times.first(some), BatchLayout::kSatelliteAfterSatellite, out); }));
}

void measure_reference(const Arguments& a, const char* which, std::span<const ElementSet> sets, Instant t) {
  std::vector<Sgp4> satellites;
  for (const ElementSet& set : sets) satellites.emplace_back(set);
  double sum = 0.0;
  const auto seconds = timed(a.runs, [&] {
    for (const Sgp4& satellite : satellites)
      if (const auto state = satellite.at(t)) sum += state->position.x;
  });
  if (std::isnan(sum)) std::abort();  // keeps the work from being optimised away
  print_rate(fmt::format("{}, all at one time", which).c_str(), "reference", sets.size(), sets.size(),
             seconds);
}

struct Difference {
  double position_km = 0.0, velocity_km_s = 0.0;
  std::uint32_t norad = 0;
  std::size_t states = 0, errors = 0, codes_unequal = 0;
};

void compare_at(std::span<const Sgp4> satellites, const Sgp4Batch& batch, Instant t, Difference& worst) {
  StateArrays out;
  batch.at(t, out);
  for (std::size_t i = 0; i < satellites.size(); ++i) {
    const auto state = satellites[i].at(t);
    const int code = state ? 0 : static_cast<int>(state.error());
    ++worst.states;
    if (code != 0) ++worst.errors;
    if (code != out.error[i]) ++worst.codes_unequal;
    if (code != 0 || out.error[i] != 0) continue;
    const double km =
        std::hypot(out.x[i] - state->position.x, out.y[i] - state->position.y, out.z[i] - state->position.z);
    const double km_s = std::hypot(out.vx[i] - state->velocity.x, out.vy[i] - state->velocity.y,
                                   out.vz[i] - state->velocity.z);
    worst.velocity_km_s = std::max(worst.velocity_km_s, km_s);
    if (km > worst.position_km) worst.norad = satellites[i].elements().norad;
    worst.position_km = std::max(worst.position_km, km);
  }
}

void measure_difference(const Arguments& a, std::span<const ElementSet> sets, InstructionSet set,
                        Instant start) {
  std::vector<Sgp4> satellites;
  for (const ElementSet& element_set : sets) satellites.emplace_back(element_set);
  const Sgp4Batch batch(sets, set);
  Difference worst;
  for (int i = 0; i < a.compared_times; ++i) {
    const double days = a.days * (2.0 * i / std::max(1, a.compared_times - 1) - 1.0);
    compare_at(satellites, batch, start + from_seconds(days * 86400.0), worst);
  }
  fmt::print(
      "{{\"figure\": \"difference from the reference path, -{0}..{0} days\", \"instructions\": \"{1}\", "
      "\"satellites\": {2}, \"states\": {3}, \"position_m\": {4:.3g}, \"of\": {5}, \"velocity_m_s\": "
      "{6:.3g}, \"errors\": {7}, \"codes_unequal\": {8}}}\n",
      a.days, to_string(set), sets.size(), worst.states, worst.position_km * 1e3, worst.norad,
      worst.velocity_km_s * 1e3, worst.errors, worst.codes_unequal);
  std::fflush(stdout);
}

int fail_with(const std::string& message) {
  fmt::print(stderr, "bench-propagate: {}\n", message);
  return 1;
}

int run(const Arguments& a) {
  const auto bytes = formats::read_file(a.elements);
  if (!bytes) return fail_with(bytes.error().message);
  const auto file = read_elements(*bytes, a.elements);
  if (!file) return fail_with(file.error().message);
  const auto start = parse_utc(a.start);
  if (!start) return fail_with(start.error().message);
  std::vector<ElementSet> near;
  for (const ElementSet& set : file->sets)
    if (!Sgp4(set).is_deep_space()) near.push_back(set);
  const auto times = times_of(a, *start);
  bool measured = false;
  for (const auto set : {InstructionSet::kAvx512, InstructionSet::kAvx2, InstructionSet::kBaseline}) {
    if (!is_available(set) || (a.instructions != "all" && a.instructions != to_string(set))) continue;
    measured = true;
    measure_rates(a, "near Earth", near, set, times);
    measure_rates(a, "whole catalogue", file->sets, set, times);
    if (a.compared_times > 0) measure_difference(a, file->sets, set, *start);
  }
  if (!measured) return fail_with(fmt::format("no instructions '{}' on this processor", a.instructions));
  if (a.instructions == "all") measure_reference(a, "whole catalogue", file->sets, *start);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments a;
  skywarden::command_line::Program app(
      "Propagations a second of the batch path, and its distance from the reference path");
  app.footer(
      "Example: bench-propagate --elements catalogue.tle.gz --instructions avx2\n"
      "Prints one JSON line per figure; rates are states per second of CPU time, median, best and worst "
      "run.");
  app.add_option("--elements", a.elements, "TLE or OMM file").required();
  app.add_option("--instructions", a.instructions, "all, baseline, avx2 or avx512").capture_default_str();
  app.add_option("--start", a.start, "first time").capture_default_str();
  app.add_option("--steps", a.steps, "times")
      .check(skywarden::command_line::range(1, 100000))
      .capture_default_str();
  app.add_option("--step", a.step_s, "seconds between them").capture_default_str();
  app.add_option("--runs", a.runs, "timed runs")
      .check(skywarden::command_line::range(1, 1000))
      .capture_default_str();
  app.add_option("--days", a.days, "compared with the reference so far before and after the start")
      .capture_default_str();
  app.add_option("--compared-times", a.compared_times, "times compared with the reference; 0 compares none")
      .check(skywarden::command_line::range(0, 100000))
      .capture_default_str();
  if (const auto exit_code = app.parse(argc, argv)) return *exit_code;
  return run(a);
}
