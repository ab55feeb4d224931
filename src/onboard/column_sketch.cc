#include "onboard/column_sketch.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/text.h"
#include "base/time.h"

namespace skywarden::onboard {
namespace {

constexpr std::size_t kWordsMax = 32;
constexpr double kScaledMax = 9e15;  // below 2^53: whole numbers stay exact
constexpr std::array<std::string_view, 15> kMissingWords{"NA",   "N/A", "n/a",  "na",   "NaN",
                                                         "nan",  "NAN", "null", "NULL", "Null",
                                                         "#N/A", "\\N", "None", "nil",  "undefined"};

bool looks_like_date(std::string_view cell) {  // cheap; parse_utc decides
  return cell.size() >= 8 && cell.size() <= 40 && cell[0] >= '0' && cell[0] <= '9' && cell[4] == '-';
}

// Digits behind the point, trailing zeros aside; nothing for other notations.
std::optional<int> decimals_of(std::string_view cell) {
  if (cell.find_first_not_of("+-.0123456789") != std::string_view::npos) return std::nullopt;
  const std::size_t point = cell.find('.');
  if (point == std::string_view::npos) return 0;
  const std::size_t last = cell.find_last_not_of('0');
  return static_cast<int>(last - point);
}

std::int64_t power_of_ten(int exponent) {
  std::int64_t out = 1;
  for (int i = 0; i < exponent; ++i) out *= 10;
  return out;
}

}  // namespace

void ColumnSketch::Range::add(double value) {
  min = count == 0 ? value : std::min(min, value);
  max = count == 0 ? value : std::max(max, value);
  ++count;
}

void ColumnSketch::add(std::string_view cell) {
  cell = trim(cell);
  bytes_max_ = std::max(bytes_max_, cell.size());
  if (cell.empty()) {
    ++empty_;
    return;
  }
  if (std::find(kMissingWords.begin(), kMissingWords.end(), cell) != kMissingWords.end()) {
    ++missing_words_.try_emplace(std::string(cell), 0).first->second;
    return;
  }
  if (const auto value = parse_number(cell)) {
    add_number(cell, *value);
  } else {
    ++words_;
    counts_ = false;
    if (!is_valid_utf8(cell)) ++not_utf8_;
    if (looks_like_date(cell) && parse_utc(cell)) ++iso_times_;
    if (!many_words_) {
      if (cell.size() <= kDistinctBytesMax) ++distinct_words_.try_emplace(std::string(cell), 0).first->second;
      many_words_ = cell.size() > kDistinctBytesMax || distinct_words_.size() > kWordsMax;
      if (many_words_) distinct_words_.clear();
    }
  }
  remember(cell);
}

void ColumnSketch::remember(std::string_view cell) {
  if (many_) return;
  if (cell.size() <= kDistinctBytesMax) ++distinct_.try_emplace(std::string(cell), 0).first->second;
  many_ = cell.size() > kDistinctBytesMax || distinct_.size() > kDistinctMax;
  if (many_) distinct_.clear();
}

void ColumnSketch::add_number(std::string_view cell, double value) {
  ++numbers_;
  if (last_) {
    counts_ = counts_ && value == *last_ + 1.0;
    rises_ = rises_ && value >= *last_;
  }
  last_ = value;
  const auto* mark = std::find(kMarkNumbers.begin(), kMarkNumbers.end(), value);
  if (mark != kMarkNumbers.end()) {
    ++mark_counts_[static_cast<std::size_t>(mark - kMarkNumbers.begin())];
    return;
  }
  rest_.add(value);
  const double delta = value - mean_;
  mean_ += delta / static_cast<double>(rest_.count);
  m2_ += delta * (value - mean_);
  add_to_grid(cell, value);
}

void ColumnSketch::add_to_grid(std::string_view cell, double value) {
  if (off_grid_) return;
  const auto decimals = decimals_of(cell);
  off_grid_ = !decimals || *decimals > kDecimalsMax;
  if (off_grid_) return;
  if (*decimals > decimals_) {
    divisor_ *= power_of_ten(*decimals - decimals_);
    decimals_ = *decimals;
  }
  const double scaled = value * static_cast<double>(power_of_ten(decimals_));
  off_grid_ = std::abs(scaled) > kScaledMax || std::abs(static_cast<double>(divisor_)) > kScaledMax;
  if (!off_grid_) divisor_ = std::gcd(divisor_, static_cast<std::int64_t>(std::llround(scaled)));
}

std::optional<ColumnSketch::Numbers> ColumnSketch::numbers_found() const {
  if (rest_.count == 0) return std::nullopt;
  Numbers out;
  Range all = rest_;
  // What is further from the rest than the rest is wide is a mark; anything nearer is an ordinary reading.
  const double width = rest_.max - rest_.min;
  for (std::size_t i = 0; i < kMarkNumbers.size(); ++i) {
    if (mark_counts_[i] == 0) continue;
    const double value = kMarkNumbers[i];
    const bool far = value < rest_.min - width || value > rest_.max + width;
    if (far)
      out.marks[value] = mark_counts_[i];
    else
      for (std::size_t k = 0; k < mark_counts_[i]; ++k) all.add(value);
  }
  out.min = all.min;
  out.max = all.max;
  out.count = all.count;
  out.deviation = std::sqrt(m2_ / static_cast<double>(rest_.count));
  out.whole = !off_grid_ && decimals_ == 0;
  const bool only_rest = all.count == rest_.count;
  if (!off_grid_ && divisor_ != 0)
    out.step = static_cast<double>(only_rest ? divisor_ : 1) / static_cast<double>(power_of_ten(decimals_));
  return out;
}

}  // namespace skywarden::onboard
