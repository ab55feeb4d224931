// Plays a scenario: draws its faults and fires from the seed, runs the world through them, heals everything,
// and lets the checkers look.
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <memory>

#include "base/geodesy.h"
#include "network/contact_windows.h"
#include "orbit/sensors.h"
#include "orbit/sgp4.h"
#include "orbit/swath.h"
#include "orbit/walker.h"
#include "sim/checkers.h"
#include "sim/gateway.h"
#include "sim/scenario.h"
#include "wildfire/danger.h"

namespace skywarden::sim {
namespace {

struct Action {
  Instant at{};
  std::function<void()> perform;
};

class Play {
 public:
  Play(const Scenario& scenario, std::uint64_t seed, Observer* observer)
      : scenario_(scenario),
        random_(seed),
        start_(scenario.flown ? scenario.flown->start
                              : from_civil({.year = 2026, .month = 7, .day = 1}).value()),
        fault_end_(start_ + scenario.duration),
        world_(scenario.world, paths(), random_.fork(10), start_),
        checkers_(world_, news_travels(scenario)),
        ground_(learners(scenario)) {
    world_.watch(&checkers_);
    if (scenario.flown) world_.watch(&ground_);
    if (observer != nullptr) world_.watch(observer);
    result_.seed = seed;
  }

  RunResult run() {
    plan_faults(random_.fork(20));
    plan_changes(random_.fork(25));
    plan_fires(random_.fork(30));
    if (scenario_.records)
      plan_bulletins(random_.fork(60));
    else
      plan_weather(random_.fork(50));
    at(fault_end_, [this] { heal_everything(); });
    std::stable_sort(actions_.begin(), actions_.end(),
                     [](const Action& a, const Action& b) { return a.at < b.at; });
    for (const Action& action : actions_) {
      if (action.at > fault_end_ + scenario_.quiet) break;
      world_.run_until(action.at);
      action.perform();
    }
    world_.run_until(fault_end_ + scenario_.quiet);
    checkers_.check_end(world_.now());
    if (const NodeId leader = world_.leader(); leader != kNobody) {
      const auto reasons = world_.node(leader)->share_reasons();
      result_.share_reasons.assign(reasons.begin(), reasons.end());
      if (!reasons.empty()) result_.share_reasons_by = leader;
    }
    return collect();
  }

 private:
  std::unique_ptr<LivePaths> paths() {
    std::vector<NodeId> nodes;
    for (const auto& [id, name] : node_names(scenario_)) nodes.push_back(id);
    if (scenario_.flown) return flown_paths(nodes);
    if (!scenario_.walker) return mesh_paths(nodes, scenario_.mesh, random_.fork(40));
    return orbital_paths(nodes);
  }

  std::unique_ptr<LivePaths> flown_paths(const std::vector<NodeId>& nodes) const {
    const FlownConstellation& flown = *scenario_.flown;
    const auto first_station = nodes.begin() + static_cast<std::ptrdiff_t>(flown.satellites.size());
    return contact_paths({nodes.begin(), first_station}, {first_station, nodes.end()}, flown.contacts,
                         {.terrestrial = flown.terrestrial});
  }

  [[nodiscard]] Instant end() const { return start_ + scenario_.duration + scenario_.quiet; }

  static std::set<NodeId> learners(const Scenario& scenario) {
    std::set<NodeId> out;
    for (const auto& [node, share] : scenario.world.shares)
      if (share == 0) out.insert(node);
    return out;
  }

  // parse_scenario has asked for a pattern that exists.
  std::unique_ptr<LivePaths> orbital_paths(const std::vector<NodeId>& nodes) const {
    const orbit::WalkerPattern pattern = walker_pattern(scenario_, start_);
    const auto elements = orbit::walker_elements(pattern).value();
    std::vector<network::OrbitingNode> flying;
    for (std::size_t i = 0; i < nodes.size(); ++i) flying.push_back({nodes[i], elements[i]});
    network::ContactOptions options;
    options.satellite_range_max = Metres(std::numeric_limits<double>::infinity());
    auto windows = network::contact_windows(flying, {}, start_, end(), options).value();
    return contact_paths(nodes, {}, std::move(windows), {});
  }

  // Heartbeats carry the news of a commit, and some are lost.
  static Duration news_travels(const Scenario& scenario) {
    if (scenario.flown) return scenario.flown->ground_within;
    return std::max<Duration>(std::chrono::seconds(5), 10 * scenario.world.node.raft.heartbeat);
  }

  template <typename Perform>
  void at(Instant when, Perform&& perform) {
    actions_.push_back({when, std::forward<Perform>(perform)});
  }

  // Calls plan(when) at exponentially distributed times of the faulty part.
  template <typename Plan>
  void recurring(Duration mean, Random random, Plan&& plan) {
    if (mean <= Duration::zero()) return;
    Instant when = start_;
    for (;;) {
      when += from_seconds(random.exponential(to_seconds(mean)));
      if (when >= fault_end_) return;
      plan(when, random);
    }
  }

  static Duration draw(const Span& span, Random& random) {
    return from_seconds(random.uniform(to_seconds(span.low), to_seconds(span.high)));
  }

  void plan_faults(const Random& random) {
    const FaultRates& rates = scenario_.faults;
    const std::vector<NodeId> nodes = world_.nodes();
    recurring(rates.crash_every, random.fork(1), [&](Instant when, Random& draws) {
      const NodeId victim = nodes[draws.below(nodes.size())];
      const bool torn = draws.chance(rates.torn_write);
      at(when, [=, this] { world_.crash(victim, torn); });
      at(when + draw(rates.down_for, draws), [=, this] { world_.restart(victim); });
    });
    recurring(rates.kill_leader_every, random.fork(2), [&](Instant when, Random& draws) {
      const Duration down_for = draw(rates.down_for, draws);
      at(when, [=, this] { kill_leader(down_for); });
      at(when + down_for, [this] {
        if (const NodeId victim = std::exchange(killed_leader_, kNobody); victim != kNobody)
          world_.restart(victim);
      });
    });
    recurring(rates.partition_every, random.fork(3), [&](Instant when, Random& draws) {
      std::set<NodeId> side;
      for (const NodeId node : nodes)
        if (draws.chance(0.5)) side.insert(node);
      at(when, [=, this] {
        ++result_.partitions;
        world_.split({side});
      });
      at(when + draw(rates.partition_for, draws), [this] { world_.unsplit(); });
    });
    recurring(rates.cut_every, random.fork(4), [&](Instant when, Random& draws) {
      const NodeId a = nodes[draws.below(nodes.size())];
      const NodeId b = nodes[draws.below(nodes.size())];
      at(when, [=, this] { world_.cut(a, b); });
      at(when + draw(rates.cut_for, draws), [=, this] { world_.heal(a, b); });
    });
  }

  void kill_leader(Duration) {
    const NodeId leader = world_.leader();
    if (leader == kNobody || killed_leader_ != kNobody) return;
    checkers_.leader_killed(world_.now(), world_.node(leader)->raft().term());
    killed_leader_ = leader;
    world_.crash(leader, false);
  }

  void plan_changes(const Random& random) {
    const auto change = [&](Duration every, std::uint64_t stream, void (Play::*perform)(Random)) {
      recurring(every, random.fork(stream), [&](Instant when, Random& draws) {
        at(when, [this, perform, own = Random(draws.next())] { (this->*perform)(own); });
      });
    };
    change(scenario_.changes.shares_every, 1, &Play::change_share);
    change(scenario_.changes.members_every, 2, &Play::change_members);
    change(scenario_.changes.handover_every, 3, &Play::hand_over);
  }

  // What the leader, if there is one, says is so; the caps come with the first change.
  std::optional<consensus::Membership> membership(NodeId leader) const {
    if (leader == kNobody) return std::nullopt;
    auto now = consensus::membership_of(world_.node(leader)->raft().configuration());
    now.failures_max = scenario_.changes.failures_max;
    return now;
  }

  void change_share(Random draws) {
    const NodeId leader = world_.leader();
    auto to = membership(leader);
    if (!to) return;
    auto member = to->shares.begin();
    std::advance(member, draws.below(to->shares.size()));
    const bool behind = world_.node(leader)->raft().lag(member->first).value_or(0) > 0;
    if (member->second == 0 && behind) return;
    member->second = draws.below(scenario_.changes.share_max + 1);
    if (world_.change_membership(leader, *to)) ++result_.changes.shares;
  }

  void change_members(Random draws) {
    const NodeId leader = world_.leader();
    auto to = membership(leader);
    if (!to) return;
    const std::vector<NodeId> nodes = world_.nodes();
    const NodeId node = nodes[draws.below(nodes.size())];
    const bool joins = !to->shares.contains(node);
    if (joins)
      to->shares[node] = 0;
    else
      to->shares.erase(node);
    if (world_.change_membership(leader, *to)) ++(joins ? result_.changes.joins : result_.changes.leaves);
  }

  void hand_over(Random draws) {
    const NodeId leader = world_.leader();
    const auto now = membership(leader);
    if (!now) return;
    auto member = now->shares.begin();
    std::advance(member, draws.below(now->shares.size()));
    if (world_.transfer_leadership(leader, member->first)) ++result_.changes.handovers;
  }

  void plan_weather(Random draws) {
    const std::vector<NodeId> nodes = world_.nodes();
    for (Instant when = start_ + std::chrono::seconds(1); when < fault_end_ + scenario_.quiet;
         when += std::chrono::seconds(5)) {
      const NodeId node = nodes[draws.below(nodes.size())];
      at(when, [=, this] {
        datum::Prior prior;
        prior.as_of = world_.now();
        prior.danger = wildfire::danger_class(scenario_.fwi);
        prior.probability = wildfire::modelled_prior(scenario_.fwi);
        prior.source = "scenario";
        world_.announce(node, prior);
      });
    }
  }

  // The prior of the stations, told by a living node: bulletins may be lost, and nodes that restart have
  // forgotten.
  void plan_bulletins(const Random& random) {
    const Instant end = fault_end_ + scenario_.quiet;
    gateway_ = std::make_unique<Gateway>(*scenario_.records, start_, end, random.fork(1));
    result_.records = gateway_->profile();
    result_.drops = gateway_->drops();
    auto draws = std::make_shared<Random>(random.fork(2));
    for (Instant when = start_; when < end; when += scenario_.records->bulletin_every)
      at(when, [=, this] {
        if (const auto prior = gateway_->prior(world_.now())) tell_somebody(*prior, *draws);
      });
  }

  void tell_somebody(const datum::Prior& prior, Random& draws) {
    std::vector<NodeId> living;
    for (const NodeId node : world_.nodes())
      if (world_.is_up(node)) living.push_back(node);
    if (!living.empty()) world_.announce(living[draws.below(living.size())], prior);
  }

  // Fires that start during the faulty part and grow pixel by pixel; each pixel reaches one or two nodes.
  void plan_fires(const Random& random) {
    for (int i = 0; i < scenario_.fires.fires; ++i) {
      Random draws = random.fork(static_cast<std::uint64_t>(i));
      const GeoPoint origin{draws.uniform(-55.0, 60.0), draws.uniform(-170.0, 170.0)};
      if (scenario_.flown) {
        plan_passes(origin, draws);
        continue;
      }
      Instant when =
          start_ + from_seconds(draws.uniform(
                       1.0, std::max(2.0, to_seconds(scenario_.duration) * scenario_.fires.start_until)));
      const auto pixels = 3 + draws.below(static_cast<std::uint64_t>(scenario_.fires.pixels_max));
      auto fire = std::make_shared<std::vector<ObservationId>>();
      fires_.push_back(fire);
      for (std::uint64_t pixel = 0; pixel < pixels && when < fault_end_; ++pixel) {
        plan_pixel(origin, when, pixel, fire, draws);
        when += from_seconds(draws.exponential(to_seconds(scenario_.fires.grow_every)));
      }
    }
  }

  // What a satellite is known to carry; most of a list of names does not say.
  static std::optional<orbit::SwathSensor> sensor_of(const orbit::ElementSet& elements) {
    const orbit::KnownSensor* known = orbit::sensor_carried_by(elements.norad);
    if (known == nullptr) return std::nullopt;
    const auto half = known->half_angle_deg > 0.0
                          ? std::optional(Degrees(known->half_angle_deg))
                          : orbit::half_angle_of_swath(kilometres(known->swath_km), elements);
    if (!half) return std::nullopt;
    orbit::SwathSensor sensor;
    sensor.off_nadir_min = -*half;
    sensor.off_nadir_max = *half;
    sensor.yaw_steered = known->yaw_steered;
    return sensor;
  }

  // A fire as the flown satellites see it: at every passage of a sensor, all its pixels so far.
  void plan_passes(GeoPoint origin, Random& draws) {
    const Instant begins = start_ + from_seconds(draws.uniform(
                                        0.0, to_seconds(scenario_.duration) * scenario_.fires.start_until));
    auto fire = std::make_shared<std::vector<ObservationId>>();
    fires_.push_back(fire);
    const orbit::Horizon place({origin, Metres(0.0)});
    for (std::size_t i = 0; i < scenario_.flown->satellites.size(); ++i) {
      const orbit::ElementSet& elements = scenario_.flown->satellites[i];
      const auto sensor = sensor_of(elements);
      if (!sensor) continue;
      const NodeId node(static_cast<std::uint32_t>(i + 1));
      for (const orbit::Access& access :
           orbit::find_accesses(orbit::Sgp4(elements), *sensor, {&place, 1}, begins, fault_end_)) {
        const double grown = to_seconds(access.at - begins) / to_seconds(scenario_.fires.grow_every);
        const int pixels = std::min(1 + static_cast<int>(grown), scenario_.fires.pixels_max);
        for (int pixel = 0; pixel < pixels; ++pixel)
          plan_observation(
              seen_pixel(origin, access.at, static_cast<std::uint64_t>(pixel), orbit::label(elements), draws),
              node, fire);
      }
    }
  }

  void plan_pixel(GeoPoint origin, Instant when, std::uint64_t pixel,
                  const std::shared_ptr<std::vector<ObservationId>>& fire, Random& draws) {
    const datum::Hotspot h = seen_pixel(origin, when, pixel, "SIM", draws);
    const std::vector<NodeId> nodes = world_.nodes();
    const int copies = draws.chance(scenario_.fires.seen_twice) ? 2 : 1;
    for (int copy = 0; copy < copies; ++copy) plan_observation(h, nodes[draws.below(nodes.size())], fire);
  }

  static datum::Hotspot seen_pixel(GeoPoint origin, Instant when, std::uint64_t pixel, std::string satellite,
                                   Random& draws) {
    datum::Hotspot h;
    h.time = when;
    h.centre =
        destination(origin, Degrees(draws.uniform(0.0, 360.0)), Metres(150.0 * static_cast<double>(pixel)));
    h.scan = h.track = Metres(400.0);
    h.brightness = Kelvin(draws.uniform(340.0, 367.0));
    h.background = Kelvin(295.0);
    h.radiative_power = megawatts(draws.uniform(5.0, 80.0));
    h.confidence = Probability(draws.uniform(0.7, 0.98));
    h.satellite = std::move(satellite);
    h.instrument = "SIM";
    h.provenance = datum::Provenance::kSimulated;
    h.id = datum::observation_id(h);
    return h;
  }

  void plan_observation(const datum::Hotspot& h, NodeId node,
                        const std::shared_ptr<std::vector<ObservationId>>& fire) {
    at(h.time, [=, this] {
      if (world_.observe(node, {&h, 1})) fire->push_back(h.id);
    });
  }

  void heal_everything() {
    world_.unsplit();
    for (const NodeId a : world_.nodes()) {
      world_.restart(a);
      for (const NodeId b : world_.nodes())
        if (a < b) world_.heal(a, b);
    }
    for (const auto& fire : fires_)
      if (!fire->empty()) checkers_.fire_seen(*fire);
  }

  // Every alert comes to every station, and in time.
  void check_ground() {
    const Duration within = scenario_.flown->ground_within;
    const auto violated = [&](const AlertKey& alert, NodeId ground, std::string_view what) {
      result_.violations.push_back(
          {world_.now(), fmt::format("alert {:016x}-{} {} node {}", alert.first.value(), alert.second, what,
                                     ground.value())});
    };
    for (const auto& [alert, ground] : ground_.missing(world_.now() - within))
      violated(alert, ground, "did not come to");
    for (const GroundDelivery& each : ground_.deliveries())
      if (each.known - each.agreed > within) violated(each.alert, each.ground, "came too late to");
  }

  RunResult collect() {
    result_.hash = world_.trace_hash();
    result_.violations = checkers_.violations();
    if (gateway_)
      for (const Instant contact : gateway_->sacrifices())
        result_.violations.push_back({contact, "critical fields were dropped for less critical ones"});
    result_.commits = checkers_.commits();
    result_.alerts = checkers_.alerts();
    result_.elections = checkers_.elections();
    result_.crashes = checkers_.crashes();
    result_.changes.restored = checkers_.restored();
    result_.fires_seen = checkers_.fires_seen();
    result_.fires_due = checkers_.fires_due();
    result_.packets_sent = world_.packets_sent();
    result_.packets_lost = world_.packets_lost();
    result_.ground = ground_.deliveries();
    if (scenario_.flown) check_ground();
    result_.bundles = world_.bundles().counts();
    result_.leader_loss_to_commit = checkers_.leader_loss_to_commit();
    return result_;
  }

  const Scenario& scenario_;
  Random random_;
  Instant start_;
  Instant fault_end_;
  World world_;
  Checkers checkers_;
  GroundDeliveries ground_;
  RunResult result_;
  std::unique_ptr<Gateway> gateway_;  // of a scenario with records
  std::vector<Action> actions_;
  std::vector<std::shared_ptr<std::vector<ObservationId>>> fires_;
  NodeId killed_leader_;
};

}  // namespace

ChangeCounts& ChangeCounts::operator+=(const ChangeCounts& other) {
  shares += other.shares;
  joins += other.joins;
  leaves += other.leaves;
  handovers += other.handovers;
  restored += other.restored;
  return *this;
}

RunResult run(const Scenario& scenario, std::uint64_t seed, Observer* observer) {
  return Play(scenario, seed, observer).run();
}

}  // namespace skywarden::sim
