// skywarden route: the best routes of bundles through a contact plan.
#include <fmt/format.h>

#include <map>
#include <memory>

#include "base/text.h"
#include "command_line/command_line.h"
#include "commands.h"
#include "formats/read_file.h"
#include "network/disjoint_pair.h"
#include "network/plan_file.h"
#include "network/route_list.h"
#include "orbit_files.h"

namespace skywarden::app {
namespace {

constexpr std::size_t kRoutesMax = 1000;

struct Arguments {
  std::string plan, queries, out = "-";
  std::size_t routes = 1;
  std::string disjoint;  // what a pair must not share; empty: no pairs
};

struct Columns {
  std::size_t src, dst, time, bytes;
};

struct Query {
  std::optional<network::RouteQuery> question;  // nothing when a node is not in the plan
  std::string src, dst, time;                   // as given
};

class QueryReader {
 public:
  QueryReader(const datum::Table& table, const Columns& columns, const network::PlanFile& plan)
      : table_(table), columns_(columns) {
    for (std::uint32_t i = 0; i < plan.nodes.size(); ++i)
      vertices_.emplace(plan.nodes[i], network::Vertex(i));
  }

  Query read(std::size_t i) {
    const auto& row = table_.rows[i];
    Query query{{},
                std::string(trim(row[columns_.src])),
                std::string(trim(row[columns_.dst])),
                std::string(trim(row[columns_.time]))};
    const auto from = vertex(i, columns_.src);
    const auto to = vertex(i, columns_.dst);
    const double limit = to_seconds(network::ContactGraph::kTimeMax);
    const auto time = number(i, columns_.time, -limit, limit, "seconds since the plan's epoch");
    constexpr double kBytesMax = 1e15;
    const auto bytes = columns_.bytes == datum::Table::npos
                           ? std::optional(0.0)
                           : number(i, columns_.bytes, 0.0, kBytesMax, "bytes");
    if (from && to && time && bytes)
      query.question = {*from, *to, from_seconds(*time), static_cast<std::uint64_t>(*bytes)};
    return query;
  }
  [[nodiscard]] const std::vector<datum::RowProblem>& problems() const { return problems_; }

 private:
  std::optional<network::Vertex> vertex(std::size_t i, std::size_t column) {
    const std::string_view text = trim(table_.rows[i][column]);
    if (const auto found = vertices_.find(text); found != vertices_.end()) return found->second;
    problems_.push_back({table_.row_numbers[i], table_.header[column],
                         fmt::format("expected a node of the plan, found '{}'", printable(text))});
    return std::nullopt;
  }
  std::optional<double> number(std::size_t i, std::size_t column, double low, double high, const char* what) {
    const std::string_view text = trim(table_.rows[i][column]);
    const auto value = parse_number(text);
    if (value && *value >= low && *value <= high) return value;
    problems_.push_back({table_.row_numbers[i], table_.header[column],
                         fmt::format("expected {}, found '{}'", what, printable(text))});
    return std::nullopt;
  }

  const datum::Table& table_;
  Columns columns_;
  std::map<std::string, network::Vertex, std::less<>> vertices_;
  std::vector<datum::RowProblem> problems_;
};

std::string path_of(const network::PlanFile& plan, const network::ContactGraph& graph,
                    const network::Route& route, const std::string& source) {
  std::string path = source;
  for (const auto id : route.contacts) path += "-" + plan.nodes[graph.contact(id).to.value()];
  return path;
}

Result<Columns> columns_of(const datum::Table& table, const std::string& file) {
  const Columns columns{table.column("src"), table.column("dst"), table.column("query_time"),
                        table.column("bytes")};
  if (columns.src == datum::Table::npos || columns.dst == datum::Table::npos ||
      columns.time == datum::Table::npos)
    return fail(Errc::kMalformed, "{}:1: expected the columns src,dst,query_time", file);
  return columns;
}

std::optional<network::Disjoint> disjoint_of(const std::string& name) {
  if (name == "contacts") return network::Disjoint::kContacts;
  if (name == "edges") return network::Disjoint::kEdges;
  if (name == "nodes") return network::Disjoint::kNodes;
  return std::nullopt;
}

// What the arguments ask about each query.
class RouteFinder {
 public:
  RouteFinder(const network::ContactGraph& graph, const Arguments& arguments)
      : graph_(graph), routes_(arguments.routes), kind_(disjoint_of(arguments.disjoint)), search_(graph) {
    if (kind_) disjoint_.emplace(graph);
  }

  std::vector<network::Route> find(const network::RouteQuery& query) {
    if (kind_) return find_pair(query);
    if (routes_ > 1) return network::best_routes(graph_, query, routes_);
    return best(query);
  }
  [[nodiscard]] bool ranked() const { return kind_ || routes_ > 1; }
  [[nodiscard]] std::size_t rows_min() const { return kind_ ? 2 : 1; }
  [[nodiscard]] std::size_t unproven() const { return unproven_; }

 private:
  std::vector<network::Route> best(const network::RouteQuery& query) {
    if (auto route = search_.best(query)) return {std::move(*route)};
    return {};
  }
  // Without a pair the best route alone.
  std::vector<network::Route> find_pair(const network::RouteQuery& query) {
    auto answer = disjoint_->best(query, *kind_);
    if (!answer.proven) ++unproven_;
    if (!answer.pair) return best(query);
    return {std::move(answer.pair->first), std::move(answer.pair->second)};
  }

  const network::ContactGraph& graph_;
  std::size_t routes_;
  std::optional<network::Disjoint> kind_;
  network::RouteSearch search_;
  std::optional<network::DisjointSearch> disjoint_;
  std::size_t unproven_ = 0;
};

// True when nothing had to be left out.
Result<bool> run(const Arguments& arguments) {
  if (arguments.routes < 1 || arguments.routes > kRoutesMax)
    return fail(Errc::kOutOfRange, "--routes: expected 1…{}, found {}", kRoutesMax, arguments.routes);
  if (!arguments.disjoint.empty() && !disjoint_of(arguments.disjoint))
    return fail(Errc::kOutOfRange, "--disjoint: expected contacts, edges or nodes, found '{}'",
                printable(arguments.disjoint));
  if (!arguments.disjoint.empty() && arguments.routes > 1)
    return fail(Errc::kConflict, "--disjoint gives two routes a query; leave --routes out");
  const auto plan_bytes = formats::read_file(arguments.plan);
  if (!plan_bytes) return tl::unexpected(plan_bytes.error());
  const auto plan = network::read_plan(*plan_bytes, arguments.plan);
  if (!plan) return tl::unexpected(plan.error());
  print_problems(arguments.plan, plan->problems);
  if (plan->contacts.empty())
    fmt::print(stderr, "{}: expected at least one good contact, found none; nothing can be reached\n",
               arguments.plan);
  const auto graph =
      network::ContactGraph::make(static_cast<std::uint32_t>(plan->nodes.size()), plan->contacts);
  if (!graph) return tl::unexpected(graph.error());

  const auto query_bytes = formats::read_file(arguments.queries);
  if (!query_bytes) return tl::unexpected(query_bytes.error());
  const auto table = datum::parse_delimited(*query_bytes, {.detect_delimiter = true});
  if (!table) return fail(table.error().code, "{}: {}", arguments.queries, table.error().message);
  const auto columns = columns_of(*table, arguments.queries);
  if (!columns) return tl::unexpected(columns.error());
  print_problems(arguments.queries, table->problems);

  TableWriter writer(arguments.out);
  if (auto opened = writer.open(); !opened) return opened;
  RouteFinder finder(*graph, arguments);
  const bool ranked = finder.ranked();
  writer.buffer() += ranked ? "src,dst,query_time,rank,earliest_arrival,hops,route\n"
                            : "src,dst,query_time,earliest_arrival,hops,route\n";
  QueryReader reader(*table, *columns, *plan);
  for (std::size_t i = 0; i < table->rows.size(); ++i) {
    const Query query = reader.read(i);
    std::vector<network::Route> routes;
    if (query.question) routes = finder.find(*query.question);
    const auto append = [&](std::size_t rank, const std::string& arrival, const std::string& hops,
                            std::string path) {
      std::vector<std::string> row{query.src, query.dst, query.time, arrival, hops, std::move(path)};
      if (ranked) row.insert(row.begin() + 3, std::to_string(rank));
      datum::append_row(writer.buffer(), row);
    };
    for (std::size_t rank = 0; rank < routes.size(); ++rank)
      append(rank + 1, network::format_seconds(routes[rank].arrival),
             std::to_string(routes[rank].contacts.size()), path_of(*plan, *graph, routes[rank], query.src));
    for (std::size_t rank = routes.size(); rank < finder.rows_min(); ++rank) append(rank + 1, "-1", "-1", "");
    writer.flush_if_long();
  }
  if (auto closed = writer.close(); !closed) return closed;
  print_problems(arguments.queries, reader.problems());
  if (finder.unproven() > 0)
    fmt::print(stderr, "{}: {} of {} pairs: the search stopped after {} steps; a better pair may exist\n",
               arguments.queries, finder.unproven(), table->rows.size(), network::kDisjointStepsMax);
  return plan->problems.empty() && !plan->contacts.empty() && table->problems.empty() &&
         reader.problems().empty();
}

}  // namespace

void add_route(command_line::Command app, int* exit_code) {
  auto arguments = std::make_shared<Arguments>();
  command_line::Command command =
      app.add_subcommand("route", "Best routes of bundles through a contact plan");
  command.add_option("--plan", arguments->plan, "contact plan: HDTN JSON, ionrc or CSV (.gz too)").required();
  command
      .add_option("--queries", arguments->queries, "CSV src,dst,query_time and, if wanted, bytes (.gz too)")
      .required();
  command.add_option("--out", arguments->out, "CSV; - is standard output").capture_default_str();
  command.add_option("--routes", arguments->routes, "how many of the best routes; above 1 adds a column rank")
      .capture_default_str();
  command.add_option("--disjoint", arguments->disjoint,
                     "the best pair of routes that share no contacts, edges or nodes: two rows a query");
  command.footer(
      "Columns: src,dst,query_time,earliest_arrival,hops,route. Nodes are named as in the plan; times\n"
      "are seconds since its epoch. The order of routes is that of CCSDS 734.3-B-1: earliest arrival,\n"
      "fewest hops, latest end, smallest node numbers. Unreachable: -1,-1 and no route.\n"
      "The best disjoint pair is the one whose later arrival is earliest, then the earlier, then the\n"
      "hops together; without a pair the first row is the best route and the second -1,-1.\n\n"
      "Example:\n  skywarden route --plan plan.json --queries queries.csv --out routes.csv");
  command.callback([arguments, exit_code] {
    const auto whole = run(*arguments);
    if (!whole) fmt::print(stderr, "skywarden route: {}\n", whole.error().message);
    *exit_code = !whole ? 1 : *whole ? 0 : 2;
  });
}

}  // namespace skywarden::app
