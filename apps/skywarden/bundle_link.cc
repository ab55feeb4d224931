// skywarden bundle send and receive: bundles between two nodes by TCPCLv4 (RFC 9174), with TLS 1.3 or
// without.
#include <atomic>
#include <chrono>
#include <csignal>
#include <ctime>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/text.h"
#include "bundle_files.h"
#include "bundle_inbox.h"
#include "bundle_json.h"
#include "bundle_link_options.h"
#include "command_line/command_line.h"
#include "network/bundle_decode.h"
#include "network/bundle_seen.h"
#include "shell/durable_file.h"
#include "shell/tcpcl_link.h"

namespace skywarden::app {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::chrono::milliseconds kPoll{50};

struct SendArguments {
  LinkArguments link;
  std::vector<std::string> files;
  std::string host = "127.0.0.1";
  double timeout_s = 10;
};

struct ReceiveArguments {
  LinkArguments link;
  std::string address = "127.0.0.1", folder;
  std::uint64_t count = 0;
  double for_s = 0;
  bool pretty = false;
};

void print_line(const Json& json, int indent = -1) {
  fmt::print("{}\n", json.dump(indent, ' ', false, Json::error_handler_t::replace));
  std::fflush(stdout);
}

// ---- send

Result<int> run_send(const SendArguments& arguments) {
  auto link = link_options(arguments.link);
  if (!link) return tl::unexpected<Error>(link.error());
  Complaints complaints("send");
  std::vector<std::pair<std::string, std::size_t>> taken;  // file, bytes
  std::size_t next = 0;
  const shell::TcpclSource source = [&]() -> std::optional<std::vector<std::byte>> {
    while (next < arguments.files.size()) {
      const std::string& file = arguments.files[next++];
      auto bytes = read_bundle_bytes(file);
      if (!bytes) {
        complaints.add(file, bytes.error());
        continue;
      }
      if (const auto view = network::decode_bundle(*bytes); !view) {
        complaints.add(file, view.error());
        continue;
      }
      taken.emplace_back(file, bytes->size());
      return std::move(*bytes);
    }
    return std::nullopt;
  };
  const auto wait = std::chrono::milliseconds(static_cast<std::int64_t>(arguments.timeout_s * 1e3));
  const auto outcomes =
      shell::send_by_tcpcl({arguments.host, arguments.link.port, std::move(*link), wait}, source);
  if (!outcomes) return tl::unexpected<Error>(outcomes.error());
  std::size_t there = 0;
  for (std::size_t i = 0; i < outcomes->size(); ++i) {
    const auto& outcome = (*outcomes)[i];
    Json line = {{"file", taken[i].first}, {"bytes", taken[i].second}};
    const bool complete = outcome.fate == shell::TcpclFate::kRefused &&
                          outcome.refused == network::TcpclRefuseReason::kCompleted;  // it has it already
    if (outcome.fate == shell::TcpclFate::kDelivered || complete) ++there;
    line["fate"] = outcome.fate == shell::TcpclFate::kDelivered ? "delivered"
                   : outcome.fate == shell::TcpclFate::kRefused ? "refused"
                                                                : "failed";
    if (outcome.fate == shell::TcpclFate::kRefused) line["reason"] = to_string(outcome.refused);
    if (outcome.fate == shell::TcpclFate::kFailed) line["reason"] = outcome.why;
    print_line(line);
  }
  if (there == arguments.files.size()) return 0;
  return there == 0 ? 1 : 2;
}

// ---- receive

class Receiver {
 public:
  explicit Receiver(const ReceiveArguments& arguments) : arguments_(arguments), folder_(arguments.folder) {}

  // On the server's thread.
  std::optional<network::TcpclRefuseReason> take(const shell::TcpclServer::Received& received) {
    const auto from = received.peer_node.empty() ? received.address : received.peer_node;
    const auto refuse = [&](const std::string& why, network::TcpclRefuseReason reason) {
      fmt::print(stderr, "skywarden bundle receive: from {}: {}\n", printable(from), why);
      return reason;
    };
    if (arguments_.count != 0 && count_ >= arguments_.count) return network::TcpclRefuseReason::kNoResources;
    const auto view = network::decode_bundle(received.bundle);
    if (!view) return refuse(view.error().message, network::TcpclRefuseReason::kNotAcceptable);
    Json line = {{"peer", received.peer_node},
                 {"authenticated", received.authenticated},
                 {"address", received.address},
                 {"bytes", received.bundle.size()}};
    if (arguments_.folder.empty()) {
      if (!seen_.add(network::identity(*view))) return network::TcpclRefuseReason::kCompleted;
      line.update(to_json(*view));
    } else {
      const auto file = folder_.keep(*view, received.bundle);
      if (!file) return refuse(file.error().message, network::TcpclRefuseReason::kNoResources);
      if (!file->fresh) return network::TcpclRefuseReason::kCompleted;
      line["file"] = file->path;
      line["source"] = to_string(view->primary.source);
      line["destination"] = to_string(view->primary.destination);
    }
    print_line(line, arguments_.pretty ? 2 : -1);
    ++count_;
    return std::nullopt;
  }
  [[nodiscard]] bool done() const { return arguments_.count != 0 && count_ >= arguments_.count; }

 private:
  const ReceiveArguments& arguments_;
  BundleInbox folder_;
  network::SeenBundles seen_;
  std::atomic<std::uint64_t> count_ = 0;
};

// Until a signal, the count or the time.
void wait_for_end(const Receiver& receiver, double for_s, const sigset_t& signals) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::duration<double>(for_s);
  const timespec pause{0, std::chrono::nanoseconds(kPoll).count()};
  while (!receiver.done() && (for_s <= 0 || std::chrono::steady_clock::now() < until))
    if (sigtimedwait(&signals, nullptr, &pause) > 0) return;
}

Result<int> run_receive(const ReceiveArguments& arguments) {
  auto link = link_options(arguments.link);
  if (!link) return tl::unexpected<Error>(link.error());
  if (!arguments.folder.empty()) {
    const auto made = shell::make_folder(arguments.folder);
    if (!made) return tl::unexpected<Error>(made.error());
  }
  sigset_t signals;  // the server's thread inherits that they are blocked
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  Receiver receiver(arguments);
  shell::TcpclServer::Options options;
  options.link = std::move(*link);
  options.address = arguments.address;
  options.port = arguments.link.port;
  const auto server = shell::TcpclServer::start(
      std::move(options),
      [&receiver](const shell::TcpclServer::Received& received) { return receiver.take(received); },
      [](const std::string& why) { fmt::print(stderr, "skywarden bundle receive: {}\n", why); });
  if (!server) return tl::unexpected<Error>(server.error());
  fmt::print(stderr, "receiving at {} port {}\n", arguments.address, (*server)->port());
  wait_for_end(receiver, arguments.for_s, signals);
  (*server)->stop();
  return arguments.count == 0 || receiver.done() ? 0 : 1;
}

// ---- options

void add_send(command_line::Command bundle, int* exit_code) {
  auto arguments = std::make_shared<SendArguments>();
  command_line::Command command =
      bundle.add_subcommand("send", "Send bundles to a node by TCPCLv4 (RFC 9174)");
  command.add_option("files,--in", arguments->files, "bundles, one a file: binary or hexadecimal (.gz too)")
      .required();
  command.add_option("--to", arguments->host, "address or name").capture_default_str();
  command.add_option("--timeout-s", arguments->timeout_s, "for the connection")
      .check(command_line::range(0.001, 86'400.0))
      .capture_default_str();
  add_link_options(command, arguments->link);
  command.footer(
      "Prints one line of JSON a bundle: delivered means that the peer has kept it. Exit code 2 when some "
      "were\n"
      "not, 1 when none was.\n\n"
      "Example:\n  skywarden bundle send --to 127.0.0.1 --node ipn:7.0 alert.bundle");
  command.callback([arguments, exit_code] { report_bundle("send", run_send(*arguments), exit_code); });
}

void add_receive(command_line::Command bundle, int* exit_code) {
  auto arguments = std::make_shared<ReceiveArguments>();
  command_line::Command command =
      bundle.add_subcommand("receive", "Take bundles from nodes by TCPCLv4 (RFC 9174)");
  command
      .add_option("--address", arguments->address, "to listen at; others than loopback reach other machines")
      .capture_default_str();
  command.add_option("--out-dir", arguments->folder,
                     "keep bundles here, one a file (default: print them as JSON)");
  command.add_option("--count", arguments->count, "end after so many; 0: never").capture_default_str();
  command.add_option("--for-s", arguments->for_s, "end after so many seconds; 0: never")
      .capture_default_str();
  add_bundle_bytes_max(command, arguments->link);
  command.add_flag("--pretty", arguments->pretty, "indent");
  add_link_options(command, arguments->link);
  command.footer(
      "Runs until a signal, --count or --for-s. A bundle that was there before is answered with "
      "`completed`.\n"
      "Exit code 1 when --count was not reached.\n\n"
      "Example:\n  skywarden bundle receive --node ipn:1.0 --out-dir inbox --count 1");
  command.callback([arguments, exit_code] { report_bundle("receive", run_receive(*arguments), exit_code); });
}

}  // namespace

void add_bundle_links(command_line::Command bundle, int* exit_code) {
  add_send(bundle, exit_code);
  add_receive(bundle, exit_code);
}

}  // namespace skywarden::app
