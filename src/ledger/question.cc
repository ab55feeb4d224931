#include "ledger/question.h"

#include <cmath>

#include "base/contract.h"
#include "base/text.h"

namespace skywarden::ledger {
namespace {

constexpr double kUnitsPerDegree = 1e7;
constexpr std::size_t kSides = 4;

// Conditions that are joined by AND, each with its values.
class Conditions {
 public:
  std::string value(Cell cell) {
    bound_.push_back(std::move(cell));
    return fmt::format("?{}", bound_.size());
  }
  void add(const std::string& condition) { text_ += (text_.empty() ? " WHERE " : " AND ") + condition; }
  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] Cells take() { return std::move(bound_); }

 private:
  std::string text_;
  Cells bound_;
};

Cell number(std::uint64_t value) {
  return static_cast<std::int64_t>(value);
}

Cell units(double degrees) {
  return static_cast<std::int64_t>(std::llround(degrees * kUnitsPerDegree));
}

void add_box(const GeoBox& box, Conditions& where) {
  const std::string within = fmt::format("south <= {} AND north >= {}", where.value(units(box.north)),
                                         where.value(units(box.south)));
  const std::string west = where.value(units(box.west)), east = where.value(units(box.east));
  const auto meets = [&](const std::string& from, const std::string& to) {
    return fmt::format("SELECT id >> 1 FROM area WHERE {} AND west <= {} AND east >= {}", within, to, from);
  };
  if (box.west <= box.east) return where.add(fmt::format("entry.idx IN ({})", meets(west, east)));
  where.add(fmt::format("entry.idx IN ({} UNION {})", meets(west, "1800000000"), meets("-1800000000", east)));
}

void add_severity(wildfire::Severity least, Conditions& where) {
  std::string words;
  for (auto each = static_cast<int>(least); each <= static_cast<int>(wildfire::Severity::kExtreme); ++each)
    words += (words.empty() ? "" : ",") +
             where.value(std::string(wildfire::cap_word(static_cast<wildfire::Severity>(each))));
  where.add(fmt::format("severity IN ({})", words));
}

}  // namespace

Result<GeoBox> parse_box(std::string_view text) {
  std::vector<double> sides;
  for (std::string_view rest = text; sides.size() <= kSides;) {
    const std::size_t comma = rest.find(',');
    const auto side = parse_number(trim(rest.substr(0, comma)));
    if (!side)
      return fail(Errc::kMalformed, "box '{}': expected SOUTH,WEST,NORTH,EAST in degrees", printable(text));
    sides.push_back(*side);
    if (comma == std::string_view::npos) break;
    rest.remove_prefix(comma + 1);
  }
  if (sides.size() != kSides)
    return fail(Errc::kMalformed, "box '{}': expected SOUTH,WEST,NORTH,EAST in degrees", printable(text));
  const GeoBox box{sides[0], sides[1], sides[2], sides[3]};
  if (box.south < -90.0 || box.north > 90.0 || box.south > box.north || std::abs(box.west) > 180.0 ||
      std::abs(box.east) > 180.0)
    return fail(Errc::kOutOfRange,
                "box '{}': expected -90 <= south <= north <= 90 and longitudes of -180 to 180",
                printable(text));
  return box;
}

Asked select_for(const Question& question) {
  EXPECTS(question.limit >= 1 && question.limit <= kLinesMax);
  Conditions where;
  if (question.from > LogIndex()) where.add("entry.idx >= " + where.value(number(question.from.value())));
  if (question.since)
    where.add("time_ns >= " + where.value(std::int64_t{question.since->time_since_epoch().count()}));
  if (question.until)
    where.add("time_ns < " + where.value(std::int64_t{question.until->time_since_epoch().count()}));
  if (!question.kinds.empty()) {
    std::string words;
    for (const Kind kind : question.kinds)
      words += (words.empty() ? "" : ",") + where.value(std::string(word_for(kind)));
    where.add(fmt::format("entry.kind IN ({})", words));
  }
  if (question.status) where.add("status = " + where.value(*question.status));
  if (question.severity_min) add_severity(*question.severity_min, where);
  if (question.event) where.add("event = " + where.value(fmt::format("{:016x}", question.event->value())));
  if (question.name) {
    const auto bytes = std::as_bytes(std::span(*question.name));
    where.add("name = " + where.value(Blob(bytes.begin(), bytes.end())));
  }
  if (question.box) add_box(*question.box, where);
  if (question.latest)
    where.add(
        "alert.idx IS NOT NULL AND NOT EXISTS (SELECT 1 FROM alert AS later WHERE later.event = alert.event "
        "AND "
        "later.idx > alert.idx)");
  const std::string most = where.value(number(question.limit + 1));
  return {fmt::format("SELECT entry.idx, term, epoch, entry.kind, time, head, event, sequence, identifier, "
                      "status, severity, "
                      "urgency, certainty, probability_ppm, area_m2, lat_e7, lon_e7, name, value FROM entry "
                      "LEFT JOIN alert "
                      "USING (idx) LEFT JOIN value USING (idx){} ORDER BY entry.idx LIMIT {}",
                      where.text(), most),
          where.take()};
}

}  // namespace skywarden::ledger
