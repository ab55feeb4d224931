// skywarden detect: FIRMS files into fire events, as GeoJSON or CSV.
#include "wildfire/detect.h"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "command_line/command_line.h"
#include "commands.h"
#include "formats/read_file.h"
#include "onboard/firms.h"
#include "wildfire/event_export.h"

namespace skywarden::app {
namespace {

constexpr std::size_t kProblemLinesMax = 20;

struct Arguments {
  std::vector<std::string> in;
  std::string out = "-", members;
  double gap_m = 1000.0, window_h = 48.0;
};

struct Input {
  std::vector<datum::Hotspot> hotspots;  // by time and identity, each once
  std::size_t problems = 0;
};

Result<Input> read_all(const std::vector<std::string>& paths) {
  Input input;
  for (const std::string& path : paths) {
    const auto bytes = formats::read_file(path);
    if (!bytes) return tl::unexpected(bytes.error());
    auto file = onboard::read_firms(*bytes);
    if (!file) return fail(file.error().code, "{}: {}", path, file.error().message);
    for (std::size_t i = 0; i < std::min(file->problems.size(), kProblemLinesMax); ++i)
      fmt::print(stderr, "{}\n", datum::to_line(path, file->problems[i]));
    if (file->problems.size() > kProblemLinesMax)
      fmt::print(stderr, "{}: {} more problems\n", path, file->problems.size() - kProblemLinesMax);
    input.problems += file->problems.size();
    input.hotspots.insert(input.hotspots.end(), std::make_move_iterator(file->hotspots.begin()),
                          std::make_move_iterator(file->hotspots.end()));
  }
  std::sort(input.hotspots.begin(), input.hotspots.end(),
            [](const auto& a, const auto& b) { return a.time != b.time ? a.time < b.time : a.id < b.id; });
  return input;
}

// Plays the hotspots in their own time and gathers every event.
Result<std::vector<wildfire::EventRecord>> detect(const std::vector<datum::Hotspot>& hotspots,
                                                  const Arguments& arguments) {
  wildfire::DetectorOptions options;
  options.link_distance = Metres(arguments.gap_m);
  options.link_window = from_seconds(std::clamp(arguments.window_h, -1.0, 1e5) * 3600.0);
  options.lateness = Duration::zero();  // the files are sorted
  options.hotspots_max = std::max<std::size_t>(options.hotspots_max, hotspots.size());
  options.closed_max = hotspots.size() + 1;
  if (auto valid = options.validate(); !valid) return tl::unexpected(valid.error());
  wildfire::Detector detector(options);
  std::vector<wildfire::EventRecord> records;
  Instant now{};
  for (std::size_t i = 0; i < hotspots.size();) {
    std::size_t end = i;
    while (end < hotspots.size() && hotspots[end].time == hotspots[i].time) ++end;
    now = hotspots[i].time;
    detector.add(std::span(hotspots).subspan(i, end - i), now);
    for (auto& record : detector.take_closed()) records.push_back(std::move(record));
    i = end;
  }
  for (const EventId id : detector.open_events()) records.push_back(detector.record(id, now));
  // A source shows itself as persistent only after weeks; its earlier events were of the same source.
  for (auto& record : records)
    if (!record.event.persistent_source)
      record.event.persistent_source = detector.mostly_persistent(record.pixels);
  std::sort(records.begin(), records.end(), [](const auto& a, const auto& b) {
    return std::pair(a.event.first_seen, a.event.id) < std::pair(b.event.first_seen, b.event.id);
  });
  return records;
}

std::string members_csv(const std::vector<datum::Hotspot>& hotspots,
                        const std::vector<wildfire::EventRecord>& records) {
  std::map<ObservationId, EventId> event_of;
  for (const auto& record : records)
    for (const ObservationId id : record.event.observations) event_of[id] = record.event.id;
  std::string text = "time,latitude,longitude,satellite,instrument,observation,event\n";
  for (const datum::Hotspot& seen : hotspots)
    if (const auto it = event_of.find(seen.id); it != event_of.end())
      datum::append_row(text, {format_utc(seen.time), fmt::format("{:.5f}", seen.centre.lat_deg),
                               fmt::format("{:.5f}", seen.centre.lon_deg), seen.satellite, seen.instrument,
                               fmt::format("{:016x}", seen.id.value()), wildfire::to_text(it->second)});
  return text;
}

Result<bool> run(const Arguments& arguments) {
  const auto input = read_all(arguments.in);
  if (!input) return tl::unexpected(input.error());
  const auto records = detect(input->hotspots, arguments);
  if (!records) return tl::unexpected(records.error());
  const std::string text =
      arguments.out.ends_with(".csv") ? wildfire::events_csv(*records) : wildfire::events_geojson(*records);
  if (arguments.out == "-") {
    std::fwrite(text.data(), 1, text.size(), stdout);
  } else if (const auto done = formats::write_file(arguments.out, text); !done) {
    return tl::unexpected(done.error());
  }
  if (!arguments.members.empty())
    if (const auto done = formats::write_file(arguments.members, members_csv(input->hotspots, *records));
        !done)
      return tl::unexpected(done.error());
  const auto persistent = std::count_if(records->begin(), records->end(),
                                        [](const auto& r) { return r.event.persistent_source; });
  fmt::print(stderr, "{} hotspots, {} events, {} of them at persistent heat sources\n",
             input->hotspots.size(), records->size(), persistent);
  return input->problems == 0;
}

}  // namespace

void add_detect(command_line::Command app, int* exit_code) {
  auto arguments = std::make_shared<Arguments>();
  command_line::Command command = app.add_subcommand("detect", "Fire events of FIRMS hotspot files");
  command.add_option("--in", arguments->in, "FIRMS CSV files, MODIS or VIIRS (.csv, .csv.gz)").required();
  command
      .add_option("--out", arguments->out,
                  "events: .csv, or GeoJSON for any other name; - is standard output")
      .capture_default_str();
  command.add_option("--members", arguments->members, "CSV that names the event of each hotspot");
  command.add_option("--gap", arguments->gap_m, "pixels of one event are at most so far apart, metres")
      .capture_default_str();
  command.add_option("--window", arguments->window_h, "and at most so long, hours").capture_default_str();
  command.footer(
      "The probability is what detection alone says, before any prior from weather. Events at places that\n"
      "stay hot for weeks are marked persistent.\n\n"
      "Example:\n  skywarden detect --in modis.csv viirs.csv.gz --out events.geojson");
  command.callback([arguments, exit_code] {
    const auto whole = run(*arguments);
    if (!whole) fmt::print(stderr, "skywarden detect: {}\n", whole.error().message);
    *exit_code = !whole ? 1 : *whole ? 0 : 2;
  });
}

}  // namespace skywarden::app
