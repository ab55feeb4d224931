// bench-trees: how many rows a second boosted trees judge, one by one and in batches. One JSON line a figure.
//
// The trees are balanced and random, by default of the size that a field of the shipped completion model has.
// Rows are random too, a third of the values missing, which sends them everywhere.
#include <fmt/format.h>

#include <limits>
#include <vector>

#include "base/random.h"
#include "command_line/command_line.h"
#include "cpu_time.h"
#include "inference/tree_ensemble.h"

namespace {

using namespace skywarden;
using namespace skywarden::inference;

// Of depth `depth`, level by level: node i has the children 2i + 1 and 2i + 2.
std::vector<TreeNode> balanced_tree(Random& random, std::size_t features, std::size_t depth) {
  const std::size_t inner = (std::size_t{1} << depth) - 1;
  std::vector<TreeNode> out(2 * inner + 1);
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i].value = static_cast<float>(random.normal(0.0, 1.0));
    if (i >= inner) continue;
    out[i].feature = static_cast<std::uint16_t>(random.below(features));
    out[i].missing_goes_left = random.chance(0.5);
    out[i].left = static_cast<std::uint16_t>(2 * i + 1);
    out[i].right = static_cast<std::uint16_t>(2 * i + 2);
  }
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  skywarden::command_line::Program app{"How fast boosted trees are judged"};
  std::size_t features = 69, trees = 300, depth = 6, rows = 50'000;
  app.add_option("--features", features).check(skywarden::command_line::range(1, 4096)).capture_default_str();
  app.add_option("--trees", trees).check(skywarden::command_line::range(1, 20'000)).capture_default_str();
  app.add_option("--depth", depth).check(skywarden::command_line::range(1, 12)).capture_default_str();
  app.add_option("--rows", rows).check(skywarden::command_line::range(1, 1'000'000)).capture_default_str();
  app.footer("Example:\n  bench-trees --trees 300 --depth 6");
  if (const auto exit_code = app.parse(argc, argv)) return *exit_code;
  Random random(1);
  std::vector<std::vector<TreeNode>> drawn;
  for (std::size_t t = 0; t < trees; ++t) drawn.push_back(balanced_tree(random, features, depth));
  const auto ensemble = TreeEnsemble::make(features, 0.0F, drawn);
  if (!ensemble) {
    fmt::print(stderr, "bench-trees: {}\n", ensemble.error().message);
    return 1;
  }
  std::vector<float> values;
  for (std::size_t i = 0; i < rows * features; ++i) {
    const bool missing = random.chance(0.33);
    const auto value = static_cast<float>(random.normal(0.0, 1.0));
    values.push_back(missing ? std::numeric_limits<float>::quiet_NaN() : value);
  }
  std::vector<float> batch(rows), single(rows);
  const double start = cpu_seconds();
  ensemble->evaluate_batch(values, batch);
  const double between = cpu_seconds();
  for (std::size_t i = 0; i < rows; ++i)
    single[i] = ensemble->evaluate(std::span(values).subspan(i * features, features));
  const double end = cpu_seconds();
  fmt::print(
      "{{\"figure\":\"trees\",\"features\":{},\"trees\":{},\"nodes\":{},\"rows\":{},\"batch_rows_per_s\":{:."
      "0f},"
      "\"single_rows_per_s\":{:.0f},\"equal\":{}}}\n",
      features, trees, ensemble->nodes(), rows, static_cast<double>(rows) / (between - start),
      static_cast<double>(rows) / (end - between), batch == single);
  return batch == single ? 0 : 1;
}
