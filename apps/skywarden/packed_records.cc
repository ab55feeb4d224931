#include "packed_records.h"

#include <cstdio>
#include <filesystem>
#include <map>
#include <set>

#include "base/text.h"
#include "formats/read_file.h"
#include "onboard/ingest.h"
#include "onboard/record_csv.h"

namespace skywarden::app {
namespace {

constexpr std::size_t kProblemLinesMax = 20;
constexpr std::size_t kNameBytesMax = 200;

std::string stem_of(const std::string& path) {
  std::filesystem::path name = std::filesystem::path(path).filename();
  if (name.extension() == ".gz") name = name.stem();
  return name.stem().string();
}

// A stream's name comes with the bytes of a link: no folder, no hidden file, no control byte.
std::string file_name(const std::string& stream) {
  std::string name = stream.substr(0, kNameBytesMax);
  for (char& c : name)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F || c == '/' || c == '\\' || c == ':') c = '_';
  if (name.empty() || name.front() == '.') name.insert(name.begin(), '_');
  return name + ".csv";
}

}  // namespace

Result<ReadRecords> read_records(const std::vector<std::string>& paths, const datum::Schema& schema) {
  ReadRecords out;
  std::vector<onboard::Source> sources;
  for (const std::string& path : paths) {
    const auto bytes = formats::read_file(path);
    if (!bytes) return tl::unexpected(bytes.error());
    onboard::IngestOptions options;
    options.stream = stem_of(path);
    auto read = onboard::ingest_csv(*bytes, schema, options);
    if (!read) return fail(read.error().code, "{}: {}", path, read.error().message);
    for (std::size_t i = 0; i < read->problems.size() && i < kProblemLinesMax; ++i)
      fmt::print(stderr, "{}\n", datum::to_line(path, read->problems[i]));
    if (read->problems.size() > kProblemLinesMax)
      fmt::print(stderr, "{}: {} more problems\n", path, read->problems.size() - kProblemLinesMax);
    out.sound = out.sound && read->problems.empty();
    sources.push_back({&schema, std::move(read->records)});
  }
  auto merged = onboard::merge(std::move(sources));
  if (!merged) return tl::unexpected(merged.error());
  out.records = std::move(merged->records);
  return out;
}

Result<std::size_t> write_streams(const datum::Schema& schema, std::span<const datum::Record> records,
                                  const std::string& folder) {
  std::map<std::string, std::vector<datum::Record>> streams;
  for (const datum::Record& record : records) streams[record.stream].push_back(record);
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return fail(Errc::kInputOutput, "{}: {}", folder, error.message());
  std::set<std::string> names;
  for (const auto& [stream, members] : streams) {
    const std::string name = file_name(stream);
    if (!names.insert(name).second)
      return fail(Errc::kConflict, "{}: two streams would share the file {}", folder, printable(name));
    const auto csv = onboard::records_to_csv(schema, members);
    if (!csv)
      return fail(Errc::kMalformed, "stream '{}': expected {} parts joined by '/', as the schema's columns",
                  printable(stream), schema.stream_columns.size());
    if (const auto written = formats::write_file((std::filesystem::path(folder) / name).string(), *csv);
        !written)
      return tl::unexpected(written.error());
  }
  return streams.size();
}

}  // namespace skywarden::app
