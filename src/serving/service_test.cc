// The service without a socket: requests as values, answers as values.
#include "serving/service.h"

#include <doctest/doctest.h>

#include <condition_variable>
#include <nlohmann/json.hpp>
#include <thread>

#include "inference/model_builder.h"
#include "onboard/complete_test_data.h"
#include "storage/memory_disk.h"

using namespace skywarden;
using namespace skywarden::serving;
using nlohmann::json;

namespace {

datum::Schema station_schema() {
  datum::Schema schema = onboard::example_schema();
  schema.time_columns = {"time"};
  schema.stream_columns = {"station"};
  return schema;
}

// y = factor · x, two numbers wide.
std::unique_ptr<Engine> scaling_model(float factor) {
  inference::ModelBuilder builder;
  const auto in = builder.input("in", {.channels = 2});
  const float weights[] = {factor, 0.0F, 0.0F, factor};
  const auto matrix = builder.matrix("w", weights, 2, 2, inference::Precision::kF32);
  builder.output("out", builder.linear(in, {matrix, std::nullopt}));
  return make_engine(inference::make_program(builder.take()).value());
}

struct Answer {
  int status = 0;
  json body;
};

struct Running {
  std::mutex mutex;
  std::vector<std::string> complaints;
  Service service;

  explicit Running(ServiceOptions options = {})
      : service(std::move(options), [this](const std::string& line) {
          const std::lock_guard lock(mutex);
          complaints.push_back(line);
        }) {}

  Answer ask(const std::string& path, const std::string& body, const std::string& method = "POST") {
    std::mutex done_mutex;
    std::condition_variable done;
    std::optional<shell::HttpResponse> response;
    shell::HttpRequest request{method, path, body, path, ""};
    service.handle(request, [&](shell::HttpResponse answer) {
      const std::lock_guard lock(done_mutex);
      response = std::move(answer);
      done.notify_one();
    });
    std::unique_lock lock(done_mutex);
    done.wait(lock, [&] { return response.has_value(); });
    const bool is_json = response->content_type == "application/json";
    return {response->status, is_json ? json::parse(response->body) : json(response->body)};
  }
};

std::string record_json(const datum::Record& record, bool hide_temp) {
  std::string out = fmt::format(R"({{"station":"{}","time":"{}")", record.stream, format_utc(record.time));
  if (!hide_temp) out += fmt::format(R"(,"temp":{})", *datum::number_of(record.fields[0]));
  return out + fmt::format(R"(,"rain":{}}})", *datum::number_of(record.fields[1]));
}

}  // namespace

TEST_CASE("an inference is answered, also by two versions in turn") {
  Running running;
  REQUIRE(running.service.put_model("m", scaling_model(2.0F), "test"));
  Answer answer = running.ask("/v1/infer", R"({"model":"m","rows":[[1,2],[3,4]]})");
  CHECK(answer.status == 200);
  CHECK(answer.body["outputs"]["out"] == json::parse("[[2,4],[6,8]]"));
  CHECK(running.service.put_model("m", scaling_model(5.0F), "test") == 2U);
  answer = running.ask("/v1/infer", R"({"model":"m","rows":[[1,2]]})");
  CHECK(answer.body["outputs"]["out"] == json::parse("[[5,10]]"));
  const Answer models = running.ask("/v1/models", "", "GET");
  CHECK(models.body["models"][0]["version"] == 2);
  CHECK(models.body["models"][0]["inputs"][0]["width"] == 2);
}

TEST_CASE("a completion is answered with interval, method and pattern") {
  Running running;
  REQUIRE(running.service.add_schema(station_schema()));
  CHECK(running.service.add_schema(station_schema()).error().code == Errc::kConflict);
  const auto records = onboard::example_records(40, 3);
  for (std::size_t i = 0; i < 120; ++i) {
    const Answer fed = running.ask(
        "/v1/complete", R"({"schema":"example","records":[)" + record_json(records[i], false) + "]}");
    REQUIRE(fed.status == 200);
  }
  const Answer answer = running.ask(
      "/v1/complete", R"({"schema":"example","records":[)" + record_json(records[120], true) + "]}");
  REQUIRE(answer.status == 200);
  const json& temp = answer.body["records"][0]["fields"]["temp"];
  CHECK(temp["state"] == "estimated");
  CHECK(temp["pattern"] == "scattered");
  CHECK(temp["low"] <= temp["value"]);
  CHECK(temp["value"] <= temp["high"]);
  CHECK(temp.contains("by"));
  CHECK(answer.body["records"][0]["fields"]["wind"]["state"] != "observed");
}

TEST_CASE("records are kept as they came, estimates are not, and metrics count them") {
  const datum::Schema schema = station_schema();
  const auto keeper =
      RecordKeeper::open(std::make_unique<storage::MemoryDisk>(), {schema}, {}, [](const std::string&) {});
  REQUIRE(keeper);
  Running running;
  running.service.keep_records(**keeper);
  REQUIRE(running.service.add_schema(schema));
  const auto records = onboard::example_records(3, 3);
  for (const auto& record : records)
    CHECK(running.ask("/v1/complete", R"({"schema":"example","records":[)" + record_json(record, true) + "]}")
              .status == 200);
  (*keeper)->wait();
  const std::string metrics = running.ask("/metrics", "", "GET").body.get<std::string>();
  CHECK(metrics.find(fmt::format("skywarden_kept_records_total{{outcome=\"durable\"}} {}\n",
                                 records.size())) != std::string::npos);
}

TEST_CASE("a tight deadline is met with less, an impossible one is said at once") {
  ServiceOptions options;
  options.complete.depths = {
      {std::chrono::seconds(9), {}}, {std::chrono::seconds(5), {}}, {std::chrono::microseconds(10), {}}};
  Running running(options);
  REQUIRE(running.service.add_schema(station_schema()));
  const auto records = onboard::example_records(3, 3);
  const std::string one = record_json(records[0], true);
  const Answer quick =
      running.ask("/v1/complete", R"({"schema":"example","deadline_ms":1000,"records":[)" + one + "]}");
  CHECK(quick.status == 200);
  CHECK(quick.body["records"][0]["depth"] == "rules");
  const Answer late =
      running.ask("/v1/complete", R"({"schema":"example","deadline_ms":0.001,"records":[)" + one + "]}");
  CHECK(late.status == 504);
  CHECK(late.body["error"]["code"] == "deadline");
  const Answer models = running.ask("/v1/models", "", "GET");
  CHECK(models.body["schemas"][0]["metrics"]["degraded"] == 1);
  CHECK(models.body["schemas"][0]["metrics"]["refused_too_late"] == 1);
  const Answer metrics = running.ask("/metrics", "", "GET");
  CHECK(metrics.body.get<std::string>().find("skywarden_records_owed{schema=\"example\"} 1") !=
        std::string::npos);
}

TEST_CASE("what cannot be served is a clear error") {
  Running running;
  REQUIRE(running.service.put_model("m", scaling_model(2.0F), "test"));
  CHECK(running.ask("/v1/infer", "{}").status == 400);
  CHECK(running.ask("/v1/infer", R"({"model":"n","rows":[[1,2]]})").status == 404);
  CHECK(running.ask("/v1/infer", "", "GET").status == 405);
  CHECK(running.ask("/v1/complete", R"({"schema":"n","records":[{}]})").status == 404);
  CHECK(running.ask("/v2", "", "GET").status == 404);
  // A number beyond what the engine takes.
  const Answer large = running.ask("/v1/infer", R"({"model":"m","rows":[[1e7,2]]})");
  CHECK(large.status == 400);
  CHECK(large.body["error"]["message"].get<std::string>().find("within") != std::string::npos);
  const Answer metrics = running.ask("/metrics", "", "GET");
  CHECK(metrics.status == 200);
  CHECK(metrics.body.get<std::string>().find("skywarden_batches_total{model=\"m\"} 0") != std::string::npos);
}

TEST_CASE("a plug-in's model that fails is 502, and the others go on") {
  Running running;
  const auto plugin = Plugin::load(std::string(SKYWARDEN_PLUGINS) + "/example_1.so");
  REQUIRE(plugin);
  REQUIRE(running.service.put_model("bad", open_engine(*plugin, "fails").value(), "test"));
  REQUIRE(running.service.put_model("m", scaling_model(2.0F), "test"));
  const Answer bad = running.ask("/v1/infer", R"({"model":"bad","rows":[[1,2]]})");
  CHECK(bad.status == 502);
  CHECK(bad.body["error"]["code"] == "model_failed");
  CHECK(running.ask("/v1/infer", R"({"model":"m","rows":[[1,2]]})").status == 200);
}

TEST_CASE("a plug-in's method is exchanged and taken away while records come") {
  Running running;
  REQUIRE(running.service.add_schema(station_schema()));
  const auto records = onboard::example_records(60, 4);
  std::atomic<bool> stop = false;
  std::atomic<int> failed = 0, asked = 0;
  std::thread client([&] {
    for (std::size_t i = 0; !stop; i = (i + 1) % records.size()) {
      const Answer answer =
          running.ask("/v1/complete", R"({"schema":"example","deadline_ms":60000,"records":[)" +
                                          record_json(records[i], i % 3 == 0) + "]}");
      ++asked;
      if (answer.status != 200) ++failed;
    }
  });
  for (int round = 0; round < 20; ++round) {
    const auto plugin =
        Plugin::load(std::string(SKYWARDEN_PLUGINS) + (round % 2 == 0 ? "/example_1.so" : "/example_2.so"));
    REQUIRE(plugin);
    CHECK(running.service.set_method("example", *plugin));
    std::this_thread::sleep_for(std::chrono::milliseconds(3));
    if (round % 5 == 4) CHECK(running.service.set_method("example", nullptr));
  }
  stop = true;
  client.join();
  CHECK(asked > 0);
  CHECK(failed == 0);
  CHECK(running.service.set_method("other", nullptr).error().code == Errc::kNotFound);
}

TEST_CASE("a model of another schema is refused and the old one stays") {
  Running running;
  REQUIRE(running.service.add_schema(station_schema()));
  onboard::FusedModel model;
  model.trees.schema = "another";
  const auto set = running.service.set_completion_model("example", &model, "another.trees");
  CHECK(set.error().message == "another.trees: a model for schema 'another', not 'example'");
  CHECK(running.ask("/v1/models", "", "GET").body["schemas"][0]["model"] == "baseline");
}
