#include "orbit/omm.h"

#include <map>
#include <nlohmann/json.hpp>
#include <numbers>
#include <optional>
#include <string>

#include "base/text.h"
#include "orbit/omm_message.h"
#include "orbit/tle.h"

namespace skywarden::orbit {
namespace {

// Reads keys until the first that is wrong.
class KeyReader {
 public:
  KeyReader(const OmmLookup& lookup, std::size_t row) : lookup_(lookup), row_(row) {}

  double number(const char* key) {
    const auto text = lookup_(key);
    const auto value = text ? parse_number(trim(*text)) : std::nullopt;
    if (!value) refuse(key, "a number", text);
    return value.value_or(0.0);
  }
  double number_or_zero(const char* key) { return lookup_(key) ? number(key) : 0.0; }
  double degrees(const char* key) { return number(key) * (std::numbers::pi / 180.0); }
  std::uint32_t counter(const char* key) {
    const auto text = lookup_(key);
    const auto value = text ? parse_integer(trim(*text)) : std::nullopt;
    return value && *value >= 0 && *value <= 999'999'999 ? static_cast<std::uint32_t>(*value) : 0;
  }
  std::uint32_t catalogue_number() {
    const auto text = lookup_("NORAD_CAT_ID");
    const auto value = text ? parse_catalogue_number(*text) : std::nullopt;
    if (!value) refuse("NORAD_CAT_ID", "a catalogue number", text);
    return value.value_or(0);
  }
  Instant time(const char* key) {
    const auto text = lookup_(key);
    const auto value = text ? parse_utc(trim(*text)) : Result<Instant>(fail(Errc::kNotFound, "absent"));
    if (!value) refuse(key, "a time like 2026-05-07T18:20:14.568864", text);
    return value.value_or(Instant{});
  }
  std::string text(const char* key) { return printable(trim(lookup_(key).value_or(""))); }
  // Absent is fine: the plain message of a publisher of general perturbations means these values.
  void expect_one_of(const char* key, std::initializer_list<std::string_view> allowed) {
    const auto found = lookup_(key);
    if (!found) return;
    for (const auto& value : allowed)
      if (lower_ascii(trim(*found)) == lower_ascii(value)) return;
    refuse(key, fmt::format("{}", *allowed.begin()), found);
  }
  [[nodiscard]] const std::optional<datum::RowProblem>& problem() const { return problem_; }

 private:
  void refuse(const char* key, const std::string& expected, const std::optional<std::string>& found) {
    if (problem_) return;
    problem_ = {row_, key,
                found ? fmt::format("expected {}, found '{}'", expected, printable(*found))
                      : fmt::format("expected {}, found nothing", expected)};
  }

  const OmmLookup& lookup_;
  std::size_t row_;
  std::optional<datum::RowProblem> problem_;
};

std::string upper_ascii(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return out;
}

std::optional<std::string> text_of(const nlohmann::json& value) {
  if (const auto* text = value.get_ptr<const std::string*>())
    return trim(*text).empty() ? std::nullopt : std::optional(*text);
  if (value.is_number_integer()) return value.dump();
  if (const auto* number = value.get_ptr<const double*>()) return fmt::format("{}", *number);
  return std::nullopt;
}

}  // namespace

void take_omm_message(const OmmLookup& lookup, std::size_t row, ElementFile& out) {
  KeyReader read(lookup, row);
  ElementSet set;
  read.expect_one_of("MEAN_ELEMENT_THEORY", {"SGP4", "SGP/SGP4", "SDP4", "SGP"});
  read.expect_one_of("REF_FRAME", {"TEME"});
  read.expect_one_of("TIME_SYSTEM", {"UTC"});
  read.expect_one_of("CENTER_NAME", {"EARTH"});
  set.norad = read.catalogue_number();
  set.name = read.text("OBJECT_NAME");
  set.designator = read.text("OBJECT_ID");
  const std::string classification = read.text("CLASSIFICATION_TYPE");
  if (!classification.empty()) set.classification = classification.front();
  const std::uint32_t ephemeris = read.counter("EPHEMERIS_TYPE");
  set.ephemeris = static_cast<std::uint8_t>(ephemeris > 9 ? 9 : ephemeris);
  set.number = read.counter("ELEMENT_SET_NO");
  set.revolution = read.counter("REV_AT_EPOCH");
  const Instant epoch = read.time("EPOCH");
  set.mean_motion = mean_motion_from_revs_per_day(read.number("MEAN_MOTION"));
  set.eccentricity = read.number("ECCENTRICITY");
  set.inclination = read.degrees("INCLINATION");
  set.node = read.degrees("RA_OF_ASC_NODE");
  set.perigee_argument = read.degrees("ARG_OF_PERICENTER");
  set.mean_anomaly = read.degrees("MEAN_ANOMALY");
  set.bstar = read.number("BSTAR");
  set.mean_motion_dot = read.number_or_zero("MEAN_MOTION_DOT");
  set.mean_motion_ddot = read.number_or_zero("MEAN_MOTION_DDOT");
  if (read.problem()) {
    out.problems.push_back(*read.problem());
    return;
  }
  if (std::string odd = implausible(set); !odd.empty()) {
    out.problems.push_back({row, "", std::move(odd)});
    return;
  }
  set.epoch = epoch;
  set.epoch_jd = julian_date_utc(epoch);
  out.sets.push_back(std::move(set));
}

Result<ElementFile> parse_omm_csv(std::string_view bytes, const ElementFileOptions& options) {
  auto table = datum::parse_delimited(bytes, {.detect_delimiter = true, .rows_max = options.sets_max});
  if (!table) return tl::unexpected(table.error());
  ElementFile out;
  out.problems = table->problems;
  for (const char* key : {"NORAD_CAT_ID", "EPOCH", "MEAN_MOTION", "ECCENTRICITY", "INCLINATION",
                          "RA_OF_ASC_NODE", "ARG_OF_PERICENTER", "MEAN_ANOMALY", "BSTAR"})
    if (table->column(key) == datum::Table::npos)
      return fail(Errc::kMalformed, "1:{}: expected a column of this name", key);
  std::map<std::string, std::size_t, std::less<>> columns;
  for (std::size_t i = 0; i < table->header.size(); ++i)
    columns.emplace(upper_ascii(trim(table->header[i])), i);
  for (std::size_t i = 0; i < table->rows.size(); ++i) {
    const OmmLookup lookup = [&](std::string_view key) -> std::optional<std::string> {
      const auto column = columns.find(key);
      if (column == columns.end() || trim(table->rows[i][column->second]).empty()) return std::nullopt;
      return table->rows[i][column->second];
    };
    take_omm_message(lookup, table->row_numbers[i], out);
  }
  return out;
}

Result<ElementFile> parse_omm_json(std::string_view bytes, const ElementFileOptions& options) {
  if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
  const auto document =
      nlohmann::json::parse(bytes.begin(), bytes.end(), nullptr, /*allow_exceptions=*/false);
  if (document.is_discarded() || !(document.is_array() || document.is_object()))
    return fail(Errc::kMalformed, "expected JSON: an array of orbit messages");
  const std::size_t count = document.is_array() ? document.size() : 1;
  if (count > options.sets_max)
    return fail(Errc::kLimitReached, "expected at most {} element sets, found {}", options.sets_max, count);
  ElementFile out;
  for (std::size_t i = 0; i < count; ++i) {
    const nlohmann::json& message = document.is_array() ? document[i] : document;
    if (!message.is_object()) {
      out.problems.push_back({i + 1, "", "expected an object"});
      continue;
    }
    const OmmLookup lookup = [&](std::string_view key) -> std::optional<std::string> {
      const auto found = message.find(std::string(key));
      return found == message.end() ? std::nullopt : text_of(*found);
    };
    take_omm_message(lookup, i + 1, out);
  }
  return out;
}

}  // namespace skywarden::orbit
