#include "incident_loader.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "datum/delimited.h"
#include "onboard/firms.h"
#include "onboard/ingest.h"
#include "orbit/element_file.h"
#include "shipped_schemas.h"
#include "wildfire/heat_sites.h"

namespace skywarden::app {
namespace {

constexpr std::size_t kProblemLinesMax = 20;  // of one file; the rest is counted
constexpr std::size_t kGeoJsonFeaturesMax = 100'000;
constexpr double kRadiusMaxKm = 50.0;
constexpr Metres kHeatRadius(2000.0);  // of a heat source whose radius is not given

std::string_view first_line(std::string_view bytes) {
  if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
  return bytes.substr(0, bytes.find('\n'));
}

nlohmann::json parse_json(std::string_view bytes) {
  return nlohmann::json::parse(bytes, nullptr, /*allow_exceptions=*/false);
}

}  // namespace

void IncidentLoader::problem(std::string line) {
  incident_.problems.push_back(std::move(line));
}

void IncidentLoader::skipped(std::string line) {
  incident_.rows_skipped = true;
  problem(std::move(line));
}

void IncidentLoader::row_problems(const std::string& file, const std::vector<datum::RowProblem>& problems,
                                  Part& part) {
  part.bad_rows += problems.size();
  for (std::size_t i = 0; i < problems.size() && i < kProblemLinesMax; ++i)
    skipped(to_line(file, problems[i]));
  if (problems.size() > kProblemLinesMax)
    problem(fmt::format("{}: {} more rows with problems", file, problems.size() - kProblemLinesMax));
}

void IncidentLoader::hotspots(const std::string& file, std::string_view bytes, const PartLabel& label) {
  auto read = onboard::read_firms(bytes);
  if (!read) return skipped(fmt::format("{}: {}", file, read.error().message));
  Part part{"hotspots", file, label.provenance, label.source};
  part.rows = read->hotspots.size();
  row_problems(file, read->problems, part);
  for (datum::Hotspot& h : read->hotspots) {
    h.provenance = label.provenance;
    incident_.hotspots.push_back(std::move(h));
  }
  incident_.parts.push_back(std::move(part));
}

void IncidentLoader::records(const std::string& file, std::string_view bytes, const datum::Schema& schema,
                             const PartLabel& label) {
  onboard::IngestOptions options;
  options.stream = file;
  const bool json = trim(first_line(bytes)).starts_with('{');
  auto read =
      json ? onboard::ingest_jsonl(bytes, schema, options) : onboard::ingest_csv(bytes, schema, options);
  if (!read) return skipped(fmt::format("{}: {}", file, read.error().message));
  Part part{"records", file, label.provenance, label.source};
  part.rows = read->records.size();
  row_problems(file, read->problems, part);
  RecordSource source;
  source.schema = schema;
  source.records = std::move(read->records);
  source.provenance = label.provenance;
  for (datum::Record& record : source.records) record.provenance = label.provenance;
  incident_.records.push_back(std::move(source));
  incident_.parts.push_back(std::move(part));
}

std::vector<NamedPoint> IncidentLoader::named_points(const std::string& file, std::string_view bytes,
                                                     Part& part) {
  std::vector<NamedPoint> out;
  const auto table = datum::parse_delimited(bytes, {.detect_delimiter = true});
  if (!table) {
    skipped(fmt::format("{}: {}", file, table.error().message));
    return out;
  }
  const std::size_t name = table->column("name");
  const std::size_t lat = table->column("lat_deg");
  const std::size_t lon = table->column("lon_deg");
  const std::size_t alt = table->column("alt_m");
  const std::size_t radius = table->column("radius_km");
  if (name == datum::Table::npos || lat == datum::Table::npos || lon == datum::Table::npos) {
    skipped(fmt::format("{}:1: expected the columns name, lat_deg, lon_deg", file));
    return out;
  }
  std::vector<datum::RowProblem> problems = table->problems;
  for (std::size_t i = 0; i < table->rows.size(); ++i) {
    const auto& row = table->rows[i];
    const auto y = parse_number(trim(row[lat]));
    const auto x = parse_number(trim(row[lon]));
    const auto km = radius == datum::Table::npos ? std::optional(0.0) : parse_number(trim(row[radius]));
    if (!y || *y < -90.0 || *y > 90.0) {
      problems.push_back({table->row_numbers[i], "lat_deg", "expected a latitude −90…90"});
    } else if (!x || *x < -180.0 || *x > 360.0) {
      problems.push_back({table->row_numbers[i], "lon_deg", "expected a longitude −180…180"});
    } else if (!km || *km < 0.0 || *km > kRadiusMaxKm) {
      problems.push_back({table->row_numbers[i], "radius_km", "expected a radius of 0…50 km"});
    } else {
      NamedPoint point{std::string(trim(row[name])), "", {*y, wrap_longitude(*x)}, Metres(0.0)};
      if (*km > 0.0) point.radius = kilometres(*km);
      if (alt != datum::Table::npos) point.altitude = Metres(parse_number(trim(row[alt])).value_or(0.0));
      out.push_back(std::move(point));
    }
  }
  part.rows = out.size();
  row_problems(file, problems, part);
  return out;
}

void IncidentLoader::station_places(const std::string& file, std::string_view bytes) {
  Part part{"weather stations", file, datum::Provenance::kReconstructed, ""};
  std::vector<NamedPoint> points = named_points(file, bytes, part);
  if (!incident_.records.empty()) incident_.records.back().stations = std::move(points);
}

void IncidentLoader::ground_stations(const std::string& file, std::string_view bytes,
                                     const PartLabel& label) {
  Part part{"ground stations", file, label.provenance, label.source};
  const std::vector<NamedPoint> points = named_points(file, bytes, part);
  incident_.ground_stations.insert(incident_.ground_stations.end(), points.begin(), points.end());
  incident_.parts.push_back(std::move(part));
}

void IncidentLoader::heat_sources(const std::string& file, std::string_view bytes, const PartLabel& label) {
  Part part{"heat sources", file, label.provenance, label.source};
  for (const NamedPoint& place : named_points(file, bytes, part)) {
    if (incident_.heat_sources.size() == wildfire::kKnownHeatMax) {
      skipped(fmt::format("{}: only the first {} heat sources count", file, wildfire::kKnownHeatMax));
      break;
    }
    incident_.heat_sources.push_back({place.point, place.radius.value_or(kHeatRadius), place.name});
  }
  incident_.parts.push_back(std::move(part));
}

void IncidentLoader::elements(const std::string& file, std::string_view bytes, const PartLabel& label) {
  auto read = orbit::read_elements(bytes, file);
  if (!read) return skipped(read.error().message);
  Part part{"satellites", file, label.provenance, label.source};
  part.rows = read->sets.size();
  row_problems(file, read->problems, part);
  for (const datum::RowProblem& warning : read->warnings) problem(to_line(file, warning));
  incident_.satellites.insert(incident_.satellites.end(), read->sets.begin(), read->sets.end());
  incident_.parts.push_back(std::move(part));
}

void IncidentLoader::elevation(const std::string& file, std::string_view bytes, const PartLabel& label) {
  auto grid = formats::parse_ascii_grid(bytes);
  if (!grid) return skipped(fmt::format("{}: {}", file, grid.error().message));
  if (grid->west < -181.0 || grid->east() > 361.0 || grid->south < -91.0 || grid->north() > 91.0)
    return problem(fmt::format("{}: a projected grid; only WGS 84 degrees are shown on the map yet", file));
  incident_.parts.push_back({"terrain", file, label.provenance, label.source, grid->rows * grid->cols, 0});
  incident_.elevation = std::move(*grid);
}

void IncidentLoader::roads(const std::string& file, std::string_view bytes, const PartLabel& label) {
  const nlohmann::json json = parse_json(bytes);
  if (!json.is_object() || !json.contains("features") || !json["features"].is_array() ||
      json["features"].size() > kGeoJsonFeaturesMax)
    return skipped(fmt::format("{}: expected a GeoJSON FeatureCollection of lines", file));
  nlohmann::json kept = {{"type", "FeatureCollection"}, {"features", nlohmann::json::array()}};
  Part part{"roads", file, label.provenance, label.source};
  for (const auto& feature : json["features"]) {
    const bool line = feature.is_object() && feature.contains("geometry") &&
                      feature["geometry"].is_object() &&
                      feature["geometry"].value("type", "") == "LineString";
    if (line)
      kept["features"].push_back(feature);
    else
      ++part.bad_rows;
  }
  part.rows = kept["features"].size();
  incident_.roads_geojson = kept.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  incident_.parts.push_back(std::move(part));
}

void IncidentLoader::places(const std::string& file, std::string_view bytes, const PartLabel& label) {
  const nlohmann::json json = parse_json(bytes);
  if (!json.is_object() || !json.contains("features") || !json["features"].is_array() ||
      json["features"].size() > kGeoJsonFeaturesMax)
    return skipped(fmt::format("{}: expected a GeoJSON FeatureCollection of points", file));
  Part part{"places", file, label.provenance, label.source};
  for (const auto& feature : json["features"]) {
    const auto point =
        feature.is_object() && feature.contains("geometry") ? feature["geometry"] : nlohmann::json();
    const bool fine = point.is_object() && point.value("type", "") == "Point" &&
                      point.contains("coordinates") && point["coordinates"].is_array() &&
                      point["coordinates"].size() >= 2 && point["coordinates"][0].is_number() &&
                      point["coordinates"][1].is_number();
    if (!fine) {
      ++part.bad_rows;
      continue;
    }
    NamedPoint place;
    place.point = {point["coordinates"][1].get<double>(), point["coordinates"][0].get<double>()};
    const auto properties = feature.contains("properties") ? feature["properties"] : nlohmann::json();
    if (properties.is_object()) {
      const auto text = [&](const char* key) {
        return properties.contains(key) && properties[key].is_string() ? properties[key].get<std::string>()
                                                                       : std::string();
      };
      place.name = text("name");
      place.name_zh = text("name_zh");
      if (properties.contains("population") && properties["population"].is_number_integer())
        place.population = properties["population"].get<int>();
    }
    incident_.places.push_back(std::move(place));
  }
  part.rows = incident_.places.size();
  incident_.parts.push_back(std::move(part));
}

bool IncidentLoader::recognise(const std::string& file, std::string_view bytes) {
  const PartLabel plain{datum::Provenance::kObserved, "as given"};
  const std::string_view head = trim(first_line(bytes));
  if (formats::looks_like_ascii_grid(bytes)) {
    elevation(file, bytes, plain);
    return true;
  }
  if (head.starts_with('{') && bytes.find("FeatureCollection") != std::string_view::npos) {
    const bool lines = bytes.find("LineString") != std::string_view::npos;
    if (lines)
      roads(file, bytes, plain);
    else
      places(file, bytes, plain);
    return true;
  }
  const auto header = datum::parse_delimited(head, {.detect_delimiter = true});
  if (header && onboard::looks_like_firms(header->header)) {
    hotspots(file, bytes, plain);
    return true;
  }
  if (header && header->column("lat_deg") != datum::Table::npos &&
      header->column("name") != datum::Table::npos) {
    ground_stations(file, bytes, plain);
    return true;
  }
  if (orbit::read_elements(bytes, file)) {
    elements(file, bytes, plain);
    return true;
  }
  for (const char* name : {"prsa", "weather"}) {
    const auto schema = shipped_schema(name);
    if (!schema || !header) continue;
    const bool fits = std::all_of(
        schema->fields.begin(), schema->fields.end(),
        [&](const datum::FieldSpec& field) { return header->column(field.name) != datum::Table::npos; });
    if (!fits) continue;
    records(file, bytes, *schema, plain);
    return true;
  }
  problem(fmt::format(
      "{}: left out: expected FIRMS hotspots, records of a shipped schema, elements, stations, GeoJSON or "
      "an ESRI ASCII grid",
      file));
  return false;
}

Result<datum::Schema> shipped_schema(std::string_view name) {
  const std::string path = "/" + std::string(name) + ".toml";
  for (const shell::EmbeddedAsset& asset : shipped_schemas())
    if (asset.path == path) return datum::parse_schema(asset.bytes, path.substr(1));
  return fail(Errc::kNotFound, "no schema '{}' ships with this program", printable(name));
}

}  // namespace skywarden::app
