// What happens while an incident is played, told once each and in order of virtual time. The console, the
// output files and the report all listen to the same news.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "agreement_turn.h"
#include "base/ids.h"
#include "base/time.h"
#include "datum/alert.h"
#include "datum/evidence.h"
#include "datum/finding.h"
#include "datum/hotspot.h"
#include "datum/schema.h"
#include "incident.h"
#include "node/entered.h"
#include "node/intake.h"
#include "sim/bundle_links.h"

namespace skywarden::app {

struct PlayedNode {  // for the console's list and globe
  NodeId node;
  std::string name;
  std::uint32_t norad = 0;  // 0: a ground station
  bool what_if = false;
  bool is_satellite = true;
  std::uint64_t share = 0;
};

struct DangerNews {
  std::string station;
  Instant time{};
  datum::Prior prior;
  double ffmc = 0.0, dmc = 0.0, dc = 0.0, isi = 0.0, bui = 0.0, fwi = 0.0;
  std::string bridged;  // inputs that were missing that day
};

enum class LogKind { kLeader, kCrash, kRestart, kCut, kHeal, kGap, kFill, kInput, kAlert };
struct LogNews {
  Instant time{};
  bool warning = false;
  LogKind kind = LogKind::kInput;
  Bilingual text;
};

class PlayListener {
 public:
  virtual ~PlayListener() = default;
  virtual void on_hotspots(std::span<const datum::Hotspot> /*hotspots*/) {}
  // A station's record after cleaning and completion.
  virtual void on_record(const datum::Schema& /*schema*/, const node::PreparedRecord& /*prepared*/) {}
  virtual void on_danger(const DangerNews& /*danger*/) {}
  virtual void on_finding(const datum::Finding& /*finding*/) {}
  // The first time anybody enters it into the ledger; `chain` are the earlier messages of its event.
  virtual void on_alert(const datum::Alert& /*alert*/, std::span<const datum::Alert> /*chain*/) {}
  // The first time anybody applies an entry of the log; in its order.
  virtual void on_entered(const node::Entered& /*entered*/) {}
  // Something that had no path when it was sent arrived at its receiver as a bundle.
  virtual void on_bundle(const sim::Delivery& /*delivery*/) {}
  virtual void on_log(const LogNews& /*news*/) {}
  virtual void on_turn(const Turn& /*turn*/) {}
};

struct RecordMethods {  // what prepares the records of one schema
  std::string schema;
  std::string completion;  // file of the trained model that completes them; empty: the baseline alone
  std::string anomaly;     // … that judges their readings; empty: thresholds from the records alone
};

struct MemberAtEnd {  // of the group, as last agreed
  std::string name;
  std::uint64_t founded = 0, share = 0;
  std::uint64_t changed_in = 0;      // the epoch of the last change; 0: none since the founding
  std::vector<Bilingual> reasons{};  // why it counts so much
};

// What the player can say at the end.
struct PlaySummary {
  std::uint64_t hotspots = 0, records = 0;
  std::uint64_t fields_observed = 0, fields_estimated = 0, fields_missing = 0, fields_implausible = 0,
                fields_anomalous = 0;
  std::uint64_t events_told = 0, alerts = 0, updates = 0, cancels = 0;
  std::uint64_t leaders = 0, crashes = 0, partitions = 0;
  std::uint64_t packets_sent = 0, packets_lost = 0;          // over paths of the moment
  std::uint64_t bundles_carried = 0, bundles_delivered = 0;  // of what had no path
  std::size_t nodes = 0, voters = 0;
  bool first_alert_known = false;
  Instant first_alert{};
  Duration
      observation_to_alert{};  // of the first alert: newest observation behind it to agreement, virtual time
  double median_commit_ms = 0.0;  // proposal to agreement, virtual time
  std::vector<Duration> leader_loss_to_commit;
  std::uint64_t epoch = 0;             // the last that was agreed; 0: what the group was founded with
  std::vector<MemberAtEnd> members;    // of nodes 1, 2, …
  std::vector<RecordMethods> methods;  // a line a source of records
  Bilingual share_rule;                // whether leaders moved shares by what they measured, and why
  double wall_seconds = 0.0;
};

}  // namespace skywarden::app
