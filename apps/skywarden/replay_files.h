// What a replay leaves behind: alerts as CAP, all alerts as GeoJSON, decisions with their reasons, the ledger
// of what was agreed, the report.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "ledger/ledger_file.h"
#include "play_listener.h"
#include "wildfire/cap.h"

namespace skywarden::app {

class ReplayFiles : public PlayListener {
 public:
  // Makes the folder; earlier results in it are replaced, other files are left alone.
  static Result<ReplayFiles> open(const std::string& folder, const Incident& incident);

  void on_finding(const datum::Finding& finding) override;
  void on_alert(const datum::Alert& alert, std::span<const datum::Alert> chain) override;
  void on_entered(const node::Entered& entered) override;

  // Writes what needs the whole play; the first failure, if any.
  Result<void> finish(const std::string& report_html, const std::string& report_json);
  [[nodiscard]] const std::vector<std::string>& written() const { return written_; }
  [[nodiscard]] const std::string& folder() const { return folder_; }

 private:
  static constexpr std::size_t kEntriesTogether = 64;  // in one transaction

  ReplayFiles(std::string folder, const Incident& incident);
  Result<void> begin_ledger();
  void write(const std::string& relative, const std::string& bytes);

  std::string folder_;
  wildfire::CapContext context_;
  std::vector<datum::Alert> alerts_;
  std::map<EventId, datum::Verdict> verdicts_;  // last written of each event
  std::string decisions_;
  std::optional<ledger::LedgerFile> ledger_;
  std::vector<node::Entered> entering_;
  std::vector<std::string> written_;
  std::string failure_;
};

}  // namespace skywarden::app
