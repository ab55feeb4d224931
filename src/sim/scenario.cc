#include "sim/scenario.h"

#include <array>

#include "base/contract.h"
#include "datum/toml_reader.h"

namespace skywarden::sim {
namespace {

using datum::TomlReader;

constexpr int kNodesMax = 2000;
constexpr int kRelayFeedsMax = 16;

void seconds(TomlReader& in, std::string_view key, Duration& out) {
  std::optional<double> value;
  in.number(key, value);
  if (!value) return;
  if (*value < 0.0 || *value > 1e7) return in.wrong(key, "seconds in 0…10,000,000");
  out = from_seconds(*value);
}

void milliseconds(TomlReader& in, std::string_view key, Duration& out) {
  std::optional<double> value;
  in.number(key, value);
  if (!value) return;
  if (*value < 0.0 || *value > 1e7) return in.wrong(key, "milliseconds in 0…10,000,000");
  out = from_seconds(*value / 1e3);
}

void span(TomlReader& in, std::string_view key, Span& out) {
  std::vector<double> values;
  in.numbers(key, values);
  if (values.empty()) return;
  if (values.size() != 2 || values[0] < 0.0 || values[0] > values[1])
    return in.wrong(key, "[low, high] in seconds");
  out = {from_seconds(values[0]), from_seconds(values[1])};
}

void fraction(TomlReader& in, std::string_view key, double& out) {
  in.number(key, out);
  if (!(out >= 0.0 && out <= 1.0)) in.wrong(key, "a number in 0…1");
}

void count(TomlReader& in, std::string_view key, int& out, int low, int high) {
  in.integer(key, out);
  if (out < low || out > high) in.wrong(key, fmt::format("a whole number in {}…{}", low, high));
}

void read_links(TomlReader& in, Scenario& s) {
  in.only({"delay_ms", "jitter_ms", "loss", "loss_spell_ms", "duplicate", "rate_mbps"});
  std::vector<double> delay;
  in.numbers("delay_ms", delay);
  if (!delay.empty()) {
    if (delay.size() != 2 || delay[0] < 0.0 || delay[0] > delay[1])
      in.wrong("delay_ms", "[low, high] in milliseconds");
    else {
      s.mesh.delay_min = from_seconds(delay[0] / 1e3);
      s.mesh.delay_max = from_seconds(delay[1] / 1e3);
    }
  }
  milliseconds(in, "jitter_ms", s.world.jitter);
  in.number("loss", s.world.loss);
  if (!(s.world.loss >= 0.0 && s.world.loss <= 0.5)) in.wrong("loss", "a number in 0…0.5");
  milliseconds(in, "loss_spell_ms", s.world.loss_spell);
  fraction(in, "duplicate", s.world.duplicate);
  double mbps = s.mesh.rate.value() / 1e6;
  in.number("rate_mbps", mbps);
  if (!(mbps > 0.0)) in.wrong("rate_mbps", "a rate above 0");
  s.mesh.rate = BitsPerSecond(mbps * 1e6);
}

void read_walker(TomlReader& in, Scenario& s) {
  WalkerConstellation w;
  in.only({"inclination_deg", "altitude_km", "planes", "phasing"});
  in.number("inclination_deg", w.inclination_deg);
  in.number("altitude_km", w.altitude_km);
  count(in, "planes", w.planes, 1, 100);
  count(in, "phasing", w.phasing, 0, 99);
  if (!(w.altitude_km > 150.0 && w.altitude_km < 40'000.0))
    in.wrong("altitude_km", "an altitude in 150…40,000 km");
  s.walker = w;
}

void read_constellation(TomlReader& in, Scenario& s) {
  FlownConstellation f;
  in.only({"elements", "stations", "links", "start", "satellite_range_km", "elevation_min_deg",
           "ground_within_s", "terrestrial"});
  in.string("elements", f.elements_file, true);
  in.string("stations", f.stations_file);
  in.string("links", f.links_file);
  std::string start;
  in.string("start", start, true);
  if (const auto instant = parse_utc(start))
    f.start = *instant;
  else if (in.error().empty())
    in.wrong("start", "a time as 2026-05-08T00:00:00Z");
  double range_km = f.satellite_range_max.value() / 1e3;
  in.number("satellite_range_km", range_km);
  if (!(range_km > 0.0 && range_km <= 1e5)) in.wrong("satellite_range_km", "kilometres up to 100,000");
  f.satellite_range_max = kilometres(range_km);
  double elevation = f.elevation_min.value();
  in.number("elevation_min_deg", elevation);
  if (!(elevation >= 0.0 && elevation < 90.0))
    in.wrong("elevation_min_deg", "degrees from 0 to less than 90");
  f.elevation_min = Degrees(elevation);
  seconds(in, "ground_within_s", f.ground_within);
  in.boolean("terrestrial", f.terrestrial);
  s.flown = std::move(f);
}

void read_raft(TomlReader& in, Scenario& s) {
  in.only({"heartbeat_ms", "election_timeout_ms", "log_bytes", "measured_shares", "relay_feeds"});
  int relay_feeds = static_cast<int>(s.world.node.relay_feeds);
  count(in, "relay_feeds", relay_feeds, 0, kRelayFeedsMax);
  s.world.node.relay_feeds = static_cast<std::size_t>(relay_feeds);
  int measured_shares = 0;
  count(in, "measured_shares", measured_shares, 0, kNodesMax / 2);
  if (measured_shares > 0)
    s.world.node.share_desk =
        node::ShareDeskOptions{.failures_max = static_cast<std::uint32_t>(measured_shares)};
  consensus::RaftOptions& raft = s.world.node.raft;
  int log_bytes = static_cast<int>(s.world.node.log_bytes);
  count(in, "log_bytes", log_bytes, 1, 1 << 28);
  s.world.node.log_bytes = static_cast<std::size_t>(std::max(log_bytes, 1));
  milliseconds(in, "heartbeat_ms", raft.heartbeat);
  std::vector<double> timeout;
  in.numbers("election_timeout_ms", timeout);
  if (timeout.empty()) return;
  if (timeout.size() != 2) return in.wrong("election_timeout_ms", "[low, high] in milliseconds");
  raft.election_timeout_min = from_seconds(timeout[0] / 1e3);
  raft.election_timeout_max = from_seconds(timeout[1] / 1e3);
}

void read_faults(TomlReader& in, Scenario& s) {
  in.only({"crash_every_s", "kill_leader_every_s", "partition_every_s", "cut_every_s", "down_for_s",
           "partition_for_s", "cut_for_s", "torn_write"});
  seconds(in, "crash_every_s", s.faults.crash_every);
  seconds(in, "kill_leader_every_s", s.faults.kill_leader_every);
  seconds(in, "partition_every_s", s.faults.partition_every);
  seconds(in, "cut_every_s", s.faults.cut_every);
  span(in, "down_for_s", s.faults.down_for);
  span(in, "partition_for_s", s.faults.partition_for);
  span(in, "cut_for_s", s.faults.cut_for);
  fraction(in, "torn_write", s.faults.torn_write);
}

void read_changes(TomlReader& in, Scenario& s) {
  in.only({"shares_every_s", "members_every_s", "handover_every_s", "share_max", "failures_max"});
  seconds(in, "shares_every_s", s.changes.shares_every);
  seconds(in, "members_every_s", s.changes.members_every);
  seconds(in, "handover_every_s", s.changes.handover_every);
  int share_max = static_cast<int>(s.changes.share_max);
  count(in, "share_max", share_max, 1, 1'000'000);
  int failures_max = 0;
  count(in, "failures_max", failures_max, 0, kNodesMax);
  s.changes.share_max = static_cast<std::uint64_t>(std::max(share_max, 1));
  s.changes.failures_max = static_cast<std::uint32_t>(std::max(failures_max, 0));
}

void read_fires(TomlReader& in, Scenario& s) {
  in.only({"fires", "pixels_max", "grow_every_s", "start_until", "seen_twice"});
  count(in, "fires", s.fires.fires, 0, 1000);
  count(in, "pixels_max", s.fires.pixels_max, 1, 1000);
  seconds(in, "grow_every_s", s.fires.grow_every);
  fraction(in, "start_until", s.fires.start_until);
  fraction(in, "seen_twice", s.fires.seen_twice);
}

void share_lost(TomlReader& in, std::string_view key, double& out) {
  in.number(key, out);
  if (!(out >= 0.0 && out <= kLossMax)) in.wrong(key, fmt::format("a number in 0…{}", kLossMax));
}

void read_downlink(TomlReader& in, RecordScript& r) {
  RecordDownlink downlink;
  Duration every{};
  seconds(in, "contact_every_s", every);
  std::vector<double> bytes;
  in.numbers("downlink_bytes", bytes);
  if (bytes.empty() && every == Duration::zero()) return;
  if (every < std::chrono::minutes(1) || every > std::chrono::hours(24 * 7))
    return in.wrong("contact_every_s", "seconds in 60…604,800, beside downlink_bytes");
  if (bytes.size() != 2 || !(bytes[0] >= 0.0) || !(bytes[1] >= bytes[0]) || !(bytes[1] <= 1e9))
    return in.wrong("downlink_bytes", "[low, high] in 0…1,000,000,000, beside contact_every_s");
  downlink.contact_every = every;
  downlink.bytes_low = bytes[0];
  downlink.bytes_high = bytes[1];
  r.downlink = downlink;
}

void read_records(TomlReader& in, Scenario& s) {
  in.only({"stations", "record_every_s", "bulletin_every_s", "record_loss", "critical_missing",
           "field_missing", "gap_records", "contact_every_s", "downlink_bytes"});
  RecordScript r;
  count(in, "stations", r.stations, 1, 64);
  seconds(in, "record_every_s", r.every);
  if (r.every < std::chrono::minutes(1) || r.every > std::chrono::hours(24))
    in.wrong("record_every_s", "seconds in 60…86,400");
  seconds(in, "bulletin_every_s", r.bulletin_every);
  if (r.bulletin_every < std::chrono::seconds(1) || r.bulletin_every > std::chrono::hours(24))
    in.wrong("bulletin_every_s", "seconds in 1…86,400");
  share_lost(in, "record_loss", r.loss.record);
  share_lost(in, "critical_missing", r.loss.critical);
  share_lost(in, "field_missing", r.loss.field);
  in.number("gap_records", r.loss.gap_records);
  if (!(r.loss.gap_records >= 1.0 && r.loss.gap_records <= 1000.0))
    in.wrong("gap_records", "a number in 1…1000");
  read_downlink(in, r);
  if (!in.error().empty()) return;
  const Duration length = s.duration + s.quiet;
  const auto slots = static_cast<std::size_t>((length + r.every - Duration(1)) / r.every);
  if (slots * static_cast<std::size_t>(r.stations) > kRecordsMax)
    in.wrong("record_every_s", fmt::format("at most {} records in all", kRecordsMax));
  s.records = r;
}

void read_shares(TomlReader& top, Scenario& s) {
  std::vector<double> shares;
  top.numbers("shares", shares);
  for (const double share : shares) {
    if (share < 0.0 || share > 1e9) return top.wrong("shares", "whole numbers from 0");
    s.shares.push_back(static_cast<std::uint64_t>(share));
  }
  const int voters = s.nodes - s.learners;
  if (voters < 1) return top.wrong("learners", "fewer learners than nodes");
  if (!s.shares.empty() && static_cast<int>(s.shares.size()) != voters)
    return top.wrong("shares", fmt::format("a share for each of the {} voters", voters));
  for (int i = 0; i < s.nodes; ++i) {
    const auto place = static_cast<std::size_t>(i);
    const std::uint64_t share = i >= voters ? 0 : s.shares.empty() ? 1 : s.shares[place];
    s.world.shares[NodeId(static_cast<std::uint32_t>(i + 1))] = share;
  }
  for (int i = s.nodes; i < s.nodes + s.outside; ++i)
    s.world.outside.insert(NodeId(static_cast<std::uint32_t>(i + 1)));
}

}  // namespace

orbit::WalkerPattern walker_pattern(const Scenario& scenario, Instant epoch) {
  orbit::WalkerPattern pattern;
  pattern.satellites = static_cast<std::uint32_t>(scenario.nodes);
  pattern.planes = static_cast<std::uint32_t>(scenario.walker->planes);
  pattern.phasing = static_cast<std::uint32_t>(scenario.walker->phasing);
  pattern.inclination = Degrees(scenario.walker->inclination_deg);
  pattern.altitude = kilometres(scenario.walker->altitude_km);
  pattern.epoch = epoch;
  return pattern;
}

Result<Scenario> parse_scenario(std::string_view toml_text, std::string_view file_name) {
  const std::string file(file_name);
  auto parsed = datum::parse_toml(toml_text, file);
  if (!parsed) return tl::unexpected(parsed.error());
  Scenario s;
  TomlReader top(*parsed, file);
  top.only({"name", "about", "nodes", "learners", "outside", "shares", "duration_s", "quiet_s", "links",
            "constellation", "walker", "raft", "faults", "changes", "fires", "fwi", "records"});
  top.string("name", s.name, true);
  top.string("about", s.about);
  count(top, "nodes", s.nodes, 1, kNodesMax);
  count(top, "learners", s.learners, 0, kNodesMax);
  count(top, "outside", s.outside, 0, kNodesMax);
  if (s.outside > 0 && (parsed->contains("walker") || parsed->contains("constellation")))
    top.wrong("outside", "a mesh: orbits have no nodes outside of the group");
  seconds(top, "duration_s", s.duration);
  seconds(top, "quiet_s", s.quiet);
  std::optional<double> fwi;
  top.number("fwi", fwi);
  s.fwi = fwi.value_or(s.fwi);
  if (!(s.fwi >= 0.0 && s.fwi <= 200.0)) top.wrong("fwi", "a number in 0…200");
  if (fwi && parsed->contains("records")) top.wrong("fwi", "no fixed danger beside [records]");
  read_shares(top, s);
  if (!top.error().empty()) return fail(Errc::kMalformed, "{}", top.error());
  using Read = void (*)(TomlReader&, Scenario&);
  constexpr std::array<std::pair<std::string_view, Read>, 8> kParts{{{"links", read_links},
                                                                     {"constellation", read_constellation},
                                                                     {"walker", read_walker},
                                                                     {"raft", read_raft},
                                                                     {"faults", read_faults},
                                                                     {"changes", read_changes},
                                                                     {"fires", read_fires},
                                                                     {"records", read_records}}};
  for (const auto& [key, read] : kParts) {
    const toml::table* table = top.table(key);
    if (table == nullptr) continue;
    TomlReader in(*table, fmt::format("{}: [{}]", file, key));
    read(in, s);
    if (!in.error().empty()) return fail(Errc::kMalformed, "{}", in.error());
  }
  if (!top.error().empty()) return fail(Errc::kMalformed, "{}", top.error());
  if (const auto valid = s.world.node.raft.validate(); !valid)
    return fail(Errc::kMalformed, "{}: [raft]: {}", file, valid.error().message);
  if (s.walker && s.flown)
    return fail(Errc::kMalformed, "{}: expected [walker] or [constellation], found both", file);
  if (s.walker) {
    if (const auto valid = walker_pattern(s, Instant{}).validate(); !valid)
      return fail(Errc::kMalformed, "{}: [walker]: {}", file, valid.error().message);
  }
  if (const auto valid = consensus::validate(s.world.shares); !valid)
    return fail(Errc::kMalformed, "{}: key 'shares': {}", file, valid.error().message);
  return s;
}

Result<void> fly(Scenario& scenario, std::vector<orbit::ElementSet> satellites,
                 std::vector<orbit::Station> stations) {
  EXPECTS(scenario.flown.has_value());
  if (satellites.empty() || satellites.size() + stations.size() > kNodesMax)
    return fail(Errc::kOutOfRange, "expected 1…{} satellites and stations, found {} and {}", kNodesMax,
                satellites.size(), stations.size());
  FlownConstellation& flown = *scenario.flown;
  scenario.world.shares.clear();
  scenario.world.node.ground.clear();
  std::vector<network::OrbitingNode> flying;
  std::vector<network::GroundNode> standing;
  std::uint32_t next = 1;
  for (const orbit::ElementSet& set : satellites) {
    scenario.world.shares[NodeId(next)] = 1;
    flying.push_back({NodeId(next++), set});
  }
  for (const orbit::Station& station : stations) {
    scenario.world.shares[NodeId(next)] = 0;
    scenario.world.node.ground.insert(NodeId(next));
    standing.push_back({NodeId(next++), station.place});
  }
  const Instant end = flown.start + scenario.duration + scenario.quiet;
  network::ContactOptions all_in_sight;
  all_in_sight.satellite_range_max = flown.satellite_range_max;
  all_in_sight.elevation_min = flown.elevation_min;
  auto contacts = flown.links ? network::usable_contacts(flying, standing, flown.start, end, *flown.links)
                              : network::contact_windows(flying, standing, flown.start, end, all_in_sight);
  if (!contacts) return tl::unexpected(contacts.error());
  flown.contacts = std::move(*contacts);
  scenario.nodes = static_cast<int>(next - 1);
  scenario.learners = static_cast<int>(stations.size());
  flown.satellites = std::move(satellites);
  flown.stations = std::move(stations);
  return {};
}

std::map<NodeId, std::string> node_names(const Scenario& scenario) {
  std::map<NodeId, std::string> names;
  std::set<NodeId> nodes = scenario.world.outside;
  for (const auto& [node, share] : scenario.world.shares) nodes.insert(node);
  for (const NodeId node : nodes) {
    const std::size_t place = node.value() - 1;
    if (!scenario.flown)
      names[node] = fmt::format("node {}", node.value());
    else if (place < scenario.flown->satellites.size())
      names[node] = orbit::label(scenario.flown->satellites[place]);
    else
      names[node] = scenario.flown->stations[place - scenario.flown->satellites.size()].name;
  }
  return names;
}

}  // namespace skywarden::sim
