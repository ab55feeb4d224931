// skywarden node: one member of a consensus group as a program. What it keeps is a map of names to values
// (key_values.h), which is enough to try a group with; see skywarden cluster.
#include <CLI/CLI.hpp>
#include <csignal>
#include <memory>
#include <random>

#include "commands.h"
#include "key_values.h"
#include "node_config.h"
#include "shell/disk_folder.h"

namespace skywarden::app {
namespace {

struct NodeArguments {
  std::string config;
  bool first_start = false;
};

void complain(const std::string& why) {
  fmt::print(stderr, "skywarden node: {}\n", why);
}

Result<storage::LogStore::Opened> open_log(shell::DiskFolder& disk, const NodeConfig& config,
                                           bool first_start) {
  if (first_start) {
    const auto founded = storage::LogStore::found(disk, config.identity, {});
    if (!founded)
      return fail(founded.error().code, "{}: {}", config.data,
                  founded.error().code == Errc::kConflict
                      ? "there is a log already; without --first-start it is opened"
                      : founded.error().message);
  }
  auto opened = storage::LogStore::open(disk, config.identity, {});
  if (opened) return opened;
  const Errc code = opened.error().code;
  return fail(code, "{}: {}{}", config.data, opened.error().message,
              code == Errc::kMalformed ? "; this node has lost its log and must come back under a new id"
              : code == Errc::kNotFound
                  ? "; if this node never ran before, say --first-start, and else it has "
                    "lost its log and must come back under a new id"
                  : "");
}

Result<void> run(const NodeArguments& arguments) {
  std::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is an error like a full disk
  auto config = load_node_config(arguments.config);
  if (!config) return tl::unexpected<Error>(config.error());
  auto keys = load_keys(*config);
  if (!keys) return tl::unexpected<Error>(keys.error());
  std::random_device device;
  shell::RaftService::Options options;
  options.links.identity = config->identity;
  options.links.incarnation = std::uint64_t{device()} << 32 | device();
  options.links.address = config->address;
  options.links.port = config->group.members.at(config->identity.node).port;
  options.links.tls = config->group.tls;
  options.founding = config->shares;
  options.own_address = config->group.members.at(config->identity.node).address();
  auto admission_key = load_admission_key(*config);
  if (!admission_key) return tl::unexpected<Error>(admission_key.error());
  options.admission_key = std::move(*admission_key);
  options.keys = std::move(*keys);
  options.compact_bytes = config->compact_bytes;
  options.seed = options.links.incarnation;
  for (const auto& [node, peer] : config->group.members)
    if (node != config->identity.node) options.peers.push_back(peer);

  std::unique_ptr<shell::DiskFolder> disk;
  std::optional<storage::LogStore::Opened> log;
  if (!config->data.empty()) {
    auto taken = shell::DiskFolder::take(config->data);
    if (!taken) return tl::unexpected<Error>(taken.error());
    disk = std::move(*taken);
    auto opened = open_log(*disk, *config, arguments.first_start);
    if (!opened) return tl::unexpected<Error>(opened.error());
    log.emplace(std::move(*opened));
    if (log->contents.torn)
      complain(
          fmt::format("{}: the last write was not finished before the end; nobody was told of it, and it "
                      "is left out",
                      config->data));
  }
  KeyValues values;
  const auto service = shell::RaftService::make(options, values, log ? &*log : nullptr, complain);
  if (!service) return tl::unexpected<Error>(service.error());
  fmt::print("node {} of {} listens at {}:{}, {}\n", config->identity.node.value(), config->identity.cluster,
             config->address, (*service)->port(),
             log ? fmt::format("{} entries in {}", log->contents.persisted.log.size(), config->data)
                 : std::string("its log in memory"));
  std::fflush(stdout);
  const auto ran = (*service)->run();
  fmt::print("{}\n", (*service)->status());
  return ran;
}

}  // namespace

void add_node(CLI::App& app, int* exit_code) {
  auto arguments = std::make_shared<NodeArguments>();
  CLI::App* command = app.add_subcommand("node", "Be one member of a consensus group");
  command->add_option("config", arguments->config, "TOML file: cluster, node, data, members")->required();
  command->add_flag("--first-start", arguments->first_start,
                    "make the log: only for a node that never ran before");
  command->footer(
      "Runs until SIGINT or SIGTERM. Exit code 1 when it cannot begin, or must not go on: its disk is full "
      "or\n"
      "fails, its log is lost or another node's, or its leader has signed another log.\n\n"
      "Example:\n  skywarden node node-1.toml --first-start\n\n"
      "  # node-1.toml\n  cluster = \"forest\"\n  node = 1\n  data = \"node-1\"\n"
      "  [[member]]\n  id = 1\n  address = \"127.0.0.1:7101\"\n  [[member]]\n  id = 2\n"
      "  address = \"127.0.0.1:7102\"\n  [[member]]\n  id = 3\n  address = \"127.0.0.1:7103\"");
  command->callback([arguments, exit_code] {
    const auto ran = run(*arguments);
    if (!ran) complain(ran.error().message);
    *exit_code = ran ? 0 : 1;
  });
}

}  // namespace skywarden::app
