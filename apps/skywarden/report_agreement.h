// What the report says of the group itself: whose share counted how much, the elections with their causes,
// the epochs of other shares, the ledgers that came from other nodes. The page's lines and the keys of
// report.json (docs/formats.md) come from the same facts.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "report_facts.h"

namespace skywarden::app {

struct AgreementLine {
  Bilingual label;
  std::string value;
};
[[nodiscard]] std::vector<AgreementLine> agreement_lines(const ReportInput& input);

struct ElectionRow {
  Instant time{};
  std::string leader;
  std::uint64_t term = 0;
  Bilingual cause;  // "SAT-1 went down"
};
inline constexpr std::size_t kElectionRowsMax = 20;
[[nodiscard]] std::vector<ElectionRow> election_rows(const ReportInput& input);  // the first kElectionRowsMax

struct ShareRow {
  std::string member;
  std::uint64_t share = 0;
  Bilingual reasons;  // one line
};
inline constexpr std::size_t kShareRowsMax = 60;
// Of those with a vote at the end, the largest first; the first kShareRowsMax.
[[nodiscard]] std::vector<ShareRow> share_rows(const ReportInput& input);

struct EpochRow {
  Instant begun{};
  std::string epoch;    // "3, joint"
  std::string agreed;   // UTC, or "–"
  std::string changes;  // "SAT-1: 1 to 3"
};
inline constexpr std::size_t kEpochRowsMax = 30;
[[nodiscard]] std::vector<EpochRow> epoch_rows(const ReportInput& input);  // the first kEpochRowsMax

// Adds epoch, share_rule, shares, elections, epochs and restored.
void add_agreement(nlohmann::ordered_json& agreement, const ReportInput& input);

}  // namespace skywarden::app
