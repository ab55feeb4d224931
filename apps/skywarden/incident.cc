#include "incident.h"

#include <algorithm>
#include <filesystem>

#include "datum/toml_reader.h"
#include "formats/read_file.h"
#include "incident_loader.h"
#include "orbit/reanchor.h"

namespace skywarden::app {
namespace {

namespace fs = std::filesystem;
using datum::TomlReader;

constexpr std::size_t kFilesMax = 1000;
constexpr double kMarginDeg = 0.15;  // around the hotspots, when no bounding box is given

std::string name_of(const std::string& path) {
  fs::path p(path);
  if (!p.has_filename()) p = p.parent_path();
  std::string stem = p.filename().string();
  for (const char* ending : {".gz", ".csv", ".txt", ".json"})
    if (stem.ends_with(ending)) stem.resize(stem.size() - std::string_view(ending).size());
  std::string out;
  for (const char c : stem) {
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    out += plain ? c : '_';
  }
  return out.empty() ? "incident" : out;
}

// ---- incident.toml ------------------------------------------------------------------------------

class Folder {
 public:
  Folder(fs::path folder, Incident& incident)
      : folder_(std::move(folder)), incident_(incident), loader_(incident) {}

  Result<void> read() {
    const std::string path = (folder_ / "incident.toml").string();
    const auto text = formats::read_file(path, 1 << 20);
    if (!text) return tl::unexpected(text.error());
    const auto parsed = datum::parse_toml(*text, path);
    if (!parsed) return tl::unexpected(parsed.error());
    TomlReader top(*parsed, path);
    read_top(top);
    for (const toml::table* table : top.tables("hotspots")) read_hotspots(*table);
    for (const toml::table* table : top.tables("records")) read_records(*table);
    single(top, "terrain", "elevation", &IncidentLoader::elevation);
    single(top, "roads", "file", &IncidentLoader::roads);
    single(top, "places", "file", &IncidentLoader::places);
    single(top, "stations", "file", &IncidentLoader::ground_stations);
    single(top, "heat_sources", "file", &IncidentLoader::heat_sources);
    if (const toml::table* table = top.table("satellites")) read_satellites(*table);
    if (const toml::table* table = top.table("danger")) read_danger(*table);
    if (const toml::table* table = top.table("replay")) read_replay(*table);
    if (const toml::table* table = top.table("script")) read_script(*table);
    if (!top.error().empty()) return fail(Errc::kMalformed, "{}", top.error());
    return {};
  }

 private:
  using Load = void (IncidentLoader::*)(const std::string&, std::string_view, const PartLabel&);

  void read_top(TomlReader& top) {
    top.string("name", incident_.name, true);
    top.bilingual("title", incident_.title.en, incident_.title.zh);
    top.bilingual("summary", incident_.summary.en, incident_.summary.zh);
    std::optional<Instant> start;
    std::optional<Instant> end;
    top.time("start", start);
    top.time("end", end);
    if (start) incident_.start = *start;
    if (end) incident_.end = *end;
    if (start && end && *end <= *start) top.wrong("end", "a time after start");
    top.integer("utc_offset_min", incident_.utc_offset_min);
    std::string units;
    top.string("units", units);
    incident_.us_units = units == "us";
    std::vector<double> box;
    top.numbers("bbox", box);
    if (box.size() == 4)
      incident_.bbox = {box[0], box[1], box[2], box[3]};
    else if (!box.empty())
      top.wrong("bbox", "[west, south, east, north]");
  }

  PartLabel label_of(const toml::table& table) {
    PartLabel label;
    TomlReader in(table, "incident.toml");
    in.choice<datum::Provenance>("provenance", label.provenance,
                                 {{"observed", datum::Provenance::kObserved},
                                  {"reconstructed", datum::Provenance::kReconstructed},
                                  {"simulated", datum::Provenance::kSimulated},
                                  {"what-if", datum::Provenance::kWhatIf}});
    in.string("source", label.source);
    if (!in.error().empty()) loader_.problem(in.error());
    return label;
  }

  // The bytes of a file of the folder; nothing (with a problem line) when it cannot be read or leads out of
  // it.
  std::optional<std::string> bytes_of(const std::string& file) {
    const fs::path relative(file);
    const bool inside = relative.is_relative() && std::none_of(relative.begin(), relative.end(),
                                                               [](const fs::path& p) { return p == ".."; });
    if (!inside) {
      loader_.problem(
          fmt::format("incident.toml: expected a file inside the folder, found '{}'", printable(file)));
      return std::nullopt;
    }
    auto bytes = formats::read_file((folder_ / relative).string());
    if (!bytes) {
      loader_.skipped(bytes.error().message);
      return std::nullopt;
    }
    return std::move(*bytes);
  }

  std::string text(const toml::table& table, const char* key) {
    std::string out;
    TomlReader in(table, "incident.toml");
    in.string(key, out);
    if (!in.error().empty()) loader_.problem(in.error());
    return out;
  }

  void single(TomlReader& top, const char* part, const char* key, Load load) {
    const toml::table* table = top.table(part);
    if (table == nullptr) return;
    const std::string file = text(*table, key);
    if (file.empty())
      return loader_.problem(fmt::format("incident.toml: [{}]: expected the key '{}'", part, key));
    if (const auto bytes = bytes_of(file)) (loader_.*load)(file, *bytes, label_of(*table));
  }

  void read_hotspots(const toml::table& table) {
    const std::string file = text(table, "file");
    if (const auto bytes = bytes_of(file)) loader_.hotspots(file, *bytes, label_of(table));
  }

  void read_records(const toml::table& table) {
    const std::string schema_name = text(table, "schema");
    Result<datum::Schema> schema = fail(Errc::kNotFound, "no schema");
    if (schema_name.ends_with(".toml")) {
      if (const auto bytes = bytes_of(schema_name)) schema = datum::parse_schema(*bytes, schema_name);
    } else {
      schema = shipped_schema(schema_name);
    }
    if (!schema) return loader_.skipped(schema.error().message);
    std::vector<std::string> files;
    TomlReader in(table, "incident.toml: [[records]]");
    in.strings("files", files, true);
    if (!in.error().empty()) return loader_.skipped(in.error());
    for (const std::string& file : files) {
      if (const auto bytes = bytes_of(file)) loader_.records(file, *bytes, *schema, label_of(table));
      const std::string stations = text(table, "stations");
      if (stations.empty()) continue;
      if (const auto places = bytes_of(stations)) loader_.station_places(stations, *places);
    }
  }

  void read_satellites(const toml::table& table) {
    const std::string file = text(table, "elements");
    TomlReader in(table, "incident.toml: [satellites]");
    in.boolean("what_if", incident_.satellites_what_if);
    if (const auto bytes = bytes_of(file)) loader_.elements(file, *bytes, label_of(table));
  }

  void read_danger(const toml::table& table) {
    TomlReader in(table, "incident.toml: [danger]");
    in.number("ffmc", incident_.start_codes.ffmc);
    in.number("dmc", incident_.start_codes.dmc);
    in.number("dc", incident_.start_codes.dc);
    if (!in.error().empty()) loader_.problem(in.error());
    const PartLabel label = label_of(table);
    incident_.parts.push_back(
        {"danger start codes", "incident.toml", label.provenance, text(table, "reason"), 1, 0});
  }

  void read_replay(const toml::table& table) {
    TomlReader in(table, "incident.toml: [replay]");
    for (const toml::table* section : in.tables("section")) {
      TomlReader each(*section, "incident.toml: [[replay.section]]");
      std::optional<Instant> until;
      Section out;
      each.time("until", until);
      each.number("speed", out.speed);
      if (!until || !(out.speed > 0.0)) each.wrong("until", "a time and a speed above 0");
      if (!each.error().empty()) {
        loader_.problem(each.error());
        continue;
      }
      out.until = *until;
      incident_.sections.push_back(out);
    }
  }

  void read_script(const toml::table& table) {
    TomlReader in(table, "incident.toml: [script]");
    for (const toml::table* entry : in.tables("fault")) {
      TomlReader each(*entry, "incident.toml: [[script.fault]]");
      ScriptFault fault;
      std::optional<Instant> at;
      each.time("at", at);
      each.choice<FaultKind>("kind", fault.kind,
                             {{"kill_leader", FaultKind::kKillLeader},
                              {"restart", FaultKind::kRestart},
                              {"partition", FaultKind::kPartition},
                              {"heal", FaultKind::kHeal}});
      each.bilingual("text", fault.text.en, fault.text.zh);
      if (const toml::array* groups = (*entry)["groups"].as_array()) {
        for (const auto& group : *groups) {
          std::vector<std::string> names;
          if (const toml::array* list = group.as_array())
            for (const auto& name : *list) names.push_back(name.value_or(std::string()));
          fault.groups.push_back(std::move(names));
        }
      }
      if (!at) each.wrong("at", "a time");
      if (!each.error().empty()) {
        loader_.problem(each.error());
        continue;
      }
      fault.at = *at;
      incident_.faults.push_back(std::move(fault));
    }
    std::stable_sort(incident_.faults.begin(), incident_.faults.end(),
                     [](const ScriptFault& a, const ScriptFault& b) { return a.at < b.at; });
    const PartLabel label = label_of(table);
    incident_.parts.push_back(
        {"script of faults", "incident.toml", label.provenance, label.source, incident_.faults.size(), 0});
  }

  fs::path folder_;
  Incident& incident_;
  IncidentLoader loader_;
};

// ---- what follows from the parts ------------------------------------------------------------------

void infer_time(Incident& incident) {
  if (incident.start != Instant{} && incident.end != Instant{}) return;
  std::optional<Instant> first;
  std::optional<Instant> last;
  const auto see = [&](Instant t) {
    first = first ? std::min(*first, t) : t;
    last = last ? std::max(*last, t) : t;
  };
  for (const datum::Hotspot& h : incident.hotspots) see(h.time);
  if (incident.hotspots.empty())
    for (const RecordSource& source : incident.records)
      for (const datum::Record& record : source.records) see(record.time);
  if (!first) return;
  if (incident.start == Instant{}) incident.start = *first - std::chrono::minutes(30);
  if (incident.end == Instant{}) incident.end = *last + std::chrono::hours(1);
}

void infer_place(Incident& incident) {
  if (incident.bbox.west != incident.bbox.east) return;
  std::vector<GeoPoint> points;
  for (const datum::Hotspot& h : incident.hotspots) points.push_back(h.centre);
  for (const RecordSource& source : incident.records)
    for (const NamedPoint& station : source.stations) points.push_back(station.point);
  if (points.empty()) return;
  BoundingBox box{points[0].lon_deg, points[0].lat_deg, points[0].lon_deg, points[0].lat_deg};
  for (const GeoPoint p : points) {
    box.west = std::min(box.west, p.lon_deg);
    box.east = std::max(box.east, p.lon_deg);
    box.south = std::min(box.south, p.lat_deg);
    box.north = std::max(box.north, p.lat_deg);
  }
  incident.bbox = {box.west - kMarginDeg, std::max(-90.0, box.south - kMarginDeg), box.east + kMarginDeg,
                   std::min(90.0, box.north + kMarginDeg)};
  incident.utc_offset_min = static_cast<int>(std::lround((box.west + box.east) / 2.0 / 15.0)) * 60;
}

void reanchor_satellites(Incident& incident) {
  for (orbit::ElementSet& elements : incident.satellites) {
    const orbit::Reanchored moved = orbit::reanchor(elements, incident.start);
    elements = moved.elements;
    incident.satellites_what_if = incident.satellites_what_if || moved.what_if;
  }
}

std::string toml_of(const Incident& incident) {
  std::string out = "# Worked out from the files given; edit and pass the folder to `skywarden replay`.\n";
  out += fmt::format(
      "name = \"{}\"\nstart = \"{}\"\nend = \"{}\"\nutc_offset_min = {}\nbbox = [{:.4f}, {:.4f}, {:.4f}, "
      "{:.4f}]\n",
      incident.name, format_utc(incident.start), format_utc(incident.end), incident.utc_offset_min,
      incident.bbox.west, incident.bbox.south, incident.bbox.east, incident.bbox.north);
  for (const Part& part : incident.parts) {
    if (part.part == "hotspots")
      out += fmt::format("\n[[hotspots]]\nfile = \"{}\"\nprovenance = \"observed\"\n", part.file);
    if (part.part == "satellites")
      out += fmt::format("\n[satellites]\nelements = \"{}\"\nwhat_if = {}\n", part.file,
                         incident.satellites_what_if);
    if (part.part == "ground stations") out += fmt::format("\n[stations]\nfile = \"{}\"\n", part.file);
    if (part.part == "terrain") out += fmt::format("\n[terrain]\nelevation = \"{}\"\n", part.file);
    if (part.part == "roads") out += fmt::format("\n[roads]\nfile = \"{}\"\n", part.file);
    if (part.part == "places") out += fmt::format("\n[places]\nfile = \"{}\"\n", part.file);
  }
  return out;
}

Result<void> finish(Incident& incident) {
  std::stable_sort(incident.hotspots.begin(), incident.hotspots.end(),
                   [](const datum::Hotspot& a, const datum::Hotspot& b) { return a.time < b.time; });
  if (incident.hotspots.empty() && incident.records.empty()) {
    std::string why = "nothing to play: expected hotspots (FIRMS CSV) or station records";
    for (const std::string& problem : incident.problems) why += "\n  " + problem;
    return fail(Errc::kNotFound, "{}", why);
  }
  infer_time(incident);
  infer_place(incident);
  reanchor_satellites(incident);
  if (incident.title.en.empty()) incident.title = {incident.name, incident.name};
  if (incident.sections.empty()) {
    const double seconds = to_seconds(incident.end - incident.start);
    incident.sections.push_back({incident.end, std::max(1.0, seconds / 100.0)});  // about 100 s of playing
  }
  const auto note = [&](bool absent, const char* what) {
    if (absent) incident.missing.emplace_back(what);
  };
  note(incident.hotspots.empty(), "hotspots");
  note(incident.records.empty(), "station records");
  note(!incident.elevation, "terrain");
  note(incident.roads_geojson.empty(), "roads");
  note(incident.places.empty(), "places");
  note(incident.satellites.empty(), "satellites");
  note(incident.ground_stations.empty(), "ground stations");
  return {};
}

std::vector<std::string> files_of(const std::string& path) {
  if (!fs::is_directory(path)) return {path};
  std::vector<std::string> files;
  for (const auto& entry : fs::directory_iterator(path)) {
    if (entry.is_regular_file() && !entry.path().filename().string().starts_with('.'))
      files.push_back(entry.path().string());
    if (files.size() >= kFilesMax) break;
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

Result<Incident> load_incident(const IncidentOptions& options) {
  Incident incident;
  IncidentLoader loader(incident);
  bool described = false;
  for (const std::string& path : options.paths) {
    std::error_code ignored;
    if (!fs::exists(path, ignored))
      return fail(Errc::kNotFound, "{}: expected a file or folder, found nothing", path);
    const bool is_toml = fs::path(path).filename() == "incident.toml";
    const fs::path folder = is_toml ? fs::path(path).parent_path() : fs::path(path);
    if (is_toml || (fs::is_directory(path) && fs::exists(folder / "incident.toml"))) {
      if (const auto read = Folder(folder, incident).read(); !read) return tl::unexpected(read.error());
      described = true;
      continue;
    }
    for (const std::string& file : files_of(path)) {
      const auto bytes = formats::read_file(file);
      if (!bytes)
        loader.skipped(bytes.error().message);
      else
        loader.recognise(fs::path(file).filename().string(), *bytes);
    }
  }
  if (incident.name.empty() && !options.paths.empty()) incident.name = name_of(options.paths.front());
  if (!options.elements.empty()) {
    const auto bytes = formats::read_file(options.elements);
    if (!bytes) return tl::unexpected(bytes.error());
    incident.satellites.clear();
    std::erase_if(incident.parts, [](const Part& part) { return part.part == "satellites"; });
    loader.elements(fs::path(options.elements).filename().string(), *bytes,
                    {datum::Provenance::kWhatIf, "given by --elements"});
  }
  if (const auto done = finish(incident); !done) return tl::unexpected(done.error());
  if (!described) incident.inferred_toml = toml_of(incident);
  return incident;
}

Result<Incident> incident_of_hotspots(const std::string& file_name, const std::string& bytes,
                                      const std::vector<orbit::ElementSet>& satellites) {
  Incident incident;
  incident.name = name_of(file_name);
  incident.satellites = satellites;
  IncidentLoader loader(incident);
  loader.hotspots(printable(file_name), bytes, {datum::Provenance::kObserved, "dropped on the page"});
  if (const auto done = finish(incident); !done) return tl::unexpected(done.error());
  incident.inferred_toml = toml_of(incident);
  return incident;
}

}  // namespace skywarden::app
