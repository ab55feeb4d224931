// What several benchmarks read: the earliest hours of the air quality stations of the reference data.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "command_line/command_line.h"
#include "datum/record.h"
#include "datum/schema.h"
#include "formats/read_file.h"
#include "onboard/ingest.h"

namespace skywarden {

struct PrsaInput {
  std::string schema = "schemas/prsa.toml", data = {}, model = {};

  // `what` the model is.
  void add_options(command_line::Program& app, const std::string& what) {
    if (const char* folder = std::getenv("SKYWARDEN_DATA")) data = folder;
    app.add_option("--schema", schema, "of the records").capture_default_str();
    app.add_option("--data", data, "folder with completion/prsa (default SKYWARDEN_DATA)");
    app.add_option("--model", model, what).capture_default_str();
  }
};

[[nodiscard]] inline Result<datum::Schema> schema_from(const std::string& path) {
  const auto text = formats::read_file(path);
  if (!text) return tl::unexpected<Error>(text.error());
  auto schema = datum::parse_schema(*text, path);
  if (!schema) return tl::unexpected<Error>(schema.error());
  return std::move(*schema);
}

// At most so many records of each station, all together in order of time.
[[nodiscard]] inline Result<std::vector<datum::Record>> prsa_records(const std::string& data,
                                                                     const datum::Schema& schema,
                                                                     std::size_t of_each) {
  std::vector<std::filesystem::path> files;
  std::error_code code;
  for (const auto& entry : std::filesystem::directory_iterator(data + "/completion/prsa", code))
    if (entry.path().string().find(".csv") != std::string::npos) files.push_back(entry.path());
  if (files.empty()) return fail(Errc::kNotFound, "{}/completion/prsa: no .csv files", data);
  std::ranges::sort(files);
  std::vector<datum::Record> out;
  for (const auto& file : files) {
    const auto bytes = formats::read_file(file.string());
    if (!bytes) return tl::unexpected<Error>(bytes.error());
    auto ingested = onboard::ingest_csv(*bytes, schema);
    if (!ingested) return tl::unexpected<Error>(ingested.error());
    const std::size_t count = std::min(of_each, ingested->records.size());
    std::move(ingested->records.begin(), ingested->records.begin() + static_cast<std::ptrdiff_t>(count),
              std::back_inserter(out));
  }
  std::ranges::stable_sort(out, {}, &datum::Record::time);
  return out;
}

}  // namespace skywarden
