// A scenario: which nodes, which links, which faults, which fires, which weather. A small TOML file; with a
// seed it is a whole run. docs/formats.md lists the keys.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "network/link_rules.h"
#include "orbit/elements.h"
#include "orbit/stations.h"
#include "orbit/walker.h"
#include "sim/gateway.h"
#include "sim/ground_deliveries.h"
#include "sim/record_link.h"
#include "sim/world.h"

namespace skywarden::sim {

struct Span {  // a duration drawn uniformly from [low, high]
  Duration low{}, high{};
};

struct FaultRates {        // mean time between faults of a kind; zero: none
  Duration crash_every{};  // one node
  Duration kill_leader_every{};
  Duration partition_every{};  // two random sides
  Duration cut_every{};        // one link
  Span down_for{std::chrono::seconds(1), std::chrono::seconds(5)};
  Span partition_for{std::chrono::seconds(1), std::chrono::seconds(8)};
  Span cut_for{std::chrono::seconds(1), std::chrono::seconds(10)};
  double torn_write = 0.5;  // of the crashes
};

struct ChangeRates {          // mean time between changes of a kind that the leader is asked for; zero: none
  Duration shares_every{};    // a voter gets another share, a learner that has caught up gets one
  Duration members_every{};   // somebody joins, as a learner, or leaves
  Duration handover_every{};  // another voter leads
  std::uint64_t share_max = 5;
  std::uint32_t failures_max = 0;  // f: no change leaves f voters with half of all shares
};

struct FireScript {
  int fires = 2;
  int pixels_max = 12;                            // of one fire
  Duration grow_every = std::chrono::seconds(5);  // a new pixel or two
  double start_until = 0.8;                       // they start in this first part of the duration
  double seen_twice = 0.3;                        // the same observation reaches two nodes
};

struct WalkerConstellation {  // i:T/P/F at one altitude
  double inclination_deg = 97.8;
  double altitude_km = 550.0;
  int planes = 3;
  int phasing = 1;
};

// Real orbits instead of a pattern: satellites of an element file vote, stations on the ground listen. Fires
// are seen by the sensors that satellites are known to carry (orbit/sensors.h), when they pass over them.
struct FlownConstellation {
  std::string elements_file, stations_file,
      links_file;  // beside the scenario; whoever parses it reads them and calls fly()
  Instant start{};
  Metres satellite_range_max = kilometres(5000.0);
  Degrees elevation_min{5.0};
  Duration ground_within = std::chrono::hours(12);  // promised: from agreement to every station
  std::optional<network::LinkRules> links;          // else constant rates between all in sight
  bool terrestrial = true;                          // stations are joined on the ground
  // Filled by fly(); no seed changes them.
  std::vector<orbit::ElementSet> satellites;
  std::vector<orbit::Station> stations;
  std::vector<network::ContactWindow> contacts;  // nodes as in node_names()
};

struct Scenario {
  std::string name, about;
  int nodes = 12;
  int learners = 0;                   // of the nodes, the last ones have no vote
  int outside = 0;                    // further nodes, which do not belong to the group in the beginning
  std::vector<std::uint64_t> shares;  // of the voters; empty: one each
  Duration duration = std::chrono::seconds(60);
  Duration quiet = std::chrono::seconds(20);  // then everything is healed and must recover within this
  std::optional<WalkerConstellation> walker;  // links from orbits; else a mesh
  std::optional<FlownConstellation> flown;    // the same; excludes walker
  MeshOptions mesh;
  WorldOptions world;  // shares are set from the above
  FaultRates faults;
  ChangeRates changes;
  FireScript fires;
  double fwi = 45.0;                    // the day's Fire Weather Index, told again and again by some node
  std::optional<RecordScript> records;  // weather stations; then the prior is theirs and `fwi` is not used
};

[[nodiscard]] orbit::WalkerPattern walker_pattern(const Scenario& scenario, Instant epoch);  // expects walker
// Gives a scenario with a flown constellation its nodes (satellites, then stations) and their contacts over
// the whole time. kOutOfRange without satellites or with too many; errors of contact_windows and
// usable_contacts.
[[nodiscard]] Result<void> fly(Scenario& scenario, std::vector<orbit::ElementSet> satellites,
                               std::vector<orbit::Station> stations);
[[nodiscard]] std::map<NodeId, std::string> node_names(const Scenario& scenario);
[[nodiscard]] Result<Scenario> parse_scenario(std::string_view toml_text, std::string_view file_name);

struct Violation {
  Instant at{};
  std::string what;
};

struct ChangeCounts {
  std::uint64_t shares = 0, joins = 0, leaves = 0, handovers = 0;  // that a leader took up
  std::uint64_t restored = 0;  // ledgers taken over from another node's snapshot
  ChangeCounts& operator+=(const ChangeCounts& other);
};

struct RunResult {
  std::uint64_t seed = 0;
  std::uint64_t hash = 0;  // of the whole trace
  std::vector<Violation> violations;
  std::uint64_t commits = 0;  // entries committed somewhere for the first time
  std::uint64_t alerts = 0;
  std::uint64_t elections = 0;  // leaders made
  std::uint64_t crashes = 0, partitions = 0;
  ChangeCounts changes;
  std::uint64_t fires_seen = 0;  // by living nodes
  std::uint64_t fires_due = 0;   // of those, found by half of the shares in the end, so to be told
  std::uint64_t packets_sent = 0, packets_lost = 0;   // over paths of the moment
  BundleCounts bundles;                               // of what had no path
  std::vector<consensus::ShareReason> share_reasons;  // what the last change of shares by a leader rested on
  NodeId share_reasons_by;                            // that leader; kNobody: there was none
  std::optional<LossProfile> records;                 // of a scenario with stations
  std::optional<DropComparison> drops;                // of one with a downlink for their records
  std::vector<GroundDelivery> ground;                 // of a flown constellation, each alert at each station
  std::vector<Duration> leader_loss_to_commit;        // each killed leader: until the next commit by another
};

// One run. The same scenario and seed give the same result on every machine. `observer` may watch it.
[[nodiscard]] RunResult run(const Scenario& scenario, std::uint64_t seed, Observer* observer = nullptr);

}  // namespace skywarden::sim
