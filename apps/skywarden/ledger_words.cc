#include "ledger_words.h"

#include "base/text.h"

namespace skywarden::app {
namespace {

using ledger::Cell;
using ledger::Table;

constexpr std::size_t kBytesShown = 32;
constexpr double kUnitsPerDegree = 1e7;
constexpr double kPpmPerPercent = 1e4;

std::string hexadecimal(std::span<const std::byte> bytes) {
  std::string text;
  for (const std::byte byte : bytes) text += fmt::format("{:02x}", std::to_integer<unsigned>(byte));
  return text;
}

std::string text_of(const ledger::Blob& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// What clients gave as text, mostly.
bool is_given(std::string_view column) {
  return column == "name" || column == "value" || column == "expected";
}

nlohmann::ordered_json json_of(const Cell& cell, std::string_view column) {
  if (const auto* number = std::get_if<std::int64_t>(&cell)) return *number;
  if (const auto* real = std::get_if<double>(&cell)) return *real;
  if (const auto* text = std::get_if<std::string>(&cell)) return *text;
  const auto* blob = std::get_if<ledger::Blob>(&cell);
  if (blob == nullptr) return nullptr;
  if (is_given(column) && is_valid_utf8(text_of(*blob))) return text_of(*blob);
  return hexadecimal(*blob);
}

// On a terminal nothing may act. `printable` is for one line of a message and cuts, so it gets parts.
std::string whole_printable(std::string_view text) {
  constexpr std::size_t kPart = 48;
  std::string out;
  while (!text.empty()) {
    std::size_t part = std::min(text.size(), kPart);
    while (part > 1 && part < text.size() && (static_cast<unsigned char>(text[part]) & 0xc0) == 0x80) --part;
    out += printable(text.substr(0, part));
    text.remove_prefix(part);
  }
  return out;
}

std::string shown(const Cell& cell, std::string_view column) {
  if (const auto* number = std::get_if<std::int64_t>(&cell)) return fmt::format("{}", *number);
  if (const auto* real = std::get_if<double>(&cell)) return fmt::format("{}", *real);
  if (const auto* text = std::get_if<std::string>(&cell)) return whole_printable(*text);
  const auto* blob = std::get_if<ledger::Blob>(&cell);
  if (blob == nullptr) return "-";
  if (is_given(column) && is_valid_utf8(text_of(*blob))) return printable(text_of(*blob));
  const std::string digits = hexadecimal(std::span(*blob).first(std::min(blob->size(), kBytesShown)));
  return blob->size() > kBytesShown ? fmt::format("{}… ({} bytes)", digits, blob->size()) : digits;
}

bool has_many(Table table) {
  return table == Table::kArea || table == Table::kReason || table == Table::kMerged ||
         table == Table::kShare;
}

// The cells of one line of a listing by their column's name.
class Listed {
 public:
  Listed(const ledger::Answer& answer, std::size_t row) : answer_(answer), row_(answer.rows[row]) {}
  [[nodiscard]] std::string operator[](std::string_view column) const { return shown(cell(column), column); }
  [[nodiscard]] bool has(std::string_view column) const { return cell(column) != Cell(); }
  [[nodiscard]] double number(std::string_view column) const {
    const auto* value = std::get_if<std::int64_t>(&cell(column));
    return value == nullptr ? 0.0 : static_cast<double>(*value);
  }

 private:
  [[nodiscard]] const Cell& cell(std::string_view column) const {
    for (std::size_t i = 0; i < answer_.columns.size(); ++i)
      if (answer_.columns[i] == column) return row_[i];
    return nothing_;
  }
  const ledger::Answer& answer_;
  const ledger::Cells& row_;
  Cell nothing_;
};

}  // namespace

nlohmann::ordered_json json_of(const ledger::Answer& answer, std::size_t row) {
  nlohmann::ordered_json out = nlohmann::ordered_json::object();
  for (std::size_t i = 0; i < answer.columns.size(); ++i)
    out[answer.columns[i]] = json_of(answer.rows[row][i], answer.columns[i]);
  return out;
}

nlohmann::ordered_json json_of(std::span<const ledger::TableRow> rows) {
  nlohmann::ordered_json out = nlohmann::ordered_json::object();
  for (const ledger::TableRow& row : rows) {
    const ledger::TableShape shape = shape_of(row.table);
    nlohmann::ordered_json cells = nlohmann::ordered_json::object();
    for (std::size_t i = 0; i < shape.columns.size(); ++i)
      cells[std::string(shape.columns[i])] = json_of(row.cells[i], shape.columns[i]);
    if (has_many(row.table))
      out[std::string(shape.name)].push_back(std::move(cells));
    else
      out[std::string(shape.name)] = std::move(cells);
  }
  return out;
}

std::string line_of(const ledger::Answer& listing, std::size_t row) {
  const Listed entry(listing, row);
  std::string out = fmt::format("{:>7}  {:<20}  {:<6}", entry["idx"], entry["time"], entry["kind"]);
  if (entry.has("event"))
    out += fmt::format("  {:<8}  {:5.1f} %  {:9.4f},{:10.4f}  {}", entry["severity"],
                       entry.number("probability_ppm") / kPpmPerPercent,
                       entry.number("lat_e7") / kUnitsPerDegree, entry.number("lon_e7") / kUnitsPerDegree,
                       entry["identifier"]);
  else if (entry.has("name"))
    out += fmt::format("  {} = {}", entry["name"], entry["value"]);
  else
    out += fmt::format("  term {}, epoch {}", entry["term"], entry["epoch"]);
  return out;
}

std::string lines_of(std::span<const ledger::TableRow> rows) {
  std::string out;
  for (const ledger::TableRow& row : rows) {
    const ledger::TableShape shape = shape_of(row.table);
    for (std::size_t i = 0; i < shape.columns.size(); ++i)
      out += fmt::format("{:<22} {}\n", fmt::format("{}.{}", shape.name, shape.columns[i]),
                         shown(row.cells[i], shape.columns[i]));
  }
  return out;
}

std::string table_of(const ledger::Answer& answer) {
  std::string out;
  for (std::size_t i = 0; i < answer.columns.size(); ++i)
    out += (i == 0 ? "" : "\t") + printable(answer.columns[i]);
  out += "\n";
  for (const ledger::Cells& row : answer.rows) {
    for (std::size_t i = 0; i < row.size(); ++i)
      out += (i == 0 ? "" : "\t") + shown(row[i], answer.columns[i]);
    out += "\n";
  }
  return out;
}

}  // namespace skywarden::app
