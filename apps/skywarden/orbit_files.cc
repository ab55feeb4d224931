#include "orbit_files.h"

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "formats/read_file.h"
#include "network/link_rules_file.h"
#include "orbit/element_file.h"

namespace skywarden::app {
namespace {

constexpr std::size_t kProblemLinesMax = 20;
constexpr std::size_t kBufferBytes = 1 << 20;
constexpr double kHoursMax = 24.0 * 366.0;

}  // namespace

void print_problems(std::string_view file, const std::vector<datum::RowProblem>& problems) {
  for (std::size_t i = 0; i < std::min(problems.size(), kProblemLinesMax); ++i)
    fmt::print(stderr, "{}\n", datum::to_line(file, problems[i]));
  if (problems.size() > kProblemLinesMax)
    fmt::print(stderr, "{}: {} more problems\n", file, problems.size() - kProblemLinesMax);
}

Result<LoadedElements> load_elements(const std::string& path, bool strict) {
  const auto bytes = formats::read_file(path);
  if (!bytes) return tl::unexpected(bytes.error());
  auto file = orbit::read_elements(*bytes, path, {.checksum_strict = strict});
  if (!file) return tl::unexpected(file.error());
  print_problems(path, file->problems);
  for (auto& warning : file->warnings)
    warning.expected = "warning: " + warning.expected + "; the set is kept";
  print_problems(path, file->warnings);
  if (file->sets.empty()) return fail(Errc::kMalformed, "{}: expected at least one good element set", path);
  return LoadedElements{std::move(file->sets), file->problems.empty()};
}

Result<orbit::StationFile> load_stations(const std::string& path) {
  const auto bytes = formats::read_file(path);
  if (!bytes) return tl::unexpected(bytes.error());
  auto file = orbit::read_stations(*bytes, path);
  if (file) print_problems(path, file->problems);
  return file;
}

Result<network::LinkRules> load_link_rules(const std::string& path, const network::LinkRules& defaults) {
  constexpr std::size_t kRulesBytesMax = 1 << 20;
  const auto text = formats::read_file(path, kRulesBytesMax);
  if (!text) return tl::unexpected(text.error());
  return network::parse_link_rules(*text, path, defaults);
}

Result<Interval> interval_of(const std::string& start, double hours) {
  const auto begin = parse_utc(start);
  if (!begin) return fail(begin.error().code, "--start: {}", begin.error().message);
  if (!(hours > 0.0 && hours <= kHoursMax))
    return fail(Errc::kOutOfRange, "--hours: expected more than 0 and up to {}, found {}", kHoursMax, hours);
  return Interval{*begin, *begin + from_seconds(hours * 3600.0)};
}

TableWriter::TableWriter(std::string path) : path_(std::move(path)) {}

TableWriter::~TableWriter() {
  if (file_ == nullptr || file_ == stdout) return;
  std::fclose(file_);
  std::remove(temporary_.c_str());
}

Result<bool> TableWriter::open() {
  if (path_ == "-") {
    file_ = stdout;
    return true;
  }
  temporary_ = path_ + ".part";
  file_ = std::fopen(temporary_.c_str(), "wb");
  if (file_ == nullptr)
    return fail(Errc::kInputOutput, "{}: cannot be written: {}", path_, std::strerror(errno));
  return true;
}

void TableWriter::flush() {
  if (std::fwrite(buffer_.data(), 1, buffer_.size(), file_) != buffer_.size()) failed_ = true;
  buffer_.clear();
}

void TableWriter::flush_if_long() {
  if (buffer_.size() >= kBufferBytes) flush();
}

Result<bool> TableWriter::close() {
  flush();
  if (std::fflush(file_) != 0) failed_ = true;
  if (file_ != stdout) {
    if (std::fclose(file_) != 0) failed_ = true;
    file_ = nullptr;
    if (!failed_ && std::rename(temporary_.c_str(), path_.c_str()) != 0) failed_ = true;
    if (failed_) std::remove(temporary_.c_str());
  }
  if (failed_) return fail(Errc::kInputOutput, "{}: cannot be written: {}", path_, std::strerror(errno));
  return true;
}

}  // namespace skywarden::app
