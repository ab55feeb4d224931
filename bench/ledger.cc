// How fast entries go into a ledger, and questions over them (docs/formats.md). The log is a drawn one
// (ledger/ledger_example.h), or that of another ledger.
#include <chrono>
#include <nlohmann/json.hpp>

#include "command_line/command_line.h"
#include "cpu_time.h"
#include "ledger/against_log.h"
#include "ledger/ledger_example.h"

namespace skywarden {
namespace {

struct Arguments {
  std::size_t entries = 100'000;
  std::string of;  // a ledger whose entries are taken; empty: drawn
  std::size_t together = 10;
};

template <typename Work>
double milliseconds(const Work& work) {
  const auto began = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - began).count();
}

ledger::Answer answer_of(ledger::LedgerReader& reader, const ledger::Question& question) {
  auto answer = reader.ask(question);
  ENSURES(answer.has_value());
  return std::move(*answer);
}

// As its node handed them out. Of a ledger without gaps.
std::vector<node::Entered> entries_of(const std::string& path) {
  auto reader = ledger::LedgerReader::open(path);
  if (!reader) {
    fmt::print(stderr, "{}\n", reader.error().message);
    std::exit(1);
  }
  std::vector<node::Entered> out;
  storage::EntryChain chain(ledger::example::kIdentity.cluster);
  for (LogIndex index(1); index <= reader->applied().value(); index = index.next()) {
    const auto rows = reader->rows(index).value();
    const ledger::Cells& entry = rows.at(0).cells;
    const auto kind = ledger::kind_named(std::get<std::string>(entry[3]));
    node::Entered each;
    each.entry = {Term(static_cast<std::uint64_t>(std::get<std::int64_t>(entry[1]))), index,
                  std::get<ledger::Blob>(rows.at(1).cells[1]),
                  kind == ledger::Kind::kEpoch ? consensus::EntryKind::kConfiguration
                                               : consensus::EntryKind::kProposal};
    each.told =
        kind == ledger::Kind::kAlert || kind == ledger::Kind::kUpdate || kind == ledger::Kind::kCancel;
    chain.append(each.entry);
    each.head = chain.head();
    each.leader = NodeId(1);
    out.push_back(std::move(each));
  }
  return out;
}

void run(const Arguments& arguments) {
  const auto all =
      arguments.of.empty() ? ledger::example::agreed(1, arguments.entries) : entries_of(arguments.of);
  const ledger::example::Folder folder;
  const double cpu_before = cpu_seconds();
  const double written_ms = milliseconds([&] {
    auto file = ledger::example::open(folder.file());
    for (std::size_t i = 0; i < all.size(); i += arguments.together)
      file.enter(ledger::example::part(all, i, std::min(i + arguments.together, all.size())));
    ENSURES(file.applied() == LogIndex(all.size()));
  });
  const double cpu_s = cpu_seconds() - cpu_before;
  const auto bytes = std::filesystem::file_size(folder.file());

  std::optional<ledger::LedgerReader> reader;
  nlohmann::ordered_json out;
  const double open_ms =
      milliseconds([&] { reader.emplace(std::move(*ledger::LedgerReader::open(folder.file()))); });
  std::int64_t rows = 0;
  const double count_ms = milliseconds([&] {
    for (std::size_t i = 0; i < ledger::kTables; ++i) {
      const auto name = ledger::shape_of(static_cast<ledger::Table>(i)).name;
      rows +=
          std::get<std::int64_t>(reader->ask(fmt::format("SELECT count(*) FROM {}", name), 1)->rows[0][0]);
    }
  });
  const auto entries_per_s = [&](double ms) { return static_cast<double>(all.size()) / ms * 1e3; };
  out["entries"] = all.size();
  out["rows"] = rows;
  out["together"] = arguments.together;
  out["written_per_s"] = std::round(entries_per_s(written_ms));
  out["rows_per_s"] = std::round(static_cast<double>(rows) / written_ms * 1e3);
  out["cpu_us_per_entry"] = cpu_s / static_cast<double>(all.size()) * 1e6;
  out["bytes_per_entry"] = bytes / all.size();
  out["open_ms"] = open_ms;
  const auto ask = [&](const char* name, const ledger::Question& question) {
    std::size_t found = 0;
    out[std::string(name) + "_ms"] = milliseconds([&] { found = answer_of(*reader, question).rows.size(); });
    out[std::string(name) + "_found"] = found;
  };
  ledger::Question question;
  question.box = ledger::GeoBox{38, -123, 41, -120};
  ask("box", question);
  question = {};
  question.kinds = {ledger::Kind::kCancel};
  question.limit = 1000;
  ask("kind", question);
  question = {};
  question.since = parse_utc("2049-01-01").value();
  ask("since", question);
  question = {};
  question.latest = true;
  question.limit = ledger::kLinesMax;
  ask("latest", question);
  out["count_ms"] = count_ms;
  out["verify_ms"] = milliseconds([&] {
    const auto compared = compare(*reader, nullptr, {});
    ENSURES(compared.has_value() && compared->differences == 0 && compared->chained == all.size());
  });
  fmt::print("{}\n", out.dump());
}

}  // namespace
}  // namespace skywarden

int main(int argc, char** argv) {
  skywarden::command_line::Program app{"Entries into a ledger, and questions over them"};
  skywarden::Arguments arguments;
  app.add_option("--entries", arguments.entries, "of a drawn log")
      .capture_default_str()
      .check(skywarden::command_line::range(1, 10'000'000));
  app.add_option("--of", arguments.of, "entries of this ledger of fires instead, which has no gaps");
  app.add_option("--together", arguments.together, "entries in one transaction")
      .capture_default_str()
      .check(skywarden::command_line::range(1, 10'000));
  if (const auto exit_code = app.parse(argc, argv)) return *exit_code;
  skywarden::run(arguments);
  return 0;
}
