#include "network_training.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numbers>

#include "formats/read_file.h"
#include "network_shape.h"
#include "run_record.h"

namespace skywarden::fit {
namespace {

using nlohmann::ordered_json;
using onboard::NetworkKind;

constexpr std::size_t kWarmUpSteps = 100;      // of a stage, or a fifth of a short one
constexpr std::size_t kCheckpointEvery = 500;  // steps
constexpr std::size_t kReportEvery = 100;

double rate_at(const Stage& stage, std::size_t step) {
  const std::size_t warm_up = std::min(kWarmUpSteps, stage.steps / 5);
  if (step < warm_up)
    return stage.learning_rate * static_cast<double>(step + 1) / static_cast<double>(warm_up);
  const double part = static_cast<double>(step) / static_cast<double>(stage.steps);
  return 0.5 * stage.learning_rate * (1.0 + std::cos(std::numbers::pi * std::min(1.0, part)));
}

std::string note_of(const std::string& checkpoint) {
  return checkpoint + ".json";
}

Result<ordered_json> read_note(const std::string& checkpoint) {
  const auto text = formats::read_file(note_of(checkpoint));
  if (!text) return fail(Errc::kNotFound, "{}: no note beside the checkpoint", note_of(checkpoint));
  ordered_json note = ordered_json::parse(*text, nullptr, false);
  if (!note.is_object() || !note.contains("run"))
    return fail(Errc::kMalformed, "{}: no note of a checkpoint", note_of(checkpoint));
  return note;
}

// The step to go on with: 0, or where an interrupted run of the same record stopped.
std::size_t take_up(const Training& training, NetworkTrainer& trainer) {
  const auto note = read_note(training.checkpoint);
  if (!note || note->at("run") != training.record || !trainer.load(training.checkpoint)) return 0;
  const auto step = note->value("step", std::size_t{0});
  fmt::print(stderr, "{}: taken up at step {}\n", training.checkpoint, step);
  return step;
}

Result<void> keep(const Training& training, const NetworkTrainer& trainer, std::size_t step) {
  if (const auto saved = trainer.save(training.checkpoint); !saved) return saved;
  return write_note(training.checkpoint, training.record, step);
}

}  // namespace

Result<void> write_note(const std::string& checkpoint, const ordered_json& record, std::size_t step) {
  return write_json(note_of(checkpoint), {{"run", record}, {"step", step}});
}

Result<void> train(const Training& training, const NetworkBatches& batches, NetworkTrainer& trainer) {
  const std::size_t size = training.batch > 0                        ? training.batch
                           : batches.kind() == NetworkKind::kEncoder ? 128
                                                                     : 32;
  trainer.use_products(training.products);
  std::size_t step = take_up(training, trainer), before = 0;  // before: the stage at hand
  for (const Stage& stage : training.stages) {
    double loss = 0.0;
    trainer.use_bits(stage.bits);
    for (; step < before + stage.steps;) {
      NetworkBatch batch = batches.draw(training.seed, step, size);
      if (stage.taught) {
        batch.teacher = training.teacher->lesson(batch, trainer.layers());
        batch.task = false;
      }
      const double now = trainer.step(batch, rate_at(stage, step - before));
      if (!std::isfinite(now))
        return fail(Errc::kOutOfRange, "{}, step {}: the loss is no number", stage.name, step);
      loss = loss == 0.0 ? now : 0.99 * loss + 0.01 * now;
      ++step;
      if (step % kReportEvery == 0 || step == before + stage.steps)
        fmt::print(stderr, "{}: step {} of {}: loss {:.4f}\n", stage.name, step - before, stage.steps, loss);
      if (step % kCheckpointEvery == 0)
        if (const auto kept = keep(training, trainer, step); !kept) return kept;
    }
    before += stage.steps;
  }
  trainer.use_bits(32);
  trainer.use_products(Products::kF32);
  return keep(training, trainer, step);
}

Result<Kept> read_checkpoint(const std::string& path, const onboard::NetworkInputs& inputs) {
  auto note = read_note(path);
  if (!note) return tl::unexpected(note.error());
  Kept out;
  out.record = note->at("run");
  const auto shape = shape_of_json(out.record.value("shape", ordered_json()));
  if (!shape) return fail(shape.error().code, "{}: {}", note_of(path), shape.error().message);
  out.shape = *shape;
  const std::string fingerprint = inputs.fingerprint(shape->kind);
  if (out.record.value("completion", fingerprint) != fingerprint)  // older notes do not say it
    return fail(Errc::kConflict, "{}: a network of another schema", path);
  out.trainer = std::make_unique<NetworkTrainer>(out.shape, inputs, 1);
  if (const auto loaded = out.trainer->load_parameters(path); !loaded) return tl::unexpected(loaded.error());
  return out;
}

}  // namespace skywarden::fit
