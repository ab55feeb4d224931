#include "onboard/complete_fusion.h"

#include <doctest/doctest.h>

#include <cmath>

#include "inference/model_file.h"
#include "onboard/complete.h"
#include "onboard/complete_network_graph.h"
#include "onboard/complete_stream.h"
#include "onboard/complete_test_data.h"

namespace skywarden::onboard {
namespace {

std::vector<std::byte> drawn_file(NetworkKind kind) {
  return inference::write_model(network_graph(small_network(kind), NetworkInputs(example_schema()),
                                              inference::Precision::kI8, inference::drawn_parameters(3)));
}

// Trees for temp that say +2; a gate for each of `weights` in every class of gap of temp.
FusedModel example_model(const std::array<float, kOpinionsMax>& weights) {
  const std::size_t features = feature_names(example_schema(), 0).size();
  FieldTrees trees{"temp", saying(2.0F, features), saying(0.0F, features), {}};
  trees.gaps.fill({1.0F, -1.5F, 3.0F});
  FieldGates gates{"temp", {}};
  gates.gaps.fill({weights, false, 1.0F});
  const FusedMode mode{{drawn_file(NetworkKind::kEncoder), drawn_file(NetworkKind::kRecurrent)}, {gates}};
  return {{"example", {trees}, {trees}}, mode, {{}, {}}};
}

Completion completed(const FusedModel& model, const Panel& panel, bool causal) {
  const datum::Schema schema = example_schema();
  const auto reviewer = make_fused_reviewer(model, schema, causal);
  REQUIRE(reviewer.has_value());
  return complete(panel, schema, {.causal = causal, .reviewer = reviewer->get()});
}

TEST_CASE("opinions are weighed, by confidence where the gate says so, and all that count must be there") {
  Opinions opinions;
  opinions[0] = Opinion{2.0F, 0.0F};
  opinions[1] = Opinion{6.0F, std::log(2.0F)};
  Gate gate;
  CHECK_FALSE(fuse(gate, opinions).has_value());
  gate.weights = {0.5F, 0.5F, 0.0F, 0.0F};
  CHECK(fuse(gate, opinions)->correction == doctest::Approx(4.0));
  gate.by_confidence = true;  // weights 1 and 1/4
  CHECK(fuse(gate, opinions)->correction == doctest::Approx((2.0 + 6.0 / 4.0) / 1.25));
  gate.weights = {0.25F, 0.25F, 0.0F, 0.0F};  // half of the correction
  CHECK(fuse(gate, opinions)->correction == doctest::Approx(0.5 * (2.0 + 6.0 / 4.0) / 1.25));
  opinions[1].reset();
  CHECK_FALSE(fuse(gate, opinions).has_value());
  gate.weights = {0.5F, 0.0F, 0.0F, 0.0F};
  CHECK(fuse(gate, opinions)->correction == doctest::Approx(1.0));
}

TEST_CASE(
    "of a stream whose stations join one after the other trees and networks say the same as of a table") {
  const datum::Schema schema = example_schema();
  auto records = example_records(120, 3);
  hide(records, 0.3, 4);
  std::erase_if(records, [](const datum::Record& record) {
    const auto from = std::chrono::hours(record.stream == "a" ? 40 : record.stream == "c" ? 70 : 0);
    return record.time < Instant{} + from;
  });
  const FusedModel model = example_model({0.2F, 0.4F, 0.4F});
  auto of_table = make_fused_reviewer(model, schema, true),
       of_stream = make_fused_reviewer(model, schema, true);
  REQUIRE((of_table && of_stream));
  PanelBuilder builder(schema.fields.size(), {.arrival_order = true});
  for (const datum::Record& record : records)
    REQUIRE(builder.add(0, record.stream, record.time, record.fields));
  const auto panel = builder.build();
  REQUIRE(panel);
  const Completion table =
      complete(*panel, schema, {.causal = true, .rows_as_arrived = true, .reviewer = of_table->get()});
  StreamCompleter stream(schema, std::move(*of_stream));
  std::size_t by_model = 0;
  for (std::size_t r = 0; r < records.size(); ++r) {
    const auto said = stream.complete(records[r]);
    REQUIRE(said);
    const datum::Record expected = completed_record(*panel, schema, table, r);
    for (std::size_t f = 0; f < schema.fields.size(); ++f) {
      REQUIRE(said->record.fields[f].index() == expected.fields[f].index());
      const auto* mine = std::get_if<datum::Estimated>(&said->record.fields[f]);
      const auto* theirs = std::get_if<datum::Estimated>(&expected.fields[f]);
      if (mine == nullptr) continue;
      CHECK(mine->value == theirs->value);
      CHECK(mine->interval == theirs->interval);
      CHECK(mine->by == theirs->by);
      by_model += mine->by == "model" ? 1 : 0;
    }
  }
  CHECK(by_model > 40);
}

TEST_CASE("where no gate stands the trees decide as if they were alone") {
  const Panel panel = holed_panel(200, 1, 200);
  const datum::Schema schema = example_schema();
  const FusedModel model = example_model({});
  const auto trees = make_reviewer(model.trees, schema, true);
  const Completion alone = complete(panel, schema, {.causal = true, .reviewer = trees.get()});
  const Completion fused = completed(model, panel, true);
  CHECK(fused.values == alone.values);
  CHECK(fused.lows == alone.lows);
}

TEST_CASE("a gate that believes the trees alone takes their correction") {
  const Panel panel = holed_panel(200, 2, 200);
  const Completion plain = complete(panel, example_schema(), {.causal = true});
  const Completion fused = completed(example_model({0.5F, 0.0F, 0.0F, 0.0F}), panel, true);
  std::size_t seen = 0;
  for (std::size_t cell = 0; cell < panel.cells(); cell += panel.fields()) {
    if (plain.origins[cell] != Origin::kEstimated) continue;
    ++seen;
    CHECK(std::abs(fused.values[cell] - plain.values[cell] - 1.0) < 0.11);
  }
  CHECK(seen > 50);
}

TEST_CASE("beyond the levels that trees were trained on networks are not asked either") {
  const Panel panel = holed_panel(200, 2, 200);
  FusedModel model = example_model({0.0F, 0.5F, 0.5F, 0.0F});
  model.trees.causal[0].levels = {1000.0F, 2000.0F};
  const Completion plain = complete(panel, example_schema(), {.causal = true});
  const Completion fused = completed(model, panel, true);
  CHECK(fused.values == plain.values);
  CHECK(fused.lows == plain.lows);
}

TEST_CASE("networks move estimates, and no row depends on later rows") {
  const FusedModel model = example_model({0.0F, 0.5F, 0.5F, 0.0F});
  const Panel part = holed_panel(240, 3, 120);
  const Completion whole = completed(model, holed_panel(240, 3, 240), true),
                   cut = completed(model, part, true);
  const Completion trees = completed(example_model({}), part, true);
  std::size_t moved = 0;
  for (std::size_t cell = 0; cell < part.cells(); ++cell) {
    CHECK(whole.values[cell] == cut.values[cell]);
    CHECK(whole.lows[cell] == cut.lows[cell]);
    moved += trees.values[cell] != cut.values[cell] ? 1 : 0;
  }
  CHECK(moved > 50);
}

TEST_CASE("a fused model is read back as it was written, and trees alone are one, too") {
  const datum::Schema schema = example_schema();
  const FusedModel model = example_model({0.25F, 0.5F, 0.25F, 0.0F});
  const auto bytes = encode_fused_model(model, schema);
  const auto read = decode_fused_model(bytes, schema);
  REQUIRE_MESSAGE(read.has_value(), (read ? "" : read.error().message));
  CHECK(encode_fused_model(*read, schema) == bytes);
  CHECK(read->causal.networks.size() == 2);
  const auto alone = decode_fused_model(encode_model(model.trees, schema), schema);
  REQUIRE(alone.has_value());
  CHECK(alone->causal.networks.empty());
  CHECK(alone->trees.causal.size() == 1);
}

TEST_CASE("damaged, cut or foreign fused models are refused in words") {
  const datum::Schema schema = example_schema();
  std::vector<std::byte> bytes = encode_fused_model(example_model({0.5F, 0.5F, 0.0F, 0.0F}), schema);
  for (std::size_t size = 0; size < bytes.size(); size += 1 + size / 16) {
    const auto read = decode_fused_model(std::span(bytes).first(size), schema);
    REQUIRE_FALSE(read);
    CHECK_FALSE(read.error().message.empty());
  }
  for (std::size_t i = 0; i < bytes.size(); i += 97) {
    bytes[i] ^= std::byte{0x10};
    CHECK_FALSE(decode_fused_model(bytes, schema));
    bytes[i] ^= std::byte{0x10};
  }
  datum::Schema other = schema;
  other.fields[1].name = "snow";
  CHECK(decode_fused_model(bytes, other).error().code == Errc::kConflict);
  FusedModel greedy = example_model({0.75F, 0.75F, 0.0F, 0.0F});
  CHECK_FALSE(decode_fused_model(encode_fused_model(greedy, schema), schema));
  greedy.causal.networks.resize(1);
  greedy.causal.networks[0] = {std::byte{1}};
  CHECK_FALSE(decode_fused_model(encode_fused_model(greedy, schema), schema));
}

}  // namespace
}  // namespace skywarden::onboard
