// bench-raft: a group of real processes on loopback, closed-loop clients, and what an operation costs: rate,
// times, and the processor time of all members together. Clients are inside the leader, as in the benchmark
// of NuRaft that docs/numbers.md compares with, or come over TCP from this process.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cmath>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "command_line/command_line.h"
#include "shell/disk_folder.h"
#include "shell/group_call.h"
#include "shell/group_connection.h"
#include "shell/raft_service.h"
#include "shell/steady_clock.h"

namespace skywarden {
namespace {

using namespace std::chrono_literals;
using shell::Answer;
using shell::GroupLinks;
using shell::Outcome;
using shell::RequestKind;

constexpr const char* kCluster = "bench";

struct Arguments {
  std::uint32_t nodes = 3, clients = 64, connections = 0;
  std::size_t payload_bytes = 256;
  double seconds = 5, warm_up_s = 1;
  std::string disk, tls;
  bool sign = false;
};

[[noreturn]] void give_up(const std::string& why) {
  fmt::print(stderr, "bench-raft: {}\n", why);
  std::exit(1);
}

template <typename T>
T value_of(Result<T> result) {
  if (!result) give_up(result.error().message);
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

std::string read_text(const std::string& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  if (!in) give_up(path + ": cannot be read");
  return text.str();
}

// ---- closed loops

// Operations that were answered after the warm-up, by how long they took.
class Stopwatch {
 public:
  explicit Stopwatch(const Arguments& arguments) : arguments_(arguments) {}

  void start(std::size_t clients) {
    began_.assign(clients, Instant());
    measure_from_ = shell::steady_now() + from_seconds(arguments_.warm_up_s);
    until_ = measure_from_ + from_seconds(arguments_.seconds);
  }
  void begin(std::size_t client) { began_.at(client) = shell::steady_now(); }
  enum class State { kWarmingUp, kMeasuring, kOver };
  State end(std::size_t client) {
    const Instant now = shell::steady_now();
    if (now >= until_) return State::kOver;
    if (began_[client] < measure_from_) return State::kWarmingUp;
    took_us_.push_back(1e6F * static_cast<float>(to_seconds(now - began_[client])));
    return State::kMeasuring;
  }

  [[nodiscard]] nlohmann::ordered_json result() {
    if (took_us_.empty()) give_up("no operation was answered");
    std::sort(took_us_.begin(), took_us_.end());
    const auto at = [&](double q) {
      const auto place = static_cast<std::size_t>(q * static_cast<double>(took_us_.size() - 1));
      return std::round(static_cast<double>(took_us_[place]) * 10) / 10;
    };
    return {{"ops", took_us_.size()}, {"p50_us", at(.5)}, {"p99_us", at(.99)}, {"p999_us", at(.999)}};
  }

 private:
  const Arguments& arguments_;
  std::vector<Instant> began_;
  Instant measure_from_, until_;
  std::vector<float> took_us_;
};

// ---- a member

// Counts what it is given; the first payload starts the loops inside the leader.
class Counted final : public shell::StateMachine {
 public:
  std::function<void()> on_go;
  std::vector<std::byte> apply(const consensus::Entry& entry) override {
    ++count_;
    if (entry.payload.size() == 2 && on_go) on_go();
    return {};
  }
  [[nodiscard]] std::vector<std::byte> read(std::span<const std::byte>) const override { return {}; }
  [[nodiscard]] std::vector<std::byte> snapshot() const override { return {std::byte{1}}; }
  [[nodiscard]] Result<void> restore(std::span<const std::byte>) override { return {}; }

 private:
  std::uint64_t count_ = 0;
};

struct Place {
  std::vector<GroupLinks::Peer> members;
  std::array<int, 2> pipe{};
};

std::optional<shell::TlsFiles> tls_of(const Arguments& arguments, std::uint32_t id) {
  if (arguments.tls.empty()) return std::nullopt;
  const std::string name = fmt::format("{}/node-{}", arguments.tls, id);
  return shell::TlsFiles{name + ".pem", name + ".key", arguments.tls + "/ca.pem"};
}

void say(const Place& place, const std::string& line) {
  const std::string text = line + "\n";
  if (::write(place.pipe[1], text.data(), text.size()) < 0) give_up("the pipe is gone");
}

int be_member(const Arguments& arguments, const Place& place, std::uint32_t id) {
  shell::RaftService::Options options;
  options.links.identity = {kCluster, NodeId(id)};
  options.links.incarnation = id;
  options.links.port = place.members[id - 1].port;
  options.links.tls = tls_of(arguments, id);
  options.seed = id;
  for (const GroupLinks::Peer& peer : place.members) {
    options.founding[peer.node] = 1;
    if (peer.node != NodeId(id)) options.peers.push_back(peer);
  }
  if (arguments.sign) {
    const auto key = [&](std::uint32_t of, const char* end) {
      return read_text(fmt::format("{}/sign-{}{}", arguments.tls, of, end));
    };
    storage::SigningKeys keys{value_of(storage::SigningKey::read_private(key(id, ".key"))), {}};
    for (std::uint32_t each = 1; each <= arguments.nodes; ++each)
      keys.members.emplace(NodeId(each), value_of(storage::SigningKey::read_public(key(each, ".pub"))));
    options.keys.emplace(std::move(keys));
  }
  std::unique_ptr<shell::DiskFolder> disk;
  std::optional<storage::LogStore::Opened> log;
  if (!arguments.disk.empty()) {
    disk = value_of(shell::DiskFolder::take(fmt::format("{}/bench-node-{}", arguments.disk, id)));
    value_of(storage::LogStore::found(*disk, options.links.identity, {}));
    log.emplace(value_of(storage::LogStore::open(*disk, options.links.identity, {})));
  }
  Counted machine;
  const auto service =
      value_of(shell::RaftService::make(options, machine, log ? &*log : nullptr,
                                        [](const std::string& why) { fmt::print(stderr, "{}\n", why); }));
  Stopwatch watch(arguments);
  bool measuring = false;
  std::size_t running = 0;
  const auto propose = [&](std::uint64_t client) {
    watch.begin(client);
    service->propose(client, consensus::Payload(arguments.payload_bytes, std::byte{7}));
  };
  service->on_answer([&](const Answer& answer) {
    const auto state = watch.end(answer.id);
    if (state == Stopwatch::State::kMeasuring && !std::exchange(measuring, true)) say(place, "begin");
    if (state == Stopwatch::State::kOver) {
      if (--running + 1 == arguments.clients) say(place, "end");
      if (running == 0) {
        auto result = watch.result();
        result["batches"] = service->counters().batches;
        result["proposals"] = service->counters().proposals;
        say(place, result.dump());
      }
      return;
    }
    propose(answer.id);
  });
  machine.on_go = [&] {
    if (service->raft().role() != consensus::Role::kLeader || arguments.connections > 0) return;
    watch.start(arguments.clients);
    running = arguments.clients;
    for (std::uint32_t client = 0; client < arguments.clients; ++client) propose(client);
  };
  const auto ran = service->run();
  if (!ran) fmt::print(stderr, "node {}: {}\n", id, ran.error().message);
  return ran ? 0 : 1;
}

// ---- clients that come over TCP

class TcpClients final : public shell::group::Connection::Owner {
 public:
  TcpClients(const Arguments& arguments, const GroupLinks::Peer& leader, std::function<void(bool)> on_window)
      : arguments_(arguments),
        leader_(leader),
        on_window_(std::move(on_window)),
        tls_(value_of(shell::tcpcl::make_tls(tls_of(arguments, 1)))),
        watch_(arguments) {}

  nlohmann::ordered_json run() {
    watch_.start(arguments_.clients);
    for (std::uint32_t i = 0; i < arguments_.connections; ++i) {
      boost::asio::ip::tcp::socket socket(context_);
      socket.connect({boost::asio::ip::make_address(leader_.host), leader_.port});
      auto connection =
          std::make_shared<shell::group::Connection>(std::move(socket), tls_.get(), true, *this);
      connections_.push_back(connection);
      connection->client = shell::GroupClient(i);
      connection->start();
    }
    context_.run();
    return watch_.result();
  }

  void opened(shell::group::Connection& connection) override {
    connection.append(shell::FrameKind::kHello, encode(shell::Hello{kCluster, kNobody, kNobody, 0}));
  }
  Result<void> said(shell::group::Connection& connection, const shell::Frame& frame) override {
    if (frame.kind == shell::FrameKind::kHello) {
      connection.role = shell::group::Connection::Role::kClient;
      for (std::uint32_t client = 0; client < arguments_.clients; ++client)
        if (client % arguments_.connections == connection.client.value()) propose(connection, client);
      return {};
    }
    const auto answer = shell::decode_answer(frame.value);
    if (!answer || answer->outcome != Outcome::kDone) give_up("an operation failed");
    const auto state = watch_.end(answer->id);
    if (state == Stopwatch::State::kMeasuring && !std::exchange(measuring_, true)) on_window_(true);
    if (state == Stopwatch::State::kOver) {
      if (ended_++ == 0) on_window_(false);
      if (ended_ == arguments_.clients) context_.stop();
      return {};
    }
    propose(connection, answer->id);
    return {};
  }
  void has_said() override {
    for (const auto& connection : connections_) connection->flush();
  }
  void gone(shell::group::Connection&, const std::string& why) override {
    give_up("a connection ended: " + why);
  }

 private:
  void propose(shell::group::Connection& connection, std::uint64_t client) {
    watch_.begin(client);
    connection.append(shell::FrameKind::kRequest,
                      encode(shell::Request{client, RequestKind::kPropose,
                                            std::vector<std::byte>(arguments_.payload_bytes, std::byte{7})}));
  }

  const Arguments& arguments_;
  GroupLinks::Peer leader_;
  std::function<void(bool)> on_window_;
  shell::tcpcl::TlsContext tls_;
  boost::asio::io_context context_{1};
  std::vector<std::shared_ptr<shell::group::Connection>> connections_;
  Stopwatch watch_;
  bool measuring_ = false;
  std::uint32_t ended_ = 0;
};

// ---- the measurement

std::uint16_t free_port() {
  boost::asio::io_context context;
  boost::asio::ip::tcp::acceptor acceptor(context, {boost::asio::ip::make_address("127.0.0.1"), 0});
  return acceptor.local_endpoint().port();
}

double cpu_seconds_of(pid_t process) {
  clockid_t clock{};
  std::timespec t{};
  if (::clock_getcpuclockid(process, &clock) != 0 || ::clock_gettime(clock, &t) != 0)
    give_up("a member has ended");
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

// A file on the disk that is written block after block, each made durable.
class SyncProbe {
 public:
  SyncProbe(std::string path, std::size_t bytes)
      : path_(std::move(path)),
        block_((bytes + kSectorBytes - 1) / kSectorBytes * kSectorBytes, std::byte{1}) {
    std::filesystem::remove_all(path_);
    disk_ = value_of(shell::DiskFolder::take(path_));
    file_ = value_of(disk_->create("probe", kBlocks * block_.size()));
    value_of(file_->sync());
  }
  ~SyncProbe() { std::filesystem::remove_all(path_); }
  SyncProbe(const SyncProbe&) = delete;
  SyncProbe& operator=(const SyncProbe&) = delete;

  void write() {
    value_of(file_->write(count_++ % kBlocks * block_.size(), block_));
    value_of(file_->sync());
  }

 private:
  static constexpr std::uint64_t kBlocks = 64;
  static constexpr std::size_t kSectorBytes = storage::kSectorBytes;
  std::string path_;
  std::vector<std::byte> block_;
  std::unique_ptr<shell::DiskFolder> disk_;
  std::unique_ptr<storage::DiskFile> file_;
  std::uint64_t count_ = 0;
};

// How often a second a small write reaches the disk, with nothing else going on.
double sync_rate(const std::string& folder) {
  SyncProbe probe(folder + "/bench-sync", 8192);  // as many bytes as a batch of some
  std::uint64_t count = 0;
  const Instant begin = shell::steady_now();
  for (; shell::steady_now() < begin + 1s; ++count) probe.write();
  return static_cast<double>(count) / to_seconds(shell::steady_now() - begin);
}

// What group commit allows: so many writers make a batch of all clients durable at once, and the next round
// begins when most of them have. Nothing is agreed on and nothing travels. Several who wait for one disk may
// be faster or slower than one alone.
double round_rate(const Arguments& arguments) {
  constexpr std::size_t kEntryBytes = 24;  // about what the log adds to a payload
  std::mutex mutex;
  std::condition_variable changed;
  std::uint64_t round = 0, done_in_round = 0;
  bool over = false;
  {
    std::vector<std::jthread> writers;  // joined when they leave scope
    for (std::uint32_t i = 0; i < arguments.nodes; ++i)
      writers.emplace_back([&, i] {
        SyncProbe probe(fmt::format("{}/bench-sync-{}", arguments.disk, i),
                        arguments.clients * (arguments.payload_bytes + kEntryBytes));
        std::unique_lock lock(mutex);
        for (std::uint64_t mine = 0;;) {
          changed.wait(lock, [&] { return over || round > mine; });
          if (over) return;
          mine = round;  // who was late leaves out what the others have done meanwhile
          lock.unlock();
          probe.write();
          lock.lock();
          done_in_round += mine == round ? 1 : 0;
          changed.notify_all();
        }
      });
    std::unique_lock lock(mutex);
    const Instant begin = shell::steady_now();
    while (shell::steady_now() < begin + 3s) {
      ++round;
      done_in_round = 0;
      changed.notify_all();
      changed.wait(lock, [&] { return done_in_round > arguments.nodes / 2; });
    }
    over = true;
    changed.notify_all();
  }
  return static_cast<double>(round) / 3;
}

struct Cpu {
  double all = 0;
  std::vector<double> each;
};

Cpu cpu_of(const std::vector<pid_t>& processes) {
  Cpu cpu;
  for (const pid_t process : processes) {
    cpu.each.push_back(cpu_seconds_of(process));
    cpu.all += cpu.each.back();
  }
  return cpu;
}

nlohmann::ordered_json status_of(const shell::GroupAddresses& group, NodeId node) {
  const auto answer = value_of(call_member(group, node, {1, RequestKind::kStatus, {}}, 5s));
  return nlohmann::ordered_json::parse(
      std::string(reinterpret_cast<const char*>(answer.bytes.data()), answer.bytes.size()));
}

void measure(const Arguments& arguments) {
  Place place;
  shell::GroupAddresses group{kCluster, {}, tls_of(arguments, 1)};
  for (std::uint32_t id = 1; id <= arguments.nodes; ++id) {
    place.members.push_back({NodeId(id), "127.0.0.1", free_port()});
    group.members[NodeId(id)] = place.members.back();
    if (!arguments.disk.empty())
      std::filesystem::remove_all(fmt::format("{}/bench-node-{}", arguments.disk, id));
  }
  const double disk_syncs = arguments.disk.empty() ? 0 : sync_rate(arguments.disk);
  const double disk_rounds = arguments.disk.empty() ? 0 : round_rate(arguments);
  if (::pipe(place.pipe.data()) != 0) give_up("no pipe");
  std::vector<pid_t> processes;
  for (std::uint32_t id = 1; id <= arguments.nodes; ++id) {
    const pid_t process = ::fork();
    if (process == 0) {
      ::close(place.pipe[0]);
      ::_exit(be_member(arguments, place, id));
    }
    processes.push_back(process);
  }
  ::close(place.pipe[1]);
  const auto go = value_of(call_group(group, {1, RequestKind::kPropose, {std::byte{1}, std::byte{1}}}, 10s));
  Cpu before, after;
  nlohmann::ordered_json result;
  const auto syncs_before = status_of(group, go.leader)["syncs"].get<double>();
  if (arguments.connections > 0) {
    TcpClients clients(arguments, group.members.at(go.leader),
                       [&](bool begins) { (begins ? before : after) = cpu_of(processes); });
    result = clients.run();
  } else {
    std::FILE* from = ::fdopen(place.pipe[0], "r");
    std::array<char, 4096> line{};
    while (std::fgets(line.data(), line.size(), from) != nullptr) {
      const std::string text(line.data());
      if (text == "begin\n") before = cpu_of(processes);
      if (text == "end\n") after = cpu_of(processes);
      if (text.starts_with('{')) {
        result = nlohmann::ordered_json::parse(text);
        break;
      }
    }
  }
  const auto status = status_of(group, go.leader);
  for (const pid_t process : processes) ::kill(process, SIGTERM);
  for (const pid_t process : processes) ::waitpid(process, nullptr, 0);
  if (result.empty()) give_up("nothing was measured");
  const double ops = result["ops"].get<double>();
  const std::size_t leader = go.leader.value() - 1;
  nlohmann::ordered_json line = {
      {"bench", "raft"},
      {"nodes", arguments.nodes},
      {"clients", arguments.clients},
      {"clients_over", arguments.connections > 0 ? "tcp" : "none, inside the leader"},
      {"connections", arguments.connections},
      {"payload_B", arguments.payload_bytes},
      {"log", arguments.disk.empty() ? "memory" : "disk"},
      {"tls", !arguments.tls.empty()},
      {"signed", arguments.sign},
      {"ops_per_s", std::round(ops / arguments.seconds)}};
  line.update(result);
  line["cpu_us_per_op"] = std::round((after.all - before.all) / ops * 1e8) / 100;
  line["cpu_us_per_op_leader"] = std::round((after.each[leader] - before.each[leader]) / ops * 1e8) / 100;
  line["heads_signed"] = status["heads_signed"];
  if (disk_syncs > 0) {
    line["disk_syncs_per_s"] = std::round(disk_syncs);
    line["disk_rounds_per_s"] = std::round(disk_rounds);
    line["of_group_commit"] =
        std::round(100 * ops / arguments.seconds / disk_rounds / arguments.clients) / 100;
    line["leader_syncs_per_s"] = std::round((status["syncs"].get<double>() - syncs_before) /
                                            (arguments.seconds + arguments.warm_up_s));
  }
  fmt::print("{}\n", line.dump());
}

}  // namespace
}  // namespace skywarden

int main(int argc, char** argv) {
  skywarden::Arguments arguments;
  skywarden::command_line::Program app{
      "What an operation of a consensus group of real processes on loopback costs"};
  app.add_option("--nodes", arguments.nodes, "members")
      .check(skywarden::command_line::range(1, 9))
      .capture_default_str();
  app.add_option("--clients", arguments.clients, "closed loops")
      .check(skywarden::command_line::range(1, 4096))
      .capture_default_str();
  app.add_option("--connections", arguments.connections,
                 "the loops share so many TCP connections; 0: they run inside the leader")
      .check(skywarden::command_line::range(0, 512))
      .capture_default_str();
  app.add_option("--payload", arguments.payload_bytes, "bytes of a proposal")
      .check(skywarden::command_line::range(3, 1 << 18))
      .capture_default_str();
  app.add_option("--seconds", arguments.seconds, "measured, after a second of warm-up")
      .check(skywarden::command_line::range(0.1, 3600.0))
      .capture_default_str();
  app.add_option("--disk", arguments.disk, "folder for the members' logs; without, logs are in memory");
  app.add_option("--tls", arguments.tls,
                 "folder with ca.pem, node-N.pem, node-N.key; with --sign sign-N.key and .pub");
  app.add_flag("--sign", arguments.sign, "the leader signs its chain's head");
  app.footer("Example:\n  bench-raft --clients 64 --seconds 5");
  if (const auto exit_code = app.parse(argc, argv)) return *exit_code;
  skywarden::measure(arguments);
  return 0;
}
