#include "onboard/schema_inference.h"

#include <algorithm>
#include <cmath>
#include <unordered_set>

#include "base/hash.h"
#include "base/text.h"
#include "onboard/column_names.h"
#include "onboard/decode.h"

namespace skywarden::onboard {
namespace {

using datum::FieldKind;
using datum::TimeFormat;

constexpr double kTimeShareMin = 0.95;     // of rows whose time a format must read
constexpr double kRepeatsMax = 0.01;       // of rows that may share a time within a stream
constexpr double kWordsShareMax = 0.05;    // of cells in a column of numbers that may be words
constexpr std::size_t kOddWordsMax = 4;    // different ones
constexpr std::size_t kCodesMax = 16;      // different whole numbers that a column named "class" may have
constexpr std::size_t kStreamsMax = 4096;  // as Panel allows
constexpr double kPanelCells = 50e6;       // as Panel allows
constexpr double kMargin = 0.5;            // of the width seen, to either side
constexpr double kUnixMin = 3e8, kUnixMax = 8e9;

std::uint64_t hash_of(std::string_view text) {
  Fnv1a hash;
  hash.add(text);
  return hash.value();
}

// Outwards to two digits of the width, so that limits read like limits.
double rounded_out(double value, double width, bool up) {
  const double step = std::pow(10.0, std::floor(std::log10(width)) - 1.0);
  const double steps = up ? std::ceil(value / step) : std::floor(value / step);
  return step >= 1.0 ? steps * step : steps / std::round(1.0 / step);
}

std::string plain(double value) {
  return fmt::format("{:.12g}", value);
}

struct Limits {
  double min = 0.0, max = 0.0;
};

Limits with_margin(const ColumnSketch::Numbers& seen, const std::string& unit, std::string& reason) {
  double width = seen.max - seen.min;
  if (width <= 0.0) width = std::max(std::abs(seen.max), 1.0);
  Limits out{rounded_out(seen.min - kMargin * width, width, false),
             rounded_out(seen.max + kMargin * width, width, true)};
  reason =
      fmt::format("values {} to {}; half that width added on either side", plain(seen.min), plain(seen.max));
  if (seen.min >= 0.0 && out.min < 0.0) {
    out.min = 0.0;
    reason += ", none below 0";
  }
  if (unit == "%" && seen.min >= 0.0 && seen.max <= 100.0) {
    out = {0.0, 100.0};
    reason = fmt::format("values {} to {}; percent", plain(seen.min), plain(seen.max));
  }
  return out;
}

double one_digit(double value) {
  const double step = std::pow(10.0, std::floor(std::log10(value)));
  const double steps = std::max(1.0, std::round(value / step));
  return step >= 1.0 ? steps * step : steps / std::round(1.0 / step);
}

void fill_number(ProposedField& field, const ColumnSketch::Numbers& seen, ColumnRole role) {
  datum::FieldSpec& spec = field.spec;
  spec.kind = FieldKind::kNumber;
  const bool latitude = role == ColumnRole::kLatitude && seen.min >= -90.0 && seen.max <= 90.0;
  const bool longitude = role == ColumnRole::kLongitude && seen.min >= -180.0 && seen.max <= 360.0;
  const bool turns =
      role == ColumnRole::kDirection && seen.min >= 0.0 && seen.max <= 360.0 && seen.max > 180.0;
  std::string reason;
  if (latitude || longitude) {
    const double side = latitude ? 90.0 : 180.0;
    spec.min = -side;
    spec.max = longitude && seen.max > 180.0 ? 360.0 : side;
    if (spec.unit.empty()) spec.unit = "deg";
    reason = fmt::format("a position by its name; values {} to {}", plain(seen.min), plain(seen.max));
  } else if (turns) {
    spec.min = 0.0;
    spec.max = 360.0;
    spec.circular = true;
    if (spec.unit.empty()) spec.unit = "deg";
    reason =
        fmt::format("a direction by its name; values {} to {} wrap round", plain(seen.min), plain(seen.max));
  } else {
    const Limits limits = with_margin(seen, spec.unit, reason);
    spec.min = limits.min;
    spec.max = limits.max;
  }
  field.reasons.push_back(std::move(reason));
  if (seen.step) {
    spec.resolution = seen.step;
    field.reasons.push_back(fmt::format("every value is a multiple of {}", plain(*seen.step)));
  } else {
    field.reasons.emplace_back("no common grid: computed or converted values");
  }
  if (seen.deviation > 0.0) {
    spec.tolerance_abs = std::max(one_digit(0.1 * seen.deviation), spec.resolution.value_or(0.0));
    field.reasons.push_back(fmt::format(
        "tolerance: a tenth of the spread ({:.3g}); what is near enough is yours to say", seen.deviation));
  }
}

std::vector<std::string> keys_of(const std::map<std::string, std::size_t, std::less<>>& counts) {
  std::vector<std::string> out;
  for (const auto& [key, count] : counts) out.push_back(key);
  return out;
}

void fill_levels(ProposedField& field, std::vector<std::string> levels, bool of_numbers) {
  datum::FieldSpec& spec = field.spec;
  spec.kind = FieldKind::kCategory;
  field.reasons.push_back(fmt::format("{} different values", levels.size()));
  if (of_numbers) {
    std::sort(levels.begin(), levels.end(), [](const std::string& a, const std::string& b) {
      return std::pair(parse_number(a).value_or(0.0), a) < std::pair(parse_number(b).value_or(0.0), b);
    });
  } else if (auto round = circular_levels(levels)) {
    levels = std::move(*round);
    spec.circular = true;
    field.reasons.emplace_back("a circle by their names, in its order");
  } else {
    field.reasons.emplace_back(
        "in the order of the alphabet; put them into their natural order if they have one");
  }
  field.reasons.emplace_back("a level that did not occur here will be reported as malformed");
  spec.levels = std::move(levels);
}

// Words that repeat are levels; words that hardly do are text.
bool are_levels(std::size_t different, std::size_t cells) {
  if (different > SchemaSketch::kLevelsMax || cells < 2) return false;
  return different <= 2 || cells >= 5 * different || (different <= 12 && cells >= 2 * different);
}

bool are_codes(const ColumnSketch& sketch, const ColumnSketch::Numbers& seen, ColumnRole role) {
  const auto* distinct = sketch.distinct();
  if (distinct == nullptr || !seen.whole || sketch.words() > 0) return false;
  const bool binary = distinct->size() == 2 && seen.min == 0.0 && seen.max == 1.0;
  return binary || (role == ColumnRole::kCode && distinct->size() <= kCodesMax);
}

// A column of numbers: nothing else, or a few odd words that stand for "missing".
bool is_numeric(const ColumnSketch& sketch) {
  if (sketch.numbers() == 0) return false;
  const auto cells = static_cast<double>(sketch.numbers() + sketch.words());
  return sketch.words() == 0 ||
         (static_cast<double>(sketch.words()) <= kWordsShareMax * cells &&
          sketch.distinct_words() != nullptr && sketch.distinct_words()->size() <= kOddWordsMax);
}

ProposedField propose_field(const std::string& name, const ColumnSketch& sketch) {
  ProposedField out;
  out.spec.name = name;
  out.spec.unit = unit_in_name(name);
  if (!out.spec.unit.empty()) out.reasons.emplace_back("the unit is the header's");
  const ColumnRole role = role_of_name(name);
  const auto seen = sketch.numbers_found();
  if (is_numeric(sketch) && seen) {
    if (are_codes(sketch, *seen, role)) {
      std::vector<std::string> levels;
      for (const std::string& level : keys_of(*sketch.distinct()))
        if (const auto value = parse_number(level); value && !seen->marks.contains(*value))
          levels.push_back(level);
      fill_levels(out, std::move(levels), true);
    } else {
      fill_number(out, *seen, role);
    }
    return out;
  }
  const auto* distinct = sketch.distinct();
  if (distinct != nullptr && sketch.not_utf8() == 0 &&
      are_levels(distinct->size(), sketch.words() + sketch.numbers())) {
    fill_levels(out, keys_of(*distinct), false);
    return out;
  }
  out.spec.kind = FieldKind::kText;
  out.reasons.push_back(sketch.words() + sketch.numbers() == 0
                            ? std::string("no cell has a value here; text is what any value will fit")
                            : std::string("words that hardly repeat: text"));
  return out;
}

std::string schema_name(std::string_view name) {
  std::string out;
  for (const char c : lower_ascii(name)) {
    const bool fits = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (fits)
      out += c;
    else if (!out.empty() && out.back() != '_')
      out += '_';
  }
  while (out.ends_with('_')) out.pop_back();
  return out.empty() ? "records" : out.substr(0, 64);
}

}  // namespace

Result<std::size_t> SchemaSketch::add_column(std::string_view name) {
  if (names_.size() >= kColumnsMax)
    return fail(Errc::kLimitReached, "expected at most {} columns", kColumnsMax);
  names_.emplace_back(trim(name));
  lower_names_.push_back(lower_ascii(names_.back()));
  sketches_.emplace_back();
  for (std::size_t i = 0; i < rows_; ++i) sketches_.back().add("");
  return names_.size() - 1;
}

void SchemaSketch::find_time_candidates() {
  columns_at_start_ = names_.size();
  std::map<ColumnRole, std::size_t> first;
  for (std::size_t c = 0; c < names_.size(); ++c) first.try_emplace(role_of_name(names_[c]), c);
  const auto offer = [&](TimeFormat format, const std::vector<std::size_t>& columns) {
    TimeCandidate candidate;
    candidate.schema.time_format = format;
    candidate.columns = columns;
    for (const std::size_t c : columns) candidate.schema.time_columns.push_back(names_[c]);
    times_.push_back(std::move(candidate));
  };
  for (std::size_t c = 0; c < names_.size(); ++c) offer(TimeFormat::kIso, {c});
  const auto has = [&](ColumnRole role) { return first.contains(role); };
  if (has(ColumnRole::kYear) && has(ColumnRole::kMonth) && has(ColumnRole::kDay)) {
    std::vector<std::size_t> columns{first[ColumnRole::kYear], first[ColumnRole::kMonth],
                                     first[ColumnRole::kDay]};
    if (has(ColumnRole::kHour)) {
      columns.push_back(first[ColumnRole::kHour]);
      offer(TimeFormat::kYmdh, columns);
      columns.pop_back();
    }
    offer(TimeFormat::kYmdh, columns);
  }
  if (has(ColumnRole::kDate)) {
    for (std::size_t c = 0; c < names_.size(); ++c)
      if (lower_names_[c] == "time" || role_of_name(names_[c]) == ColumnRole::kClock)
        offer(TimeFormat::kFirms, {first[ColumnRole::kDate], c});
  }
  for (std::size_t c = 0; c < names_.size(); ++c)
    if (role_of_name(names_[c]) == ColumnRole::kUnixTime) offer(TimeFormat::kUnix, {c});
}

void SchemaSketch::add_row(std::span<const std::string> cells) {
  if (rows_ == 0) find_time_candidates();
  ++rows_;
  const auto cell = [&](std::size_t c) -> std::string_view {
    return c < cells.size() ? trim(cells[c]) : std::string_view{};
  };
  for (std::size_t c = 0; c < sketches_.size(); ++c) sketches_[c].add(cell(c));
  for (TimeCandidate& candidate : times_) {
    std::vector<std::string_view> parts;
    for (const std::size_t c : candidate.columns) parts.push_back(cell(c));
    if (parts[0].empty() || candidate.right * 2 + 64 < rows_) continue;  // clearly not this one
    if (candidate.schema.time_format == TimeFormat::kIso && parts[0].find('-') == std::string_view::npos)
      continue;
    if (!decode_time(candidate.schema, parts)) continue;
    ++candidate.right;
    if (parts[0].ends_with('Z') || parts[0].find('+') != std::string_view::npos) ++candidate.zoned;
  }
  if (sample_cells_ + sketches_.size() > kSampleCells) return;
  sample_cells_ += sketches_.size();
  std::vector<std::uint64_t>& row = sample_.emplace_back();
  for (std::size_t c = 0; c < sketches_.size(); ++c) row.push_back(hash_of(cell(c)));
}

const SchemaSketch::TimeCandidate* SchemaSketch::choose_time() const {
  const auto rank = [](const TimeCandidate& each) {
    switch (each.schema.time_format) {
      case TimeFormat::kIso:
        return each.zoned > 0 ? 5 : 4;
      case TimeFormat::kYmdh:
        return each.columns.size() == 4 ? 4 : 3;
      case TimeFormat::kFirms:
        return 5;  // a date alone also reads as ISO, but says less
      case TimeFormat::kUnix:
        return 2;
      case TimeFormat::kNone:
        break;
    }
    return 0;
  };
  const TimeCandidate* best = nullptr;
  for (const TimeCandidate& each : times_) {
    if (static_cast<double>(each.right) < kTimeShareMin * static_cast<double>(rows_)) continue;
    if (each.schema.time_format == TimeFormat::kUnix) {
      const ColumnSketch& sketch = sketches_[each.columns[0]];
      const auto seen = sketch.numbers_found();
      const bool epoch = seen && seen->min >= kUnixMin && seen->max <= kUnixMax;
      if (!epoch && !sketch.rises()) continue;  // "T" may well be a temperature
    }
    if (best == nullptr || rank(each) > rank(*best)) best = &each;
  }
  return best;
}

double SchemaSketch::repeats(std::span<const std::size_t> columns) const {
  std::unordered_set<std::uint64_t> seen;  // counted only
  std::size_t again = 0;
  for (const std::vector<std::uint64_t>& row : sample_) {
    Fnv1a hash;
    for (const std::size_t c : columns) hash.add(c < row.size() ? row[c] : hash_of(""));
    if (!seen.insert(hash.value()).second) ++again;
  }
  return sample_.empty() ? 0.0 : static_cast<double>(again) / static_cast<double>(sample_.size());
}

void SchemaSketch::choose_stream(ProposedSchema& out, const TimeCandidate* time,
                                 std::vector<std::size_t>& used) const {
  if (time == nullptr) {
    out.stream_reasons.emplace_back("without a time there is nothing to follow: the file is one stream");
    return;
  }
  const double alone = repeats(time->columns);
  std::vector<std::size_t> candidates;
  std::optional<std::size_t> named;
  for (std::size_t c = 0; c < names_.size(); ++c) {
    const ColumnSketch& sketch = sketches_[c];
    const auto* distinct = sketch.distinct();
    if (std::find(used.begin(), used.end(), c) != used.end() || distinct == nullptr) continue;
    if (sketch.empty_cells() > 0 || !sketch.missing_words().empty() || sketch.not_utf8() > 0) continue;
    const bool by_name = role_of_name(names_[c]) == ColumnRole::kStream;
    if (distinct->size() > kStreamsMax || (sketch.words() == 0 && !by_name)) continue;
    if (sketch.counts_rows()) continue;
    if (by_name && !named) named = c;
    candidates.push_back(c);
  }
  const auto with = [&](std::size_t c) {
    std::vector<std::size_t> columns = time->columns;
    columns.push_back(c);
    return repeats(columns);
  };
  std::optional<std::size_t> chosen;
  if (alone <= kRepeatsMax) {
    chosen = named;
    out.stream_reasons.push_back(named ? "by its name: the column says whose record it is"
                                       : "no two rows share a time: the file is one stream");
  } else {
    double least = kRepeatsMax;
    for (const std::size_t c : candidates) {
      const double share = with(c) - (named && *named == c ? 1e-9 : 0.0);  // a tie goes to the telling name
      if (share > least || (chosen && share == least)) continue;
      least = share;
      chosen = c;
    }
    if (chosen)
      out.stream_reasons.push_back(
          fmt::format("{:.1f} % of the rows share their time with a row before, {:.2g} % when this column is "
                      "compared as well",
                      100.0 * alone, 100.0 * with(*chosen)));
    else
      out.stream_reasons.push_back(fmt::format(
          "{:.1f} % of the rows share their time with a row before and no column tells them apart: one "
          "stream whose times repeat",
          100.0 * alone));
  }
  const double left = chosen ? with(*chosen) : alone;
  out.schema.time_repeats = left > 0.0;  // else contradicting rows would be reported
  if (!chosen) return;
  if (left > 0.0)
    out.stream_reasons.emplace_back("some times still repeat within a stream, and all those rows count");
  out.schema.stream_columns.push_back(names_[*chosen]);
  used.push_back(*chosen);
}

void SchemaSketch::choose_marks(ProposedSchema& out, std::span<const std::size_t> used) const {
  std::map<std::string, std::string> marks;  // and where they were found
  std::map<double, std::string> numbers;
  const auto is_used = [&](std::size_t c) { return std::find(used.begin(), used.end(), c) != used.end(); };
  for (std::size_t c = 0; c < names_.size(); ++c) {
    const std::string where = printable(names_[c]);
    for (const auto& [word, count] : sketches_[c].missing_words()) marks.try_emplace(word, where);
    if (is_used(c) || !is_numeric(sketches_[c])) continue;
    if (const auto* odd = sketches_[c].distinct_words(); odd != nullptr)
      for (const auto& [word, count] : *odd) marks.try_emplace(word, where);
    if (const auto seen = sketches_[c].numbers_found())
      for (const auto& [mark, count] : seen->marks) numbers.try_emplace(mark, where);
  }
  for (const auto& [mark, where] : numbers) {
    // A number that another column holds as a reading cannot stand for "missing" in all of them.
    const auto reading = [&](std::size_t c) {
      const auto seen = sketches_[c].numbers_found();
      return is_numeric(sketches_[c]) && seen && !seen->marks.contains(mark) && mark >= seen->min &&
             mark <= seen->max;
    };
    std::size_t c = 0;
    while (c < names_.size() && !reading(c)) ++c;
    if (c == names_.size())
      marks.try_emplace(plain(mark), where);
    else
      out.mark_reasons.push_back(
          fmt::format("{} in {} is no mark of the whole table, because {} has it as a reading; "
                      "the limits of {} keep it out",
                      plain(mark), where, printable(names_[c]), where));
  }
  for (const auto& [mark, where] : marks) {
    if (!is_valid_utf8(mark)) continue;
    const auto& known = out.schema.missing_marks;
    if (std::find(known.begin(), known.end(), mark) == known.end()) out.schema.missing_marks.push_back(mark);
    out.mark_reasons.push_back(fmt::format("'{}' found in {}", printable(mark), where));
  }
}

Result<ProposedSchema> SchemaSketch::propose(std::string_view name) const {
  if (rows_ == 0) return fail(Errc::kMalformed, "expected rows of data below the header, found none");
  ProposedSchema out;
  out.rows = rows_;
  out.schema.name = schema_name(name);
  std::vector<std::size_t> used;
  const TimeCandidate* time = choose_time();
  if (time != nullptr) {
    out.schema.time_columns = time->schema.time_columns;
    out.schema.time_format = time->schema.time_format;
    used = time->columns;
    out.time_reasons.push_back(fmt::format("reads the time of {} of {} rows", time->right, rows_));
    if (time->schema.time_format == TimeFormat::kUnix) {
      const auto seen = sketches_[time->columns[0]].numbers_found();
      if (seen && seen->max < kUnixMin)
        out.time_reasons.emplace_back(
            "seconds that only rise, but not since 1970: dates will be wrong, steps right");
    } else if (time->zoned == 0) {
      out.time_reasons.emplace_back(
          "no zone is written: taken as UTC; set utc_offset_min if the clocks are local");
    }
  } else {
    out.schema.time_format = TimeFormat::kNone;
    out.schema.time_repeats = true;
    out.time_reasons.emplace_back(
        "no column reads as a time: rows are apart from one another, in the file's order");
  }
  const std::vector<std::size_t> time_columns = used;
  choose_stream(out, time, used);
  choose_marks(out, used);
  std::unordered_set<std::string> taken;
  for (const std::size_t c : used) taken.insert(lower_names_[c]);
  for (std::size_t c = 0; c < names_.size(); ++c) {
    if (std::find(used.begin(), used.end(), c) != used.end()) continue;
    const std::string shown = printable(names_[c]);
    const ColumnRole role = role_of_name(names_[c]);
    const bool part_of_time = role == ColumnRole::kYear || role == ColumnRole::kMonth ||
                              role == ColumnRole::kDay || role == ColumnRole::kHour ||
                              role == ColumnRole::kMinute;
    if (names_[c].empty() || !is_valid_utf8(names_[c])) {
      out.left_out.push_back(fmt::format("column {}: no name that a schema can hold", c + 1));
    } else if (!taken.insert(lower_names_[c]).second) {
      out.left_out.push_back(fmt::format("{}: another column has this name", shown));
    } else if (time != nullptr && part_of_time && is_numeric(sketches_[c])) {
      out.left_out.push_back(fmt::format("{}: a part of the time, which is read elsewhere", shown));
    } else if (sketches_[c].counts_rows() && role != ColumnRole::kLatitude) {
      out.left_out.push_back(fmt::format("{}: counts the rows", shown));
    } else if (out.fields.size() >= kFieldsMax) {
      out.left_out.push_back(fmt::format("{}: a schema holds at most {} fields", shown, kFieldsMax));
    } else {
      out.fields.push_back(propose_field(names_[c], sketches_[c]));
    }
  }
  if (out.fields.empty()) return fail(Errc::kNotFound, "expected at least one column beside time and stream");
  if (!out.schema.stream_columns.empty() && time != nullptr) {
    const auto* streams = sketches_[used.back()].distinct();
    const double cells = static_cast<double>(rows_) * static_cast<double>(streams->size()) *
                         static_cast<double>(out.fields.size());
    const double shared = 1.0 - repeats(time_columns);  // of the rows, those with a time of their own
    if (cells * shared > kPanelCells)
      out.warnings.push_back(
          fmt::format("about {:.0f} million cells as times × streams × fields, more than complete "
                      "takes at once ({:.0f} million): split the file",
                      cells * shared / 1e6, kPanelCells / 1e6));
  }
  return out;
}

}  // namespace skywarden::onboard
