#include "network_training.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <limits>

#include "base/random.h"
#include "network_shape.h"
#include "network_test_data.h"

namespace skywarden::fit {
namespace {

using onboard::NetworkInputs;
using onboard::NetworkKind;

// A stream whose second number, hidden, is off by what the first is off by.
RecordExamples drawn_examples() {
  RecordExamples out;
  out.numbers = 2;
  out.begins = {0};
  Random random(1);
  for (std::size_t slot = 0; slot < 60; ++slot) {
    onboard::RecordNumbers record{slot, 0, {}};
    const auto off = static_cast<float>(random.normal(0.0, 1.0));
    for (std::size_t n = 0; n < 2; ++n) {
      onboard::RecordNumber number;
      number.cell = 2 * slot + n;
      number.field = n;
      number.estimated = true;
      number.known = n == 0;
      number.level = off;
      number.mean_error = 1.0F;
      record.numbers.push_back(number);
      out.truths.push_back(n == 0 ? std::numeric_limits<float>::quiet_NaN() : off);
      out.tolerances.push_back(1.0F);
    }
    out.records.push_back(std::move(record));
  }
  return out;
}

TEST_CASE("training in stages that was interrupted goes on as if it had not been, and is read back") {
  const datum::Schema schema = number_schema("two", {"a", "b"});
  const NetworkInputs inputs(schema);
  const RecordExamples examples = drawn_examples();
  onboard::NetworkShape shape;
  shape.layers = shape.sets = 1;
  shape.width = 16;
  shape.heads = 2;
  shape.hidden = 32;
  shape.pruned = {{1, 16}};
  const NetworkBatches batches(examples, inputs, NetworkKind::kEncoder);
  REQUIRE(batches.size() == 60);
  NetworkTrainer teacher(shape, inputs, 7);
  const auto folder = std::filesystem::temp_directory_path();
  Training training{.stages = {{.name = "taught", .steps = 12, .learning_rate = 3e-3, .taught = true},
                               {.name = "rounded", .steps = 8, .learning_rate = 1e-3, .bits = 8}},
                    .batch = 8,
                    .seed = 3,
                    .checkpoint = (folder / "skywarden_training_test_through").string(),
                    .teacher = &teacher,
                    .record = {{"shape", to_json(shape)}, {"completion", inputs.fingerprint(shape.kind)}}};
  const auto trained = [&](std::uint64_t seed) {
    NetworkTrainer trainer(shape, inputs, seed);
    trainer.match(teacher.state_width(), seed);
    REQUIRE(train(training, batches, trainer).has_value());
    return trainer.answers(batches.draw(9, 0, 4));
  };
  const std::vector<float> through = trained(1);
  training.checkpoint = (folder / "skywarden_training_test_parts").string();
  const std::vector<Stage> stages = training.stages;
  training.stages = {stages[0]};
  static_cast<void>(trained(1));
  training.stages = stages;
  CHECK(trained(99) == through);  // drawn otherwise, but taken up
  CHECK(trained(98) == through);  // nothing is left to do
  training.record["seed"] = 4;
  CHECK(trained(99) != through);  // another run
  const auto kept = read_checkpoint((folder / "skywarden_training_test_through").string(), inputs);
  REQUIRE_MESSAGE(kept.has_value(), (kept ? "" : kept.error().message));
  CHECK(kept->shape == shape);
  CHECK(kept->trainer->answers(batches.draw(9, 0, 4)) == through);
  CHECK(
      read_checkpoint(training.checkpoint, NetworkInputs(number_schema("others", {"a", "b"}))).error().code ==
      Errc::kConflict);
  CHECK(read_checkpoint((folder / "skywarden_no_such_checkpoint").string(), inputs).error().code ==
        Errc::kNotFound);
  for (const char* name : {"through", "parts"})
    for (const char* end : {"", ".json"})
      std::filesystem::remove(folder / (std::string("skywarden_training_test_") + name + end));
}

}  // namespace
}  // namespace skywarden::fit
