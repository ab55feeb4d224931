#include "completed_missing.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

namespace skywarden::app {
namespace {

using nlohmann::ordered_json;

double rounded(double v) {
  return std::round(v * 1e6) / 1e6;
}

std::string patterns_text(const onboard::PatternCounts& counts, std::size_t missing) {
  std::string out;
  for (std::size_t p = 1; p < counts.size(); ++p) {
    if (counts[p] == 0) continue;
    out += fmt::format("{}{} {:.0f} %", out.empty() ? "" : ", ",
                       onboard::to_string(static_cast<onboard::MissingPattern>(p)),
                       100.0 * static_cast<double>(counts[p]) / static_cast<double>(missing));
  }
  return out;
}

std::string test_text(const std::optional<onboard::RandomnessTest>& test) {
  if (!test) return "too little to test";
  if (!test->rejected) return fmt::format("may be completely at random (p = {:.3f})", test->p);
  return fmt::format("not at random (p = {:.3f}): goes with {} {}", test->p,
                     test->effect > 0 ? "high" : "low", test->with);
}

ordered_json patterns_json(const onboard::PatternCounts& counts) {
  ordered_json out;
  for (std::size_t p = 1; p < counts.size(); ++p)
    out[std::string(onboard::to_string(static_cast<onboard::MissingPattern>(p)))] = counts[p];
  return out;
}

ordered_json field_json(const std::string& name, const onboard::FieldMissing& field) {
  ordered_json out{
      {"field", name},          {"cells", field.cells},         {"missing", field.missing},
      {"filled", field.filled}, {"abstained", field.abstained}, {"patterns", patterns_json(field.patterns)}};
  if (field.test)
    out["completely_at_random"] = {{"p", rounded(field.test->p)},
                                   {"rejected", field.test->rejected},
                                   {"with", field.test->with},
                                   {"effect", rounded(field.test->effect)}};
  if (const auto& s = field.sensitivity) {
    ordered_json shifts = ordered_json::array();
    for (std::size_t k = 0; k < s->kShifts.size(); ++k)
      shifts.push_back({{"usual_errors", s->kShifts[k]},
                        {"mean_moves", rounded(s->mean_moves[k])},
                        {"beyond_tolerance", rounded(s->beyond[k])}});
    out["if_hidden_are_higher"] = {
        {"mean", rounded(s->mean)}, {"usual_error", rounded(s->usual_error)}, {"by", std::move(shifts)}};
  }
  return out;
}

}  // namespace

std::string missing_text(const onboard::MissingReport& report, const datum::Schema& schema) {
  std::string out;
  for (std::size_t f = 0; f < report.fields.size(); ++f) {
    const onboard::FieldMissing& field = report.fields[f];
    if (field.missing == 0) continue;
    out += fmt::format("{}: {:.1f} % missing ({}), {}", schema.fields[f].name,
                       100.0 * static_cast<double>(field.missing) / static_cast<double>(field.cells),
                       patterns_text(field.patterns, field.missing), test_text(field.test));
    if (field.abstained > 0)
      out += fmt::format("; {} of {} filled are too uncertain to act on", field.abstained, field.filled);
    if (field.sensitivity)
      out += fmt::format(
          "; were the hidden a usual error higher ({:.3g}), the mean {:.4g} would rise by {:.2g}",
          field.sensitivity->usual_error, field.sensitivity->mean, field.sensitivity->mean_moves[1]);
    out += "\n";
  }
  return out;
}

ordered_json missing_json(const onboard::MissingReport& report, const datum::Schema& schema) {
  ordered_json fields = ordered_json::array(), windows = ordered_json::array();
  for (std::size_t f = 0; f < report.fields.size(); ++f)
    if (report.fields[f].missing > 0) fields.push_back(field_json(schema.fields[f].name, report.fields[f]));
  for (const onboard::MissingWindow& window : report.windows) {
    ordered_json of_fields = ordered_json::object();
    for (std::size_t f = 0; f < window.patterns.size(); ++f)
      if (report.fields[f].missing > 0) of_fields[schema.fields[f].name] = patterns_json(window.patterns[f]);
    windows.push_back({{"from", format_utc(window.from)},
                       {"to", format_utc(window.to)},
                       {"cells", window.cells},
                       {"patterns", std::move(of_fields)}});
  }
  return {{"fields", std::move(fields)}, {"windows", std::move(windows)}};
}

}  // namespace skywarden::app
