// bench-completion: how fast records are completed after a cold start and as they arrive, one by one and as
// backlogs, by the trained model over all streams of a system (onboard/complete_stream.h). Hourly records of
// the PRSA files in order of time; of each half of the cells are hidden, at least one. One JSON line a
// figure.
#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "allocations.h"
#include "base/contract.h"
#include "base/random.h"
#include "command_line/command_line.h"
#include "cpu_time.h"
#include "formats/read_file.h"
#include "onboard/complete_fusion.h"
#include "onboard/complete_stream.h"
#include "prsa_records.h"
#include "statistics/quantile.h"

namespace skywarden {
namespace {

using Clock = std::chrono::steady_clock;

struct Arguments {
  PrsaInput from{.model = "models/prsa.fused"};
  std::size_t warm_hours = 1000, hours = 2000, backlog_hours = 24;
  double hidden = 0.5;
  unsigned systems = 2;
};

struct Setup {
  datum::Schema schema;
  std::optional<onboard::FusedModel> model;
  std::vector<datum::Record> records;  // in order of time

  [[nodiscard]] std::unique_ptr<onboard::NumberReviewer> reviewer() const {
    return model ? onboard::make_fused_reviewer(*model, schema, true).value() : nullptr;
  }
};

void hide(std::vector<datum::Record>& records, double share) {
  Random random(7);
  const auto lost = [] { return datum::Missing{datum::MissingReason::kLinkLoss}; };
  for (datum::Record& record : records) {
    for (datum::Field& field : record.fields)
      if (random.chance(share)) field = lost();
    if (std::ranges::none_of(record.fields, [](const datum::Field& field) {
          return std::holds_alternative<datum::Missing>(field);
        }))
      record.fields[random.below(record.fields.size())] = lost();
  }
}

Result<std::optional<onboard::FusedModel>> read_model(const std::string& path, const datum::Schema& schema) {
  if (path == "baseline") return std::nullopt;
  const auto bytes = formats::read_file(path);
  if (!bytes) return tl::unexpected<Error>(bytes.error());
  auto model = onboard::decode_fused_model(std::as_bytes(std::span(*bytes)), schema);
  if (!model) return tl::unexpected<Error>(model.error());
  return std::move(*model);
}

Result<Setup> load(const Arguments& a) {
  auto schema = schema_from(a.from.schema);
  if (!schema) return tl::unexpected<Error>(schema.error());
  Setup out{std::move(*schema), std::nullopt, {}};
  auto model = read_model(a.from.model, out.schema);
  if (!model) return tl::unexpected<Error>(model.error());
  out.model = std::move(*model);
  auto records = prsa_records(a.from.data, out.schema, a.warm_hours + a.hours);
  if (!records) return tl::unexpected<Error>(records.error());
  out.records = std::move(*records);
  hide(out.records, a.hidden);
  return out;
}

std::size_t first_after(const Setup& setup, std::size_t hours) {
  const Instant until = setup.records.front().time + std::chrono::hours(hours);
  return static_cast<std::size_t>(std::ranges::lower_bound(setup.records, until, {}, &datum::Record::time) -
                                  setup.records.begin());
}

// From a model's file and a schema's text, both in the file cache, to the first record completed.
void cold_start(const Setup& setup, const Arguments& a) {
  constexpr int kTimes = 9;
  std::vector<double> ms;
  for (int i = 0; i < kTimes; ++i) {
    const auto began = Clock::now();
    const auto schema = schema_from(a.from.schema);
    auto model = read_model(a.from.model, *schema);
    ENSURES(schema.has_value() && model.has_value());
    onboard::StreamCompleter completer(
        *schema, *model ? onboard::make_fused_reviewer(**model, *schema, true).value() : nullptr);
    ENSURES(completer.complete(setup.records.front()).has_value());
    ms.push_back(std::chrono::duration<double, std::milli>(Clock::now() - began).count());
  }
  fmt::print("{{\"figure\": \"cold start\", \"model\": \"{}\", \"median_ms\": {:.1f}, \"max_ms\": {:.1f}}}\n",
             a.from.model, statistics::quantile(ms, 0.5), *std::ranges::max_element(ms));
  std::fflush(stdout);
}

void one_by_one(const Setup& setup, const Arguments& a) {
  onboard::StreamCompleter completer(setup.schema, setup.reviewer());
  const std::size_t warm = first_after(setup, a.warm_hours);
  std::size_t completed = 0;
  for (std::size_t i = 0; i < warm; ++i) completed += completer.complete(setup.records[i]) ? 1 : 0;
  std::vector<double> us;
  us.reserve(setup.records.size() - warm);
  const std::uint64_t allocated = allocations();
  const double cpu = cpu_seconds();
  const auto began = Clock::now();
  for (std::size_t i = warm; i < setup.records.size(); ++i) {
    const auto asked = Clock::now();
    completed += completer.complete(setup.records[i]) ? 1 : 0;
    us.push_back(std::chrono::duration<double, std::micro>(Clock::now() - asked).count());
  }
  const double wall = std::chrono::duration<double>(Clock::now() - began).count();
  const auto count = static_cast<double>(us.size());
  ENSURES(completed == setup.records.size());
  fmt::print(
      "{{\"figure\": \"records one by one\", \"model\": \"{}\", \"streams\": {}, \"records\": {}, "
      "\"records_per_s\": {:.0f}, \"cpu_us\": {:.1f}, \"allocations\": {:.2f}, \"p50_ms\": {:.4f}, "
      "\"p95_ms\": {:.3f}, \"p99_ms\": "
      "{:.3f}, \"max_ms\": {:.2f}}}\n",
      a.from.model, completer.streams(), us.size(), count / wall, (cpu_seconds() - cpu) / count * 1e6,
      static_cast<double>(allocations() - allocated) / count, statistics::quantile(us, 0.5) * 1e-3,
      statistics::quantile(us, 0.95) * 1e-3, statistics::quantile(us, 0.99) * 1e-3,
      *std::ranges::max_element(us) * 1e-3);
  std::fflush(stdout);
}

// Systems side by side, a thread each, as several regions' would run.
void backlogs(const Setup& setup, const Arguments& a, unsigned systems) {
  const std::size_t warm = first_after(setup, a.warm_hours);
  std::vector<std::unique_ptr<onboard::StreamCompleter>> completers;
  for (unsigned i = 0; i < systems; ++i) {
    completers.push_back(std::make_unique<onboard::StreamCompleter>(setup.schema, setup.reviewer()));
    ENSURES(completers.back()->complete_backlog(std::span(setup.records).first(warm)).size() == warm);
  }
  const double cpu = cpu_seconds();
  const auto began = Clock::now();
  std::vector<std::thread> threads;
  for (auto& completer : completers)
    threads.emplace_back([&setup, &a, &completer, warm] {
      for (std::size_t from = warm, hours = a.warm_hours; from < setup.records.size();) {
        hours += a.backlog_hours;
        const std::size_t to = first_after(setup, hours);
        for (const auto& one : completer->complete_backlog(std::span(setup.records).subspan(from, to - from)))
          ENSURES(one.has_value());
        from = to;
      }
    });
  for (std::thread& thread : threads) thread.join();
  const double wall = std::chrono::duration<double>(Clock::now() - began).count();
  const auto count = static_cast<double>((setup.records.size() - warm) * systems);
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  fmt::print(
      "{{\"figure\": \"records in backlogs\", \"model\": \"{}\", \"systems\": {}, \"backlog_hours\": {}, "
      "\"records\": {:.0f}, \"records_per_s\": {:.0f}, \"cpu_us\": {:.1f}, \"most_memory_mb\": {:.0f}}}\n",
      a.from.model, systems, a.backlog_hours, count, count / wall, (cpu_seconds() - cpu) / count * 1e6,
      static_cast<double>(used.ru_maxrss) / 1024.0);
  std::fflush(stdout);
}

Result<void> run(const Arguments& a) {
  const auto setup = load(a);
  if (!setup) return tl::unexpected<Error>(setup.error());
  if (first_after(*setup, a.warm_hours) >= setup->records.size())
    return fail(Errc::kOutOfRange, "--warm-hours {}: there are no records later", a.warm_hours);
  cold_start(*setup, a);
  one_by_one(*setup, a);
  backlogs(*setup, a, 1);
  if (a.systems > 1) backlogs(*setup, a, a.systems);
  return {};
}

}  // namespace
}  // namespace skywarden

int main(int argc, char** argv) {
  skywarden::Arguments a;
  skywarden::command_line::Program app{"How fast records are completed as they arrive"};
  a.from.add_options(app, "completion model, or baseline");
  app.add_option("--warm-hours", a.warm_hours, "before anything is measured")
      .check(skywarden::command_line::range(1, 100'000))
      .capture_default_str();
  app.add_option("--hours", a.hours, "measured")
      .check(skywarden::command_line::range(1, 100'000))
      .capture_default_str();
  app.add_option("--backlog-hours", a.backlog_hours, "of each backlog")
      .check(skywarden::command_line::range(1, 10'000))
      .capture_default_str();
  app.add_option("--hidden", a.hidden, "share of the cells")
      .check(skywarden::command_line::range(0, 1))
      .capture_default_str();
  app.add_option("--systems", a.systems, "side by side")
      .check(skywarden::command_line::range(1, 64))
      .capture_default_str();
  if (const auto exit_code = app.parse(argc, argv)) return *exit_code;
  const auto ran = skywarden::run(a);
  if (!ran) fmt::print(stderr, "bench-completion: {}\n", ran.error().message);
  return ran ? 0 : 1;
}
