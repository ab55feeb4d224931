// The service within a budget of modelled watts.
#include <doctest/doctest.h>

#include <future>
#include <nlohmann/json.hpp>

#include "inference/model_builder.h"
#include "onboard/complete_test_data.h"
#include "serving/completion_stand.h"
#include "serving/service.h"

using namespace skywarden;
using namespace skywarden::serving;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

datum::Schema station_schema() {
  datum::Schema schema = onboard::example_schema();
  schema.time_columns = {"time"};
  schema.stream_columns = {"station"};
  return schema;
}

struct Running {
  Service service;
  explicit Running(ServiceOptions options = {}) : service(std::move(options), [](const std::string&) {}) {
    REQUIRE(service.add_schema(station_schema()));
  }
  shell::HttpResponse ask(const std::string& path, const std::string& body = "") {
    std::promise<shell::HttpResponse> answered;
    service.handle({body.empty() ? "GET" : "POST", path, body, path, ""},
                   [&](shell::HttpResponse answer) { answered.set_value(std::move(answer)); });
    return answered.get_future().get();
  }
  std::string depth_of(const std::string& body) {
    const auto answer = ask("/v1/complete", body);
    return answer.status == 200 ? json::parse(answer.body)["records"][0]["depth"].get<std::string>()
                                : std::to_string(answer.status);
  }
  double power(const char* what) { return json::parse(ask("/v1/power").body)[what].get<double>(); }
};

std::string question(const datum::Record& record) {
  return fmt::format(
      R"({{"schema":"example","deadline_ms":20000,"records":[{{"station":"{}","time":"{}","rain":{}}}]}})",
      record.stream, format_utc(record.time), *datum::number_of(record.fields[1]));
}

ServiceOptions with_watts(double watts) {
  ServiceOptions options;
  options.power.budget = Watts(watts);
  return options;
}

}  // namespace

TEST_CASE("cheaper depths cost less, and more records more") {
  const datum::Schema schema = onboard::example_schema();
  onboard::ReviewOperations model{
      .number = {.instructions = 1e5}, .network = {.int8_multiply_adds = 1e9}, .has_networks = true};
  const CompletionCost cost(schema, model, 4, 16);
  const CompletionLoad one{1, 1, 1, 1, 0}, two{2, 2, 2, 2, 1};
  CHECK(cost.of(one, Haste::kNone) > cost.of(one, Haste::kSome));
  CHECK(cost.of(one, Haste::kSome) > cost.of(one, Haste::kGreat));
  CHECK(cost.of(one, Haste::kGreat).value() > 0.0);
  CHECK(cost.of(two, Haste::kSome).value() > 2.0 * cost.of(one, Haste::kSome).value());
  CHECK((cost.of(one, Haste::kNone) - cost.of(one, Haste::kSome)).value() ==
        doctest::Approx(onboard::modelled_energy(model.network).value()));
  const CompletionCost plain(schema, {}, 4, 16);
  CHECK(plain.of(one, Haste::kNone).value() == plain.of(one, Haste::kSome).value());
  CHECK(plain.of(one, Haste::kSome) < cost.of(one, Haste::kSome));
}

TEST_CASE("what records hold is counted: numbers known and missing, times that begin") {
  const datum::Schema schema = onboard::example_schema();
  auto records = onboard::example_records(3, 3);
  records[1].fields[0] = datum::Missing{};
  const datum::Record* three[] = {&records[0], &records[1], &records[4]};  // the third an hour later
  const CompletionLoad load = load_of(schema, three, std::nullopt);
  CHECK(load.records == 3);
  CHECK(load.with_holes == 1);
  CHECK(load.missing == 1);
  CHECK(load.known == 5);
  CHECK(load.slots == 2);
  CHECK(load_of(schema, three, records[4].time).slots == 0);
}

TEST_CASE("by default nothing is degraded, and what is drawn is stated") {
  Running running;
  const auto records = onboard::example_records(60, 3);
  for (std::size_t i = 0; i < 200; ++i) CHECK(running.depth_of(question(records[i])) == "system");
  CHECK(running.power("watts") == 20.0);
  CHECK(running.power("drawn_watts") > 0.0);
  CHECK(running.power("drawn_watts") < 0.02);
  const std::string metrics = running.ask("/metrics").body;
  CHECK(metrics.find("skywarden_records_total{schema=\"example\",depth=\"system\"} 200") !=
        std::string::npos);
  CHECK(metrics.find("skywarden_power_degraded_records_total{schema=\"example\"} 0") != std::string::npos);
  CHECK(metrics.find("skywarden_budget_watts 20") != std::string::npos);
}

TEST_CASE("a budget that is spent leads to rules, none at all to a refusal, and it comes back") {
  ServiceOptions options;
  options.power.window = 1h;                                  // nothing comes back while the test runs
  options.power.table = {1e-3, 1e6, 1e-3, 1e-3, 1e-3, 1e-3};  // products cost, and rules make none
  Running running(options);
  const auto records = onboard::example_records(100, 3);
  for (std::size_t i = 0; i < 40; ++i) running.ask("/v1/complete", question(records[i]));
  const double a_record = running.power("drawn_watts") / 40.0;
  REQUIRE(
      running
          .ask("/v1/power", fmt::format(R"({{"watts":{}}})", running.power("drawn_watts") + 10.5 * a_record))
          .status == 200);
  std::size_t by_system = 0, by_rules = 0;
  for (std::size_t i = 40; i < 100; ++i) {
    const std::string depth = running.depth_of(question(records[i]));
    by_system += depth == "system" ? 1 : 0;
    by_rules += depth == "rules" ? 1 : 0;
    CHECK(running.power("drawn_watts") <= running.power("watts"));
  }
  CHECK(by_system > 5);
  CHECK(by_system < 20);
  CHECK(by_system + by_rules == 60);
  REQUIRE(running.ask("/v1/power", R"({"watts":0})").status == 200);
  const auto refused = running.ask("/v1/complete", question(records[100]));
  CHECK(refused.status == 503);
  CHECK(refused.retry_after_s > 0);
  CHECK(json::parse(refused.body)["error"]["code"] == "power");
  REQUIRE(running.ask("/v1/power", R"({"watts":20})").status == 200);
  CHECK(running.depth_of(question(records[101])) == "system");
  const std::string metrics = running.ask("/metrics").body;
  CHECK(metrics.find("skywarden_power_refused_records_total{schema=\"example\"} 1") != std::string::npos);
  CHECK(metrics.find(fmt::format("skywarden_power_degraded_records_total{{schema=\"example\"}} {}",
                                 by_rules)) != std::string::npos);
  // What was answered by rules for want of power is no debt.
  CHECK(metrics.find("skywarden_records_owed{schema=\"example\"} 0") != std::string::npos);
}

TEST_CASE("dearer ways leave a part of the budget to the cheapest") {
  PowerBudget power({.budget = Watts(1.0), .kept = 0.1, .window = 100s});
  const onboard::PowerChoice ways[] = {{onboard::Joules(0.0), onboard::Joules(1.0), 1},
                                       {onboard::Joules(0.0), onboard::Joules(0.1), 1}};
  const Instant now = Instant{} + 1h;
  std::size_t dearer = 0, cheaper = 0, refused = 0;
  for (int i = 0; i < 300; ++i) {
    const auto grant = power.grant(ways, now, 1);
    dearer += grant.records == 1 && grant.choice == 0 ? 1 : 0;
    cheaper += grant.records == 1 && grant.choice == 1 ? 1 : 0;
    refused += grant.records == 0 ? 1 : 0;
    if (grant.choice == 1) CHECK(power.spare(now) < power.spread(ways[0].record));
  }
  CHECK(dearer == 90);
  CHECK((cheaper == 99 || cheaper == 100));  // sums of tenths
  CHECK(refused + cheaper == 210);
  CHECK(power.drawn(now) <= Watts(1.0));
}

TEST_CASE("a debt is paid once a batch, also where another node is asked as well") {
  PowerBudget power{PowerOptions{}};
  inference::BatcherOptions batches = ServiceOptions{}.complete;
  batches.depths = {
      {std::chrono::seconds(9), {}}, {std::chrono::seconds(5), {}}, {std::chrono::microseconds(10), {}}};
  CompletionStand stand(station_schema(), {}, batches, power, [](const std::string&) {});
  const auto complete = [&](std::vector<datum::Record> records, bool with_rows, Duration within) {
    CompletionWork work;
    const auto rows = static_cast<std::uint32_t>(records.size());
    work.records = std::move(records);
    work.with_rows = with_rows;
    bool done = false;
    stand.lane()->submit(std::move(work), rows, inference::Priority::kNormal, shell::steady_now() + within,
                         [&](const Served&, const Result<CompletionDone>& said) { done = said.has_value(); });
    while (!stand.lane()->work()) {
    }
    return done;
  };
  auto records = onboard::example_records(26, 3);
  const datum::Record last = records.back();
  records.resize(100);
  REQUIRE(complete(records, false, std::chrono::seconds(1)));
  REQUIRE(stand.owed() == 100);
  REQUIRE(complete({last}, true, std::chrono::seconds(20)));
  CHECK(stand.owed() == 100 - 32 + 1);
}

TEST_CASE("nobody raises the budget beyond that of the start, and nonsense changes nothing") {
  Running running(with_watts(5.0));
  for (const char* wrong :
       {R"({"watts":5.1})", R"({"watts":-1})", R"({"watts":"1"})", "{}", "1", R"({"watts":1e999})"})
    CHECK_MESSAGE(running.ask("/v1/power", wrong).status == 400, wrong);
  CHECK(running.power("watts") == 5.0);
  CHECK(running.power("watts_max") == 5.0);
  CHECK_FALSE(with_watts(21.0).validate());
  CHECK_FALSE(with_watts(-1.0).validate());
}

TEST_CASE("the reserve is kept from the work of others alone") {
  ServiceOptions options = with_watts(1.0);
  options.power.reserve = Watts(1.0);
  Running running(options);
  const auto records = onboard::example_records(3, 3);
  CHECK(running.depth_of(question(records[0])) == "system");
  std::string forwarded = question(records[1]);
  forwarded.insert(1, R"("forwarded":true,)");
  CHECK(running.depth_of(forwarded) == "503");
  CHECK(json::parse(running.ask("/v1/offer").body)["spare_watts"] == 0.0);
}

TEST_CASE("an inference is refused when there is no power for it") {
  Running running;
  inference::ModelBuilder builder;
  const auto in = builder.input("in", {.channels = 2});
  const float weights[] = {2.0F, 0.0F, 0.0F, 2.0F};
  const auto matrix = builder.matrix("w", weights, 2, 2, inference::Precision::kF32);
  builder.output("out", builder.linear(in, {matrix, std::nullopt}));
  REQUIRE(
      running.service.put_model("m", make_engine(inference::make_program(builder.take()).value()), "test"));
  CHECK(running.ask("/v1/infer", R"({"model":"m","rows":[[1,2]]})").status == 200);
  CHECK(running.power("drawn_watts") > 0.0);
  REQUIRE(running.ask("/v1/power", R"({"watts":0})").status == 200);
  CHECK(running.ask("/v1/infer", R"({"model":"m","rows":[[1,2]]})").status == 503);
}
