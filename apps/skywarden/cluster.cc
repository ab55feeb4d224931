// skywarden cluster: several nodes on loopback for trying, and the questions one asks them.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <memory>
#include <thread>

#include "base/text.h"
#include "cluster_fires.h"
#include "cluster_members.h"
#include "cluster_record.h"
#include "command_line/command_line.h"
#include "commands.h"
#include "formats/read_file.h"
#include "group_options.h"
#include "key_values.h"
#include "node_config.h"
#include "shell/durable_file.h"
#include "shell/mission_time.h"

namespace skywarden::app {
namespace {

constexpr const char* kCluster = "trial";
constexpr std::chrono::milliseconds kLook{50};  // after nodes that have ended

struct ClusterArguments {
  std::string folder = "cluster", config = "cluster/node-1.toml";
  int nodes = 3, port = 7101, measured_shares = 0;
  bool memory = false, values = false;
  std::string as_of;  // UTC; empty: now
  std::string key, value, expected, admission_key;
  double patience_s = 5;
};

volatile std::sig_atomic_t stopped = 0;  // the only thing that a signal may touch
void note_stop(int) {
  stopped = 1;
}

int report(const Error& error) {
  fmt::print(stderr, "skywarden cluster: {}\n", error.message);
  return 1;
}

// ---- start

// What all nodes of a trial have in common; a folder that was started before goes on as it was.
struct Trial {
  AgreesOn agrees_on = AgreesOn::kFires;
  Duration clock_behind{};
  std::string admission_key;
  int measured_shares = 0;
};

Result<Trial> trial_of(const ClusterArguments& arguments) {
  Trial trial;
  const std::string before = arguments.folder + "/node-1.toml";
  if (std::filesystem::exists(before)) {
    const auto config = load_node_config(before);
    if (!config) return tl::unexpected<Error>(config.error());
    trial = {config->agrees_on, config->clock_behind, config->admission_key,
             static_cast<int>(config->measured_shares)};
  }
  if (arguments.values) trial.agrees_on = AgreesOn::kValues;
  if (arguments.measured_shares > 0) trial.measured_shares = arguments.measured_shares;
  if (!arguments.admission_key.empty()) trial.admission_key = arguments.admission_key;
  if (!trial.admission_key.empty() && trial.agrees_on == AgreesOn::kFires)
    return fail(Errc::kUnsupported, "--admission-key: members come and go only with --values");
  if (arguments.as_of.empty()) return trial;
  const auto as_of = parse_utc(arguments.as_of);
  if (!as_of) return fail(as_of.error().code, "--as-of: {}", as_of.error().message);
  trial.clock_behind = shell::utc_now() - *as_of;
  if (trial.clock_behind < Duration::zero()) return fail(Errc::kOutOfRange, "--as-of: expected a time past");
  return trial;
}

std::string config_text(const ClusterArguments& arguments, const Trial& trial, int id) {
  std::string text = fmt::format("cluster = \"{}\"\nnode = {}\n", kCluster, id);
  text +=
      trial.agrees_on == AgreesOn::kFires
          ? fmt::format("agrees_on = \"fires\"\nclock_behind_s = {:.3f}\n", to_seconds(trial.clock_behind))
          : "agrees_on = \"values\"\n";
  if (!arguments.memory) text += fmt::format("data = \"node-{}\"\n", id);
  if (!trial.admission_key.empty())
    text += fmt::format("admission_key = \"{}\"\n", std::filesystem::absolute(trial.admission_key).string());
  if (trial.measured_shares > 0) text += fmt::format("measured_shares = {}\n", trial.measured_shares);
  for (int each = 1; each <= arguments.nodes; ++each)
    text += fmt::format("[[member]]\nid = {}\naddress = \"127.0.0.1:{}\"\n", each, arguments.port + each - 1);
  return text;
}

Result<pid_t> begin_node(const ClusterArguments& arguments, const Trial& trial, int id) {
  const auto folder = std::filesystem::path(arguments.folder);
  const std::string config = (folder / fmt::format("node-{}.toml", id)).string();
  if (const auto written = formats::write_file(config, config_text(arguments, trial, id)); !written)
    return tl::unexpected<Error>(written.error());
  const bool first = !arguments.memory && !std::filesystem::exists(folder / fmt::format("node-{}", id));
  const pid_t process = ::fork();
  if (process < 0) return fail(Errc::kInputOutput, "no more processes");
  if (process > 0) return process;
  std::vector<const char*> words = {"skywarden", "node", config.c_str()};
  if (first) words.push_back("--first-start");
  words.push_back(nullptr);
  ::execv("/proc/self/exe", const_cast<char* const*>(words.data()));  // NOLINT(*-const-cast): it changes none
  ::_exit(127);
}

int start(const ClusterArguments& arguments) {
  if (const auto made = shell::make_folder(arguments.folder); !made) return report(made.error());
  const auto trial = trial_of(arguments);
  if (!trial) return report(trial.error());
  struct sigaction action{};
  action.sa_handler = note_stop;
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  std::map<pid_t, int> nodes;
  int exit_code = 0;
  for (int id = 1; id <= arguments.nodes && exit_code == 0; ++id) {
    const auto process = begin_node(arguments, *trial, id);
    if (process)
      nodes[*process] = id;
    else
      exit_code = report(process.error());
  }
  const std::string config = arguments.folder + "/node-1.toml";
  fmt::print("{} nodes, ports {} to {}. Elsewhere:\n", arguments.nodes, arguments.port,
             arguments.port + arguments.nodes - 1);
  if (trial->agrees_on == AgreesOn::kFires)
    fmt::print(
        "  skywarden cluster observe --config {} FIRMS.csv\n  skywarden cluster alerts --config {}\n"
        "  their clock says {}; every alert is an EXERCISE, in {}/node-N/alerts\n",
        config, config, format_utc(shell::utc_now() - trial->clock_behind), arguments.folder);
  else
    fmt::print("  skywarden cluster put --config {} name value\n  skywarden cluster get --config {} name\n",
               config, config);
  fmt::print("  skywarden cluster status --config {}\n  kill PID          one of:", config);
  for (const auto& [process, id] : nodes) fmt::print(" {} (node {})", process, id);
  fmt::print("\n  skywarden node {}   starts it again\nInterrupt ends all.\n", config);
  std::fflush(stdout);
  while (stopped == 0 && exit_code == 0 && !nodes.empty()) {
    int how = 0;
    const pid_t ended =
        ::waitpid(-1, &how, WNOHANG);  // a signal just before a wait without end would be lost
    const auto node = nodes.find(ended);
    if (node == nodes.end()) {
      std::this_thread::sleep_for(kLook);
      continue;
    }
    fmt::print("node {} has ended{}\n", node->second,
               WIFSIGNALED(how) ? fmt::format(" by signal {}", WTERMSIG(how)) : "");
    std::fflush(stdout);
    if (WIFEXITED(how) && WEXITSTATUS(how) != 0) exit_code = 1;
    nodes.erase(node);
  }
  for (const auto& [process, id] : nodes) ::kill(process, SIGTERM);
  for (const auto& [process, id] : nodes) ::waitpid(process, nullptr, 0);
  return exit_code;
}

// ---- questions

Duration patience_of(const ClusterArguments& arguments) {
  return from_seconds(arguments.patience_s);
}

Result<KeyAnswer> ask(const ClusterArguments& arguments, shell::RequestKind kind,
                      std::vector<std::byte> bytes) {
  const auto config = load_node_config(arguments.config);
  if (!config) return tl::unexpected<Error>(config.error());
  const auto answer = call_group(config->group, {1, kind, std::move(bytes)}, patience_of(arguments));
  if (!answer) return tl::unexpected<Error>(answer.error());
  if (answer->outcome == shell::Outcome::kUnknown)
    return fail(Errc::kUnavailable,
                "whether it was done cannot be told: the leader changed or fell silent; ask for the value");
  if (answer->outcome != shell::Outcome::kDone)
    return fail(Errc::kConflict, "refused: {}",
                printable({reinterpret_cast<const char*>(answer->bytes.data()), answer->bytes.size()}));
  return decode_key_answer(answer->bytes);
}

int tell(const Result<KeyAnswer>& answer) {
  if (!answer) return report(answer.error());
  if (answer->value) fmt::print("{}\n", *answer->value);
  return answer->done ? 0 : 2;
}

int put(const ClusterArguments& arguments) {
  return tell(ask(arguments, shell::RequestKind::kPropose,
                  encode(KeyCommand{arguments.key, arguments.value, {}, false})));
}
int compare_and_set(const ClusterArguments& arguments) {
  return tell(ask(arguments, shell::RequestKind::kPropose,
                  encode(KeyCommand{arguments.key, arguments.value, arguments.expected, true})));
}
int get(const ClusterArguments& arguments) {
  const auto key = std::as_bytes(std::span(arguments.key));
  return tell(ask(arguments, shell::RequestKind::kRead, {key.begin(), key.end()}));
}

int status(const ClusterArguments& arguments) {
  const auto config = load_node_config(arguments.config);
  if (!config) return report(config.error());
  int exit_code = 0;
  for (const auto& [node, peer] : config->group.members) {
    const auto answer =
        call_member(config->group, node, {1, shell::RequestKind::kStatus, {}}, patience_of(arguments));
    if (answer)
      fmt::print("{}\n",
                 std::string_view(reinterpret_cast<const char*>(answer->bytes.data()), answer->bytes.size()));
    else
      exit_code = 2 * report(answer.error());
  }
  return exit_code;
}

}  // namespace

void add_cluster(command_line::Command app, int* exit_code) {
  command_line::Command cluster =
      app.add_subcommand("cluster", "Start several nodes on this machine, and ask them");
  cluster.require_subcommand(1);
  auto arguments = std::make_shared<ClusterArguments>();

  command_line::Command begin = cluster.add_subcommand("start", "Start nodes on loopback until interrupted");
  begin.add_option("--nodes", arguments->nodes, "how many")
      .check(command_line::range(1, 9))
      .capture_default_str();
  begin.add_option("--folder", arguments->folder, "for their configuration and logs").capture_default_str();
  begin.add_option("--port", arguments->port, "of the first, the others follow")
      .check(command_line::range(1, 65000))
      .capture_default_str();
  begin
      .add_option(
          "--admission-key", arguments->admission_key,
          "with --values: Ed25519 public key (PEM) of who may let nodes join and leave; see cluster admit")
      .check(command_line::existing_file());
  begin
      .add_option("--measured-shares", arguments->measured_shares,
                  "let leaders measure the others and move vote shares to the nearest 2F + 1 that can be "
                  "counted on; see shares explain")
      .check(command_line::range(1, 4));
  begin.add_flag("--memory", arguments->memory, "keep logs in memory: a node that ended must not come back");
  begin.add_flag("--values", arguments->values, "agree on names with values, for trying consensus alone");
  begin.add_option("--as-of", arguments->as_of,
                   "UTC: let the nodes' clock begin then, to try a fire of the past (default: now)");
  begin.footer(
      "Without TLS, for trying; started again it goes on with what is in the folder. Exit code 1 when a "
      "node\n"
      "could not go on.\n\nExample:\n  skywarden cluster start --nodes 5 --as-of 2017-10-09T10:20:00Z");
  begin.callback([arguments, exit_code] { *exit_code = start(*arguments); });

  const auto question = [&](const char* name, const char* what, int (*act)(const ClusterArguments&),
                            const char* footer) {
    command_line::Command command = cluster.add_subcommand(name, what);
    add_config_option(command, arguments->config);
    add_patience_option(command, arguments->patience_s);
    command.footer(footer);
    command.callback([arguments, exit_code, act] { *exit_code = act(*arguments); });
    return command;
  };
  add_cluster_fires(cluster, exit_code);
  command_line::Command command =
      question("put", "Set a value once a majority has it (--values)", put,
               "Exit code 0 when it is done.\n\nExample:\n  skywarden cluster put tower-7 \"41 C\"");
  command.add_option("key", arguments->key).required();
  command.add_option("value", arguments->value).required();
  command = question("get", "The value as of now", get,
                     "Exit code 2 when there is none.\n\nExample:\n  skywarden cluster get tower-7");
  command.add_option("key", arguments->key).required();
  command = question("cas", "Set a value if it is as expected", compare_and_set,
                     "Prints what is there afterwards. Exit code 2 when something else was there.\n\n"
                     "Example:\n  skywarden cluster cas tower-7 \"41 C\" \"43 C\"");
  command.add_option("key", arguments->key).required();
  command.add_option("expected", arguments->expected).required();
  command.add_option("value", arguments->value).required();
  add_cluster_members(cluster, exit_code);
  add_cluster_record(cluster, exit_code);
  question("status", "Who leads, how far, and what was refused: a line of JSON each", status,
           "Exit code 2 when somebody does not answer.\n\nExample:\n  skywarden cluster status");
}

}  // namespace skywarden::app
