#include "cluster_record.h"

#include <fmt/format.h>

#include <memory>

#include "client_recorder.h"
#include "command_line/command_line.h"
#include "group_options.h"
#include "node_config.h"
#include "shell/durable_file.h"

namespace skywarden::app {
namespace {

struct RecordArguments {
  std::string config = "cluster/node-1.toml", folder = "histories";
  double seconds = 30;
  RecordOptions options;
};

Result<void> record(const RecordArguments& arguments) {
  const auto config = load_node_config(arguments.config);
  if (!config) return tl::unexpected<Error>(config.error());
  if (const auto made = shell::make_folder(arguments.folder); !made)
    return tl::unexpected<Error>(made.error());
  RecordOptions options = arguments.options;
  options.time = from_seconds(arguments.seconds);
  const auto counts = record_clients(config->group, arguments.folder, options);
  if (!counts) return tl::unexpected<Error>(counts.error());
  const std::uint64_t asked = counts->reads + counts->writes + counts->exchanges;
  fmt::print(R"({{"operations":{},"reads":{},"writes":{},"exchanges":{},"answered":{},"failed":{},"open":{},)"
             R"("keys":{},"answered_per_s":{:.1f}}})"
             "\n",
             asked, counts->reads, counts->writes, counts->exchanges, counts->answered, counts->failed,
             counts->open, counts->keys, static_cast<double>(counts->answered) / arguments.seconds);
  return {};
}

}  // namespace

void add_cluster_record(command_line::Command cluster, int* exit_code) {
  auto arguments = std::make_shared<RecordArguments>();
  command_line::Command command =
      cluster.add_subcommand("record", "Clients that use keys at once, and what they saw as histories");
  add_config_option(command, arguments->config);
  command.add_option("--folder", arguments->folder, "for key-0001.txt and so on").capture_default_str();
  command.add_option("--seconds", arguments->seconds, "how long")
      .check(command_line::range(0.1, 86400.0))
      .capture_default_str();
  command.add_option("--clients", arguments->options.clients, "how many at once")
      .check(command_line::range(1, 256))
      .capture_default_str();
  command.add_option("--keys", arguments->options.keys, "how many at once")
      .check(command_line::range(1, 256))
      .capture_default_str();
  command.add_option("--seed", arguments->options.seed, "of what they ask").capture_default_str();
  command.footer(
      "In groups that agree on values they read, set, and compare and set keys that nobody else uses, with\n"
      "values never used twice, while you kill, stop and cut off nodes; then ask whether all of it could "
      "have\n"
      "happened in one order.\n"
      "Prints counts as a line of JSON; exit code 1 when the files cannot be written.\n\n"
      "Example:\n  skywarden cluster record --seconds 60\n  skywarden lab linearizable histories/*.txt");
  command.callback([arguments, exit_code] {
    const auto recorded = record(*arguments);
    if (!recorded) fmt::print(stderr, "skywarden cluster: {}\n", recorded.error().message);
    *exit_code = recorded ? 0 : 1;
  });
}

}  // namespace skywarden::app
