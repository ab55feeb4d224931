// What clients of the service on a node get: requests a second and times to an answer over loopback, many
// clients at once, each with one request at a time. Server and clients share this process and the machine's
// cores. Completion sends hourly records of the PRSA files, one a request, half of the cells hidden;
// inference a sequence to a drawn student encoder. `handling` is what a record costs without clients and
// sockets, one after the other on one thread: reading the request, completing, writing the answer; CPU time
// and allocations of each.
#include "serving/service.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>

#include "allocations.h"
#include "base/contract.h"
#include "base/hash.h"
#include "base/random.h"
#include "command_line/command_line.h"
#include "cpu_time.h"
#include "formats/read_file.h"
#include "inference/encoders.h"
#include "prsa_records.h"
#include "shell/http_server.h"

namespace skywarden {
namespace {

using Clock = std::chrono::steady_clock;

struct Arguments {
  std::string what = "both";
  PrsaInput from{.model = "models/prsa.fused"};
  std::size_t clients = 16, records = 60'000;
  double seconds = 5.0, deadline_ms = 1000.0;
  unsigned threads = 2;
  std::uint32_t tokens = 16;
  std::uint16_t port = 0;  // of a service that runs already; 0: one in this process
  double watts = serving::PowerOptions::kModule.value();
  bool neighbour = false;
};

// One connection that asks and waits.
class Client {
 public:
  explicit Client(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int on = 1;
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    ENSURES(::connect(socket_, reinterpret_cast<sockaddr*>(&to), sizeof(to)) == 0);
  }
  ~Client() { ::close(socket_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // The status; the body is in body().
  int ask(const std::string& path, const std::string& body) {
    const std::string request = fmt::format(
        "POST {} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{}", path, body.size(), body);
    ENSURES(::send(socket_, request.data(), request.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(request.size()));
    buffer_.clear();
    std::size_t head = std::string::npos, length = 0;
    while (head == std::string::npos || buffer_.size() < head + 4 + length) {
      char block[16'384];
      const ssize_t got = ::recv(socket_, block, sizeof(block), 0);
      ENSURES(got > 0);
      buffer_.append(block, static_cast<std::size_t>(got));
      if (head != std::string::npos || (head = buffer_.find("\r\n\r\n")) == std::string::npos) continue;
      const std::size_t at = buffer_.find("Content-Length: ");
      ENSURES(at < head);
      length = std::stoul(buffer_.substr(at + 16, 12));
    }
    body_ = buffer_.substr(head + 4, length);
    return std::stoi(buffer_.substr(9, 3));
  }
  [[nodiscard]] const std::string& body() const { return body_; }

 private:
  int socket_;
  std::string buffer_, body_;
};

struct Tally {
  std::vector<double> ms;
  std::map<std::string, std::size_t> outcomes;  // by depth, or by status
};

// Modelled; of runs that are shorter than the window.
void state_power(serving::Service& service, const std::string& of) {
  service.handle({"GET", "/v1/power", "", "/v1/power"}, [&](const shell::HttpResponse& answer) {
    fmt::print("{{\"figure\": \"power of {}\", \"told\": {}}}\n", of,
               answer.body.substr(0, answer.body.find('\n')));
  });
}

std::string outcome_of(int status, const std::string& body) {
  if (status != 200) return std::to_string(status);
  for (const std::string key : {"\"place\":\"", "\"depth\":\""})
    if (const std::size_t at = body.find(key); at != std::string::npos)
      return body.substr(at + key.size(), body.find('"', at + key.size()) - at - key.size());
  return "200";
}

void measure(const Arguments& a, std::uint16_t port, const std::string& name, const std::string& path,
             const std::vector<std::vector<std::string>>& bodies, bool again) {
  std::vector<Tally> tallies(a.clients);
  const double cpu = cpu_seconds();
  const auto begin = Clock::now();
  const auto end = begin + std::chrono::duration<double>(a.seconds);
  std::vector<std::thread> threads;
  for (std::size_t c = 0; c < a.clients; ++c)
    threads.emplace_back([&, c] {
      Client client(port);
      for (std::size_t i = 0; Clock::now() < end && (again || i < bodies[c].size()); ++i) {
        const auto asked = Clock::now();
        const int status = client.ask(path, bodies[c][i % bodies[c].size()]);
        tallies[c].ms.push_back(std::chrono::duration<double, std::milli>(Clock::now() - asked).count());
        ++tallies[c].outcomes[outcome_of(status, client.body())];
      }
    });
  for (std::thread& thread : threads) thread.join();
  const double wall = std::chrono::duration<double>(Clock::now() - begin).count();
  std::vector<double> ms;
  nlohmann::json outcomes = nlohmann::json::object();
  for (const Tally& tally : tallies) {
    ms.insert(ms.end(), tally.ms.begin(), tally.ms.end());
    for (const auto& [outcome, count] : tally.outcomes)
      outcomes[outcome] = outcomes.value(outcome, 0UL) + count;
  }
  std::ranges::sort(ms);
  const auto quantile = [&](double q) {
    return ms[static_cast<std::size_t>(q * static_cast<double>(ms.size() - 1))];
  };
  fmt::print(
      "{{\"figure\": \"{}\", \"clients\": {}, \"threads\": {}, \"deadline_ms\": {}, \"requests\": {}, "
      "\"requests_per_s\": {:.0f}, \"p50_ms\": {:.2f}, \"p95_ms\": {:.2f}, \"p99_ms\": {:.2f}, "
      "\"cpu_us_per_request\": {:.0f}, \"outcomes\": {}}}\n",
      name, a.clients, a.threads, a.deadline_ms, ms.size(), static_cast<double>(ms.size()) / wall,
      quantile(0.5), quantile(0.95), quantile(0.99),
      (cpu_seconds() - cpu) / static_cast<double>(ms.size()) * 1e6, outcomes.dump());
  std::fflush(stdout);
}

std::string body_of(const datum::Schema& schema, const datum::Record& record, double deadline_ms,
                    Random& random) {
  const CivilTime t = to_civil(record.time + std::chrono::minutes(schema.utc_offset_min));
  nlohmann::json one = {
      {"station", record.stream}, {"year", t.year}, {"month", t.month}, {"day", t.day}, {"hour", t.hour}};
  for (std::size_t f = 0; f < schema.fields.size(); ++f) {
    const datum::Value* value = datum::value_of(record.fields[f]);
    if (value == nullptr || random.chance(0.5)) continue;
    if (const auto* number = std::get_if<double>(value)) one[schema.fields[f].name] = *number;
    if (const auto* level = std::get_if<datum::Category>(value))
      one[schema.fields[f].name] = schema.fields[f].levels[level->level];
  }
  return nlohmann::json({{"schema", schema.name}, {"deadline_ms", deadline_ms}, {"records", {one}}}).dump();
}

// The stations' records in order of time, dealt to the clients in turn: they carry the links of one system.
Result<std::vector<std::vector<std::string>>> completions(const Arguments& a, const datum::Schema& schema) {
  const auto records = prsa_records(a.from.data, schema, a.records / 12 + 1);
  if (!records) return tl::unexpected<Error>(records.error());
  const std::size_t clients = a.what == "handling" ? 1 : a.clients;
  std::vector<std::vector<std::string>> bodies(clients);
  Random random(5);
  for (std::size_t i = 0; i < records->size(); ++i)
    bodies[i % clients].push_back(body_of(schema, (*records)[i], a.deadline_ms, random));
  return bodies;
}

std::vector<std::vector<std::string>> inferences(const Arguments& a) {
  Random random(6);
  std::vector<std::vector<std::string>> bodies(a.clients);
  for (auto& each : bodies) {
    nlohmann::json rows = nlohmann::json::array();
    for (std::uint32_t t = 0; t < a.tokens; ++t) {
      nlohmann::json row = nlohmann::json::array();
      for (std::uint32_t i = 0; i < inference::kStudent.width; ++i)
        row.push_back(std::round(random.normal(0.0, 1.0) * 1e4) / 1e4);
      rows.push_back(std::move(row));
    }
    each.push_back(
        nlohmann::json({{"model", "student"}, {"deadline_ms", a.deadline_ms}, {"rows", rows}}).dump());
  }
  return bodies;
}

// The schema and its model, of a service.
Result<void> equip(serving::Service& service, const Arguments& a, const datum::Schema& schema,
                   const std::optional<onboard::FusedModel>& model) {
  if (const auto added = service.add_schema(schema); !added || !model) return added;
  return service.set_completion_model(schema.name, &*model, a.from.model);
}

Result<std::unique_ptr<shell::HttpServer>> serve(serving::Service& service, const Arguments& a) {
  return shell::HttpServer::start_deferred(
      {.port = 0, .connections_max = a.clients + 80, .json_errors = true},
      [&](shell::HttpRequest request, shell::HttpServer::Respond respond) {
        service.handle(std::move(request), std::move(respond));
      });
}

struct Step {
  const char* name;
  double cpu = 0.0;
  std::uint64_t allocated = 0;

  template <typename Do>
  auto measured(Do&& work) {
    const double cpu_before = cpu_seconds();
    const std::uint64_t before = allocations();
    auto out = work();
    allocated += allocations() - before;
    cpu += cpu_seconds() - cpu_before;
    return out;
  }
};

void handling(const std::vector<std::string>& bodies, const datum::Schema& schema,
              std::unique_ptr<onboard::NumberReviewer> reviewer) {
  serving::CompletionLadder ladder(schema, std::move(reviewer));
  const auto schema_of = [&](const std::string&) { return &schema; };
  const std::size_t warm = bodies.size() / 3;
  std::size_t measured = 0;
  Fnv1a answers;
  Step read{"read"}, complete{"complete"}, write{"write"};
  for (std::size_t i = 0; i < bodies.size(); ++i) {
    if (i == warm) read = {"read"}, complete = {"complete"}, write = {"write"};
    if (i >= warm) ++measured;
    const auto query = read.measured([&] { return serving::read_complete(bodies[i], schema_of); });
    ENSURES(query.has_value());
    const datum::Record* one[] = {&query->records.front()};
    const auto done = complete.measured([&] { return ladder.complete_newest(one, serving::Haste::kNone); });
    answers.add(write.measured([&] { return serving::complete_json(schema, done, query->problems, {}); }));
  }
  for (const Step& step : {read, complete, write})
    fmt::print(
        "{{\"figure\": \"service: handling a record\", \"step\": \"{}\", \"records\": {}, "
        "\"cpu_us\": {:.1f}, \"allocations\": {:.1f}}}\n",
        step.name, measured, step.cpu / static_cast<double>(measured) * 1e6,
        static_cast<double>(step.allocated) / static_cast<double>(measured));
  fmt::print("{{\"figure\": \"service: answers\", \"hash\": \"{:016x}\"}}\n", answers.value());
  std::fflush(stdout);
}

Result<void> run(const Arguments& a) {
  const auto schema = schema_from(a.from.schema);
  if (!schema) return tl::unexpected<Error>(schema.error());
  std::vector<std::vector<std::string>> records;
  if (a.what != "infer") {
    auto bodies = completions(a, *schema);
    if (!bodies) return tl::unexpected<Error>(bodies.error());
    records = std::move(*bodies);
  }
  std::optional<onboard::FusedModel> model;
  if (a.from.model != "baseline") {
    const auto bytes = formats::read_file(a.from.model);
    if (!bytes) return tl::unexpected<Error>(bytes.error());
    auto decoded = onboard::decode_fused_model(std::as_bytes(std::span(*bytes)), *schema);
    if (!decoded) return tl::unexpected<Error>(decoded.error());
    model = std::move(*decoded);
  }
  if (a.what == "handling") {
    std::unique_ptr<onboard::NumberReviewer> reviewer;
    if (model) {
      auto made = onboard::make_fused_reviewer(*model, *schema, true);
      if (!made) return tl::unexpected<Error>(made.error());
      reviewer = std::move(*made);
    }
    handling(records.front(), *schema, std::move(reviewer));
    return {};
  }
  const auto complain = [](const std::string& line) { fmt::print(stderr, "{}\n", line); };
  std::unique_ptr<shell::HttpServer> server, beside;  // outlive the services, whose answers go through them
  serving::ServiceOptions options;
  options.threads = a.threads;
  serving::Service neighbour(options, complain);
  if (a.neighbour) {
    if (const auto equipped = equip(neighbour, a, *schema, model); !equipped) return equipped;
    auto started = serve(neighbour, a);
    if (!started) return tl::unexpected<Error>(started.error());
    beside = std::move(*started);
    options.neighbours.neighbours.push_back({"127.0.0.1", beside->port()});
  }
  options.power.budget = Watts(a.watts);
  serving::Service service(options, complain);
  if (const auto equipped = equip(service, a, *schema, model); !equipped) return equipped;
  auto program =
      inference::make_program(inference::encoder(inference::kStudent, inference::drawn_parameters(1)));
  if (!program) return tl::unexpected<Error>(program.error());
  const auto put = service.put_model("student", serving::make_engine(std::move(*program)), "drawn");
  if (!put) return tl::unexpected<Error>(put.error());
  auto started = serve(service, a);
  if (!started) return tl::unexpected<Error>(started.error());
  server = std::move(*started);
  const std::uint16_t port = a.port != 0 ? a.port : server->port();
  if (a.what != "complete")
    measure(a, port, fmt::format("service: a sequence of {} rows to the student encoder", a.tokens),
            "/v1/infer", inferences(a), true);
  if (a.what != "infer") measure(a, port, "service: a record completed", "/v1/complete", records, false);
  if (a.neighbour) state_power(neighbour, "the neighbour");
  state_power(service, "the service");
  server->stop();
  if (beside) beside->stop();
  return {};
}

}  // namespace
}  // namespace skywarden

int main(int argc, char** argv) {
  skywarden::Arguments a;
  skywarden::command_line::Program app{"Times of the service on a node"};
  app.add_option("--what", a.what, "infer, complete, both or handling")
      .check(skywarden::command_line::one_of({"infer", "complete", "both", "handling"}));
  a.from.add_options(app, "completion model, or baseline");
  app.add_option("--clients", a.clients, "at once")
      .check(skywarden::command_line::range(1, 1000))
      .capture_default_str();
  app.add_option("--records", a.records, "of completion, at most; each is sent once")
      .check(skywarden::command_line::range(1000, 1'000'000))
      .capture_default_str();
  app.add_option("--threads", a.threads, "that run batches")
      .check(skywarden::command_line::range(1, 64))
      .capture_default_str();
  app.add_option("--seconds", a.seconds, "a figure, at most")
      .check(skywarden::command_line::range(0.1, 3600.0))
      .capture_default_str();
  app.add_option("--deadline-ms", a.deadline_ms, "of each request").capture_default_str();
  app.add_option("--tokens", a.tokens, "rows of an inference")
      .check(skywarden::command_line::range(1, 256))
      .capture_default_str();
  app.add_option("--watts", a.watts, "modelled, of the service")
      .check(skywarden::command_line::range(0.0, 20.0))
      .capture_default_str();
  app.add_flag("--neighbour", a.neighbour, "a second service beside it that has power");
  app.add_option("--port", a.port, "of a service that runs already; it serves what it serves");
  if (const auto exit_code = app.parse(argc, argv)) return *exit_code;
  const auto ran = skywarden::run(a);
  if (!ran) fmt::print(stderr, "bench-service: {}\n", ran.error().message);
  return ran ? 0 : 1;
}
