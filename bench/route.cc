// bench-route: how long a query of the best route takes on a contact plan, and that it is right. One JSON
// line a figure.
//
//   bench-route PLAN [QUERIES]      PLAN as `skywarden route` reads it
//
// The queries are drawn with a fixed seed: any two nodes, any time of the plan's first half. Each is answered
// by the indexed search and by a slow exact one (rounds of Bellman and Ford over all contacts, no index,
// nothing pruned), and must agree in arrival and hops.
#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/random.h"
#include "command_line/command_line.h"
#include "cpu_time.h"
#include "formats/read_file.h"
#include "network/plan_file.h"
#include "network/route_search.h"
#include "statistics/quantile.h"

namespace {

using namespace skywarden;
using namespace skywarden::network;

struct Answer {
  Duration arrival{};
  std::size_t hops = 0;
};

// After round k: the earliest arrival in at most k hops.
std::optional<Answer> slow_answer(const ContactGraph& graph, const RouteQuery& query) {
  constexpr Duration kNever = Duration::max();
  std::vector<Duration> at(graph.vertices(), kNever);
  at[query.from.value()] = query.at;
  std::optional<Answer> best;
  if (query.from == query.to) return Answer{query.at, 0};
  for (std::size_t hops = 1; hops <= graph.vertices(); ++hops) {
    std::vector<Duration> next = at;
    for (const PlannedContact& contact : graph.contacts()) {
      const Duration here = at[contact.from.value()];
      if (here == kNever || here > contact.end) continue;
      Duration& there = next[contact.to.value()];
      there = std::min(there, std::max(here, contact.start) + contact.light_time);
    }
    const Duration arrival = next[query.to.value()];
    if (arrival != kNever && (!best || arrival < best->arrival)) best = Answer{arrival, hops};
    if (next == at) break;
    at = std::move(next);
  }
  return best;
}

int run(const std::string& path, std::size_t count) {
  const auto bytes = formats::read_file(path);
  const auto plan = bytes ? read_plan(*bytes, path) : tl::unexpected(bytes.error());
  if (!plan) return fmt::print(stderr, "bench-route: {}\n", plan.error().message), 1;
  const auto graph = ContactGraph::make(static_cast<std::uint32_t>(plan->nodes.size()), plan->contacts);
  if (!graph) return fmt::print(stderr, "bench-route: {}\n", graph.error().message), 1;
  Duration last{};
  for (const PlannedContact& contact : graph->contacts()) last = std::max(last, contact.end);
  Random random(20260508);
  std::vector<RouteQuery> queries;
  for (std::size_t i = 0; i < count; ++i) {
    const auto any_vertex = [&] {
      return Vertex(static_cast<std::uint32_t>(random.below(graph->vertices())));
    };
    const auto half = static_cast<std::uint64_t>(last.count() / 2 + 1);
    queries.push_back({any_vertex(), any_vertex(), Duration(static_cast<std::int64_t>(random.below(half)))});
  }

  RouteSearch search(*graph);
  constexpr int kRuns = 7;
  std::vector<double> route_us, arrival_us;
  std::vector<std::optional<Route>> routes(count);
  for (int run = 0; run < kRuns; ++run) {
    double start = cpu_seconds();
    for (std::size_t i = 0; i < count; ++i) routes[i] = search.best(queries[i]);
    route_us.push_back((cpu_seconds() - start) * 1e6 / static_cast<double>(count));
    start = cpu_seconds();
    std::int64_t sum = 0;
    for (const RouteQuery& query : queries)
      if (const auto arrival = search.earliest_arrival(query)) sum ^= arrival->count();
    arrival_us.push_back((cpu_seconds() - start) * 1e6 / static_cast<double>(count));
    if (sum == -1) return 1;  // keeps the loop
  }

  std::size_t arrivals_equal = 0;
  std::size_t hops_equal = 0;
  std::size_t reachable = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const auto slow = slow_answer(*graph, queries[i]);
    if (slow) ++reachable;
    if (slow.has_value() != routes[i].has_value()) continue;
    if (!slow || slow->arrival == routes[i]->arrival) ++arrivals_equal;
    if (!slow || slow->hops == routes[i]->contacts.size()) ++hops_equal;
  }
  fmt::print(
      "{{\"figure\":\"route_query\",\"plan\":\"{}\",\"contacts\":{},\"nodes\":{},\"queries\":{},"
      "\"reachable\":{},\"cpu_us_median\":{:.2f},\"arrival_only_cpu_us_median\":{:.2f},\"runs\":{}}}\n",
      path, graph->contacts().size(), graph->vertices(), count, reachable, statistics::median(route_us),
      statistics::median(arrival_us), kRuns);
  fmt::print(
      "{{\"figure\":\"route_exact\",\"plan\":\"{}\",\"queries\":{},\"earliest_arrival_equal\":{},"
      "\"least_hops_equal\":{}}}\n",
      path, count, arrivals_equal, hops_equal);
  return arrivals_equal == count && hops_equal == count ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  skywarden::command_line::Program app(
      "How long a query of the best route takes on a contact plan, and that it is right");
  std::string plan;
  std::size_t queries = 2000;
  app.add_option("plan", plan, "as skywarden route reads it").required();
  app.add_option("queries", queries)
      .check(skywarden::command_line::range(1, 10'000'000))
      .capture_default_str();
  app.footer("Example:\n  bench-route plan.json");
  if (const auto exit_code = app.parse(argc, argv)) return *exit_code;
  return run(plan, queries);
}
