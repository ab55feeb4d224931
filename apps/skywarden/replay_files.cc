#include "replay_files.h"

#include <filesystem>

#include "console_feed.h"
#include "formats/read_file.h"
#include "reasoning/explain.h"
#include "wildfire/geojson.h"

namespace skywarden::app {
namespace fs = std::filesystem;

Result<ReplayFiles> ReplayFiles::open(const std::string& folder, const Incident& incident) {
  std::error_code error;
  fs::create_directories(fs::path(folder) / "alerts", error);
  if (error) return fail(Errc::kInputOutput, "{}: cannot be made: {}", folder, error.message());
  for (const auto& entry : fs::directory_iterator(fs::path(folder) / "alerts"))
    if (entry.path().filename().string().starts_with("skywarden-")) fs::remove(entry.path(), error);
  ReplayFiles files(folder, incident);
  if (const auto begun = files.begin_ledger(); !begun) return tl::unexpected<Error>(begun.error());
  return files;
}

// One of all nodes together: whoever applies an entry first.
Result<void> ReplayFiles::begin_ledger() {
  const std::string path = (fs::path(folder_) / ledger::kLedgerName).string();
  std::error_code error;
  for (const char* suffix : {"", "-wal", "-shm"}) fs::remove(path + suffix, error);
  auto opened =
      ledger::LedgerFile::open(path, {}, [](const std::string& why) { fmt::print(stderr, "{}\n", why); });
  if (!opened) return tl::unexpected<Error>(opened.error());
  ledger_.emplace(std::move(*opened));
  return {};
}

ReplayFiles::ReplayFiles(std::string folder, const Incident& incident) : folder_(std::move(folder)) {
  context_.incident = incident.name;
  context_.places = places_of(incident);
  context_.utc_offset_min = incident.utc_offset_min;
  for (const Part& part : incident.parts)
    if (part.provenance != datum::Provenance::kObserved)
      context_.provenance.push_back(
          {part.provenance, part.part + " (" + part.file + ")", part.part + "（" + part.file + "）"});
  if (!incident.inferred_toml.empty()) write("incident.toml", incident.inferred_toml);
}

void ReplayFiles::write(const std::string& relative, const std::string& bytes) {
  const auto done = formats::write_file((fs::path(folder_) / relative).string(), bytes);
  if (!done && failure_.empty()) failure_ = done.error().message;
  if (done) written_.push_back(relative);
}

// One line whenever the leading node's verdict about an event changes.
void ReplayFiles::on_finding(const datum::Finding& finding) {
  const auto [last, first] = verdicts_.emplace(finding.event, finding.verdict);
  if (!first && last->second == finding.verdict) return;
  last->second = finding.verdict;
  decisions_ += reasoning::decision_json(finding) + "\n";
}

void ReplayFiles::on_alert(const datum::Alert& alert, std::span<const datum::Alert> chain) {
  alerts_.push_back(alert);
  const auto cap = wildfire::to_cap(alert, chain, context_);
  if (!cap) {
    if (failure_.empty()) failure_ = cap.error().message;
    return;
  }
  write("alerts/" + wildfire::cap_identifier(alert.proposal) + ".xml", *cap);
}

void ReplayFiles::on_entered(const node::Entered& entered) {
  entering_.push_back(entered);
  if (entering_.size() >= kEntriesTogether) ledger_->enter(std::exchange(entering_, {}));
}

Result<void> ReplayFiles::finish(const std::string& report_html, const std::string& report_json) {
  write("alerts.geojson", wildfire::to_geojson(alerts_, context_.places));
  write("decisions.jsonl", decisions_);
  ledger_->enter(std::exchange(entering_, {}));
  if (ledger_->behind() && failure_.empty()) failure_ = ledger_->path() + ": not whole";
  written_.emplace_back(ledger::kLedgerName);
  ledger_.reset();  // its last writes move from beside the file into it
  write("report.html", report_html);
  write("report.json", report_json);
  if (!failure_.empty()) return fail(Errc::kInputOutput, "{}", failure_);
  return {};
}

}  // namespace skywarden::app
