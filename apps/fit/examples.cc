#include "examples.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/contract.h"
#include "masked_panel.h"
#include "onboard/complete.h"
#include "onboard/complete_model.h"

namespace skywarden::fit {
namespace {

using onboard::MissingNumber;
using onboard::NumberEstimate;
using onboard::Panel;

class Collector final : public onboard::NumberReviewer {
 public:
  Collector(const datum::Schema& schema, std::uint64_t seed) : random_(seed), out_(schema.fields.size()) {
    for (std::size_t f = 0; f < schema.fields.size(); ++f) {
      scales_.emplace_back(schema.fields[f]);
      if (schema.fields[f].kind == datum::FieldKind::kNumber)
        out_[f].features = onboard::feature_names(schema, f).size();
    }
  }

  void begin(const Panel& truth, const std::vector<std::uint8_t>& hidden, double keep) {
    truth_ = &truth;
    hidden_ = &hidden;
    keep_ = keep;
  }
  std::vector<FieldExamples> take() { return std::move(out_); }

  bool wants(std::size_t field) const override { return out_[field].features != 0; }

  bool review(const MissingNumber& missing, NumberEstimate& estimate) override {
    if ((*hidden_)[missing.cell] == 0 || !random_.chance(keep_)) return false;
    FieldExamples& out = out_[missing.field];
    out.rows.insert(out.rows.end(), missing.features.begin(), missing.features.end());
    out.truths.push_back(static_cast<float>(scales_[missing.field].forward(truth_->value(missing.cell))));
    out.estimates.push_back(static_cast<float>(estimate.value));
    out.lows.push_back(static_cast<float>(estimate.low));
    out.highs.push_back(static_cast<float>(estimate.high));
    out.gaps.push_back(static_cast<std::uint8_t>(onboard::gap_class(missing.before, missing.after)));
    return false;
  }

 private:
  Random random_;
  std::vector<onboard::WorkingScale> scales_;
  std::vector<FieldExamples> out_;
  const Panel* truth_ = nullptr;
  const std::vector<std::uint8_t>* hidden_ = nullptr;
  double keep_ = 1.0;
};

std::vector<SlotRange> parts_of(const std::vector<SlotRange>& ranges, std::size_t slots) {
  std::vector<SlotRange> out;
  for (const SlotRange& range : ranges) {
    const std::size_t length = range.last - range.first;
    const std::size_t count = std::max<std::size_t>(1, (length + slots / 2) / slots);
    for (std::size_t i = 0; i < count; ++i)
      out.push_back({range.first + length * i / count, range.first + length * (i + 1) / count});
  }
  return out;
}

// The same cells are marked whatever the order of the parts.
std::uint64_t seed_of(std::uint64_t seed, std::size_t part, std::size_t run) {
  std::uint64_t state = seed * 0x9E3779B97F4A7C15ULL + part * 1000 + run;
  return splitmix64(state);
}

}  // namespace

Result<void> for_masked_runs(const Panel& panel, const datum::Schema& schema,
                             const std::vector<SlotRange>& ranges, const ExampleOptions& options,
                             const Progress& progress,
                             const std::function<void(const MaskedRun& run)>& visit) {
  EXPECTS(options.every > 0);
  const std::vector<SlotRange> parts = parts_of(ranges, options.part_slots);
  const std::size_t runs = std::max<std::size_t>(1, parts.size() * options.kinds.size() / options.every);
  for (std::size_t p = 0; p < parts.size(); ++p) {
    const auto truth = part_of(panel, schema, parts[p].first, parts[p].last, options.causal);
    if (!truth) return tl::unexpected(truth.error());
    for (std::size_t run = 0; run < options.kinds.size(); ++run) {
      if ((p + run) % options.every != 0) continue;
      const LossKind kind = options.kinds[run];
      Random random(seed_of(options.seed, p, run));
      const std::vector<std::uint8_t> hidden = draw_losses(*truth, schema, kind, random, options.left_out);
      std::optional<AugmentedPanel> augmented;
      if (options.augmentation.any()) {
        auto drawn = augment(*truth, schema, options.augmentation, random, options.causal);
        if (!drawn) return tl::unexpected(drawn.error());
        augmented = std::move(*drawn);
      }
      const auto masked = without(augmented ? augmented->read : *truth, schema, hidden, options.causal);
      if (!masked) return tl::unexpected(masked.error());
      visit({augmented ? augmented->truth : *truth, *masked, hidden, p, parts.size(), kind,
             p * options.kinds.size() + run, runs});
      progress(fmt::format("{}: part {} of {}, {}", options.causal ? "causal" : "offline", p + 1,
                           parts.size(), to_string(kind)));
    }
  }
  return {};
}

void show_completion(const MaskedRun& run, const datum::Schema& schema, bool causal,
                     onboard::NumberReviewer& reviewer) {
  onboard::CompleteOptions options;
  options.calibrate = false;
  options.causal = causal;
  options.reviewer = &reviewer;
  static_cast<void>(onboard::complete(run.masked, schema, options));
}

Result<std::vector<FieldExamples>> collect_examples(const Panel& panel, const datum::Schema& schema,
                                                    const std::vector<SlotRange>& ranges,
                                                    const ExampleOptions& options, const Progress& progress) {
  Collector collector(schema, options.seed);
  const auto collected = for_masked_runs(panel, schema, ranges, options, progress, [&](const MaskedRun& run) {
    const auto all = static_cast<double>(std::count(run.hidden.begin(), run.hidden.end(), 1)) /
                     static_cast<double>(schema.fields.size());
    const double share = static_cast<double>(options.examples_target) / static_cast<double>(run.runs);
    collector.begin(run.truth, run.hidden, all > 0.0 ? std::min(1.0, share / all) : 1.0);
    show_completion(run, schema, options.causal, collector);
  });
  if (!collected) return tl::unexpected(collected.error());
  return collector.take();
}

}  // namespace skywarden::fit
