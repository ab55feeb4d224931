#include "orbit/time_list.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "orbit/tle.h"

namespace skywarden::orbit {
namespace {

std::string_view cell(std::string_view text) {
  text = trim(text);
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"')
    text = trim(text.substr(1, text.size() - 2));
  return text;
}

// One or two cells. A blank does not separate: it may stand between date and time.
std::vector<std::string_view> cells_of(std::string_view line) {
  const std::size_t cut = line.find_first_of(",;\t");
  if (cut == std::string_view::npos) return {cell(line)};
  return {cell(line.substr(0, cut)), cell(line.substr(cut + 1))};
}

bool is_header(const std::vector<std::string_view>& cells) {
  return std::all_of(cells.begin(), cells.end(), [](std::string_view text) {
    return !text.empty() && text.find_first_of("0123456789") == std::string_view::npos;
  });
}

class TimeListReader {
 public:
  void take(std::string_view line, std::size_t row) {
    const std::vector<std::string_view> cells = cells_of(line);
    if (cells.size() == 1 && (cells[0].empty() || cells[0].front() == '#')) return;
    if (std::exchange(first_, false) && is_header(cells)) {
      time_first_ = cells.size() == 2 && lower_ascii(cells[0]).find("time") != std::string::npos;
      return;
    }
    WantedTime wanted;
    wanted.row = row;
    if (cells.size() == 2) {
      const std::string_view number = cells[time_first_ ? 1 : 0];
      wanted.norad = parse_catalogue_number(number);
      if (!wanted.norad) {
        out_.problems.push_back(
            {row, "norad", fmt::format("expected a catalogue number, found '{}'", printable(number))});
        return;
      }
    }
    const std::string_view text = cells[cells.size() == 2 && !time_first_ ? 1 : 0];
    const auto time = parse_utc(text);
    if (!time) {
      out_.problems.push_back({row, "time", time.error().message});
      return;
    }
    wanted.time = *time;
    wanted.text = text;
    out_.times.push_back(std::move(wanted));
  }

  [[nodiscard]] std::size_t size() const { return out_.times.size(); }
  [[nodiscard]] TimeList result() { return std::move(out_); }

 private:
  TimeList out_;
  bool first_ = true;
  bool time_first_ = false;
};

}  // namespace

Result<TimeList> read_time_list(std::string_view bytes, std::string_view file_name) {
  if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
  TimeListReader reader;
  std::size_t row = 0;
  while (!bytes.empty()) {
    reader.take(take_line(bytes), ++row);
    if (reader.size() > kWantedTimesMax)
      return fail(Errc::kLimitReached, "{}: expected at most {} times", file_name, kWantedTimesMax);
  }
  TimeList list = reader.result();
  if (!list.times.empty()) return list;
  if (!list.problems.empty())
    return fail(Errc::kMalformed, "{}", datum::to_line(file_name, list.problems.front()));
  return fail(Errc::kMalformed, "{}: expected UTC times, one a line, or norad,time rows", file_name);
}

}  // namespace skywarden::orbit
