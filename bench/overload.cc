// bench-overload: what becomes of bundles when three times as much is offered as a constellation can bring
// down, contacts fail and 5 % is lost. One JSON line a figure, per seed.
//
//   bench-overload ELEMENTS STATIONS [SEEDS] [SCALE] [FIRST_SEED] [HOURS]
//
// The plan: all contacts of the satellites of ELEMENTS (TLE) among each other (up to 2,500 km, 10 Mbit/s) and
// with STATIONS (100 Mbit/s) over HOURS (default 24), from the epoch of the first set on. Rates and bundle
// sizes are divided by SCALE (default 1000), which leaves every transmission as long as it was.
//
// What happens to it: one in ten contacts does not take place, both directions together, and six times a day
// a random half of the nodes is cut off from the other half for 30 to 90 minutes: contacts across that begin
// in that time do not take place. No node is told.
//
// Offered: from satellites to stations, at any time. Capacity is the volume of all planned contacts down to
// stations; 3 times that is offered, nearly all of it bundles of 2 to 6 s on a station's link, a third each
// bulk, normal and important, with lifetimes of 2, 4 and 6 h. Beside them 4,000 critical
// bundles a day of 20 to 100 bytes and their headers, not divided, to live 8 h.
//
// The oracle takes each critical bundle alone in the network, with its transmission time at every hop, over
// the contacts that take place, knowing which do, without loss (oracle_arrival: Bellman and Ford over every
// contact). `could` counts bundles that arrive so before they expire and before the time ends.
//
// Beside it, as a figure of its own: an oracle that loses as much, with draws of its own by bundle and
// contact, and sends again at once (lossy_oracle_within_1_percent). What it misses, loss alone costs.
#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <map>

#include "base/random.h"
#include "command_line/command_line.h"
#include "cpu_time.h"
#include "formats/read_file.h"
#include "network/contact_windows.h"
#include "network/forwarding_trial.h"
#include "orbit/element_file.h"
#include "orbit/stations.h"

namespace {

using namespace skywarden;
using namespace skywarden::network;
using namespace std::chrono_literals;

constexpr double kOverload = 3.0;
constexpr double kLoss = 0.05;
constexpr std::uint8_t kSendsMax = 100;  // of the oracle that loses
constexpr double kFailing = 0.1;
constexpr double kPartitionsADay = 6.0;
constexpr double kCriticalADay = 4000.0;
constexpr double kSatelliteRate = 10e6;
constexpr double kGroundRate = 100e6;
constexpr double kStoreBytes = 16e9;  // before SCALE

std::size_t heap_bytes() {
  const auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

struct World {
  std::uint32_t satellites = 0, nodes = 0;
  Instant epoch{};
  double scale = 1000.0;
  Duration lasts = 24h;
  [[nodiscard]] double days() const { return to_seconds(lasts) / 86400.0; }
  ContactGraph plan;
  double capacity_bytes = 0.0;
};

Result<World> make_world(const std::string& elements_path, const std::string& stations_path, double scale,
                         Duration lasts) {
  const auto elements = formats::read_file(elements_path);
  if (!elements) return tl::unexpected(elements.error());
  const auto stations_text = formats::read_file(stations_path);
  if (!stations_text) return tl::unexpected(stations_text.error());
  const auto file = orbit::read_elements(*elements, elements_path);
  const auto stations = orbit::read_stations(*stations_text, stations_path);
  if (!stations) return tl::unexpected(stations.error());
  if (!file) return tl::unexpected(file.error());
  if (file->sets.empty()) return fail(Errc::kNotFound, "{}: no element sets", elements_path);
  World world;
  world.scale = scale;
  world.lasts = lasts;
  std::vector<OrbitingNode> satellites;
  std::vector<GroundNode> ground;
  for (const orbit::ElementSet& set : file->sets) satellites.push_back({NodeId(++world.nodes), set});
  world.satellites = world.nodes;
  for (const orbit::Station& station : stations->stations)
    ground.push_back({NodeId(++world.nodes), station.place});
  // Whole milliseconds, as creation times of bundles are.
  world.epoch = std::chrono::floor<std::chrono::milliseconds>(file->sets.front().epoch);
  ContactOptions options;
  options.satellite_range_max = kilometres(2500.0);
  options.satellite_rate = BitsPerSecond(kSatelliteRate / scale);
  options.ground_rate = BitsPerSecond(kGroundRate / scale);
  const auto windows = contact_windows(satellites, ground, world.epoch, world.epoch + world.lasts, options);
  if (!windows) return tl::unexpected(windows.error());
  std::vector<PlannedContact> contacts;
  for (const ContactWindow& window : *windows)
    for (const bool back : {false, true}) {
      const Vertex a((back ? window.b : window.a).value() - 1);
      const Vertex b((back ? window.a : window.b).value() - 1);
      contacts.push_back({a, b, window.contact.start - world.epoch, window.contact.end - world.epoch,
                          window.contact.delay, window.contact.rate});
      if (b.value() >= world.satellites)
        world.capacity_bytes +=
            window.contact.rate.value() / 8.0 * to_seconds(window.contact.end - window.contact.start);
    }
  auto plan = ContactGraph::make(world.nodes, std::move(contacts));
  if (!plan) return tl::unexpected(plan.error());
  world.plan = std::move(*plan);
  return world;
}

struct Cut {
  Duration start{}, end{};
  std::vector<std::uint8_t> side;  // by node
};

std::vector<std::uint8_t> failures(const World& world, Random random) {
  std::vector<Cut> cuts;
  for (double i = 0.0; i < kPartitionsADay * world.days(); i += 1.0) {
    const Duration start = from_seconds(random.uniform(0.0, to_seconds(world.lasts - 2h)));
    Cut cut{start, start + from_seconds(random.uniform(1800.0, 5400.0)), {}};
    for (std::uint32_t v = 0; v < world.nodes; ++v) cut.side.push_back(random.chance(0.5) ? 1 : 0);
    cuts.push_back(std::move(cut));
  }
  std::map<std::tuple<Vertex, Vertex, Duration>, std::uint8_t> fails;  // both directions share a fate
  std::vector<std::uint8_t> by_contact;
  for (const PlannedContact& contact : world.plan.contacts()) {
    const auto [fate, fresh] = fails.try_emplace(
        std::tuple(std::min(contact.from, contact.to), std::max(contact.from, contact.to), contact.start), 0);
    if (fresh) {
      bool fail = random.chance(kFailing);
      for (const Cut& cut : cuts)
        fail = fail || (cut.start <= contact.start && contact.start <= cut.end &&
                        cut.side[contact.from.value()] != cut.side[contact.to.value()]);
      fate->second = fail ? 1 : 0;
    }
    by_contact.push_back(fate->second);
  }
  return by_contact;
}

std::vector<OfferedBundle> load(const World& world, Random random) {
  std::vector<OfferedBundle> offered;
  const auto add = [&](BundleCriticality criticality, double bytes, Duration lifetime) {
    const auto created = Duration(1ms) * static_cast<std::int64_t>(random.below(world.lasts / 1ms));
    const auto from = static_cast<std::uint32_t>(random.below(world.satellites));
    const auto to =
        static_cast<std::uint32_t>(world.satellites + random.below(world.nodes - world.satellites));
    offered.push_back(
        {Vertex(from), Vertex(to), created, criticality, static_cast<std::uint32_t>(bytes), lifetime});
  };
  for (double i = 0.0; i < kCriticalADay * world.days(); i += 1.0)
    add(BundleCriticality::kCritical, random.uniform(20.0, 100.0), 8h);
  for (double bytes = 0.0; bytes < kOverload * world.capacity_bytes;) {
    const double size = kGroundRate / 8.0 / world.scale * random.uniform(2.0, 6.0);
    const std::uint64_t level = random.below(3);
    add(static_cast<BundleCriticality>(level), size, Duration(2h) * static_cast<std::int64_t>(level + 1));
    bytes += size;
  }
  std::ranges::sort(offered, {}, [](const OfferedBundle& each) {
    return std::tuple(each.created, each.from, each.to, each.payload_bytes, each.criticality);
  });
  return offered;
}

double quantile(const std::vector<double>& sorted, double q) {
  if (sorted.empty()) return 0.0;
  return sorted[std::min(sorted.size() - 1,
                         static_cast<std::size_t>(q * static_cast<double>(sorted.size())))];
}

// Shares of critical bundles within 1 % of the oracle's delay, those with the delay at least so long.
void critical_figures(const World& world, const TrialSetup& setup, const TrialOutcome& outcome,
                      std::uint64_t seed) {
  std::vector<double> ratios, late_s;
  std::size_t could = 0, did = 0, within = 0, long_ones = 0, long_within = 0, lossy_within = 0;
  Random draws = Random(seed).fork(3);
  std::vector<std::uint8_t> sends(world.plan.contacts().size());
  std::vector<double> delays;
  constexpr double kLong = 60.0;
  for (std::size_t i = 0; i < setup.offered.size(); ++i) {
    const OfferedBundle& bundle = setup.offered[i];
    if (bundle.criticality != BundleCriticality::kCritical) continue;
    const std::size_t bytes = trial_bundle(bundle, i + 1, world.epoch).size();
    const Duration best = oracle_arrival(world.plan, setup.fails, bundle, bytes);
    if (best >= bundle.created + bundle.lifetime || best > setup.end) continue;
    ++could;
    if (outcome.delivered[i] == kNotDelivered) continue;
    ++did;
    for (std::uint8_t& each : sends)
      for (each = 1; each < kSendsMax && draws.chance(setup.loss);) ++each;
    const Duration lossy = oracle_arrival(world.plan, setup.fails, bundle, bytes, sends);
    if (lossy != kNotDelivered &&
        to_seconds(lossy - bundle.created) <= 1.01 * to_seconds(best - bundle.created))
      ++lossy_within;
    const double oracle_s = to_seconds(best - bundle.created);
    delays.push_back(oracle_s);
    ratios.push_back(to_seconds(outcome.delivered[i] - bundle.created) / oracle_s);
    late_s.push_back(to_seconds(outcome.delivered[i] - best));
    const bool good = ratios.back() <= 1.01;
    within += good ? 1 : 0;
    if (oracle_s < kLong) continue;
    ++long_ones;
    long_within += good ? 1 : 0;
  }
  std::ranges::sort(ratios);
  std::ranges::sort(late_s);
  std::ranges::sort(delays);
  const auto share = [](std::size_t part, std::size_t whole) {
    return whole == 0 ? 1.0 : static_cast<double>(part) / static_cast<double>(whole);
  };
  fmt::print(
      "{{\"figure\":\"critical\",\"seed\":{},\"could\":{},\"did\":{},\"share\":{:.6f},"
      "\"ratio_median\":{:.5f},\"ratio_p95\":{:.5f},\"ratio_p99\":{:.5f},\"ratio_max\":{:.3f},"
      "\"within_1_percent\":{:.5f},\"oracle_at_least_60_s\":{},\"of_those_within_1_percent\":{:.5f},"
      "\"lossy_oracle_within_1_percent\":{:.5f},"
      "\"late_s_median\":{:.3f},\"late_s_p95\":{:.3f},\"late_s_p99\":{:.3f},\"late_s_max\":{:.1f},"
      "\"oracle_delay_s_p5\":{:.2f},\"oracle_delay_s_median\":{:.1f}}}\n",
      seed, could, did, share(did, could), quantile(ratios, 0.5), quantile(ratios, 0.95),
      quantile(ratios, 0.99), quantile(ratios, 1.0), share(within, did), long_ones,
      share(long_within, long_ones), share(lossy_within, did), quantile(late_s, 0.5), quantile(late_s, 0.95),
      quantile(late_s, 0.99), quantile(late_s, 1.0), quantile(delays, 0.05), quantile(delays, 0.5));
}

void traffic_figures(const World& world, const TrialSetup& setup, const TrialOutcome& outcome,
                     std::uint64_t seed) {
  std::array<std::uint64_t, 4> offered{}, delivered{};
  double offered_bytes = 0.0, delivered_bytes = 0.0;
  for (std::size_t i = 0; i < setup.offered.size(); ++i) {
    const auto level = static_cast<std::size_t>(setup.offered[i].criticality);
    ++offered[level];
    offered_bytes += setup.offered[i].payload_bytes;
    if (outcome.delivered[i] == kNotDelivered) continue;
    ++delivered[level];
    delivered_bytes += setup.offered[i].payload_bytes;
  }
  for (std::size_t level = 4; level-- > 0;)
    fmt::print(
        "{{\"figure\":\"bundles\",\"seed\":{},\"criticality\":\"{}\",\"offered\":{},\"delivered\":{},"
        "\"copies_evicted\":{},\"copies_expired\":{},\"refused\":{}}}\n",
        seed, criticality_name(static_cast<BundleCriticality>(level)), offered[level], delivered[level],
        outcome.evicted[level], outcome.expired[level], outcome.refused[level]);
  fmt::print(
      "{{\"figure\":\"traffic\",\"seed\":{},\"offered_of_capacity\":{:.3f},\"delivered_of_capacity\":{:.3f},"
      "\"sends\":{},\"lost\":{},\"news\":{},\"news_bytes\":{},\"suspended\":{},\"aborted\":{},\"duplicates\":"
      "{},\"delivered_"
      "again\":{},"
      "\"critical_share_of_sent_bytes\":{:.4f},\"trace_hash\":\"{:016x}\"}}\n",
      seed, offered_bytes / world.capacity_bytes, delivered_bytes / world.capacity_bytes, outcome.sends,
      outcome.lost, outcome.news, outcome.news_bytes, outcome.suspended, outcome.aborted, outcome.duplicates,
      outcome.delivered_again,
      static_cast<double>(outcome.critical_bytes_sent) / static_cast<double>(outcome.bytes_sent),
      outcome.trace_hash);
}

struct Sample {
  Duration at{};
  std::size_t heap = 0;  // bytes in use, as the allocator counts them, freed ones not among them
  TrialHoldings held;
};

// Peaks of the third and the last quarter, and all by hour.
void memory_figures(const std::vector<Sample>& samples, const TrialSetup& setup, const TrialOutcome& outcome,
                    std::uint64_t seed) {
  fmt::print("{{\"figure\":\"memory\",\"seed\":{},\"store_bytes_peak\":{},\"store_bytes_max\":{}", seed,
             outcome.store_bytes_peak, setup.options.store.bytes_max);
  const auto series = [&](const char* name, const auto& value) {
    const auto peak = [&](Duration from, Duration to) {
      std::size_t most = 0;
      for (const Sample& sample : samples)
        if (from < sample.at && sample.at <= to) most = std::max<std::size_t>(most, value(sample));
      return most;
    };
    std::string hours;  // a list
    for (const Sample& sample : samples)
      hours += fmt::format("{}{}", hours.empty() ? "" : ",", value(sample));
    fmt::print(",\"{0}_third_quarter\":{1},\"{0}_last_quarter\":{2},\"{0}_by_hour\":[{3}]", name,
               peak(setup.end / 2, setup.end / 4 * 3), peak(setup.end / 4 * 3, setup.end), hours);
  };
  series("heap", [](const Sample& each) { return each.heap; });
  series("stored_bytes", [](const Sample& each) { return each.held.stored_bytes; });
  series("heap_beside_stored", [](const Sample& each) { return each.heap - each.held.stored_bytes; });
  series("stored", [](const Sample& each) { return each.held.stored; });
  series("known", [](const Sample& each) { return each.held.known; });
  series("arrivals", [](const Sample& each) { return each.held.arrivals; });
  series("booked", [](const Sample& each) { return each.held.booked; });
  fmt::print("}}\n");
}

void run_seed(const World& world, std::uint64_t seed) {
  const Random random(seed);
  TrialSetup setup;
  setup.plan = &world.plan;
  setup.fails = failures(world, random.fork(1));
  setup.offered = load(world, random.fork(2));
  setup.end = world.lasts;
  setup.loss = kLoss;
  setup.seed = seed;
  setup.options.epoch = world.epoch;
  setup.options.lossy_links = setup.loss > 0.0;
  setup.options.store.bytes_max = static_cast<std::size_t>(kStoreBytes / world.scale);
  std::vector<Sample> samples;
  samples.reserve(256);
  setup.sample = [&](Duration now, const TrialHoldings& all) { samples.push_back({now, heap_bytes(), all}); };
  const double start = cpu_seconds();
  const TrialOutcome outcome = run_trial(setup);
  const double cpu = cpu_seconds() - start;
  critical_figures(world, setup, outcome, seed);
  traffic_figures(world, setup, outcome, seed);
  memory_figures(samples, setup, outcome, seed);
  fmt::print("{{\"figure\":\"cpu\",\"seed\":{},\"cpu_s\":{:.1f},\"cpu_us_per_send\":{:.1f}}}\n", seed, cpu,
             cpu * 1e6 / static_cast<double>(outcome.sends));
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  skywarden::command_line::Program app(
      "What becomes of bundles when three times as much is offered as can come down");
  std::string elements, stations;
  std::uint64_t seeds = 3, first = 1, hours = 24;
  double scale = 1000.0;
  app.add_option("elements", elements, "TLE file").required();
  app.add_option("stations", stations, "CSV of ground stations").required();
  app.add_option("seeds", seeds, "how many")
      .check(skywarden::command_line::range(1, 1'000'000))
      .capture_default_str();
  app.add_option("scale", scale, "divides rates and sizes")
      .check(skywarden::command_line::range(1.0, 1e9))
      .capture_default_str();
  app.add_option("first_seed", first).capture_default_str();
  app.add_option("hours", hours).check(skywarden::command_line::range(4, 240)).capture_default_str();
  app.footer("Example:\n  bench-overload fire.tle ksat.csv 3");
  if (const auto exit_code = app.parse(argc, argv)) return *exit_code;
  const auto world = make_world(elements, stations, scale, Duration(1h) * static_cast<std::int64_t>(hours));
  if (!world) return fmt::print(stderr, "bench-overload: {}\n", world.error().message), 1;
  fmt::print(
      "{{\"figure\":\"plan\",\"satellites\":{},\"stations\":{},\"contacts\":{},\"capacity_bytes\":{:.0f},"
      "\"epoch\":\"{}\",\"scale\":{}}}\n",
      world->satellites, world->nodes - world->satellites, world->plan.contacts().size(),
      world->capacity_bytes, format_utc(world->epoch), scale);
  std::fflush(stdout);
  for (std::uint64_t seed = first; seed < first + seeds; ++seed) run_seed(*world, seed);
  return 0;
}
