// skywarden propagate: satellites' states at given times.
#include <fmt/format.h>

#include <iterator>
#include <map>
#include <memory>
#include <optional>

#include "command_line/command_line.h"
#include "commands.h"
#include "formats/read_file.h"
#include "orbit/sgp4.h"
#include "orbit/time_list.h"
#include "orbit_files.h"

namespace skywarden::app {
namespace {

struct Arguments {
  std::string elements, times, out = "-";
  bool strict = false;
};

void append_state(std::string& text, const orbit::Sgp4& satellite, const orbit::WantedTime& wanted) {
  const auto state = satellite.at(wanted.time);
  auto out = std::back_inserter(text);
  fmt::format_to(out, "{},{},", satellite.elements().norad, wanted.text);
  if (!state) {
    fmt::format_to(out, "{},,,,,,\n", static_cast<int>(state.error()));
    return;
  }
  const auto& [r, v] = *state;
  fmt::format_to(out, "0,{:.9f},{:.9f},{:.9f},{:.12f},{:.12f},{:.12f}\n", r.x, r.y, r.z, v.x, v.y, v.z);
}

// A satellite may be in the file several times; the set whose epoch is nearest serves.
class SatelliteIndex {
 public:
  explicit SatelliteIndex(const std::vector<orbit::ElementSet>& sets) : sets_(sets), theories_(sets.size()) {
    for (std::size_t i = 0; i < sets.size(); ++i) by_norad_[sets[i].norad].push_back(i);
  }

  const orbit::Sgp4* find(std::uint32_t norad, Instant t) {
    const auto found = by_norad_.find(norad);
    if (found == by_norad_.end()) return nullptr;
    std::size_t best = found->second.front();
    const auto age = [&](std::size_t i) { return std::chrono::abs(t - sets_[i].epoch); };
    for (const std::size_t i : found->second)
      if (age(i) < age(best)) best = i;
    if (!theories_[best]) theories_[best] = std::make_unique<orbit::Sgp4>(sets_[best]);
    return theories_[best].get();
  }

 private:
  const std::vector<orbit::ElementSet>& sets_;
  std::vector<std::unique_ptr<orbit::Sgp4>> theories_;
  std::map<std::uint32_t, std::vector<std::size_t>> by_norad_;
};

// True when nothing had to be left out.
Result<bool> run(const Arguments& arguments) {
  const auto elements = load_elements(arguments.elements, arguments.strict);
  if (!elements) return tl::unexpected(elements.error());
  const auto bytes = formats::read_file(arguments.times);
  if (!bytes) return tl::unexpected(bytes.error());
  auto times = orbit::read_time_list(*bytes, arguments.times);
  if (!times) return tl::unexpected(times.error());

  TableWriter writer(arguments.out);
  if (auto opened = writer.open(); !opened) return opened;
  writer.buffer() += "norad,time,error,x_km,y_km,z_km,vx_kms,vy_kms,vz_kms\n";
  // Times for every satellite first, satellite by satellite; then the rows that name one, in their order.
  std::vector<orbit::WantedTime> for_all, for_one;
  for (auto& wanted : times->times) (wanted.norad ? for_one : for_all).push_back(std::move(wanted));
  if (!for_all.empty()) {
    for (const orbit::ElementSet& set : elements->sets) {
      const orbit::Sgp4 satellite(set);
      for (const orbit::WantedTime& wanted : for_all) append_state(writer.buffer(), satellite, wanted);
      writer.flush_if_long();
    }
  }
  SatelliteIndex index(elements->sets);
  for (const orbit::WantedTime& wanted : for_one) {
    const orbit::Sgp4* satellite = index.find(*wanted.norad, wanted.time);
    if (satellite == nullptr) {
      times->problems.push_back(
          {wanted.row, "norad",
           fmt::format("expected a satellite of {}, found {}", arguments.elements, *wanted.norad)});
      continue;
    }
    append_state(writer.buffer(), *satellite, wanted);
    writer.flush_if_long();
  }
  print_problems(arguments.times, times->problems);
  if (auto closed = writer.close(); !closed) return closed;
  return elements->complete && times->problems.empty();
}

}  // namespace

void add_propagate(command_line::Command app, int* exit_code) {
  auto arguments = std::make_shared<Arguments>();
  command_line::Command command =
      app.add_subcommand("propagate", "States of satellites at given times (SGP4, TEME)");
  command.add_option("--elements", arguments->elements, "TLE or OMM (.gz too)").required();
  command.add_option("--times", arguments->times, "UTC times, one a line, or norad,time rows (.gz too)")
      .required();
  command.add_option("--out", arguments->out, "CSV; - is standard output").capture_default_str();
  command.add_flag("--strict", arguments->strict, "leave out sets with a wrong checksum (default: warn)");
  command.footer(
      "Columns: norad,time,error,x_km,y_km,z_km,vx_kms,vy_kms,vz_kms. TEME of date; error is 0 or the code\n"
      "1…6 of AIAA 2006-6753, and then the state is empty. Times are echoed as written.\n\n"
      "Example:\n  skywarden propagate --elements active.tle --times times.txt --out states.csv");
  command.callback([arguments, exit_code] {
    const auto whole = run(*arguments);
    if (!whole) fmt::print(stderr, "skywarden propagate: {}\n", whole.error().message);
    *exit_code = !whole ? 1 : *whole ? 0 : 2;
  });
}

}  // namespace skywarden::app
