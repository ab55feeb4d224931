// skywarden-fit export: the files of a network out of its checkpoint, finished or not.
#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <memory>

#include "commands.h"
#include "network_files.h"
#include "network_shape.h"
#include "network_training.h"
#include "record_tables.h"
#include "run_record.h"

namespace skywarden::fit {
namespace {

struct Arguments {
  std::string from, schema, out;
};

Result<void> run(const Arguments& arguments) {
  const auto schema = app::read_schema(arguments.schema);
  if (!schema) return tl::unexpected(schema.error());
  const auto kept = read_checkpoint(arguments.from, onboard::NetworkInputs(*schema));
  if (!kept) return tl::unexpected(kept.error());
  nlohmann::ordered_json record{{"model", std::filesystem::path(arguments.out).filename().string()},
                                {"shape", to_json(kept->shape)},
                                {"from", hashes_of({arguments.from})[0]},
                                {"trained", kept->record}};
  const auto exported = export_network(arguments.out, *schema, kept->shape, *kept->trainer, nullptr, record);
  return exported ? write_json(arguments.out + ".json", record) : exported;
}

}  // namespace

void add_export(command_line::Command app, int* exit_code) {
  auto arguments = std::make_shared<Arguments>();
  command_line::Command command = app.add_subcommand("export", "Write the files of a network's checkpoint");
  command.add_option("--from", arguments->from, "checkpoint, its note (.json) beside it").required();
  command.add_option("--schema", arguments->schema, "schema it was trained with (TOML)").required();
  command
      .add_option("--out", arguments->out, "the network (.swm, INT8); beside it OUT.f32, OUT.onnx, OUT.json")
      .required();
  command.footer(
      "Figures come from `evaluate`.\n\nExample:\n  skywarden-fit export --from student.swm.checkpoint "
      "--schema schemas/prsa.toml --out early.swm");
  command.callback([arguments, exit_code] {
    const auto done = run(*arguments);
    if (!done) fmt::print(stderr, "skywarden-fit export: {}\n", done.error().message);
    *exit_code = done ? 0 : 1;
  });
}

}  // namespace skywarden::fit
