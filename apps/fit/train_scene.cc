// skywarden-fit train scene: the convolutional encoder of scene patches, on SYNTHETIC patches.
#include <fmt/core.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "command_line/command_line.h"
#include "commands.h"
#include "formats/read_file.h"
#include "fusion/scene_encoder.h"
#include "fusion/synthetic_scene.h"
#include "inference/model_file.h"
#include "scene_net.h"

namespace skywarden::fit {
namespace {

struct Arguments {
  std::string out = "models/scene.swm";
  std::uint64_t seed = 1;
  std::size_t patches = 6'000, passes = 12, batch = 32;
};

struct Example {
  fusion::ScenePatch patch;
  std::size_t kind = 0;
};

std::vector<Example> draw(std::size_t count, Random random) {
  std::vector<Example> out;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t kind = i % fusion::kSceneKinds.size();
    out.push_back({fusion::draw_scene(static_cast<fusion::SceneKind>(kind), random), kind});
  }
  return out;
}

void train(SceneNet& net, std::vector<Example>& examples, const Arguments& arguments, Random random) {
  for (std::size_t pass = 0; pass < arguments.passes; ++pass) {
    random.shuffle(std::span(examples));
    // Falls to a tenth in the end: large steps find the place, small ones settle.
    const double rate =
        2e-3 * (1.0 - 0.9 * static_cast<double>(pass) / static_cast<double>(arguments.passes));
    double loss = 0.0;
    for (std::size_t i = 0; i < examples.size(); ++i) {
      loss += net.learn(fusion::scene_numbers(examples[i].patch), examples[i].kind);
      if ((i + 1) % arguments.batch == 0 || i + 1 == examples.size()) net.step(rate);
    }
    fmt::print(stderr, "pass {} of {}: loss {:.4f}\n", pass + 1, arguments.passes,
               loss / static_cast<double>(examples.size()));
  }
}

Result<bool> run(const Arguments& arguments) {
  const Random random(arguments.seed);
  std::vector<Example> examples = draw(arguments.patches, random.fork(1));
  const std::vector<Example> fresh = draw(2'000, random.fork(2));
  SceneNet net(random.fork(3).next());
  train(net, examples, arguments, random.fork(4));
  const std::string about =
      fmt::format("SYNTHETIC patches drawn by fusion/synthetic_scene, {} of them, {} passes, seed {}",
                  arguments.patches, arguments.passes, arguments.seed);
  const inference::Model model = fusion::scene_model(net.weights(), about);
  const std::vector<std::byte> bytes = inference::write_model(model);
  auto encoder = fusion::SceneEncoder::load(bytes, arguments.out);
  if (!encoder) return tl::unexpected(encoder.error());
  // What counts is what flies, so the file is judged and not the network in memory.
  std::array<std::array<std::size_t, 4>, 4> said{};
  std::size_t right = 0;
  for (const Example& each : fresh) {
    const auto kinds = encoder->look(each.patch);
    if (!kinds) return tl::unexpected(kinds.error());
    const auto best =
        static_cast<std::size_t>(std::max_element(kinds->begin(), kinds->end()) - kinds->begin());
    ++said[each.kind][best];
    right += best == each.kind ? 1 : 0;
  }
  const nlohmann::ordered_json record = {
      {"model", std::filesystem::path(arguments.out).filename().string()},
      {"trained_on", about},
      {"synthetic", true},
      {"judged_on", "2000 other synthetic patches, 500 of each kind"},
      {"right", static_cast<double>(right) / static_cast<double>(fresh.size())},
      {"kinds", fusion::kSceneKinds},
      {"said_of_each_kind", said},
      {"bytes", bytes.size()}};
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (const auto written = formats::write_file(arguments.out, text); !written)
    return tl::unexpected(written.error());
  const std::string beside = arguments.out + ".json";
  if (const auto written = formats::write_file(beside, record.dump(2) + "\n"); !written)
    return tl::unexpected(written.error());
  fmt::print("{}\n", record.dump());
  return true;
}

}  // namespace

void add_train_scene(command_line::Command train, int* exit_code) {
  auto arguments = std::make_shared<Arguments>();
  command_line::Command command =
      train.add_subcommand("scene", "A small convolutional encoder of scene patches (SYNTHETIC)");
  command.add_option("--out", arguments->out, "where to write the model; its run record goes beside it")
      .capture_default_str();
  command.add_option("--seed", arguments->seed, "of everything drawn").capture_default_str();
  command.add_option("--patches", arguments->patches, "to learn from")
      .check(command_line::range(4, 1'000'000))
      .capture_default_str();
  command.add_option("--passes", arguments->passes, "over them")
      .check(command_line::range(1, 1000))
      .capture_default_str();
  command.footer("Example:\n  skywarden-fit train scene --out models/scene.swm");
  command.callback([arguments, exit_code] {
    const auto done = run(*arguments);
    if (!done) fmt::print(stderr, "skywarden-fit train scene: {}\n", done.error().message);
    *exit_code = done ? 0 : 1;
  });
}

}  // namespace skywarden::fit
