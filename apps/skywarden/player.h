// Plays an incident through the simulator's world: satellites and ground stations are nodes, hotspots and
// station records arrive at the ground when they were made, faults come from the script or from whoever
// watches. Virtual time only; the caller decides how fast it passes. Told to listeners as it happens.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "agreement_story.h"
#include "base/result.h"
#include "closures.h"
#include "incident.h"
#include "network/contact_plan.h"
#include "network/link_rules.h"
#include "node/intake.h"
#include "orbit/earth.h"
#include "orbit/sgp4.h"
#include "play_listener.h"
#include "record_models.h"
#include "sim/ground_deliveries.h"
#include "sim/world.h"

namespace skywarden::app {

struct NodePosition {
  NodeId node;
  GeoPoint point;
  Metres altitude;
};

class Player : private sim::Observer {
 public:
  // Takes its time (contact windows, completion of all records), then is ready at incident.start.
  // Without rules of links whoever is in sight talks. `models`, when given, are as many as incident.records.
  static Result<std::unique_ptr<Player>> prepare(const Incident& incident, std::uint64_t seed,
                                                 const std::optional<network::LinkRules>& links = {},
                                                 std::span<const RecordModels> models = {});
  // What a file of rules does not say.
  [[nodiscard]] static network::LinkRules link_defaults();
  ~Player() override = default;
  Player(const Player&) = delete;
  Player& operator=(const Player&) = delete;

  void listen(PlayListener* listener) { listeners_.push_back(listener); }

  void advance(Instant until);  // at most to the incident's end
  [[nodiscard]] Instant now() const { return world_->now(); }
  [[nodiscard]] bool done() const { return world_->now() >= incident_.end; }

  // What somebody at the console may do; false when it makes no sense now.
  bool kill(NodeId node);
  bool revive(NodeId node);
  bool cut(NodeId a, NodeId b);
  bool heal(NodeId a, NodeId b);

  [[nodiscard]] const std::vector<PlayedNode>& nodes() const { return nodes_; }
  [[nodiscard]] std::vector<NodePosition> positions() const;
  [[nodiscard]] std::vector<sim::Link> links() { return world_->links(); }
  [[nodiscard]] const sim::World& world() const { return *world_; }
  [[nodiscard]] const network::ContactPlan& contact_plan() const { return contact_plan_; }
  [[nodiscard]] const Closures& closures() const { return *closures_; }
  [[nodiscard]] const AgreementStory& agreement() const { return *agreement_; }
  // What prepared the records, as incident.records.
  [[nodiscard]] const std::vector<RecordMethods>& methods() const { return summary_.methods; }
  // Whether leaders measure and move vote shares here, and why.
  [[nodiscard]] const Bilingual& share_rule() const { return summary_.share_rule; }
  [[nodiscard]] const sim::GroundDeliveries& ground_deliveries() const { return *ground_deliveries_; }
  [[nodiscard]] const orbit::Sgp4* orbit(NodeId satellite) const;         // null: none
  [[nodiscard]] std::optional<orbit::Place> place(NodeId station) const;  // nothing: not on the ground
  [[nodiscard]] const std::vector<datum::Alert>& alerts() const { return alerts_; }
  [[nodiscard]] PlaySummary summary() const;

 private:
  Player(const Incident& incident, std::uint64_t seed);
  Result<void> build(const std::optional<network::LinkRules>& links, std::span<const RecordModels> models);
  Result<void> prepare_records(std::span<const RecordModels> models);
  void name_nodes();
  [[nodiscard]] std::optional<node::ShareDeskOptions> measured_shares(Duration heartbeat);
  void plan();
  template <typename Perform>
  void at(Instant when, Perform&& perform);

  void give_hotspots(std::size_t first, std::size_t last);
  void give_record(std::size_t source, std::size_t index);
  void follow_danger();
  void perform(const ScriptFault& fault);
  void cuts_changed() { closures_->follow(world_->cuts(), world_->now()); }
  void log(LogKind kind, bool warning, std::string en, std::string zh);
  [[nodiscard]] const std::string& name(NodeId node) const;

  void on_effects(NodeId node, const node::Effects& effects, Instant now) override;
  void on_trace(const TraceEvent& event) override;
  void on_delivery(const sim::Delivery& delivery) override;
  void follow_agreement(const TraceEvent& event);
  void told(const datum::Alert& alert, Instant now);

  const Incident& incident_;
  Random random_;
  std::vector<PlayedNode> nodes_;  // node ids are 1…n in this order
  std::vector<orbit::Sgp4> orbits_;
  std::vector<NamedPoint> ground_;
  std::vector<NodeId> gateways_;  // ground nodes that are given the hotspots
  network::ContactPlan contact_plan_;
  std::optional<Closures> closures_;
  std::optional<AgreementStory> agreement_;
  std::optional<sim::GroundDeliveries> ground_deliveries_;
  std::unique_ptr<sim::World> world_;
  std::vector<node::Prepared> prepared_;  // as incident.records
  std::unique_ptr<node::DangerDesk> danger_;
  std::multimap<Instant, std::function<void()>> agenda_;
  std::vector<PlayListener*> listeners_;

  std::vector<datum::Alert> alerts_;
  std::set<EventId> events_told_;
  std::set<std::pair<EventId, std::uint32_t>> told_;
  LogIndex applied_;                                                     // by anybody
  std::map<std::pair<std::uint64_t, std::uint64_t>, Instant> proposed_;  // event, sequence
  std::vector<double> commit_ms_;
  std::set<NodeId> stopped_by_script_;
  NodeId leader_;
  std::optional<std::pair<Instant, Term>> leader_lost_;
  std::set<std::string> silent_;  // streams with something missing in their last record
  PlaySummary summary_;
};

}  // namespace skywarden::app
