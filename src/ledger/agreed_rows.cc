#include "ledger/agreed_rows.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "wildfire/alert_area.h"
#include "wildfire/alert_level.h"
#include "wildfire/cap.h"
#include "wildfire/proposal_codec.h"

namespace skywarden::ledger {
namespace {

constexpr std::array<std::string_view, 9> kKindWords = {"term",   "epoch", "alert",    "update", "cancel",
                                                        "untold", "value", "withheld", "unread"};
constexpr std::array<std::string_view, 3> kEvidenceWords = {"measured", "estimated", "modelled"};
constexpr double kUnitsPerDegree = 1e7;

// SQLite's integers are signed; what is beyond them keeps its bits.
Cell number(std::uint64_t value) {
  return static_cast<std::int64_t>(value);
}
Cell text(std::string_view value) {
  return std::string(value);
}
Cell blob(std::span<const std::byte> bytes) {
  return Blob(bytes.begin(), bytes.end());
}
Cell blob(const std::optional<std::string>& value) {
  return value ? blob(std::as_bytes(std::span(*value))) : Cell();
}

Kind kind_of(datum::ProposalKind kind) {
  return kind == datum::ProposalKind::kAlert    ? Kind::kAlert
         : kind == datum::ProposalKind::kUpdate ? Kind::kUpdate
                                                : Kind::kCancel;
}

// GeoJSON coordinates of a ring, exactly as agreed: [[lon,lat],...]; [] when it is unknown.
std::string outline_json(const std::vector<datum::FixedPoint>& outline) {
  std::string out = "[";
  for (const datum::FixedPoint& point : outline)
    out += fmt::format("{}[{:.7f},{:.7f}]", out.size() > 1 ? "," : "",
                       static_cast<double>(point.lon) / kUnitsPerDegree,
                       static_cast<double>(point.lat) / kUnitsPerDegree);
  return out + "]";
}

// A ring round a pole may run on past ±180.
std::int64_t fixed(double degrees, double most) {
  return std::llround(std::clamp(degrees, -most, most) * kUnitsPerDegree);
}

// One box, or two where the area crosses the antimeridian.
void add_boxes(LogIndex index, const datum::Proposal& proposal, std::vector<TableRow>& rows) {
  const auto rings = wildfire::area_rings(proposal);
  for (std::size_t i = 0; i < rings.size() && i < 2; ++i) {
    if (rings[i].empty()) continue;
    const auto [south, north] = std::ranges::minmax(rings[i], {}, &GeoPoint::lat_deg);
    const auto [west, east] = std::ranges::minmax(rings[i], {}, &GeoPoint::lon_deg);
    rows.push_back({Table::kArea,
                    {number(index.value() * 2 + i), fixed(south.lat_deg, 90.0), fixed(north.lat_deg, 90.0),
                     fixed(west.lon_deg, 180.0), fixed(east.lon_deg, 180.0)}});
  }
}

void add_alert(LogIndex index, const datum::Proposal& p, std::vector<TableRow>& rows) {
  const wildfire::AlertLevel level = wildfire::level_of(p);
  const Cell idx = number(index.value());
  rows.push_back({Table::kAlert,
                  {idx, fmt::format("{:016x}", p.event.value()), number(p.sequence),
                   wildfire::cap_identifier(p), text("Exercise"), text(cap_word(level.severity)),
                   text(cap_word(level.urgency)), text(cap_word(level.certainty)), number(p.probability_ppm),
                   number(p.low_ppm), number(p.high_ppm), number(p.threshold_ppm), number(p.area_m2),
                   number(p.power_w), number(p.danger), std::int64_t{p.centre.lat},
                   std::int64_t{p.centre.lon}, number(p.observations.size()), outline_json(p.outline)}});
  add_boxes(index, p, rows);
  for (std::size_t i = 0; i < p.reasons.size(); ++i) {
    const datum::ProposalReason& reason = p.reasons[i];
    rows.push_back({Table::kReason,
                    {idx, number(i), text(kEvidenceWords[static_cast<std::size_t>(reason.kind)]),
                     std::int64_t{reason.log_odds_milli}, std::int64_t{reason.age_ms}, reason.source,
                     reason.text_en, reason.text_zh}});
  }
  for (const NodeId node : p.merged) rows.push_back({Table::kMerged, {idx, number(node.value())}});
}

template <typename Map>
Cell found(const Map& map, NodeId node) {
  const auto at = map.find(node);
  return at == map.end() ? Cell() : number(at->second);
}

void add_epoch(LogIndex index, const consensus::Configuration& c, std::vector<TableRow>& rows) {
  const Cell idx = number(index.value());
  rows.push_back({Table::kEpoch,
                  {idx, number(c.epoch.value()), std::int64_t{c.joint()}, number(c.failures_max),
                   number(c.newest.value())}});
  std::set<NodeId> members;
  for (const auto& [node, share] : c.shares.incoming) members.insert(node);
  for (const auto& [node, share] : c.shares.outgoing) members.insert(node);
  for (const NodeId node : members) {
    const auto domain = c.domains.find(node);
    rows.push_back(
        {Table::kShare,
         {idx, number(node.value()), found(c.shares.incoming, node), found(c.shares.outgoing, node),
          domain == c.domains.end() ? Cell() : number(domain->second.value()),
          std::int64_t{c.witnesses.contains(node)}}});
  }
}

void add_value(LogIndex index, const AgreedValue& value, std::vector<TableRow>& rows) {
  rows.push_back({Table::kValue,
                  {number(index.value()), blob(std::optional(value.name)), blob(value.value),
                   blob(value.expected), std::int64_t{value.compares}}});
}

// `rows` begins with the entry's own, which is filled in last, when its kind is known.
void set_entry(const consensus::Entry& entry, Kind kind, const datum::Proposal* proposal, Cell epoch,
               Cell head, TableRow& row) {
  Cell time_ns, time;
  if (proposal != nullptr) {
    time_ns = proposal->time_ns;
    time = format_utc(Instant(Duration(proposal->time_ns)));
  }
  row.cells = {number(entry.index.value()),
               number(entry.term.value()),
               std::move(epoch),
               text(word_for(kind)),
               std::move(time_ns),
               std::move(time),
               number(entry.payload.size()),
               std::move(head)};
}

}  // namespace

std::string_view word_for(Kind kind) {
  return kKindWords[static_cast<std::size_t>(kind)];
}

std::optional<Kind> kind_named(std::string_view word) {
  const auto at = std::find(kKindWords.begin(), kKindWords.end(), word);
  if (at == kKindWords.end()) return std::nullopt;
  return static_cast<Kind>(at - kKindWords.begin());
}

std::string_view word_for(AgreesOn agrees_on) {
  return agrees_on == AgreesOn::kFires ? "fires" : "values";
}

std::uint64_t epoch_at(const consensus::Entry& entry, std::uint64_t before) {
  if (entry.kind != consensus::EntryKind::kConfiguration) return before;
  const auto configuration = consensus::decode_configuration(entry.payload);
  return configuration ? configuration->epoch.value() : before;
}

std::vector<TableRow> rows_of(const node::Entered& entered, std::uint64_t epoch,
                              const ReadValue& read_value) {
  const consensus::Entry& entry = entered.entry;
  std::vector<TableRow> rows{{Table::kEntry, {}},
                             {Table::kPayload, {number(entry.index.value()), blob(entry.payload)}}};
  Kind kind = Kind::kUnread;
  std::optional<datum::Proposal> proposal;
  if (entry.kind == consensus::EntryKind::kConfiguration) {
    if (const auto configuration = consensus::decode_configuration(entry.payload)) {
      kind = Kind::kEpoch;
      add_epoch(entry.index, *configuration, rows);
    }
  } else if (entry.kind == consensus::EntryKind::kWithheld) {
    kind = Kind::kWithheld;
  } else if (entry.payload.empty()) {
    kind = Kind::kTerm;
  } else if (read_value) {
    if (const auto value = read_value(entry.payload)) {
      kind = Kind::kValue;
      add_value(entry.index, *value, rows);
    }
  } else if (auto decoded = wildfire::decode_proposal(entry.payload)) {
    proposal = std::move(*decoded);
    kind = entered.told ? kind_of(proposal->kind) : Kind::kUntold;
    if (entered.told) add_alert(entry.index, *proposal, rows);
  }
  set_entry(entry, kind, proposal ? &*proposal : nullptr, number(epoch), blob(entered.head), rows.front());
  return rows;
}

std::vector<TableRow> rows_of(const datum::Alert& alert) {
  const consensus::Entry entry{alert.term, alert.index, wildfire::encode(alert.proposal)};
  std::vector<TableRow> rows{{Table::kEntry, {}},
                             {Table::kPayload, {number(entry.index.value()), blob(entry.payload)}}};
  add_alert(entry.index, alert.proposal, rows);
  set_entry(entry, kind_of(alert.proposal.kind), &alert.proposal, {}, {}, rows.front());
  return rows;
}

}  // namespace skywarden::ledger
