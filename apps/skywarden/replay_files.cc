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
  return ReplayFiles(folder, incident);
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

Result<void> ReplayFiles::finish(const std::string& report_html, const std::string& report_json) {
  write("alerts.geojson", wildfire::to_geojson(alerts_, context_.places));
  write("decisions.jsonl", decisions_);
  write("report.html", report_html);
  write("report.json", report_json);
  if (!failure_.empty()) return fail(Errc::kInputOutput, "{}", failure_);
  return {};
}

}  // namespace skywarden::app
