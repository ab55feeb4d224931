#include "onboard/completion_operations.h"

#include <doctest/doctest.h>

#include "inference/program.h"
#include "onboard/complete_features.h"
#include "onboard/complete_fusion.h"
#include "onboard/complete_network_graph.h"
#include "onboard/complete_test_data.h"
#include "onboard/network_operations.h"

using namespace skywarden;
using namespace skywarden::onboard;

namespace {

double joules(const OperationCounts& counts) {
  return modelled_energy(counts).value();
}

// A tree that is a chain: each node's right child goes on.
inference::TreeEnsemble chain(std::size_t features, std::uint16_t depth, std::size_t trees) {
  std::vector<inference::TreeNode> nodes;
  for (std::uint16_t d = 0; d < depth; ++d) {
    const auto at = static_cast<std::uint16_t>(nodes.size());
    nodes.push_back({0, false, 1.0F, static_cast<std::uint16_t>(at + 1), static_cast<std::uint16_t>(at + 2)});
    nodes.push_back({inference::TreeNode::kLeaf, false, 0.5F, 0, 0});
  }
  nodes.push_back({inference::TreeNode::kLeaf, false, 0.25F, 0, 0});
  return inference::TreeEnsemble::make(features, 0.0F, std::vector(trees, nodes)).value();
}

}  // namespace

TEST_CASE("a chain of five nodes is six steps deep, whatever the number of leaves beside it") {
  CHECK(chain(3, 5, 1).steps() == 6);
  CHECK(chain(3, 5, 7).steps() == 42);
  CHECK(chain(3, 0, 2).steps() == 2);
  CHECK(inference::TreeEnsemble().steps() == 0);
}

TEST_CASE("a record costs more with more streams, more numbers and more holes; a rule next to nothing") {
  datum::Schema schema = example_schema();
  const auto few = completion_operations(schema, 2), many = completion_operations(schema, 40);
  CHECK(joules(many.record) > joules(few.record));
  CHECK(joules(many.slot) > joules(few.slot));
  CHECK(joules(few.known) > 0.0);
  CHECK(joules(few.missing) > 0.0);
  CHECK(few.trials > 0.0);
  datum::Schema wide = schema;
  for (int i = 0; i < 6; ++i) {
    wide.fields.push_back(schema.fields[0]);
    wide.fields.back().name += std::to_string(i);
  }
  CHECK(joules(completion_operations(wide, 2).known) > joules(few.known));
  CHECK(joules(rule_operations(schema, 16)) < 0.1 * joules(few.known));
  CHECK(joules(rule_operations(schema, 16)) > 0.0);
}

TEST_CASE("what a model takes is counted from its trees and its networks") {
  const datum::Schema schema = example_schema();
  const std::size_t features = feature_names(schema, 0).size();
  FusedModel model{{schema.name, {}, {}}, {}, {}};
  CHECK(joules(make_fused_reviewer(model, schema, true).value()->operations().number) == 0.0);
  model.trees.causal.push_back({"temp", chain(features, 5, 10), chain(features, 3, 10), {}, {}});
  const auto trees = make_fused_reviewer(model, schema, true).value()->operations();
  CHECK_FALSE(trees.has_networks);
  CHECK(trees.number.float_additions == 10.0 * 6 + 10.0 * 4);
  CHECK(trees.number.memory_bytes == 0.0);
  CHECK(joules(make_reviewer(model.trees, schema, true)->operations().number) == joules(trees.number));

  const NetworkInputs inputs(schema);
  const auto graph = network_graph({.layers = 1, .sets = 1, .width = 32, .heads = 2, .hidden = 64}, inputs,
                                   inference::Precision::kI8, inference::drawn_parameters(3));
  auto network = Network::make(graph, schema);
  REQUIRE(network);
  const auto program = inference::make_program(graph, {.tokens_at_once = 1024});
  CHECK(joules(network->operations()) == joules(network_operations(*program, inputs.numbers())));
  CHECK(joules(network->operations()) > 0.0);
}
