#include "report_words.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <cstdlib>

#include "base/text.h"
#include "reasoning/wording.h"
#include "wildfire/cap_xml.h"

namespace skywarden::app {
namespace {

constexpr double kMetresPerMile = 1609.344;

std::string with_separators(std::string digits) {
  for (std::ptrdiff_t at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(static_cast<std::size_t>(at), 1, ',');
  return digits;
}

// How many bytes the UTF-8 sequence at the beginning of the text takes; 0 when it is none.
std::size_t sequence_length(std::string_view text) {
  for (std::size_t length = 1; length <= 4 && length <= text.size(); ++length)
    if (is_valid_utf8(text.substr(0, length))) return length;
  return 0;
}

}  // namespace

std::string plain_text(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = sequence_length(text);
    const auto byte = static_cast<unsigned char>(text[0]);
    if (length == 0)
      out += '?';
    else if (byte < 0x20 || byte == 0x7F)
      out += byte == '\n' || byte == '\t' ? ' ' : '?';
    else
      out += text.substr(0, length);
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

std::string escaped(std::string_view text) {
  return wildfire::xml_escaped(plain_text(text));  // HTML knows XML's five entities
}

std::string three_digits(double value) {
  if (!std::isfinite(value)) return "–";
  const double size = std::abs(value);
  if (size == 0.0) return "0";
  if (size < 0.995) return fmt::format("{:.2f}", value);
  if (size < 9.995) return fmt::format("{:.2f}", value);
  if (size < 99.95) return fmt::format("{:.1f}", value);
  const double digits = std::floor(std::log10(size)) - 2.0;
  const double step = std::pow(10.0, std::max(0.0, digits));
  const std::string text = with_separators(fmt::format("{:.0f}", std::round(size / step) * step));
  return value < 0.0 ? "−" + text : text;
}

std::string counted(std::uint64_t count) {
  return with_separators(std::to_string(count));
}

double rounded(double value, int decimals) {
  const double scale = std::pow(10.0, decimals);
  return std::isfinite(value) ? std::round(value * scale) / scale : 0.0;
}

std::string percent_text(double probability) {
  return reasoning::percent(probability, reasoning::Language::kEnglish);
}

Bilingual area_text(double hectares, bool us_units) {
  const std::string ha = three_digits(hectares);
  const std::string acres = three_digits(hectares * kAcresPerHectare);
  if (us_units) return {acres + " acres (" + ha + " ha)", acres + "英亩（" + ha + "公顷）"};
  return {ha + " ha (" + acres + " acres)", ha + "公顷（" + acres + "英亩）"};
}

Bilingual distance_text(Metres distance, bool us_units) {
  const std::string km = three_digits(distance.value() / 1000.0);
  const std::string miles = three_digits(distance.value() / kMetresPerMile);
  if (us_units) return {miles + " mi (" + km + " km)", miles + "英里（" + km + "公里）"};
  return {km + " km (" + miles + " mi)", km + "公里（" + miles + "英里）"};
}

Bilingual direction_text(Degrees bearing) {
  static constexpr std::array<std::pair<const char*, const char*>, 8> kWords = {{{"north", "北"},
                                                                                 {"north-east", "东北"},
                                                                                 {"east", "东"},
                                                                                 {"south-east", "东南"},
                                                                                 {"south", "南"},
                                                                                 {"south-west", "西南"},
                                                                                 {"west", "西"},
                                                                                 {"north-west", "西北"}}};
  const auto sector = static_cast<std::size_t>(std::lround(bearing.value() / 45.0) & 7);
  return {kWords[sector].first, kWords[sector].second};
}

Bilingual duration_text(Duration duration) {
  const double seconds = to_seconds(duration);
  if (seconds < 60.0) return {three_digits(seconds) + " s", three_digits(seconds) + "秒"};
  const auto minutes = static_cast<long long>(std::llround(seconds / 60.0));
  if (minutes < 60) return {fmt::format("{} min", minutes), fmt::format("{}分钟", minutes)};
  if (const long long hours = minutes / 60; hours >= 48)
    return {fmt::format("{} days {} h", hours / 24, hours % 24),
            fmt::format("{}天{}小时", hours / 24, hours % 24)};
  if (minutes % 60 == 0) return {fmt::format("{} h", minutes / 60), fmt::format("{}小时", minutes / 60)};
  return {fmt::format("{} h {} min", minutes / 60, minutes % 60),
          fmt::format("{}小时{}分钟", minutes / 60, minutes % 60)};
}

std::string LocalClock::stamp(Instant t) const {
  return utc_stamp(t + offset());
}

std::string LocalClock::zone() const {
  if (offset_min_ == 0) return "UTC";
  const int size = std::abs(offset_min_);
  const std::string hours = fmt::format("UTC{}{}", offset_min_ < 0 ? "−" : "+", size / 60);
  return size % 60 == 0 ? hours : fmt::format("{}:{:02}", hours, size % 60);
}

std::string utc_stamp(Instant t) {
  const CivilTime c = to_civil(t);
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}", c.year, c.month, c.day, c.hour, c.minute);
}

}  // namespace skywarden::app
