// skywarden-fit evaluate: how good networks are on held-back rows, by the engine that flies. Nothing is
// trained.
#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <span>

#include "commands.h"
#include "formats/read_file.h"
#include "inference/model_file.h"
#include "network_judging.h"
#include "network_source.h"
#include "record_tables.h"
#include "run_record.h"

namespace skywarden::fit {
namespace {

using nlohmann::ordered_json;

struct Arguments {
  NetworkSource source;
  std::vector<std::string> networks;
  std::string out;
};

Result<onboard::Network> network_of(const std::string& path, const datum::Schema& schema) {
  const auto bytes = formats::read_file(path);
  if (!bytes) return tl::unexpected(bytes.error());
  auto file = inference::read_model(std::as_bytes(std::span(*bytes)), path);
  if (!file) return tl::unexpected(file.error());
  auto network = onboard::Network::make(std::move(file->model), schema);
  if (!network) return fail(network.error().code, "{}: {}", path, network.error().message);
  return network;
}

Result<void> run(const Arguments& arguments) {
  const auto schema = app::read_schema(arguments.source.schema);
  if (!schema) return tl::unexpected(schema.error());
  std::vector<onboard::Network> networks;  // all are read first: a wrong one should not cost the examples
  for (const std::string& path : arguments.networks) {
    auto network = network_of(path, *schema);
    if (!network) return tl::unexpected(network.error());
    networks.push_back(std::move(*network));
  }
  const auto judging = judging_examples_of(arguments.source, *schema);
  if (!judging) return tl::unexpected(judging.error());
  ordered_json record{{"code", arguments.source.code},
                      {"source", to_json(arguments.source)},
                      {"examples", judging->records.size()}};
  for (std::size_t i = 0; i < networks.size(); ++i) {
    const std::string name = std::filesystem::path(arguments.networks[i]).filename().string();
    const ordered_json figures = to_json(judge(*judging, networks[i]), *schema);
    print(name, figures);
    std::fflush(stdout);
    record["networks"].push_back(
        {{"network", hashes_of({arguments.networks[i]})[0]}, {"held_back", figures}});
  }
  return arguments.out.empty() ? Result<void>{} : write_json(arguments.out, record);
}

}  // namespace

void add_evaluate(command_line::Command app, int* exit_code) {
  auto arguments = std::make_shared<Arguments>();
  command_line::Command command =
      app.add_subcommand("evaluate", "Judge networks on held-back rows, without training");
  add_source_options(command, arguments->source);
  command.add_option("--network", arguments->networks, "networks of completion (.swm)").required();
  command.add_option("--out", arguments->out, "figures, hashes and source as JSON");
  command.footer(
      "The same rows with the same losses for all. Printed: shares within the tolerance and half of it, the "
      "baseline's\nand the network's.\n\n"
      "Example:\n  skywarden-fit evaluate --network student.swm student.swm.f32 --schema schemas/prsa.toml "
      "--in PRSA_*.csv.gz");
  command.callback([arguments, exit_code] {
    const auto done = run(*arguments);
    if (!done) fmt::print(stderr, "skywarden-fit evaluate: {}\n", done.error().message);
    *exit_code = done ? 0 : 1;
  });
}

}  // namespace skywarden::fit
