#include "player.h"

#include <algorithm>
#include <limits>

#include "base/contract.h"
#include "console_group.h"
#include "network/contact_windows.h"
#include "orbit/planes.h"
#include "orbit/walker.h"
#include "replay_shares.h"

namespace skywarden::app {
namespace {

constexpr std::size_t kSatellitesMax = 128;  // of a longer element file the first are flown
constexpr std::size_t kGatewaysMax = 2;
// A short incident lets every satellite vote. Over weeks a group of this many decides, spread over the list,
// and the others follow its log.
constexpr std::size_t kVotersOfLongIncident = 12;
constexpr Duration kLongIncident = std::chrono::hours(72);
// Heartbeats of a group that watches for hours need not be those of a data centre; an incident of a month is
// given slower ones so that playing it takes seconds. Agreement itself does not wait for a heartbeat.
constexpr double kHeartbeatsPerIncident = 40'000.0;
const Metres kSatelliteRangeMax(std::numeric_limits<double>::infinity());  // in sight is enough
constexpr Degrees kElevationMin(5.0);
constexpr Degrees kPlanesApart(5.0);  // satellites whose planes differ by less fail together
constexpr Duration kBulletinEvery = std::chrono::minutes(15);

consensus::RaftOptions raft_options(Duration length) {
  const double seconds = std::clamp(to_seconds(length) / kHeartbeatsPerIncident, 2.0, 60.0);
  consensus::RaftOptions options;
  options.heartbeat = from_seconds(seconds);
  options.election_timeout_min = from_seconds(seconds * 4.0);
  options.election_timeout_max = from_seconds(seconds * 8.0);
  return options;
}

// Twelve satellites by pattern, when the incident names none.
std::vector<orbit::ElementSet> default_satellites(Instant epoch) {
  orbit::WalkerPattern pattern;
  pattern.satellites = 24;
  pattern.planes = 3;
  pattern.inclination = Degrees(87.9);
  pattern.altitude = kilometres(1200.0);
  pattern.epoch = epoch;
  return orbit::walker_elements(pattern).value();
}

}  // namespace

Result<std::unique_ptr<Player>> Player::prepare(const Incident& incident, std::uint64_t seed,
                                                const std::optional<network::LinkRules>& links,
                                                std::span<const RecordModels> models) {
  std::unique_ptr<Player> player(new Player(incident, seed));
  if (const auto built = player->build(links, models); !built) return tl::unexpected(built.error());
  return player;
}

Player::Player(const Incident& incident, std::uint64_t seed) : incident_(incident), random_(seed) {}

void Player::name_nodes() {
  std::vector<orbit::ElementSet> satellites = incident_.satellites;
  const bool invented = satellites.empty();
  if (invented) satellites = default_satellites(incident_.start);
  if (satellites.size() > kSatellitesMax) satellites.resize(kSatellitesMax);
  const bool few_vote =
      incident_.end - incident_.start > kLongIncident && satellites.size() > kVotersOfLongIncident;
  const auto votes = [&](std::size_t i) {
    if (!few_vote) return true;
    return i * kVotersOfLongIncident / satellites.size() !=
           (i + 1) * kVotersOfLongIncident / satellites.size();
  };
  std::uint32_t next = 1;
  for (const orbit::ElementSet& elements : satellites) {
    const std::uint64_t share = votes(orbits_.size()) ? 1 : 0;
    orbits_.emplace_back(elements);
    summary_.voters += share;
    nodes_.push_back({NodeId(next++), orbit::label(elements), elements.norad,
                      invented || incident_.satellites_what_if, true, share});
  }
  ground_ = incident_.ground_stations;
  if (ground_.empty()) {
    const GeoPoint middle{(incident_.bbox.south + incident_.bbox.north) / 2.0,
                          (incident_.bbox.west + incident_.bbox.east) / 2.0};
    ground_.push_back({"Incident desk (what-if)", "事件台站（假设）", middle, Metres(0.0)});
  }
  for (const NamedPoint& station : ground_) {
    if (gateways_.size() < kGatewaysMax) gateways_.push_back(NodeId(next));
    nodes_.push_back({NodeId(next++), station.name, 0, incident_.ground_stations.empty(), false, 0});
  }
}

std::optional<node::ShareDeskOptions> Player::measured_shares(Duration heartbeat) {
  std::vector<orbit::ElementSet> flown;
  for (const orbit::Sgp4& orbit : orbits_) flown.push_back(orbit.elements());
  const std::vector<std::uint32_t> plane_of = orbit::orbital_planes(flown, kPlanesApart);
  std::vector<std::uint32_t> of_voters;
  for (std::size_t i = 0; i < plane_of.size(); ++i)
    if (nodes_[i].share > 0) of_voters.push_back(plane_of[i]);
  ShareRule rule = app::share_rule(of_voters);
  summary_.share_rule = std::move(rule.words);
  if (rule.failures_max == 0) return std::nullopt;
  node::ShareDeskOptions desk =
      share_desk_options(rule.failures_max, heartbeat, incident_.end - incident_.start);
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (nodes_[i].share == 0)
      desk.listeners.insert(nodes_[i].node);
    else
      desk.domains.emplace(nodes_[i].node, consensus::FailureDomain(plane_of[i]));
  }
  return desk;
}

network::LinkRules Player::link_defaults() {
  network::LinkRules rules;
  rules.satellites.range_max = kSatelliteRangeMax;
  rules.ground.elevation_min = kElevationMin;
  return rules;
}

Result<void> Player::build(const std::optional<network::LinkRules>& links,
                           std::span<const RecordModels> models) {
  name_nodes();
  std::vector<network::OrbitingNode> flying;
  std::vector<network::GroundNode> standing;
  std::vector<NodeId> satellites;
  std::vector<NodeId> stations;
  sim::WorldOptions options;
  for (const PlayedNode& node : nodes_) {
    options.shares[node.node] = node.share;
    if (node.is_satellite) {
      flying.push_back({node.node, orbits_[flying.size()].elements()});
      satellites.push_back(node.node);
    } else {
      const NamedPoint& place = ground_[standing.size()];
      standing.push_back({node.node, {place.point, place.altitude}});
      stations.push_back(node.node);
    }
  }
  const Duration length = incident_.end - incident_.start;
  network::ContactOptions contact;
  contact.step = length > kLongIncident ? std::chrono::seconds(120) : std::chrono::seconds(60);
  contact.satellite_range_max = kSatelliteRangeMax;
  contact.elevation_min = kElevationMin;
  auto windows = links ? network::usable_contacts(flying, standing, incident_.start, incident_.end, *links)
                       : network::contact_windows(flying, standing, incident_.start, incident_.end, contact);
  if (!windows) return tl::unexpected(windows.error());
  contact_plan_ = network::ContactPlan(*windows);
  auto paths = sim::contact_paths(satellites, stations, std::move(*windows), {});
  options.loss = 0.02;
  options.loss_spell = std::chrono::milliseconds(500);
  options.jitter = std::chrono::milliseconds(20);
  options.node.raft = raft_options(length);
  options.node.ground.insert(stations.begin(), stations.end());
  options.node.report_retry = options.node.raft.heartbeat;
  options.node.merge_wait = std::max<Duration>(std::chrono::seconds(3), options.node.raft.heartbeat);
  options.node.merge_gap = std::max<Duration>(std::chrono::seconds(30), length / 1000);
  options.node.outbox.retry_first = std::chrono::seconds(2);
  options.node.outbox.retry_longest = std::max<Duration>(std::chrono::minutes(5), length / 240);
  options.node.share_desk = measured_shares(options.node.raft.heartbeat);
  options.node.rejudge_every = std::max<Duration>(std::chrono::minutes(10), length / 60);
  for (const HeatSource& source : incident_.heat_sources)
    options.node.pipeline.detect.sites.known.push_back({source.centre, source.radius});
  agreement_.emplace(options.shares);
  world_ = std::make_unique<sim::World>(options, std::move(paths), random_.fork(1), incident_.start);
  std::vector<NodeId> everybody = satellites;
  everybody.insert(everybody.end(), stations.begin(), stations.end());
  closures_.emplace(std::move(everybody));
  ground_deliveries_.emplace(std::set<NodeId>(stations.begin(), stations.end()));
  world_->watch(this);
  world_->watch(&*ground_deliveries_);
  summary_.nodes = nodes_.size();

  if (const auto done = prepare_records(models); !done) return done;
  std::map<std::string, GeoPoint> weather_stations;
  for (const RecordSource& source : incident_.records)
    for (const NamedPoint& station : source.stations) weather_stations.emplace(station.name, station.point);
  wildfire::DangerOptions danger;
  danger.start = {incident_.start_codes.ffmc, incident_.start_codes.dmc, incident_.start_codes.dc};
  danger_ = std::make_unique<node::DangerDesk>(weather_stations, danger);
  plan();
  return {};
}

Result<void> Player::prepare_records(std::span<const RecordModels> models) {
  EXPECTS(models.empty() || models.size() == incident_.records.size());
  for (std::size_t i = 0; i < incident_.records.size(); ++i) {
    const RecordSource& source = incident_.records[i];
    std::unique_ptr<onboard::NumberReviewer> reviewer;
    node::PrepareModels fitting;
    if (!models.empty()) {
      reviewer = models[i].reviewer(source.schema);
      fitting.completion = reviewer.get();
      if (models[i].anomaly) fitting.anomaly = &*models[i].anomaly;
    }
    auto prepared = node::prepare(source.schema, source.records, fitting);
    if (!prepared) return tl::unexpected(prepared.error());
    prepared_.push_back(std::move(*prepared));
    summary_.methods.push_back(models.empty() ? RecordMethods{source.schema.name, "", ""}
                                              : models[i].methods);
  }
  return {};
}

template <typename Perform>
void Player::at(Instant when, Perform&& perform) {
  agenda_.emplace(when, std::forward<Perform>(perform));
}

void Player::plan() {
  const auto& hotspots = incident_.hotspots;
  for (std::size_t first = 0; first < hotspots.size();) {
    std::size_t last = first;
    while (last < hotspots.size() && hotspots[last].time == hotspots[first].time) ++last;
    at(hotspots[first].time, [=, this] { give_hotspots(first, last); });
    first = last;
  }
  for (std::size_t source = 0; source < prepared_.size(); ++source)
    for (std::size_t i = 0; i < prepared_[source].records.size(); ++i)
      at(prepared_[source].records[i].record.time, [=, this] { give_record(source, i); });
  for (const ScriptFault& fault : incident_.faults) at(fault.at, [&fault, this] { perform(fault); });
  if (!prepared_.empty())
    for (Instant when = incident_.start; when < incident_.end; when += kBulletinEvery)
      at(when, [this] { follow_danger(); });
}

void Player::advance(Instant until) {
  until = std::min(until, incident_.end);
  while (!agenda_.empty() && agenda_.begin()->first <= until) {
    const auto next = agenda_.extract(agenda_.begin());
    world_->run_until(std::max(next.key(), world_->now()));
    next.mapped()();
    cuts_changed();
  }
  world_->run_until(until);
}

void Player::give_hotspots(std::size_t first, std::size_t last) {
  const std::span<const datum::Hotspot> batch(&incident_.hotspots[first], last - first);
  summary_.hotspots += batch.size();
  for (PlayListener* listener : listeners_) listener->on_hotspots(batch);
  for (const NodeId gateway : gateways_) world_->observe(gateway, batch);
}

void Player::give_record(std::size_t source, std::size_t index) {
  const datum::Schema& schema = incident_.records[source].schema;
  const node::PreparedRecord& prepared = prepared_[source].records[index];
  ++summary_.records;
  std::string lost_en;
  for (std::size_t i = 0; i < prepared.record.fields.size(); ++i) {
    const datum::Field& field = prepared.record.fields[i];
    if (std::holds_alternative<datum::Observed>(field))
      ++summary_.fields_observed;
    else if (std::holds_alternative<datum::Estimated>(field))
      ++summary_.fields_estimated;
    else
      ++summary_.fields_missing;
    if (prepared.anomalous[i]) ++summary_.fields_anomalous;
    if (!std::holds_alternative<datum::Observed>(field))
      lost_en += (lost_en.empty() ? "" : ", ") + schema.fields[i].name;
  }
  const std::string& stream = prepared.record.stream;
  if (!lost_en.empty() && silent_.insert(stream).second)
    log(LogKind::kGap, false, fmt::format("{}: {} missing, filled where possible", stream, lost_en),
        fmt::format("{}：缺失 {}，已尽可能补全", stream, lost_en));
  if (lost_en.empty() && silent_.erase(stream) > 0)
    log(LogKind::kFill, false, fmt::format("{}: complete again", stream),
        fmt::format("{}：数据恢复完整", stream));
  for (PlayListener* listener : listeners_) listener->on_record(schema, prepared);
  if (const auto weather = node::weather_of(schema, prepared.record)) danger_->add(stream, *weather);
}

void Player::follow_danger() {
  for (const node::DangerDesk::Change& change : danger_->advance(world_->now())) {
    const wildfire::FireWeather& likely = change.statement.likely;
    DangerNews news;
    news.station = change.station;
    news.time = world_->now();
    news.prior = change.prior;
    news.ffmc = likely.codes.ffmc.value_or(0.0);
    news.dmc = likely.codes.dmc.value_or(0.0);
    news.dc = likely.codes.dc.value_or(0.0);
    news.isi = likely.isi.value_or(0.0);
    news.bui = likely.bui.value_or(0.0);
    news.fwi = likely.fwi.value_or(0.0);
    news.bridged = change.statement.bridged;
    for (PlayListener* listener : listeners_) listener->on_danger(news);
  }
  // Told again and again: bulletins may be lost, and nodes that restart have forgotten.
  if (const auto prior = danger_->prior(world_->now()))
    for (const NodeId gateway : gateways_) world_->announce(gateway, *prior);
}

void Player::perform(const ScriptFault& fault) {
  switch (fault.kind) {
    case FaultKind::kKillLeader: {
      const NodeId leader = world_->leader();
      if (leader == kNobody) break;
      stopped_by_script_.insert(leader);
      kill(leader);
      break;
    }
    case FaultKind::kRestart:
      for (const NodeId node : std::exchange(stopped_by_script_, {})) revive(node);
      break;
    case FaultKind::kPartition: {
      std::vector<std::set<NodeId>> sides;
      for (const auto& group : fault.groups) {
        std::set<NodeId> side;
        for (const PlayedNode& node : nodes_)
          if (std::find(group.begin(), group.end(), node.name) != group.end()) side.insert(node.node);
        if (!side.empty()) sides.push_back(std::move(side));
      }
      ++summary_.partitions;
      world_->split(sides);
      break;
    }
    case FaultKind::kHeal:
      world_->unsplit();
      break;
  }
  const bool mends = fault.kind == FaultKind::kHeal || fault.kind == FaultKind::kRestart;
  if (!fault.text.en.empty())
    log(mends ? LogKind::kHeal : LogKind::kCut, !mends, fault.text.en, fault.text.zh);
}

bool Player::kill(NodeId node) {
  if (node.value() < 1 || node.value() > nodes_.size() || !world_->is_up(node)) return false;
  if (world_->leader() == node) leader_lost_ = {world_->now(), world_->node(node)->raft().term()};
  world_->crash(node, false);
  cuts_changed();
  return true;
}

bool Player::revive(NodeId node) {
  if (node.value() < 1 || node.value() > nodes_.size() || world_->is_up(node)) return false;
  world_->restart(node);
  cuts_changed();
  return true;
}

bool Player::cut(NodeId a, NodeId b) {
  if (a == b || a.value() < 1 || b.value() < 1 || a.value() > nodes_.size() || b.value() > nodes_.size())
    return false;
  world_->cut(a, b);
  cuts_changed();
  log(LogKind::kCut, true, fmt::format("Link {} – {} cut", name(a), name(b)),
      fmt::format("链路 {} – {} 已切断", name(a), name(b)));
  return true;
}

bool Player::heal(NodeId a, NodeId b) {
  if (a == b || a.value() < 1 || b.value() < 1 || a.value() > nodes_.size() || b.value() > nodes_.size())
    return false;
  world_->heal(a, b);
  cuts_changed();
  log(LogKind::kHeal, false, fmt::format("Link {} – {} restored", name(a), name(b)),
      fmt::format("链路 {} – {} 已恢复", name(a), name(b)));
  return true;
}

std::vector<NodePosition> Player::positions() const {
  std::vector<NodePosition> out;
  const Instant t = world_->now();
  std::size_t flying = 0;
  std::size_t standing = 0;
  for (const PlayedNode& node : nodes_) {
    if (!node.is_satellite) {
      const NamedPoint& place = ground_[standing++];
      out.push_back({node.node, place.point, place.altitude});
      continue;
    }
    const auto state = orbits_[flying++].at(t);
    if (!state) continue;  // decayed
    const orbit::Place below = orbit::sub_satellite_point(*state, t);
    out.push_back({node.node, below.point, below.altitude});
  }
  return out;
}

const orbit::Sgp4* Player::orbit(NodeId satellite) const {
  const std::uint32_t id = satellite.value();
  return id >= 1 && id <= orbits_.size() ? &orbits_[id - 1] : nullptr;
}

std::optional<orbit::Place> Player::place(NodeId station) const {
  const std::size_t id = station.value();
  if (id <= orbits_.size() || id > nodes_.size()) return std::nullopt;
  const NamedPoint& place = ground_[id - 1 - orbits_.size()];
  return orbit::Place{place.point, place.altitude};
}

const std::string& Player::name(NodeId node) const {
  return nodes_.at(node.value() - 1).name;
}

void Player::log(LogKind kind, bool warning, std::string en, std::string zh) {
  const LogNews news{world_->now(), warning, kind, {std::move(en), std::move(zh)}};
  for (PlayListener* listener : listeners_) listener->on_log(news);
}

void Player::follow_agreement(const TraceEvent& event) {
  const node::Node* node = event.kind == TraceKind::kEpochRules ? world_->node(event.node) : nullptr;
  const auto turn = node == nullptr
                        ? agreement_->follow(event, nullptr)
                        : agreement_->follow(event, &node->raft().configuration(), node->share_reasons());
  if (!turn) return;
  if (turn->kind == TurnKind::kElected) {
    Bilingual text = election_words(*turn, [this](NodeId who) { return name(who); });
    log(LogKind::kLeader, false, std::move(text.en), std::move(text.zh));
  }
  for (PlayListener* listener : listeners_) listener->on_turn(*turn);
}

void Player::on_trace(const TraceEvent& event) {
  follow_agreement(event);
  switch (event.kind) {
    case TraceKind::kBecameLeader:
      ++summary_.leaders;
      leader_ = event.node;
      break;
    case TraceKind::kCrashed:
      ++summary_.crashes;
      log(LogKind::kCrash, true, fmt::format("{} is down", name(event.node)),
          fmt::format("{} 已停机", name(event.node)));
      break;
    case TraceKind::kRestarted:
      log(LogKind::kRestart, false,
          fmt::format("{} restarts with {} log entries", name(event.node), event.first),
          fmt::format("{} 重新启动，保留日志 {} 条", name(event.node), event.first));
      break;
    case TraceKind::kProposalMade:
      proposed_.emplace(std::pair(event.first, event.second), event.at);
      break;
    case TraceKind::kEntryCommitted:
      if (leader_lost_ && event.second > leader_lost_->second.value()) {
        summary_.leader_loss_to_commit.push_back(event.at - leader_lost_->first);
        leader_lost_.reset();
      }
      break;
    default:
      break;
  }
}

void Player::on_delivery(const sim::Delivery& delivery) {
  for (PlayListener* listener : listeners_) listener->on_bundle(delivery);
}

void Player::on_effects(NodeId node, const node::Effects& effects, Instant now) {
  for (const datum::Alert& alert : effects.alerts)
    if (told_.emplace(alert.proposal.event, alert.proposal.sequence).second) told(alert, now);
  for (const node::Entered& entered : effects.entered) {
    if (entered.entry.index != applied_.next()) continue;  // somebody was first
    applied_ = entered.entry.index;
    for (PlayListener* listener : listeners_) listener->on_entered(entered);
  }
  if (node != leader_) return;
  for (const datum::Finding& finding : effects.findings)
    for (PlayListener* listener : listeners_) listener->on_finding(finding);
}

void Player::told(const datum::Alert& alert, Instant now) {
  const datum::Proposal& p = alert.proposal;
  const auto proposed = proposed_.find({p.event.value(), p.sequence});
  if (proposed != proposed_.end()) commit_ms_.push_back(to_seconds(now - proposed->second) * 1e3);
  if (events_told_.insert(p.event).second) ++summary_.events_told;
  ++(p.kind == datum::ProposalKind::kAlert    ? summary_.alerts
     : p.kind == datum::ProposalKind::kUpdate ? summary_.updates
                                              : summary_.cancels);
  if (!summary_.first_alert_known) {
    summary_.first_alert_known = true;
    summary_.first_alert = now;
    Instant newest{};
    for (const datum::Hotspot& h : incident_.hotspots)
      if (std::binary_search(p.observations.begin(), p.observations.end(), h.id))
        newest = std::max(newest, h.time);
    summary_.observation_to_alert = now - newest;
  }
  std::vector<datum::Alert> chain;
  for (const datum::Alert& earlier : alerts_)
    if (earlier.proposal.event == p.event) chain.push_back(earlier);
  for (PlayListener* listener : listeners_) listener->on_alert(alert, chain);
  alerts_.push_back(alert);
}

PlaySummary Player::summary() const {
  PlaySummary out = summary_;
  out.epoch = agreement_->epoch();
  for (const PlayedNode& node : nodes_)
    out.members.push_back({node.name, consensus::share_of(agreement_->founding(), node.node),
                           consensus::share_of(agreement_->agreed(), node.node),
                           agreement_->changed_in(node.node).value_or(0),
                           share_reasons(*agreement_, node.node, [&](NodeId who) { return name(who); })});
  out.packets_sent = world_->packets_sent();
  out.packets_lost = world_->packets_lost();
  out.bundles_carried = world_->bundles().counts().offered;
  out.bundles_delivered = world_->bundles().counts().delivered;
  for (const node::Prepared& prepared : prepared_)
    for (const datum::MissingReason reason :
         {datum::MissingReason::kOutOfRange, datum::MissingReason::kRateOfChange,
          datum::MissingReason::kStuck, datum::MissingReason::kClockJump})
      out.fields_implausible += prepared.cleaned.count(reason);
  if (!commit_ms_.empty()) {
    std::vector<double> sorted = commit_ms_;
    std::sort(sorted.begin(), sorted.end());
    out.median_commit_ms = sorted[sorted.size() / 2];
  }
  return out;
}

}  // namespace skywarden::app
