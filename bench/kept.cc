// bench-kept: what keeping records costs (storage/record_store.h) and what is left of them when the folder is
// too small: hourly records of the PRSA files in order of time, some of them made durable together. The
// folder is removed afterwards. One JSON line a figure.
#include <fmt/format.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <string>

#include "base/contract.h"
#include "command_line/command_line.h"
#include "cpu_time.h"
#include "prsa_records.h"
#include "shell/disk_folder.h"
#include "storage/record_store.h"

namespace skywarden {
namespace {

using Clock = std::chrono::steady_clock;

struct Arguments {
  PrsaInput from;
  std::string folder = "/tmp/bench-kept";
  std::size_t records = 60'000, together = 16;
  std::uint64_t kib = 65'536;
};

struct Cells {
  std::array<std::uint64_t, onboard::kCriticalities> observed{};
};

Cells cells_of(const datum::Schema& schema, std::span<const datum::Record> records) {
  Cells out;
  for (const datum::Record& record : records)
    for (std::size_t f = 0; f < record.fields.size(); ++f)
      if (std::holds_alternative<datum::Observed>(record.fields[f]))
        ++out.observed[static_cast<std::size_t>(schema.fields[f].criticality)];
  return out;
}

Result<void> run(const Arguments& a) {
  const auto schema = schema_from(a.from.schema);
  if (!schema) return tl::unexpected<Error>(schema.error());
  const auto records = prsa_records(a.from.data, *schema, a.records / 12 + 1);
  if (!records) return tl::unexpected<Error>(records.error());
  if (std::filesystem::exists(a.folder)) return fail(Errc::kConflict, "{}: is there already", a.folder);
  auto disk = shell::DiskFolder::take(a.folder);
  if (!disk) return tl::unexpected<Error>(disk.error());
  storage::RecordStoreOptions options;
  options.bytes_max = a.kib << 10;
  if (const auto valid = options.validate(); !valid) return valid;
  {
    auto opened = storage::RecordStore::open(**disk, {&*schema}, options);
    if (!opened) return tl::unexpected<Error>(opened.error());
    storage::RecordStore& store = opened->store;
    const double cpu = cpu_seconds();
    const auto began = Clock::now();
    for (std::size_t i = 0; i < records->size(); ++i) {
      if (const auto added = store.add(0, (*records)[i]); !added) return added;
      if ((i + 1) % a.together == 0)
        if (const auto synced = store.sync(); !synced) return synced;
    }
    if (const auto packed = store.pack(); !packed) return packed;
    const double wall = std::chrono::duration<double>(Clock::now() - began).count();
    const double cpu_us = (cpu_seconds() - cpu) / static_cast<double>(records->size()) * 1e6;
    const storage::RecordStoreStatus status = store.status();
    fmt::print(
        "{{\"figure\": \"records kept\", \"records\": {}, \"together\": {}, \"records_per_s\": {:.0f}, "
        "\"cpu_us\": {:.1f}, \"files\": {}, \"bytes\": [{}, {}, {}], \"thinned\": {}, \"dropped\": {}}}\n",
        records->size(), a.together, static_cast<double>(records->size()) / wall, cpu_us, status.files,
        status.bytes[0], status.bytes[1], status.bytes[2], status.thinned, status.dropped);
  }
  const auto opening = Clock::now();
  ENSURES(storage::RecordStore::open(**disk, {&*schema}, options).has_value());
  const double open_ms = std::chrono::duration<double, std::milli>(Clock::now() - opening).count();
  const auto kept = storage::read_kept(**disk, *schema);
  if (!kept) return tl::unexpected<Error>(kept.error());
  const Cells before = cells_of(*schema, *records), after = cells_of(*schema, kept->records);
  fmt::print(
      "{{\"figure\": \"what is left\", \"kib\": {}, \"open_ms\": {:.0f}, \"records\": {}, \"values\": [{}, "
      "{}, {}], \"of\": [{}, {}, {}]}}\n",
      a.kib, open_ms, kept->records.size(), after.observed[0], after.observed[1], after.observed[2],
      before.observed[0], before.observed[1], before.observed[2]);
  disk->reset();
  std::error_code ignored;
  std::filesystem::remove_all(a.folder, ignored);
  return {};
}

}  // namespace
}  // namespace skywarden

int main(int argc, char** argv) {
  skywarden::Arguments a;
  skywarden::command_line::Program app{"What keeping records costs"};
  a.from.add_options(app, "not used");
  app.add_option("--folder", a.folder, "that is not there yet").capture_default_str();
  app.add_option("--records", a.records, "at most")
      .check(skywarden::command_line::range(1000, 1'000'000))
      .capture_default_str();
  app.add_option("--together", a.together, "records made durable by one wait for the disk")
      .check(skywarden::command_line::range(1, 512))
      .capture_default_str();
  app.add_option("--kib", a.kib, "that the folder may take").capture_default_str();
  if (const auto exit_code = app.parse(argc, argv)) return *exit_code;
  const auto ran = skywarden::run(a);
  if (!ran) fmt::print(stderr, "bench-kept: {}\n", ran.error().message);
  return ran ? 0 : 1;
}
