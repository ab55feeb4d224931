#include "tree_import.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace skywarden::fit {
namespace {

using inference::TreeNode;
using nlohmann::json;

constexpr std::array<std::string_view, 3> kObjectives{"reg:squarederror", "reg:pseudohubererror",
                                                      "reg:absoluteerror"};
constexpr std::string_view kLogistic = "binary:logistic";  // its base score is a probability

// XGBoost numbers nodes as it splits them, and leaves holes where it pruned: they are numbered anew from the
// root, level by level.
std::vector<TreeNode> import_tree(const json& tree) {
  const auto left = tree.at("left_children").get<std::vector<int>>();
  const auto right = tree.at("right_children").get<std::vector<int>>();
  const auto features = tree.at("split_indices").get<std::vector<int>>();
  const auto values = tree.at("split_conditions").get<std::vector<float>>();  // of leaves: what they add
  const auto missing_left = tree.at("default_left").get<std::vector<int>>();
  std::vector<TreeNode> out;
  std::vector<std::size_t> order{0};
  for (std::size_t i = 0; i < order.size(); ++i) {
    const std::size_t at = order[i];
    TreeNode node;
    node.value = values.at(at);
    if (left.at(at) >= 0) {
      node.feature = static_cast<std::uint16_t>(features.at(at));
      node.missing_goes_left = missing_left.at(at) != 0;
      node.left = static_cast<std::uint16_t>(order.size());
      node.right = static_cast<std::uint16_t>(order.size() + 1);
      order.push_back(static_cast<std::size_t>(left.at(at)));
      order.push_back(static_cast<std::size_t>(right.at(at)));
      if (order.size() > inference::TreeLimits::kNodesOfTree) break;  // make() refuses it by its size
    }
    out.push_back(node);
  }
  return out;
}

Result<inference::TreeEnsemble> import_model(const json& model) {
  const json& learner = model.at("learner");
  const json& parameters = learner.at("learner_model_param");
  const auto objective = learner.at("objective").at("name").get<std::string>();
  const bool logistic = objective == kLogistic;
  if (!logistic && std::find(kObjectives.begin(), kObjectives.end(), objective) == kObjectives.end())
    return fail(Errc::kUnsupported, "objective {}: its base score is no margin", objective);
  const json& booster = learner.at("gradient_booster");
  if (booster.at("name") != "gbtree")
    return fail(Errc::kUnsupported, "booster {}, expected gbtree", booster.at("name").get<std::string>());
  if (parameters.at("num_class") != "0" || parameters.value("num_target", "1") != "1")
    return fail(Errc::kUnsupported, "several outputs");
  const auto features = static_cast<std::size_t>(std::stoul(parameters.at("num_feature").get<std::string>()));
  float base_score = std::strtof(parameters.at("base_score").get<std::string>().c_str(), nullptr);
  // XGBoost's own expression, so that margins agree in their last bit.
  if (logistic) base_score = -std::log(1.0F / base_score - 1.0F);
  std::vector<std::vector<TreeNode>> trees;
  for (const json& tree : booster.at("model").at("trees")) {
    if (!tree.at("categories").empty()) return fail(Errc::kUnsupported, "categorical splits");
    trees.push_back(import_tree(tree));
  }
  return inference::TreeEnsemble::make(features, base_score, trees);
}

}  // namespace

Result<inference::TreeEnsemble> import_trees(std::span<const std::uint8_t> ubjson) {
  try {  // the JSON library and std::stoul throw; that ends here
    return import_model(json::from_ubjson(ubjson.begin(), ubjson.end()));
  } catch (const std::exception& problem) {
    return fail(Errc::kMalformed, "no XGBoost model: {}", problem.what());
  }
}

}  // namespace skywarden::fit
