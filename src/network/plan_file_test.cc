#include "network/plan_file.h"

#include <doctest/doctest.h>

#include "network/route_list.h"
#include "testing/reference_data.h"

using namespace skywarden;
using namespace skywarden::network;

namespace {

constexpr const char* kCsv =
    "from,to,start_s,end_s,rate_bps,owlt_s\n"
    "10,2,0,60.5,1e6,0.0125\n"
    "2,relay,1,2,1000000,1\n";

PlanFile parsed(const std::string& text) {
  auto plan = read_plan(text, "plan");
  REQUIRE_MESSAGE(plan.has_value(), text);
  return *plan;
}

ContactGraph graph_of(const PlanFile& plan) {
  return ContactGraph::make(static_cast<std::uint32_t>(plan.nodes.size()), plan.contacts).value();
}

std::vector<double> arrivals(const std::vector<Route>& routes) {
  std::vector<double> out;
  for (const Route& route : routes) out.push_back(to_seconds(route.arrival));
  return out;
}

std::string problem(const std::string& text) {
  const PlanFile plan = parsed(text);
  REQUIRE(plan.problems.size() == 1);
  return datum::to_line("plan", plan.problems.front());
}

}  // namespace

TEST_CASE("nodes are numbered as numbers first, then as names") {
  const PlanFile plan = parsed(kCsv);
  CHECK(plan.nodes == std::vector<std::string>{"2", "10", "relay"});
  REQUIRE(plan.contacts.size() == 2);
  CHECK(plan.contacts[0].from == Vertex(1));
  CHECK(plan.contacts[0].end == from_seconds(60.5));
  CHECK(plan.contacts[0].light_time == std::chrono::microseconds(12'500));
}

TEST_CASE("a plan written as JSON or CSV reads back the same") {
  const PlanFile plan = parsed(kCsv);
  for (const std::string& text : {to_hdtn_json(plan), to_plan_csv(plan)}) {
    const PlanFile again = parsed(text);
    CHECK(again.nodes == plan.nodes);
    CHECK(again.contacts == plan.contacts);
    CHECK(again.problems.empty());
  }
}

TEST_CASE("the epoch survives JSON") {
  const PlanFile plan = parsed(R"({"epoch":"2026-05-08T00:00:00Z","contacts":[]})");
  CHECK(plan.epoch == parse_utc("2026-05-08T00:00:00Z").value());
  CHECK(parsed(to_hdtn_json(plan)).epoch == plan.epoch);
  CHECK_FALSE(read_plan(R"({"epoch":7,"contacts":[]})", "plan"));
}

TEST_CASE("ionrc: references add up, ranges hold in both directions, bytes a second become bits") {
  const PlanFile plan = parsed(
      "# a comment\n1 1 ''\ns\nm horizon +0\n"
      "a range +0 +600 1 2 3\n"
      "@ +100\na contact +0 +60 2 1 1000\n"
      "@ +100\na contact +0 +60 1 2 1000\n");
  CHECK(plan.problems.empty());
  REQUIRE(plan.contacts.size() == 2);
  CHECK(plan.contacts[0].start == from_seconds(100));
  CHECK(plan.contacts[1].end == from_seconds(260));
  CHECK(plan.contacts[0].light_time == from_seconds(3));
  CHECK(plan.contacts[0].rate.value() == 8000.0);
  const PlanFile again = parsed(to_ionrc(plan).value());
  CHECK(again.contacts == plan.contacts);
}

TEST_CASE("ionrc: dates count from the first") {
  const PlanFile plan = parsed(
      "a range 2026/05/08-00:00:00 2026/05/09-00:00:00 1 2 0\n"
      "a contact 2026/05/08-00:10:00 2026/05/08-00:20:00 1 2 1000\n");
  REQUIRE(plan.contacts.size() == 1);
  CHECK(plan.contacts[0].start == from_seconds(600));
  CHECK(plan.epoch == parse_utc("2026-05-08T00:00:00Z").value());
}

TEST_CASE("unusable contacts are named and the others kept") {
  CHECK(problem("from,to,start_s,end_s,rate_bps,owlt_s\n1,2,9,3,1,0\n1,2,3,9,1,0\n") ==
        "plan:2: expected an end after the start at 9 s, found 3 s");
  CHECK(problem("from,to,start_s,end_s,rate_bps,owlt_s\n1,2,nan,3,1,0\n") ==
        "plan:2:start_s: expected a number, found 'nan'");
  CHECK(problem("from,to,start_s,end_s,rate_bps,owlt_s\n1,1,0,3,1,0\n") ==
        "plan:2: expected two nodes, found 1 twice");
  CHECK(problem("from,to,start_s,end_s,rate_bps,owlt_s\n1,2,0,3,0,0\n") ==
        "plan:2: expected a rate above 0, found 0 bit/s");
  CHECK(
      problem(
          R"({"contacts":[{"source":1,"dest":2,"startTime":0,"endTime":1e300,"rateBitsPerSec":1,"owlt":0}]})") ==
      "plan:1: expected a contact within 50 years of the epoch");
  CHECK(problem(R"([{"source":1,"dest":2,"startTime":0,"endTime":1,"owlt":0}])") ==
        "plan:1:rateBitsPerSec: expected this key, found nothing");
  CHECK(problem(R"([{"source":[],"dest":2,"startTime":0,"endTime":1,"rateBitsPerSec":1,"owlt":0}])") ==
        "plan:1:source: expected a node's number or name, found array");
  CHECK(problem("a contact +0 +9 1 2 1000\n") ==
        "plan:1: expected a range from 1 to 2 during the contact, found none");
}

TEST_CASE("what is no plan is refused") {
  CHECK_FALSE(read_plan("", "plan"));
  CHECK_FALSE(read_plan("{\"contacts\":", "plan"));
  CHECK_FALSE(read_plan("{}", "plan"));
  CHECK_FALSE(read_plan("name,value\n1,2\n", "plan"));
  CHECK(read_plan("{\"contacts\":[]}", "plan")->contacts.empty());
}

TEST_CASE("the tutorial plan has exactly the seven known routes from 1 to 5") {
  REFERENCE_OR_SKIP(path, "space/contact_plans/hdtn_cgrTutorial.json");
  const PlanFile plan = parsed(testing::read_file(path));
  const ContactGraph graph = graph_of(plan);
  const auto routes = best_routes(graph, {plan.find("1").value(), plan.find("5").value()}, 20);
  CHECK(arrivals(routes) == std::vector<double>{3, 4, 11, 31, 31, 51, 51});
  CHECK(routes.front().contacts.size() == 3);
  CHECK(plan.nodes[graph.contact(routes.front().contacts.front()).to.value()] == "3");
}

TEST_CASE("known routes of published plans") {
  REFERENCE_OR_SKIP(ten_nodes, "space/contact_plans/hdtn_10nodes.json");
  REFERENCE_OR_SKIP(small, "space/contact_plans/hdtn_contactPlan_RoutingTest.json");
  const PlanFile ten = parsed(testing::read_file(ten_nodes));
  const ContactGraph ten_graph = graph_of(ten);
  const auto route = RouteSearch(ten_graph).best({ten.find("20").value(), ten.find("40").value()});
  REQUIRE(route);
  CHECK(to_seconds(route->arrival) == 2.0);
  CHECK(route->contacts.size() == 2);

  const PlanFile plan = parsed(testing::read_file(small));
  const ContactGraph graph = graph_of(plan);
  const auto forth = RouteSearch(graph).best({plan.find("1").value(), plan.find("4").value()});
  REQUIRE(forth);
  CHECK(plan.nodes[graph.contact(forth->contacts.front()).to.value()] == "2");
  CHECK_FALSE(RouteSearch(graph).best({plan.find("4").value(), plan.find("1").value()}));
}

TEST_CASE("ION's own plans are read; contacts after the last range have no light time and are named") {
  REFERENCE_OR_SKIP(bench, "space/contact_plans/ion_bench-cgr_global.ionrc");
  REFERENCE_OR_SKIP(test, "space/contact_plans/ion_cgr-test_global.ionrc");
  const PlanFile small = parsed(testing::read_file(bench));
  CHECK(small.problems.empty());
  CHECK(small.contacts.size() == 8);
  const PlanFile large = parsed(testing::read_file(test));
  for (const PlannedContact& contact : large.contacts) CHECK(contact.start <= from_seconds(36'000));
  CHECK(large.contacts.size() + large.problems.size() == 678);
  for (const datum::RowProblem& problem : large.problems)
    CHECK(problem.expected.find("during the contact, found none") != std::string::npos);
}
