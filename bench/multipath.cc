// bench-multipath: what disjoint routes, striping and coded pieces bring over a day of real orbits. One JSON
// line a figure.
//
//   bench-multipath ELEMENTS STATIONS [QUERIES] [TRIALS]
//
// The plan: all contacts of the satellites of ELEMENTS (TLE) among each other (up to 2,500 km, 10 Mbit/s) and
// with STATIONS (100 Mbit/s) over 24 h, from the epoch of the first set on. Queries are drawn with a fixed
// seed: a satellite to a station, in the first 16 h.
//
// pairs: how long a best pair takes, how often its search gives up, and what the obvious way (the best route,
// then the best that avoids it) gives instead.
// striping: a bundle in 64 fragments over several routes, beside the best single route known (striping.h).
// delivery: a bundle of 100 kB with 8 h to live, its routes fixed when it is made: nobody forwards anew,
// nothing is acknowledged. Synthetic faults: each planned contact fails by itself, both directions together,
// with probability `failing`; every sending of a bundle or piece, whatever its size, is lost with `loss`. All
// ways meet the same contacts that fail. `one` sends the bundle once; all others twice its bytes (pieces also
// their blocks): `one_twice` twice by the same route, `two_copies` by the best edge-disjoint pair,
// `coded_k_m` as k + m pieces placed on edge-disjoint routes. Delays are of what was delivered. coding: what
// the code itself costs.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/random.h"
#include "command_line/command_line.h"
#include "cpu_time.h"
#include "formats/read_file.h"
#include "network/bundle_decode.h"
#include "network/bundle_encode.h"
#include "network/bundle_pieces.h"
#include "network/contact_windows.h"
#include "network/piece_placement.h"
#include "network/striping.h"
#include "orbit/element_file.h"
#include "orbit/stations.h"
#include "statistics/quantile.h"

namespace {

using namespace skywarden;
using namespace skywarden::network;
using namespace std::chrono_literals;

constexpr Duration kDay = 24h;
constexpr Duration kQueriesUntil = 16h;
constexpr Duration kLifetime = 8h;
constexpr std::size_t kPayloadBytes = 100'000;
constexpr std::size_t kFragments = 64;

struct World {
  std::uint32_t satellites = 0, nodes = 0;
  ContactGraph plan;
  std::vector<std::uint32_t> fate;  // by contact; both directions share one
  std::uint32_t fates = 0;
};

Result<ContactGraph> make_plan(World& world, const orbit::ElementFile& file,
                               const orbit::StationFile& stations) {
  std::vector<OrbitingNode> satellites;
  std::vector<GroundNode> ground;
  for (const orbit::ElementSet& set : file.sets) satellites.push_back({NodeId(++world.nodes), set});
  world.satellites = world.nodes;
  for (const orbit::Station& station : stations.stations)
    ground.push_back({NodeId(++world.nodes), station.place});
  const Instant epoch = std::chrono::floor<std::chrono::milliseconds>(file.sets.front().epoch);
  ContactOptions options;
  options.satellite_range_max = kilometres(2500.0);
  options.satellite_rate = BitsPerSecond(10e6);
  options.ground_rate = BitsPerSecond(100e6);
  const auto windows = contact_windows(satellites, ground, epoch, epoch + kDay, options);
  if (!windows) return tl::unexpected(windows.error());
  std::vector<PlannedContact> contacts;
  for (const ContactWindow& window : *windows)
    for (const bool back : {false, true})
      contacts.push_back({Vertex((back ? window.b : window.a).value() - 1),
                          Vertex((back ? window.a : window.b).value() - 1), window.contact.start - epoch,
                          window.contact.end - epoch, window.contact.delay, window.contact.rate});
  return ContactGraph::make(world.nodes, std::move(contacts));
}

Result<World> make_world(const std::string& elements_path, const std::string& stations_path) {
  const auto elements = formats::read_file(elements_path);
  if (!elements) return tl::unexpected(elements.error());
  const auto stations_text = formats::read_file(stations_path);
  if (!stations_text) return tl::unexpected(stations_text.error());
  const auto file = orbit::read_elements(*elements, elements_path);
  if (!file) return tl::unexpected(file.error());
  const auto stations = orbit::read_stations(*stations_text, stations_path);
  if (!stations) return tl::unexpected(stations.error());
  if (file->sets.empty()) return fail(Errc::kNotFound, "{}: no element sets", elements_path);
  World world;
  auto plan = make_plan(world, *file, *stations);
  if (!plan) return tl::unexpected(plan.error());
  world.plan = std::move(*plan);
  std::map<std::tuple<Vertex, Vertex, Duration>, std::uint32_t> fates;
  for (const PlannedContact& c : world.plan.contacts())
    world.fate.push_back(fates
                             .try_emplace({std::min(c.from, c.to), std::max(c.from, c.to), c.start},
                                          static_cast<std::uint32_t>(fates.size()))
                             .first->second);
  world.fates = static_cast<std::uint32_t>(fates.size());
  return world;
}

std::vector<RouteQuery> make_queries(const World& world, std::size_t count, std::uint64_t bytes) {
  Random random(20261125);
  std::vector<RouteQuery> queries;
  while (queries.size() < count)
    queries.push_back(
        {Vertex(static_cast<std::uint32_t>(random.below(world.satellites))),
         Vertex(static_cast<std::uint32_t>(world.satellites + random.below(world.nodes - world.satellites))),
         Duration(1ms) * static_cast<std::int64_t>(random.below(kQueriesUntil / 1ms)), bytes});
  return queries;
}

double quantile(const std::vector<double>& values, double q) {
  return values.empty() ? -1.0 : statistics::quantile(values, q);
}

double share(std::size_t part, std::size_t whole) {
  return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
}

// ---- pairs

void pair_figures(const World& world, Disjoint kind, const char* name, std::size_t count) {
  const auto queries = make_queries(world, count, 0);
  DisjointSearch search(world.plan);
  std::vector<PairAnswer> answers;
  const double start = cpu_seconds();
  for (const RouteQuery& query : queries) answers.push_back(search.best(query, kind));
  const double cpu_us = (cpu_seconds() - start) * 1e6 / static_cast<double>(count);
  std::size_t found = 0, proven = 0, obvious_none = 0, obvious_later = 0;
  std::vector<double> steps, behind_s, gained_s;
  for (std::size_t i = 0; i < count; ++i) {
    const PairAnswer& answer = answers[i];
    proven += answer.proven ? 1 : 0;
    steps.push_back(static_cast<double>(answer.steps));
    if (!answer.pair) continue;
    ++found;
    const auto obvious = search.greedy(queries[i], kind, 2);
    behind_s.push_back(to_seconds(answer.pair->second.arrival - obvious[0].arrival));
    if (obvious.size() < 2) {
      ++obvious_none;
      continue;
    }
    const Duration later = std::max(obvious[0].arrival, obvious[1].arrival);
    if (later > answer.pair->second.arrival) {
      ++obvious_later;
      gained_s.push_back(to_seconds(later - answer.pair->second.arrival));
    }
  }
  fmt::print(
      "{{\"figure\":\"pairs\",\"disjoint\":\"{}\",\"queries\":{},\"found\":{},\"proven\":{},"
      "\"cpu_us_mean\":{:.1f},\"steps_median\":{:.0f},\"steps_p99\":{:.0f},\"steps_max\":{:.0f},"
      "\"later_behind_best_s_median\":{:.1f},\"obvious_finds_none\":{},\"obvious_later\":{},"
      "\"obvious_later_by_s_median\":{:.1f}}}\n",
      name, count, found, proven, cpu_us, quantile(steps, 0.5), quantile(steps, 0.99), quantile(steps, 1.0),
      quantile(behind_s, 0.5), obvious_none, obvious_later, quantile(gained_s, 0.5));
  std::fflush(stdout);
}

// ---- striping

void striping_figures(const World& world, double megabytes, std::size_t count) {
  const auto bytes = static_cast<std::uint64_t>(megabytes * 1e6 / static_cast<double>(kFragments));
  const std::vector<std::uint64_t> fragments(kFragments, bytes);
  std::size_t striped_ones = 0, single_ones = 0, earlier = 0;
  std::vector<double> striped_s, single_s, ratios, ways;
  const double start = cpu_seconds();
  for (const RouteQuery& query : make_queries(world, count, 0)) {
    const auto striped = stripe(world.plan, query, fragments);
    const auto single = single_route(world.plan, query, fragments);
    striped_ones += striped ? 1 : 0;
    single_ones += single ? 1 : 0;
    if (!striped || !single) continue;
    const double with_s = to_seconds(striped->arrival - query.at);
    const double without_s = to_seconds(single->arrival - query.at);
    striped_s.push_back(with_s);
    single_s.push_back(without_s);
    ratios.push_back(with_s / without_s);
    earlier += striped->arrival < single->arrival ? 1 : 0;
    std::map<std::vector<PlannedContactId>, int> distinct;
    for (const Route& route : striped->routes) ++distinct[route.contacts];
    ways.push_back(static_cast<double>(distinct.size()));
  }
  fmt::print(
      "{{\"figure\":\"striping\",\"megabytes\":{},\"fragments\":{},\"queries\":{},\"striped\":{},\"single\":{"
      "},"
      "\"earlier\":{},\"striped_s_median\":{:.1f},\"single_s_median\":{:.1f},\"ratio_median\":{:.3f},"
      "\"ratio_p5\":{:.3f},\"routes_median\":{},\"cpu_ms_mean\":{:.1f}}}\n",
      megabytes, kFragments, count, striped_ones, single_ones, earlier, quantile(striped_s, 0.5),
      quantile(single_s, 0.5), quantile(ratios, 0.5), quantile(ratios, 0.05), quantile(ways, 0.5),
      (cpu_seconds() - start) * 1e3 / static_cast<double>(count));
  std::fflush(stdout);
}

// ---- delivery

Bundle critical_bundle(std::size_t payload_bytes) {
  Random random(1);
  std::vector<std::byte> payload(payload_bytes);
  for (std::byte& each : payload) each = static_cast<std::byte>(random.below(256));
  Bundle bundle;
  bundle.primary.source = EndpointId::ipn(1, 1);
  bundle.primary.destination = EndpointId::ipn(2, 1);
  bundle.primary.report_to = EndpointId::ipn(1, 1);
  bundle.primary.created = {800'000'000'000, 0};
  bundle.primary.lifetime_ms = static_cast<std::uint64_t>(kLifetime / 1ms);
  bundle.blocks.push_back(criticality_block(2, BundleCriticality::kCritical));
  bundle.blocks.push_back(payload_block(payload));
  return bundle;
}

// Routes by what is sent on them, and how many must arrive.
struct Way {
  std::vector<Route> routes;
  std::size_t needed = 1;
};

struct Scheme {
  std::string name;
  wire::CodeShape shape;  // of coded ones
  std::vector<Way> ways;  // by query
  double source_bytes = 0.0, link_bytes = 0.0;
  std::size_t may_fail = 0, placed = 0;
};

void plan_way(const World& world, RouteQuery query, std::uint64_t bundle_bytes, std::uint64_t piece_bytes,
              Scheme& scheme) {
  const Duration latest = query.at + kLifetime;
  Way way;
  query.bytes = bundle_bytes;
  if (scheme.name.starts_with("one")) {
    const auto best = RouteSearch(world.plan).best(query);
    if (best && best->arrival <= latest) {
      way.routes.push_back(*best);
      RouteLoad load(world.plan, {});
      load.add(best->contacts, query.at, query.bytes);
      if (const auto again = load.arrival(best->contacts, query.at, query.bytes);
          scheme.name == "one_twice" && again && *again <= latest) {
        way.routes.push_back(*best);
        way.routes.back().arrival = *again;
      }
    }
  } else if (scheme.name == "two_copies") {
    const auto pair = DisjointSearch(world.plan).best(query, Disjoint::kEdges).pair;
    const auto alone = RouteSearch(world.plan).best(query);
    if (pair && pair->second.arrival <= latest) {
      way.routes = {pair->first, pair->second};
      ++scheme.may_fail;
    } else if (alone && alone->arrival <= latest) {
      way.routes = {*alone};
    }
  } else {
    query.bytes = piece_bytes;
    way.needed = scheme.shape.data;
    if (const auto placed = place_pieces(world.plan, query, scheme.shape, Disjoint::kEdges, latest)) {
      way.routes = placed->routes;
      scheme.may_fail += placed->routes_may_fail;
    }
  }
  scheme.placed += way.routes.empty() ? 0 : 1;
  for (const Route& route : way.routes) {
    scheme.source_bytes += static_cast<double>(query.bytes);
    scheme.link_bytes += static_cast<double>(query.bytes) * static_cast<double>(route.contacts.size());
  }
  scheme.ways.push_back(std::move(way));
}

struct Faults {
  double failing = 0.0, loss = 0.0;
};

// When enough has arrived; nothing when it does not.
std::optional<Duration> delivered(const World& world, const Way& way, const std::vector<std::uint8_t>& fails,
                                  double loss, Random& random) {
  std::vector<Duration> arrivals;
  for (const Route& route : way.routes) {
    bool there = true;
    for (const PlannedContactId id : route.contacts)
      there = there && fails[world.fate[id.value()]] == 0 && !random.chance(loss);
    if (there) arrivals.push_back(route.arrival);
  }
  if (arrivals.size() < way.needed) return std::nullopt;
  std::ranges::sort(arrivals);
  return arrivals[way.needed - 1];
}

void delivery_figures(const World& world, const std::vector<RouteQuery>& queries,
                      const std::vector<Scheme>& schemes, const Faults& faults, std::size_t trials) {
  const Random random(20261125);
  std::vector<std::size_t> arrived(schemes.size());
  std::vector<std::vector<double>> delays(schemes.size());
  for (std::size_t trial = 0; trial < trials; ++trial) {
    Random fates = random.fork(2 * trial);
    Random losses = random.fork(2 * trial + 1);
    std::vector<std::uint8_t> fails(world.fates);
    for (std::uint8_t& each : fails) each = fates.chance(faults.failing) ? 1 : 0;
    for (std::size_t s = 0; s < schemes.size(); ++s)
      for (std::size_t q = 0; q < queries.size(); ++q)
        if (const auto at = delivered(world, schemes[s].ways[q], fails, faults.loss, losses)) {
          ++arrived[s];
          delays[s].push_back(to_seconds(*at - queries[q].at));
        }
  }
  for (std::size_t s = 0; s < schemes.size(); ++s)
    fmt::print(
        "{{\"figure\":\"delivery\",\"way\":\"{}\",\"failing\":{},\"loss\":{},\"sent\":{},\"delivered\":{:.5f}"
        ","
        "\"delay_s_median\":{:.0f},\"delay_s_p95\":{:.0f}}}\n",
        schemes[s].name, faults.failing, faults.loss, trials * queries.size(),
        share(arrived[s], trials * queries.size()), quantile(delays[s], 0.5), quantile(delays[s], 0.95));
  std::fflush(stdout);
}

int delivery(const World& world, std::size_t count, std::size_t trials) {
  const auto bytes = encode_bundle(critical_bundle(kPayloadBytes)).value();
  std::vector<Scheme> schemes(6);
  const char* const names[] = {"one", "one_twice", "two_copies", "coded_2_2", "coded_4_4", "coded_8_8"};
  for (std::size_t s = 0; s < schemes.size(); ++s) {
    schemes[s].name = names[s];
    const std::size_t half = s < 3 ? 1 : std::size_t{1} << (s - 2);
    schemes[s].shape = {half, half};
  }
  // Only who can be reached in time at all.
  std::vector<RouteQuery> queries;
  RouteSearch search(world.plan);
  for (const RouteQuery& query : make_queries(world, 2 * count, bytes.size()))
    if (const auto best = search.best(query);
        best && best->arrival <= query.at + kLifetime && queries.size() < count)
      queries.push_back(query);
  for (Scheme& scheme : schemes) {
    const auto pieces =
        pieces_of_bundle(decode_bundle(bytes).value(), scheme.shape, {800'000'000'000, 1}).value();
    const std::size_t piece_bytes = encode_bundle(pieces.back()).value().size();
    const double start = cpu_seconds();
    for (const RouteQuery& query : queries) plan_way(world, query, bytes.size(), piece_bytes, scheme);
    const auto whole = static_cast<double>(queries.size()) * static_cast<double>(bytes.size());
    fmt::print(
        "{{\"figure\":\"ways\",\"way\":\"{}\",\"queries\":{},\"placed\":{},\"source_bytes\":{:.4f},"
        "\"link_bytes\":{:.3f},\"routes_may_fail_mean\":{:.3f},\"cpu_ms_mean\":{:.2f}}}\n",
        scheme.name, queries.size(), scheme.placed, scheme.source_bytes / whole, scheme.link_bytes / whole,
        share(scheme.may_fail, queries.size()),
        (cpu_seconds() - start) * 1e3 / static_cast<double>(queries.size()));
  }
  std::fflush(stdout);
  for (const Faults faults : {Faults{0.0, 0.05}, Faults{0.05, 0.05}, Faults{0.1, 0.05}, Faults{0.2, 0.05},
                              Faults{0.1, 0.0}, Faults{0.1, 0.01}, Faults{0.1, 0.1}})
    delivery_figures(world, queries, schemes, faults, trials);
  return 0;
}

// ---- coding

int coding(wire::CodeShape shape) {
  constexpr std::size_t kBytes = 1 << 20;
  constexpr int kRuns = 7;
  const auto bytes = encode_bundle(critical_bundle(kBytes)).value();
  const auto view = decode_bundle(bytes).value();
  std::vector<double> split, join;
  for (int run = 0; run < kRuns; ++run) {
    double start = cpu_seconds();
    const auto pieces = pieces_of_bundle(view, shape, {800'000'000'000, 1}).value();
    split.push_back(static_cast<double>(kBytes) * 1e-6 / (cpu_seconds() - start));
    std::vector<std::vector<std::byte>> last;  // as many data pieces missing as can be
    for (std::size_t i = shape.parity; i < shape.pieces(); ++i)
      last.push_back(encode_bundle(pieces[i]).value());
    start = cpu_seconds();
    PieceCollector collector;
    std::optional<std::vector<std::byte>> restored;
    for (const auto& piece : last) restored = collector.add(decode_bundle(piece).value(), Instant{}).value();
    join.push_back(static_cast<double>(kBytes) * 1e-6 / (cpu_seconds() - start));
    if (restored != bytes) return fmt::print(stderr, "bench-multipath: not restored\n"), 1;
  }
  fmt::print(
      "{{\"figure\":\"coding\",\"data\":{},\"parity\":{},\"split_mb_per_s\":{:.0f},\"join_mb_per_s\":{:.0f}}}"
      "\n",
      shape.data, shape.parity, quantile(split, 0.5), quantile(join, 0.5));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  skywarden::command_line::Program app(
      "What disjoint routes, striping and coded pieces bring over a day of real orbits");
  std::string elements, stations;
  std::size_t queries = 500, trials = 200;
  app.add_option("elements", elements, "TLE file").required();
  app.add_option("stations", stations, "CSV of ground stations").required();
  app.add_option("queries", queries)
      .check(skywarden::command_line::range(1, 1'000'000))
      .capture_default_str();
  app.add_option("trials", trials).check(skywarden::command_line::range(1, 1'000'000)).capture_default_str();
  app.footer("Example:\n  bench-multipath fire.tle ksat.csv 500 200");
  if (const auto exit_code = app.parse(argc, argv)) return *exit_code;
  const auto world = make_world(elements, stations);
  if (!world) return fmt::print(stderr, "bench-multipath: {}\n", world.error().message), 1;
  fmt::print("{{\"figure\":\"plan\",\"satellites\":{},\"stations\":{},\"contacts\":{}}}\n", world->satellites,
             world->nodes - world->satellites, world->plan.contacts().size());
  std::fflush(stdout);
  pair_figures(*world, Disjoint::kContacts, "contacts", queries);
  pair_figures(*world, Disjoint::kEdges, "edges", queries);
  pair_figures(*world, Disjoint::kNodes, "nodes", queries);
  for (const double megabytes : {10.0, 100.0, 1000.0}) striping_figures(*world, megabytes, queries);
  if (const int failed = delivery(*world, queries, trials); failed != 0) return failed;
  for (const wire::CodeShape shape : {wire::CodeShape{4, 4}, wire::CodeShape{8, 8}, wire::CodeShape{16, 4}})
    if (const int failed = coding(shape); failed != 0) return failed;
  return 0;
}
