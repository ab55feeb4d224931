// What the report remembers of a replay: bounded, whatever the incident's size. Counts stay exact; series and
// lists are thinned or cut, and say so.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "agreement_turn.h"
#include "base/geodesy.h"
#include "base/ids.h"
#include "base/time.h"
#include "datum/evidence.h"
#include "datum/field.h"
#include "datum/proposal.h"
#include "datum/provenance.h"
#include "play_listener.h"
#include "wildfire/alert_level.h"

namespace skywarden::app {

// At most `limit` items, evenly spread over all that were added: when it is full, every second one goes and
// from then on only every second, fourth, … is taken.
template <typename T>
class Thinned {
 public:
  explicit Thinned(std::size_t limit = 512) : limit_(limit) {}
  void add(T item) {
    if (count_++ % stride_ != 0) return;
    items_.push_back(std::move(item));
    if (items_.size() < limit_) return;
    std::size_t kept = 0;
    for (std::size_t i = 0; i < items_.size(); i += 2) items_[kept++] = std::move(items_[i]);
    items_.resize(kept);
    stride_ *= 2;
  }
  [[nodiscard]] const std::vector<T>& items() const { return items_; }
  [[nodiscard]] std::uint64_t count() const { return count_; }  // of all that were added

 private:
  std::size_t limit_;
  std::uint64_t count_ = 0, stride_ = 1;
  std::vector<T> items_;
};

inline constexpr std::size_t kReportHotspotsMax = 60'000;
inline constexpr std::size_t kReportEventsMax = 20'000;
inline constexpr std::size_t kReportMessagesMax = 48;   // of an event: the first and the latest
inline constexpr std::size_t kReportOpinionsMax = 64;   // of an event
inline constexpr std::size_t kReportReasonsMax = 5;     // of a message
inline constexpr std::size_t kReportOutlineMax = 64;    // points
inline constexpr std::size_t kReportStreamsMax = 24;    // whose readings are drawn
inline constexpr std::size_t kReportReadingsMax = 480;  // of a field of a stream
inline constexpr std::size_t kReportMethodsMax = 24;    // of a field, told apart
inline constexpr std::size_t kReportDangerMax = 2'000;
inline constexpr std::size_t kReportStationsMax = 500;
inline constexpr std::size_t kReportLogMax = 1'000;   // of a kind
inline constexpr std::size_t kReportTurnsMax = 200;   // of elections, epochs and restored ledgers each
inline constexpr std::size_t kReportSourcesMax = 64;  // satellite and instrument

struct SeenHotspot {
  Instant time{};
  float lat = 0.0F, lon = 0.0F;
  datum::Provenance provenance = datum::Provenance::kObserved;
};

struct Message {  // an alert, update or cancel as it was agreed
  std::uint32_t sequence = 0;
  datum::ProposalKind kind = datum::ProposalKind::kAlert;
  Instant time{};
  double hectares = 0.0, megawatts = 0.0;
  double probability = 0.0, low = 0.0, high = 0.0, threshold = 0.0;
  datum::DangerClass danger = datum::DangerClass::kModerate;
  wildfire::AlertLevel level;
  GeoPoint centre;
  std::vector<datum::Ring> rings;
  std::vector<datum::ProposalReason> reasons;
  std::size_t observations = 0, findings_merged = 0;
  std::uint64_t shares_for = 0, shares_total = 0, log_index = 0, term = 0;
};

struct Opinion {  // one node's finding
  Instant time{};
  float probability = 0.0F;
  datum::Verdict verdict = datum::Verdict::kAbstained;
};

struct EventStory {
  std::vector<Message> messages;  // by sequence; the middle of a long chain is left out
  std::uint64_t messages_told = 0;
  std::uint64_t fire = 0, no_fire = 0, abstained = 0;  // findings
  bool persistent_source = false;
  Thinned<Opinion> opinions{kReportOpinionsMax};
};

struct FieldTally {
  std::string unit;
  std::uint64_t observed = 0, estimated = 0, missing = 0, anomalous = 0;
  std::map<std::string, std::uint64_t> patterns;  // kinds of hole, filled or not
  std::map<std::string, std::uint64_t> reasons;   // why it stayed missing
  std::map<std::string, std::uint64_t> methods;   // what filled it in
};

enum class ReadingState : std::uint8_t { kObserved, kEstimated, kMissing };
struct Reading {
  Instant time{};
  double value = 0.0, low = 0.0, high = 0.0;
  ReadingState state = ReadingState::kMissing;
  bool anomalous = false;
};
struct StreamSeries {
  std::string schema, stream;
  datum::Provenance provenance = datum::Provenance::kObserved;
  std::uint64_t estimated = 0, missing = 0;
  std::vector<std::string> names, units;  // of number fields
  std::vector<std::size_t> fields;        // their indices in the schema
  std::vector<Thinned<Reading>> readings;
};

struct StationDanger {
  DangerNews latest, worst;  // worst by Fire Weather Index
  std::uint64_t days = 0;
};

struct DangerMark {
  Instant time{};
  datum::DangerClass danger = datum::DangerClass::kModerate;
};

inline constexpr std::size_t kLogKinds = 9;
struct LogLane {
  std::uint64_t count = 0;
  std::vector<LogNews> first;  // the first kReportLogMax
};

struct TurnLane {
  std::uint64_t count = 0;
  std::vector<Turn> first;  // the first kReportTurnsMax
};

struct AgreementNews {
  std::array<std::uint64_t, kElectionCauses> causes{};  // of all elections
  TurnLane elections, begun, agreed, restored;
};

using SourceKey = std::tuple<std::string, std::string, datum::Provenance>;  // satellite, instrument

struct ReportNews {
  Thinned<SeenHotspot> hotspots{kReportHotspotsMax};
  std::map<SourceKey, std::uint64_t> sources;
  std::map<EventId, EventStory> events;
  std::uint64_t events_beyond = 0;  // findings and messages of events past kReportEventsMax
  std::map<std::pair<std::string, std::string>, FieldTally> fields;  // schema, field
  std::map<std::pair<std::string, std::string>, StreamSeries> streams;
  std::uint64_t records_beyond = 0;  // records of streams that are not drawn
  std::map<std::string, StationDanger> stations;
  Thinned<DangerMark> danger{kReportDangerMax};
  std::array<LogLane, kLogKinds> log;
  AgreementNews agreement;
};

[[nodiscard]] constexpr std::size_t lane_of(LogKind kind) {
  return static_cast<std::size_t>(kind);
}

}  // namespace skywarden::app
