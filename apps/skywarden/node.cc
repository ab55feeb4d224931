// skywarden node: one member of a consensus group as a program. It finds fires and agrees on alerts
// (shell/fire_service.h), or keeps a map of names to values (key_values.h); see skywarden cluster.
#include <csignal>
#include <memory>
#include <random>

#include "command_line/command_line.h"
#include "commands.h"
#include "key_values.h"
#include "ledger/ledger_file.h"
#include "node_config.h"
#include "shell/disk_folder.h"
#include "shell/fire_service.h"

namespace skywarden::app {
namespace {

constexpr const char* kObservations = "observations";             // a journal in the data folder
constexpr Duration kShareGainMin = std::chrono::milliseconds(1);  // machines are noisier than that

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

// What a node keeps on disk; nothing: all is in memory.
struct Kept {
  std::unique_ptr<shell::DiskFolder> disk;
  std::optional<storage::LogStore::Opened> log;
};

Result<Kept> open_kept(const NodeConfig& config, bool first_start) {
  Kept kept;
  if (config.data.empty()) return kept;
  auto taken = shell::DiskFolder::take(config.data);
  if (!taken) return tl::unexpected<Error>(taken.error());
  kept.disk = std::move(*taken);
  auto opened = open_log(*kept.disk, config, first_start);
  if (!opened) return tl::unexpected<Error>(opened.error());
  kept.log.emplace(std::move(*opened));
  if (kept.log->contents.torn)
    complain(
        fmt::format("{}: the last write was not finished before the end; this node promised nothing of it, "
                    "and it is left out",
                    config.data));
  return kept;
}

template <typename Options>
Options options_of(const NodeConfig& config, std::optional<storage::SigningKeys> keys) {
  std::random_device device;
  const std::uint64_t high = device();
  Options options;
  options.links.identity = config.identity;
  options.links.incarnation = high << 32 | device();
  options.links.address = config.address;
  options.links.port = config.group.members.at(config.identity.node).port;
  options.links.tls = config.group.tls;
  options.founding = config.shares;
  options.own_address = config.group.members.at(config.identity.node).address();
  options.keys = std::move(keys);
  options.seed = options.links.incarnation;
  for (const auto& [node, peer] : config.group.members)
    if (node != config.identity.node) options.peers.push_back(peer);
  return options;
}

std::optional<node::ShareDeskOptions> share_desk_of(const NodeConfig& config) {
  if (config.measured_shares == 0) return std::nullopt;
  node::ShareDeskOptions options;
  options.failures_max = config.measured_shares;
  options.domains = config.domains;
  options.policy.gain_min = kShareGainMin;
  return options;
}

template <typename Service>
Result<void> run_until_stopped(Service& service, const NodeConfig& config, const Kept& kept) {
  fmt::print("node {} of {} listens at {}:{}, {}\n", config.identity.node.value(), config.identity.cluster,
             config.address, service.port(),
             kept.log ? fmt::format("{} entries in {}", kept.log->contents.persisted.log.size(), config.data)
                      : std::string("its log in memory"));
  std::fflush(stdout);
  const auto ran = service.run();
  fmt::print("{}\n", service.status());
  return ran;
}

// Without one the node goes on: its log is the truth.
std::optional<ledger::LedgerFile> open_ledger(const NodeConfig& config, const Kept& kept) {
  if (!kept.disk) return std::nullopt;
  ledger::LedgerFile::Options options{config.identity, ledger::AgreesOn::kFires, {}};
  if (config.agrees_on == AgreesOn::kValues)
    options = {config.identity, ledger::AgreesOn::kValues, agreed_value};
  auto opened =
      ledger::LedgerFile::open(config.data + "/" + ledger::kLedgerName, std::move(options), complain);
  if (opened) return std::move(*opened);
  complain(fmt::format("there will be no ledger until the next start: {}", opened.error().message));
  return std::nullopt;
}

// ---- values

Result<void> run_values(const NodeConfig& config, std::optional<storage::SigningKeys> keys, Kept& kept) {
  if (kept.disk) {
    const auto names = kept.disk->names();
    if (!names) return tl::unexpected<Error>(names.error());
    for (const std::string& name : *names)
      if (name.starts_with(kObservations))
        return fail(Errc::kConflict, "{}: this is the folder of a node that agrees on fires", config.data);
  }
  auto options = options_of<shell::RaftService::Options>(config, std::move(keys));
  auto admission_key = load_admission_key(config);
  if (!admission_key) return tl::unexpected<Error>(admission_key.error());
  options.admission_key = std::move(*admission_key);
  options.compact_bytes = config.compact_bytes.value_or(options.compact_bytes);
  options.share_desk = share_desk_of(config);
  auto ledger = open_ledger(config, kept);
  options.ledger = ledger ? &*ledger : nullptr;
  KeyValues values;
  const auto service =
      shell::RaftService::make(std::move(options), values, kept.log ? &*kept.log : nullptr, complain);
  if (!service) return tl::unexpected<Error>(service.error());
  return run_until_stopped(**service, config, kept);
}

// ---- fires

Result<storage::Journal::Opened> open_journal(const NodeConfig& config, Kept& kept, const char* name,
                                              std::size_t records_max) {
  auto opened = storage::Journal::open(*kept.disk, config.identity, {name, records_max});
  if (!opened) return fail(opened.error().code, "{}: {}", config.data, opened.error().message);
  for (const std::string& damage : opened->damage) complain(fmt::format("{}: {}", config.data, damage));
  if (opened->made && !kept.log->contents.persisted.log.empty())
    return fail(Errc::kConflict,
                "{}: there is a log and no journal of {}: it is that of a node that agrees on values, or the "
                "journal is lost",
                config.data, name);
  return opened;
}

wildfire::CapContext context_of(const NodeConfig& config) {
  wildfire::CapContext context;
  context.incident = config.identity.cluster;
  if (config.clock_behind > Duration::zero()) {
    const double days = to_seconds(config.clock_behind) / 86'400.0;
    context.provenance.push_back(
        {datum::Provenance::kWhatIf,
         fmt::format("the clock of the nodes runs {:.1f} days behind UTC, and observations were handed in "
                     "as if then",
                     days),
         fmt::format("节点时钟比UTC晚{:.1f}天，观测按当时提交", days)});
  }
  return context;
}

Result<void> run_fires(const NodeConfig& config, std::optional<storage::SigningKeys> keys, Kept& kept) {
  auto options = options_of<shell::FireService::Options>(config, std::move(keys));
  options.clock_behind = config.clock_behind;
  options.node.share_desk = share_desk_of(config);
  options.node.log_bytes = config.compact_bytes.value_or(options.node.log_bytes);
  std::optional<storage::Journal::Opened> observations, told;
  if (kept.disk) {
    auto seen = open_journal(config, kept, kObservations, options.node.journal_max);
    if (!seen) return tl::unexpected<Error>(seen.error());
    observations.emplace(std::move(*seen));
    auto before = open_journal(config, kept, "alerts-told", shell::AlertFolder::kToldMax);
    if (!before) return tl::unexpected<Error>(before.error());
    told.emplace(std::move(*before));
  }
  auto alerts = shell::AlertFolder::open(kept.disk ? config.data + "/alerts" : "", context_of(config),
                                         told ? &*told : nullptr, complain);
  if (!alerts) return tl::unexpected<Error>(alerts.error());
  auto ledger = open_ledger(config, kept);
  options.ledger = ledger ? &*ledger : nullptr;
  const auto service = shell::FireService::make(std::move(options), kept.log ? &*kept.log : nullptr,
                                                observations ? &*observations : nullptr, *alerts, complain);
  if (!service)
    return fail(service.error().code, "{}{}{}", config.data, config.data.empty() ? "" : ": ",
                service.error().message);
  return run_until_stopped(**service, config, kept);
}

Result<void> run(const NodeArguments& arguments) {
  std::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is an error like a full disk
  const auto config = load_node_config(arguments.config);
  if (!config) return tl::unexpected<Error>(config.error());
  auto keys = load_keys(*config);
  if (!keys) return tl::unexpected<Error>(keys.error());
  auto kept = open_kept(*config, arguments.first_start);
  if (!kept) return tl::unexpected<Error>(kept.error());
  return config->agrees_on == AgreesOn::kFires ? run_fires(*config, std::move(*keys), *kept)
                                               : run_values(*config, std::move(*keys), *kept);
}

}  // namespace

void add_node(command_line::Command app, int* exit_code) {
  auto arguments = std::make_shared<NodeArguments>();
  command_line::Command command =
      app.add_subcommand("node", "Be one member of a group that finds fires and agrees on alerts");
  command.add_option("config", arguments->config, "TOML file: cluster, node, data, members").required();
  command.add_flag("--first-start", arguments->first_start,
                   "make the log: only for a node that never ran before");
  command.footer(
      "Runs until SIGINT or SIGTERM. Exit code 1 when it cannot begin, or must not go on: its disk is full "
      "or\n"
      "fails, its log is lost or another node's, or its leader has signed another log.\n"
      "Alerts are written to DATA/alerts as CAP messages with status Exercise: nothing warns the public.\n"
      "All that is agreed is entered into DATA/ledger.sqlite, for skywarden ledger; a node that cannot write "
      "it "
      "goes on.\n\n"
      "Example:\n  skywarden node node-1.toml --first-start\n\n"
      "  # node-1.toml\n  cluster = \"forest\"\n  node = 1\n  data = \"node-1\"\n"
      "  [[member]]\n  id = 1\n  address = \"127.0.0.1:7101\"\n  [[member]]\n  id = 2\n"
      "  address = \"127.0.0.1:7102\"\n  [[member]]\n  id = 3\n  address = \"127.0.0.1:7103\"");
  command.callback([arguments, exit_code] {
    const auto ran = run(*arguments);
    if (!ran) complain(ran.error().message);
    *exit_code = ran ? 0 : 1;
  });
}

}  // namespace skywarden::app
