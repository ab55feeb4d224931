// skywarden emulate: programs on this machine get the links of a contact plan between them.
#include <charconv>
#include <chrono>
#include <csignal>
#include <ctime>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "command_line/command_line.h"
#include "commands.h"
#include "formats/read_file.h"
#include "plan_clock.h"
#include "shell/link_namespaces.h"
#include "shell/link_relay.h"

namespace skywarden::app {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kPortsMax = 4096;
constexpr std::size_t kMapBytesMax = std::size_t{1} << 20;

struct EmulateArguments {
  std::string plan, map, prefix, address = "127.0.0.1";
  std::vector<std::string> ports;
  PlanClockArguments clock;
  double for_s = 0, loss = 0, burst = 1;
  std::uint64_t seed = 1;
};

std::vector<std::string_view> split(std::string_view line, char at) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t found = line.find(at);
    parts.push_back(trim(line.substr(0, found)));
    if (found == std::string_view::npos) return parts;
    line.remove_prefix(found + 1);
  }
}

Result<std::uint16_t> port_number(std::string_view text) {
  std::uint16_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size())
    return fail(Errc::kMalformed, "expected a port, found '{}'", printable(text));
  return value;
}

// from,to,tcp|udp,LISTEN,[ADDRESS:]TARGET
Result<shell::RelayedPort> read_port(std::string_view line, const network::PlanFile& plan) {
  const auto parts = split(line, ',');
  if (parts.size() != 5)
    return fail(Errc::kMalformed, "expected from,to,tcp|udp,LISTEN,[ADDRESS:]TARGET, found '{}'",
                printable(line));
  shell::RelayedPort port;
  const auto from = plan.find(parts[0]);
  const auto to = plan.find(parts[1]);
  if (!from || !to)
    return fail(Errc::kNotFound, "node '{}' is not in the plan", printable(from ? parts[1] : parts[0]));
  if (*from == *to) return fail(Errc::kMalformed, "a link of '{}' with itself", printable(parts[0]));
  if (parts[2] != "tcp" && parts[2] != "udp")
    return fail(Errc::kMalformed, "expected tcp or udp, found '{}'", printable(parts[2]));
  port.from = *from;
  port.to = *to;
  port.udp = parts[2] == "udp";
  const std::size_t colon = parts[4].rfind(':');
  if (colon != std::string_view::npos) port.target_address = std::string(parts[4].substr(0, colon));
  const auto listen = port_number(parts[3]);
  const auto target = port_number(colon == std::string_view::npos ? parts[4] : parts[4].substr(colon + 1));
  if (!listen || !target) return tl::unexpected<Error>(listen ? target.error() : listen.error());
  port.listen = *listen;
  port.target = *target;
  return port;
}

Result<std::vector<shell::RelayedPort>> read_ports(const EmulateArguments& arguments,
                                                   const network::PlanFile& plan) {
  std::vector<std::pair<std::string, std::string>> lines;  // where, what
  for (const std::string& line : arguments.ports) lines.emplace_back("--link", line);
  if (!arguments.map.empty()) {
    const auto text = formats::read_file(arguments.map, kMapBytesMax);
    if (!text) return tl::unexpected<Error>(text.error());
    int number = 0;
    for (const std::string_view line : split(*text, '\n')) {
      ++number;
      if (!line.empty() && line[0] != '#' && !line.starts_with("from,"))
        lines.emplace_back(fmt::format("{}:{}", arguments.map, number), std::string(line));
    }
  }
  if (lines.size() > kPortsMax)
    return fail(Errc::kLimitReached, "{} ports, at most {}", lines.size(), kPortsMax);
  std::vector<shell::RelayedPort> ports;
  for (const auto& [where, line] : lines) {
    auto port = read_port(line, plan);
    if (!port) return fail(port.error().code, "{}: {}", where, port.error().message);
    ports.push_back(std::move(*port));
  }
  return ports;
}

Result<std::unique_ptr<shell::LinkNamespaces>> make_namespaces(const EmulateArguments& arguments,
                                                               const network::PlanFile& plan) {
  if (arguments.prefix.empty()) return nullptr;
  std::vector<shell::NamespaceNode> nodes;
  for (std::uint32_t i = 0; i < plan.nodes.size(); ++i)
    nodes.push_back({network::Vertex(i), arguments.prefix + plan.nodes[i], {}});
  return shell::LinkNamespaces::make(std::move(nodes));
}

void say_ready(const network::PlanFile& plan, const std::vector<shell::RelayedPort>& ports,
               const shell::LinkRelay& relay, const shell::LinkNamespaces* namespaces) {
  Json ready = {{"contacts", plan.contacts.size()}, {"ports", Json::array()}};
  const auto numbers = relay.ports();
  for (std::size_t i = 0; i < ports.size(); ++i)
    ready["ports"].push_back({{"from", plan.nodes[ports[i].from.value()]},
                              {"to", plan.nodes[ports[i].to.value()]},
                              {"protocol", ports[i].udp ? "udp" : "tcp"},
                              {"listen", numbers[i]},
                              {"target", fmt::format("{}:{}", ports[i].target_address, ports[i].target)}});
  if (namespaces != nullptr)
    for (const auto& node : namespaces->nodes())
      ready["namespaces"].push_back(
          {{"node", plan.nodes[node.node.value()]}, {"name", node.name}, {"address", node.address}});
  fmt::print("{}\n", ready.dump());
  std::fflush(stdout);
}

void say_counts(const network::PlanFile& plan, const std::vector<shell::LinkCount>& counts) {
  for (const shell::LinkCount& each : counts) {
    const double mean_us =
        each.packets == 0 ? 0.0 : to_seconds(each.late_sum) * 1e6 / static_cast<double>(each.packets);
    const Json line = {{"from", plan.nodes[each.from.value()]},
                       {"to", plan.nodes[each.to.value()]},
                       {"packets", each.packets},
                       {"bytes", each.bytes},
                       {"lost", each.lost},
                       {"no_contact", each.no_contact},
                       {"overflow", each.overflow},
                       {"late_us_mean", mean_us},
                       {"late_us_max", to_seconds(each.late_max) * 1e6}};
    fmt::print("{}\n", line.dump());
  }
}

void wait_for_end(double for_s, const sigset_t& signals) {
  if (for_s <= 0) {
    int unused = 0;
    sigwait(&signals, &unused);
    return;
  }
  const Duration time = from_seconds(for_s);
  const auto whole = std::chrono::duration_cast<std::chrono::seconds>(time);
  const timespec limit{whole.count(), (time - whole).count()};
  sigtimedwait(&signals, nullptr, &limit);
}

Result<int> run_emulate(const EmulateArguments& arguments) {
  const auto plan = load_plan("emulate", arguments.plan);
  if (!plan) return tl::unexpected<Error>(plan.error());
  const auto ports = read_ports(arguments, *plan);
  if (!ports) return tl::unexpected<Error>(ports.error());
  if (ports->empty() && arguments.prefix.empty())
    return fail(Errc::kMalformed, "expected --link, --map or --namespaces");
  const auto graph =
      network::ContactGraph::make(static_cast<std::uint32_t>(plan->nodes.size()), plan->contacts);
  if (!graph) return tl::unexpected<Error>(graph.error());
  sigset_t signals;  // blocked in the relay's thread too
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  const auto namespaces = make_namespaces(arguments, *plan);
  if (!namespaces) return tl::unexpected<Error>(namespaces.error());
  shell::LinkRelay::Options options;
  options.address = arguments.address;
  const auto clock = PlanClock::make(arguments.clock, plan->epoch);
  if (!clock) return tl::unexpected<Error>(clock.error());
  options.begin = clock->now();
  options.speed = clock->speed();
  options.link.loss = arguments.loss;
  options.link.burst = arguments.burst;
  options.link.seed = arguments.seed;
  const auto relay = shell::LinkRelay::start(
      {graph->contacts().begin(), graph->contacts().end()}, *ports,
      *namespaces ? (*namespaces)->devices() : std::vector<shell::RelayedDevice>(), options);
  if (!relay) return tl::unexpected<Error>(relay.error());
  say_ready(*plan, *ports, **relay, namespaces->get());
  wait_for_end(arguments.for_s, signals);
  say_counts(*plan, (*relay)->stop());
  return plan->problems.empty() ? 0 : 2;
}

}  // namespace

void add_emulate(command_line::Command app, int* exit_code) {
  auto arguments = std::make_shared<EmulateArguments>();
  command_line::Command command =
      app.add_subcommand("emulate", "Give programs on this machine the links of a contact plan between them");
  command.add_option("--plan", arguments->plan, "contact plan: HDTN JSON, ionrc or CSV (.gz too)").required();
  command.add_option(
      "--link", arguments->ports,
      "from,to,tcp|udp,LISTEN,[ADDRESS:]TARGET: who connects to LISTEN here speaks as node `from` "
      "to node `to`, whose program is at TARGET; LISTEN 0: any free port");
  command.add_option("--map", arguments->map, "file of such lines");
  command.add_option("--namespaces", arguments->prefix,
                     "make a network namespace PREFIX+node for every node (root, iproute2)");
  command.add_option("--address", arguments->address, "to listen at").capture_default_str();
  add_plan_clock(command, arguments->clock);
  command.add_option("--for-s", arguments->for_s, "end after so many seconds of this machine; 0: at a signal")
      .capture_default_str();
  command.add_option("--loss", arguments->loss, "probability that a packet is lost").capture_default_str();
  command.add_option("--burst", arguments->burst, "packets lost in a row on average").capture_default_str();
  command.add_option("--seed", arguments->seed, "of the losses").capture_default_str();
  command.footer(
      "Prints one line of JSON when the ports are open and one a link direction at the end.\n\n"
      "Example:\n  skywarden emulate --plan plan.json --link 1,2,tcp,7001,4556 --loss 0.02\n"
      "  skywarden bundle send --port 7001 alert.bundle     # node 1 sends to the receiver of node 2 at "
      "4556");
  command.callback([arguments, exit_code] {
    const auto code = run_emulate(*arguments);
    if (!code) fmt::print(stderr, "skywarden emulate: {}\n", code.error().message);
    *exit_code = code ? *code : 1;
  });
}

}  // namespace skywarden::app
