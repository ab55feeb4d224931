// Services that send work to each other over loopback.
#include "serving/neighbours.h"

#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <nlohmann/json.hpp>
#include <thread>

#include "onboard/complete_test_data.h"
#include "serving/service.h"
#include "shell/http_server.h"

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

struct Answer {
  int status = 0;
  json body;
};

// A port first, so that nodes can name each other, then a service behind it.
class Node {
 public:
  using Handler = shell::HttpServer::DeferredHandler;

  Node() { start(); }
  ~Node() { end(); }
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  void serve(ServiceOptions options) {
    service_ = std::make_unique<Service>(std::move(options), [](const std::string&) {});
    REQUIRE(service_->add_schema(station_schema()));
  }
  void end() {
    service_.reset();  // answers what it has; answers go through the server
    server_.reset();
  }
  [[nodiscard]] shell::HttpAddress address() const { return {"127.0.0.1", server_->port()}; }
  [[nodiscard]] std::size_t completions() const { return completions_; }
  // Instead of the service, of completions.
  void instead(Handler handler) {
    const std::lock_guard lock(mutex_);
    instead_ = std::move(handler);
  }

  Answer ask(const std::string& path, const std::string& body = "") {
    std::promise<shell::HttpResponse> answered;
    service_->handle({body.empty() ? "GET" : "POST", path, body, path, ""},
                     [&](shell::HttpResponse answer) { answered.set_value(std::move(answer)); });
    const shell::HttpResponse answer = answered.get_future().get();
    const bool is_json = answer.content_type == "application/json";
    return {answer.status, is_json ? json::parse(answer.body) : json(answer.body)};
  }
  [[nodiscard]] bool metrics_have(const std::string& line) {
    return ask("/metrics").body.get<std::string>().find(line) != std::string::npos;
  }
  void await(const std::string& line) {
    for (int i = 0; i < 2000 && !metrics_have(line); ++i) std::this_thread::sleep_for(5ms);
    REQUIRE(metrics_have(line));
  }

 private:
  void start() {
    shell::HttpServer::Options options;
    options.port = 0;
    server_ = shell::HttpServer::start_deferred(options, [this](shell::HttpRequest request,
                                                                shell::HttpServer::Respond respond) {
                Handler instead;
                if (request.path == "/v1/complete") {
                  ++completions_;
                  const std::lock_guard lock(mutex_);
                  instead = instead_;
                }
                if (instead) return instead(std::move(request), std::move(respond));
                if (service_ == nullptr) return respond({503});
                service_->handle(std::move(request), std::move(respond));
              }).value();
  }

  std::mutex mutex_;
  Handler instead_;
  std::atomic<std::size_t> completions_ = 0;
  std::unique_ptr<shell::HttpServer> server_;
  std::unique_ptr<Service> service_;
};

ServiceOptions options_with(std::vector<shell::HttpAddress> neighbours,
                            std::optional<shell::HttpAddress> ground = {}) {
  ServiceOptions options;
  options.deadline = 10s;
  options.neighbours.neighbours = std::move(neighbours);
  options.neighbours.ground = std::move(ground);
  options.neighbours.ask_every = 10ms;
  options.neighbours.silence_max = 2s;
  options.power.window = 1h;  // nothing comes back while a test runs
  // Products cost, and rules make none.
  options.power.table = {1e-3, 1e6, 1e-3, 1e-3, 1e-3, 1e-3};
  return options;
}

std::string heard(const Node& node) {
  return "skywarden_neighbour_heard{node=\"" + to_string(node.address()) + "\"} 1";
}

std::string question(const datum::Record& record, bool hide_temp, const std::string& more = "") {
  std::string one = fmt::format(R"({{"station":"{}","time":"{}")", record.stream, format_utc(record.time));
  if (!hide_temp) one += fmt::format(R"(,"temp":{})", *datum::number_of(record.fields[0]));
  one += fmt::format(R"(,"rain":{}}})", *datum::number_of(record.fields[1]));
  return R"({"schema":"example",)" + more + R"("records":[)" + one + "]}";
}

// Twenty hours of four stations, all answered here.
std::vector<datum::Record> warm_up(Node& node) {
  const auto records = onboard::example_records(40, 3);
  for (std::size_t i = 0; i < 80; ++i) {
    const Answer fed = node.ask("/v1/complete", question(records[i], false));
    REQUIRE(fed.status == 200);
    REQUIRE_FALSE(fed.body.contains("place"));
  }
  return records;
}

void set_watts(Node& node, double watts) {
  REQUIRE(node.ask("/v1/power", fmt::format(R"({{"watts":{}}})", watts)).status == 200);
}
// Rules are affordable, the system is not.
void make_short(Node& node) {
  set_watts(node, 1e-9 + node.ask("/v1/power").body["drawn_watts"].get<double>() * (1.0 + 1e-5));
}

}  // namespace

TEST_CASE("a neighbour with power completes what there is no power for here, from the rows that go with it") {
  Node a, b;
  b.serve(options_with({}));
  a.serve(options_with({b.address()}));
  a.await(heard(b));
  const auto records = warm_up(a);
  CHECK(b.completions() == 0);
  set_watts(a, 0.0);
  const Answer answer = a.ask("/v1/complete", question(records[80], true));
  REQUIRE(answer.status == 200);
  CHECK(answer.body["place"] == "neighbour");
  CHECK(answer.body["node"] == to_string(b.address()));
  const json& said = answer.body["records"][0];
  CHECK(said["depth"] == "system");
  CHECK_FALSE(said.contains("new_stream"));  // the rows went first
  CHECK(said["fields"]["temp"]["state"] == "estimated");
  CHECK(said["fields"]["temp"]["low"] < said["fields"]["temp"]["high"]);
  CHECK(said["fields"]["rain"]["state"] == "observed");
  CHECK(b.completions() == 1);
  CHECK(b.metrics_have("skywarden_records_total{schema=\"example\",depth=\"system\"} 1"));
  CHECK(a.metrics_have("skywarden_placed_total{place=\"neighbour\"} 1"));
  CHECK(a.metrics_have("outcome=\"answered\"} 1"));
  // With power again work stays.
  set_watts(a, 20.0);
  CHECK_FALSE(a.ask("/v1/complete", question(records[81], true)).body.contains("place"));
  CHECK(b.completions() == 1);
}

TEST_CASE("rows that a neighbour was told before are not taken twice") {
  Node a, b;
  b.serve(options_with({}));
  a.serve(options_with({b.address()}));
  a.await(heard(b));
  const auto records = warm_up(a);
  std::vector<std::size_t> before;
  b.instead([&](shell::HttpRequest request, const shell::HttpServer::Respond& respond) {
    const json body = json::parse(request.body);
    before.push_back(body["before"].size());
    CHECK(body["forwarded"] == true);
    respond({500});
  });
  set_watts(a, 0.0);
  CHECK(a.ask("/v1/complete", question(records[80], true)).status == 503);  // nobody has power for it
  CHECK(before == std::vector<std::size_t>{16});
  b.instead(nullptr);
  for (std::size_t i = 84; i < 100; i += 4) {  // one station
    a.await(heard(b));
    const Answer answer = a.ask("/v1/complete", question(records[i], true));
    CHECK(answer.body["place"] == "neighbour");
  }
  CHECK(b.metrics_have("skywarden_records_total{schema=\"example\",depth=\"system\"} 4"));
}

TEST_CASE(
    "when the neighbour dies, is late, refuses or talks nonsense, the answer is that of here, cheaper") {
  Node a;
  auto b = std::make_unique<Node>();
  b->serve(options_with({}));
  a.serve(options_with({b->address()}));
  a.await(heard(*b));
  const auto records = warm_up(a);
  make_short(a);
  std::size_t next = 80;
  const auto stands_in = [&](const std::string& more = "") {
    a.await(heard(*b));
    const std::size_t asked = b->completions();
    const Answer answer = a.ask("/v1/complete", question(records[next++], true, more));
    REQUIRE(answer.status == 200);
    CHECK(b->completions() == asked + 1);
    CHECK(answer.body["place"] == "here_cheaper");
    CHECK(answer.body["records"][0]["depth"] == "rules");
    CHECK(answer.body["records"][0]["fields"]["temp"]["by"] == "last_value");
  };
  b->instead([](const shell::HttpRequest&, const shell::HttpServer::Respond& respond) { respond({503}); });
  stands_in();
  for (const char* nonsense :
       {"", "[]", "{}", R"({"records":[]})", R"({"records":[{}]})", R"({"records":[{"stream":1}]})"}) {
    b->instead([nonsense](const shell::HttpRequest&, const shell::HttpServer::Respond& respond) {
      respond({200, "application/json", nonsense});
    });
    stands_in();
  }
  // It holds the work and says nothing; then it is gone.
  std::vector<shell::HttpServer::Respond> held;
  b->instead([&](const shell::HttpRequest&, shell::HttpServer::Respond respond) {
    held.push_back(std::move(respond));
  });
  stands_in(R"("deadline_ms":300,)");
  a.await(heard(*b));
  auto answer =
      std::async(std::launch::async, [&] { return a.ask("/v1/complete", question(records[next], true)); });
  while (held.size() < 2) std::this_thread::sleep_for(1ms);
  for (auto& respond : held) respond({500});
  held.clear();
  const std::string gone = heard(*b);
  b->end();
  CHECK(answer.get().body["place"] == "here_cheaper");
  // And stays away: once that is known, work is no longer offered to it.
  for (int i = 0; i < 2000 && a.metrics_have(gone); ++i) std::this_thread::sleep_for(5ms);
  const Answer alone = a.ask("/v1/complete", question(records[next + 1], true));
  CHECK(alone.status == 200);
  CHECK(alone.body["records"][0]["depth"] == "rules");
  CHECK_FALSE(alone.body.contains("place"));
}

TEST_CASE("two nodes that are both short of power do not send work round") {
  Node a, b, c;
  c.serve(options_with({}));
  a.serve(options_with({b.address()}));
  b.serve(options_with({a.address(), c.address()}));
  a.await(heard(b));
  b.await(heard(a));
  b.await(heard(c));
  const auto records = warm_up(a);
  make_short(a);
  make_short(b);
  // Sent on by somebody: b is short of power and may not send it to c, who has some.
  const Answer forwarded = b.ask("/v1/complete", question(records[80], true, R"("forwarded":true,)"));
  CHECK(forwarded.status == 503);
  CHECK(forwarded.body["error"]["code"] == "power");
  CHECK(c.completions() == 0);
  for (std::size_t i = 80; i < 120; ++i) {
    const std::size_t before = a.completions() + b.completions() + c.completions();
    const Answer answer = a.ask("/v1/complete", question(records[i], true));
    CHECK(answer.status == 200);
    CHECK(a.completions() == 0);
    CHECK(a.completions() + b.completions() + c.completions() <= before + 1);
  }
  CHECK(c.completions() == 0);
  // Asked itself, b does send to c.
  CHECK(b.ask("/v1/complete", question(records[120], true)).body["place"] == "neighbour");
  CHECK(c.completions() == 1);
}

TEST_CASE("who asks for the deeper model is answered by the ground, and from here when it fails") {
  Node a, ground;
  ground.serve(options_with({}));
  a.serve(options_with({}, ground.address()));
  a.await(heard(ground));
  const auto records = warm_up(a);
  const Answer deeper = a.ask("/v1/complete", question(records[80], true, R"("deeper":true,)"));
  REQUIRE(deeper.status == 200);
  CHECK(deeper.body["place"] == "ground");
  CHECK(ground.completions() == 1);
  CHECK_FALSE(a.ask("/v1/complete", question(records[81], true)).body.contains("place"));
  ground.instead(
      [](const shell::HttpRequest&, const shell::HttpServer::Respond& respond) { respond({500}); });
  const Answer failed = a.ask("/v1/complete", question(records[82], true, R"("deeper":true,)"));
  CHECK(failed.status == 200);
  CHECK(failed.body["place"] == "here");
  CHECK(failed.body["records"][0]["depth"] == "system");
  // It is the last resort of other work, too.
  ground.instead(nullptr);
  set_watts(a, 0.0);
  a.await(heard(ground));
  CHECK(a.ask("/v1/complete", question(records[84], true)).body["place"] == "ground");
}

TEST_CASE("many at once: each is answered once, and none is lost while the neighbour comes and goes") {
  Node a;
  auto b = std::make_unique<Node>();
  b->serve(options_with({}));
  a.serve(options_with({b->address()}));
  a.await(heard(*b));
  const auto records = warm_up(a);
  make_short(a);
  std::atomic<std::size_t> answered = 0, neighbour = 0;
  std::atomic<bool> stop = false;
  std::thread flips([&] {
    for (bool refuses = false; !stop; refuses = !refuses) {
      if (refuses)
        b->instead(
            [](const shell::HttpRequest&, const shell::HttpServer::Respond& respond) { respond({503}); });
      else
        b->instead(nullptr);
      std::this_thread::sleep_for(20ms);
    }
  });
  std::vector<std::thread> clients;
  for (std::size_t c = 0; c < 4; ++c)
    clients.emplace_back([&, c] {
      for (std::size_t i = 0; i < 60; ++i) {
        const Answer answer = a.ask("/v1/complete", question(records[80 + (4 * i + c) % 60], true));
        if (answer.status == 200) ++answered;
        if (answer.body.value("place", "") == "neighbour") ++neighbour;
      }
    });
  for (std::thread& client : clients) client.join();
  stop = true;
  flips.join();
  CHECK(answered == 240);
  CHECK(neighbour > 0);
}

TEST_CASE("a contact's delay and rate follow from what was seen") {
  ContactMeter meter;
  CHECK(meter.rate().value() == 0.0);
  meter.note(200, 20ms, 0ms);
  CHECK(meter.delay() == 10ms);
  CHECK(meter.rate().value() == doctest::Approx(200 * 8 / 0.02));  // at least so much
  meter.note(100'000, 120ms + 50ms, 50ms);
  CHECK(meter.delay() == 10ms);
  CHECK(meter.rate().value() == doctest::Approx(8e6));
  meter.note(100'000, 220ms, 0ms);
  CHECK(meter.rate().value() == doctest::Approx(8e6 - 0.25 * 4e6));
  for (int i = 0; i < 8; ++i) meter.note(200, 40ms, 0ms);  // the path grew longer
  CHECK(meter.delay() == 20ms);
}

TEST_CASE("an offer is read as it was written, and nothing else") {
  const OfferTold told{Watts(1.5), {{"prsa", 250ms}, {"weather", 0ms}}};
  const auto read = read_offer(offer_json(told));
  REQUIRE(read);
  CHECK(read->spare == told.spare);
  CHECK(read->queues == told.queues);
  for (const char* wrong : {"", "[]", "{}", R"({"spare_watts":-1,"schemas":{}})", R"({"spare_watts":1})",
                            R"({"spare_watts":1,"schemas":[]})", R"({"spare_watts":1,"schemas":{"a":1}})",
                            R"({"spare_watts":1,"schemas":{"a":{"queue_ms":-1}}})",
                            R"({"spare_watts":1,"schemas":{"a":{"queue_ms":1e300}}})"})
    CHECK_MESSAGE(!read_offer(wrong), wrong);
}
