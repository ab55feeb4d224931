#include "onboard/complete_network.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <map>

#include "onboard/complete.h"
#include "onboard/complete_network_graph.h"
#include "onboard/complete_test_data.h"

namespace skywarden::onboard {
namespace {

Network drawn_network(NetworkKind kind, std::uint64_t seed) {
  const datum::Schema schema = example_schema();
  auto network = Network::make(network_graph(small_network(kind), NetworkInputs(schema),
                                             inference::Precision::kI8, inference::drawn_parameters(seed)),
                               schema);
  REQUIRE_MESSAGE(network.has_value(), (network ? "" : network.error().message));
  return std::move(*network);
}

// Notes what it is shown, and what networks say of it.
class Witness final : public NumberReviewer {
 public:
  explicit Witness(std::vector<Network> networks = {}) : networks_(std::move(networks)) {}
  bool wants(std::size_t) const override { return true; }
  bool wants_records() const override { return true; }
  void prepare(std::span<const RecordNumbers> records) override {
    for (const RecordNumbers& record : records) {
      for (const RecordNumber& number : record.numbers) shown[number.cell] = number;
      slots.push_back(record.slot);
    }
    for (Network& network : networks_) network.prepare(records);
  }
  bool review(const MissingNumber& missing, NumberEstimate& estimate) override {
    const RecordNumber& number = shown.at(missing.cell);
    CHECK_FALSE(number.known);
    CHECK(number.estimate == static_cast<float>(estimate.value));
    for (std::size_t i = 0; i < kSharedFeatures; ++i)
      CHECK((number.features[i] == missing.features[i] ||
             (std::isnan(number.features[i]) && std::isnan(missing.features[i]))));
    for (const Network& network : networks_) {
      const auto opinion = network.opinion(missing.cell);
      REQUIRE(opinion.has_value());
      said[missing.cell].push_back(opinion->correction);
      said[missing.cell].push_back(opinion->log_error);
    }
    return false;
  }
  std::map<std::size_t, RecordNumber> shown;
  std::map<std::size_t, std::vector<float>> said;
  std::vector<std::size_t> slots;

 private:
  std::vector<Network> networks_;
};

std::vector<Network> both() {
  std::vector<Network> out;
  out.push_back(drawn_network(NetworkKind::kEncoder, 1));
  out.push_back(drawn_network(NetworkKind::kRecurrent, 2));
  return out;
}

TEST_CASE("records are shown before their estimates are reviewed, known numbers with them") {
  const Panel panel = holed_panel(200, 5, 200);
  for (const bool causal : {true, false}) {
    Witness witness;
    static_cast<void>(
        complete(panel, example_schema(), {.causal = causal, .calibrate = false, .reviewer = &witness}));
    std::size_t known = 0;
    for (const auto& [cell, number] : witness.shown) known += number.known ? 1 : 0;
    CHECK(known > 500);
    CHECK(witness.slots.size() == panel.records());
    CHECK(std::is_sorted(witness.slots.begin(), witness.slots.end()));
  }
}

TEST_CASE("what networks say does not depend on later rows") {
  const datum::Schema schema = example_schema();
  Witness whole(both()), cut(both());
  static_cast<void>(
      complete(holed_panel(300, 3, 300), schema, {.causal = true, .calibrate = false, .reviewer = &whole}));
  static_cast<void>(
      complete(holed_panel(300, 3, 150), schema, {.causal = true, .calibrate = false, .reviewer = &cut}));
  REQUIRE(cut.said.size() > 100);
  REQUIRE(whole.said.size() > cut.said.size());
  for (const auto& [cell, said] : cut.said) CHECK(whole.said.at(cell) == said);
}

TEST_CASE("what an encoder says of a record does not depend on the records beside it") {
  const Panel panel = holed_panel(60, 4, 60);
  Witness witness;
  static_cast<void>(
      complete(panel, example_schema(), {.causal = true, .calibrate = false, .reviewer = &witness}));
  std::vector<RecordNumbers> records;
  for (std::size_t slot = 20; slot < 24; ++slot) {
    for (std::size_t s = 0; s < 4; ++s) {
      RecordNumbers record{slot, s, {}};
      for (const std::size_t f : {0U, 1U}) record.numbers.push_back(witness.shown.at(panel.at(slot, s, f)));
      records.push_back(std::move(record));
    }
  }
  Network together = drawn_network(NetworkKind::kEncoder, 7), apart = drawn_network(NetworkKind::kEncoder, 7);
  together.prepare(records);
  std::size_t asked = 0;
  for (const RecordNumbers& record : records) {
    apart.prepare(std::span(&record, 1));
    for (const RecordNumber& number : record.numbers) {
      const auto one = apart.opinion(number.cell), other = together.opinion(number.cell);
      REQUIRE(one.has_value() == other.has_value());
      if (!one) continue;
      ++asked;
      CHECK(one->correction == other->correction);
      CHECK(one->log_error == other->log_error);
    }
  }
  CHECK(asked > 3);
}

TEST_CASE("a recurrent network remembers the stream, and forgets when told") {
  const Panel panel = holed_panel(80, 6, 80);
  Witness witness;
  static_cast<void>(
      complete(panel, example_schema(), {.causal = true, .calibrate = false, .reviewer = &witness}));
  RecordNumbers holed;
  const auto record_of = [&](std::size_t slot) {
    RecordNumbers record{slot, 1, {}};
    for (const std::size_t f : {0U, 1U}) record.numbers.push_back(witness.shown.at(panel.at(slot, 1, f)));
    return record;
  };
  Network network = drawn_network(NetworkKind::kRecurrent, 8);
  std::size_t differ = 0, same = 0;
  for (std::size_t slot = 0; slot < 80; ++slot) {
    const RecordNumbers record = record_of(slot);
    network.prepare(std::span(&record, 1));
    Network fresh = drawn_network(NetworkKind::kRecurrent, 8);
    fresh.prepare(std::span(&record, 1));
    for (const RecordNumber& number : record.numbers) {
      const auto with = network.opinion(number.cell), without = fresh.opinion(number.cell);
      REQUIRE(with.has_value() == without.has_value());
      if (with) (slot > 0 && with->correction != without->correction ? differ : same) += 1;
    }
    if (slot != 40) continue;
    network.forget();
  }
  CHECK(differ > 20);
  CHECK(same < differ);
}

TEST_CASE("a recurrent network that was only shown some records says of later ones what it would have said") {
  const Panel panel = holed_panel(80, 6, 80);
  Witness witness;
  static_cast<void>(
      complete(panel, example_schema(), {.causal = true, .calibrate = false, .reviewer = &witness}));
  Network asked = drawn_network(NetworkKind::kRecurrent, 8),
          spared = drawn_network(NetworkKind::kRecurrent, 8);
  std::size_t opinions = 0;
  for (std::size_t slot = 0; slot < 80; ++slot) {
    RecordNumbers record{slot, 1, {}};
    for (const std::size_t f : {0U, 1U}) record.numbers.push_back(witness.shown.at(panel.at(slot, 1, f)));
    asked.prepare(std::span(&record, 1));
    if (slot < 40)
      spared.note(std::span(&record, 1));
    else
      spared.prepare(std::span(&record, 1));
    for (const RecordNumber& number : record.numbers) {
      const auto one = asked.opinion(number.cell), other = spared.opinion(number.cell);
      CHECK((slot < 40 ? !other.has_value() : one.has_value() == other.has_value()));
      if (!one || !other) continue;
      ++opinions;
      CHECK(one->correction == other->correction);
    }
  }
  CHECK(opinions > 5);
}

TEST_CASE("unknown, infinite and huge numbers are told as bounded ones") {
  const datum::Schema schema = example_schema();
  const NetworkInputs inputs(schema);
  RecordNumbers record;
  for (const std::size_t f : {0U, 1U}) {
    RecordNumber number{.field = f, .cell = f, .known = f == 0, .estimated = true};
    number.level = number.mean_error = std::numeric_limits<float>::infinity();
    number.features.fill(f == 0 ? std::numeric_limits<float>::quiet_NaN() : 3e38F);
    record.numbers.push_back(number);
  }
  std::vector<float> tokens(inputs.numbers() * NetworkInputs::token_width()), row(inputs.row_width());
  inputs.write_tokens(record, tokens);
  inputs.write_row(record, row);
  for (const std::vector<float>* numbers : {&tokens, &row})
    for (const float x : *numbers) CHECK(std::abs(x) <= 1000.0F);
}

TEST_CASE("networks of other schemas, of no schema and of other shapes are refused in words") {
  const datum::Schema schema = example_schema();
  const NetworkInputs inputs(schema);
  const auto graph = [&] {
    return network_graph(small_network(NetworkKind::kEncoder), inputs, inference::Precision::kF32,
                         inference::drawn_parameters(1));
  };
  CHECK(Network::make(graph(), schema).has_value());
  datum::Schema other = schema;
  other.fields[0].name = "heat";
  CHECK(Network::make(graph(), other).error().code == Errc::kConflict);
  auto silent = graph();
  silent.about.clear();
  CHECK(Network::make(std::move(silent), schema).error().code == Errc::kConflict);
  auto renamed = graph();
  renamed.outputs[0].name = "states";
  CHECK(Network::make(std::move(renamed), schema).error().code == Errc::kConflict);
  auto another = graph();
  another.about["completion"] = inputs.fingerprint(NetworkKind::kRecurrent);
  CHECK(Network::make(std::move(another), schema).error().code == Errc::kConflict);
}

}  // namespace
}  // namespace skywarden::onboard
