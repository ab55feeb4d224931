// A proposed schema as TOML with its reasons.
#include <cmath>

#include "base/text.h"
#include "onboard/schema_inference.h"

namespace skywarden::onboard {
namespace {

constexpr std::size_t kLineBytes = 100;

// A TOML basic string.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      out += {'\\', c};
    else if (byte < 0x20 || byte == 0x7F)
      out += fmt::format("\\u{:04X}", byte);
    else
      out += c;
  }
  return out + '"';
}

std::string list(const std::vector<std::string>& items) {
  std::string out = "[";
  for (const std::string& item : items) out += (out.size() > 1 ? ", " : "") + quoted(item);
  return out + "]";
}

// A comment must stay on its line whatever the file's cells hold; long ones are folded at spaces.
void add_comment(std::string& out, std::string_view text) {
  std::string line = "#";
  while (!text.empty()) {
    const std::size_t space = std::min(text.find(' '), text.size());
    std::string word(text.substr(0, space));
    for (char& c : word)
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
    if (line.size() > 1 && line.size() + word.size() >= kLineBytes) {
      out += line + "\n";
      line = "#";
    }
    line += " " + word;
    text.remove_prefix(std::min(space + 1, text.size()));
  }
  out += line + "\n";
}

void add_reasons(std::string& out, const std::vector<std::string>& reasons) {
  std::string all;
  for (const std::string& reason : reasons) all += (all.empty() ? "" : "; ") + reason;
  if (!all.empty()) add_comment(out, all);
}

std::string_view word(datum::TimeFormat format) {
  switch (format) {
    case datum::TimeFormat::kIso:
      return "iso";
    case datum::TimeFormat::kYmdh:
      return "ymdh";
    case datum::TimeFormat::kFirms:
      return "firms";
    case datum::TimeFormat::kUnix:
      return "unix";
    case datum::TimeFormat::kNone:
      break;
  }
  return "none";
}

// TOML wants a digit before an exponent's absence to be a float or an integer; both are read as numbers.
void add_number(std::string& out, std::string_view key, const std::optional<double>& value) {
  if (value) out += fmt::format("{} = {:.12g}\n", key, *value);
}

void add_field(std::string& out, const ProposedField& field) {
  const datum::FieldSpec& spec = field.spec;
  out += "\n";
  add_reasons(out, field.reasons);
  out += "[[field]]\nname = " + quoted(spec.name) + "\n";
  if (spec.kind == datum::FieldKind::kCategory) out += "kind = \"category\"\n";
  if (spec.kind == datum::FieldKind::kText) out += "kind = \"text\"\n";
  if (!spec.unit.empty()) out += "unit = " + quoted(spec.unit) + "\n";
  add_number(out, "min", spec.min);
  add_number(out, "max", spec.max);
  if (spec.circular) out += "circular = true\n";
  add_number(out, "resolution", spec.resolution);
  if (spec.tolerance_abs > 0.0) add_number(out, "tolerance_abs", spec.tolerance_abs);
  if (!spec.levels.empty()) out += "levels = " + list(spec.levels) + "\n";
  out += "# criticality = \"high\"\n";
}

}  // namespace

std::string to_toml(const ProposedSchema& proposal, std::string_view file) {
  const datum::Schema& schema = proposal.schema;
  std::string out;
  add_comment(
      out, fmt::format("Proposed from {} rows of {}. Limits and levels are what this file shows, with a "
                       "margin; read each line before you rely on it. What a field is worth is yours to say: "
                       "criticality is low, normal (as it stands) or high, and high is sent first when a "
                       "contact is short. Keys: docs/formats.md.",
                       proposal.rows, printable(file)));
  for (const std::string& each : proposal.warnings) add_comment(out, "Look at this: " + each + ".");
  for (const std::string& each : proposal.left_out) add_comment(out, "Left out: " + each + ".");
  out += "name = " + quoted(schema.name) + "\n";
  add_reasons(out, proposal.mark_reasons);
  out += "missing_marks = " + list(schema.missing_marks) + "\n\n";
  add_reasons(out, proposal.time_reasons);
  out += "[time]\n";
  if (!schema.time_columns.empty()) out += "columns = " + list(schema.time_columns) + "\n";
  out += fmt::format("format = \"{}\"\n", word(schema.time_format));
  if (schema.time_repeats && schema.time_format != datum::TimeFormat::kNone) out += "repeats = true\n";
  out += "\n";
  add_reasons(out, proposal.stream_reasons);
  if (!schema.stream_columns.empty()) out += "[stream]\ncolumns = " + list(schema.stream_columns) + "\n";
  for (const ProposedField& field : proposal.fields) add_field(out, field);
  return out;
}

}  // namespace skywarden::onboard
