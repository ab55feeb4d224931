#include "onboard/record_classifier.h"

#include <algorithm>
#include <cmath>

#include "base/random.h"

namespace skywarden::onboard {
namespace {

constexpr double kEdge = 3.0;             // deviations; further out all is alike
constexpr double kProbabilityMin = 1e-4;  // no opinion is ever certain

std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  std::uint64_t state = a * 0x9E3779B97F4A7C15ULL ^ (b + 0x632BE59BD9B4E019ULL);
  return splitmix64(state);
}

bool is_left_out(std::uint64_t chance, std::size_t input, double share) {
  return static_cast<double>(mix(chance, input) >> 11) * 0x1.0p-53 < share;
}

}  // namespace

RecordClassifier::RecordClassifier(const Work& work, const datum::Schema& schema, std::size_t field,
                                   std::vector<std::uint32_t> pools, bool causal,
                                   RecordClassifierOptions options)
    : work_(work),
      field_(field),
      levels_(schema.fields[field].levels.size()),
      pools_(std::move(pools)),
      causal_(causal),
      options_(options) {
  std::size_t habits = 1;
  if (causal) {
    for (const std::uint32_t pool : pools_) habits = std::max<std::size_t>(habits, pool + 1);
    parts_ = habits;
  }
  for (std::size_t f = 0; f < schema.fields.size(); ++f) {
    const datum::FieldSpec& spec = schema.fields[f];
    if (f == field || spec.kind == datum::FieldKind::kImage) continue;
    if (spec.kind == datum::FieldKind::kCategory && spec.levels.size() > options.levels_max) continue;
    Input input;
    input.field = f;
    input.kind = spec.kind;
    input.first = places_;
    input.places = spec.kind == datum::FieldKind::kNumber     ? kNumberPlaces
                   : spec.kind == datum::FieldKind::kCategory ? spec.levels.size() + 1
                                                              : text_options_.places() + 1;
    places_ += input.places;
    inputs_.push_back(std::move(input));
  }
  const bool fits = levels_ > 1 && levels_ <= options.levels_max && !schema.fields[field].circular &&
                    !inputs_.empty() && places_ <= options.weights_max / levels_ / parts_;
  if (!fits) return;
  for (Input& input : inputs_) {
    if (input.kind == datum::FieldKind::kNumber) input.moments.resize(habits);
    if (input.kind == datum::FieldKind::kText) input.rarity.assign(habits, TextWeights(text_options_));
  }
  models_.assign(parts_, SparseSoftmax(places_, levels_, options_.learning_rate));
}

std::size_t RecordClassifier::part_of(std::size_t slot, std::size_t stream) const {
  return causal_ ? pools_[stream]
                 : mix(slot / 8, 1) & 1;  // runs of slots, because neighbours in time are alike
}

void RecordClassifier::describe_number(const Input& input, const Moments& moments, double level,
                                       Features& out) const {
  const double deviation = moments.count > 1.0 ? std::sqrt(moments.m2 / moments.count) : 0.0;
  const double z = deviation > 0.0 ? std::clamp((level - moments.mean) / deviation, -kEdge, kEdge) : 0.0;
  const double at = (z + kEdge) / (2.0 * kEdge) * static_cast<double>(kKnots - 1);
  const auto knot = std::min(static_cast<std::size_t>(at), kKnots - 2);
  const double part = at - static_cast<double>(knot);
  const auto place = static_cast<std::uint32_t>(input.first + knot);
  out.push_back({place, static_cast<float>(1.0 - part)});
  out.push_back({place + 1, static_cast<float>(part)});
  out.push_back({static_cast<std::uint32_t>(input.first + kKnots), static_cast<float>(z / kEdge)});
}

const RecordClassifier::Features& RecordClassifier::features_of(double text) const {
  const auto number = static_cast<std::size_t>(text);
  if (texts_.size() <= number) texts_.resize(work_.panel.texts().size());
  Text& known = texts_[number];
  const std::string& words = work_.panel.texts()[number];
  if (known.text != words) known = {words, text_features(words, text_options_)};
  return known.features;
}

void RecordClassifier::describe_text(const Input& input, const TextWeights& rarity, double text,
                                     Features& out) const {
  const Features weighed = rarity.weigh(features_of(text));
  for (const TextFeature& each : weighed)
    out.push_back({static_cast<std::uint32_t>(input.first + each.place), each.weight});
  // A text without a word in it says as little as none.
  if (weighed.empty()) out.push_back({static_cast<std::uint32_t>(input.first + input.places - 1), 1.0F});
}

void RecordClassifier::describe(std::size_t slot, std::size_t stream, std::uint64_t left_out,
                                Features& out) const {
  out.assign(1, {0, 1.0F});
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    const Input& input = inputs_[i];
    const std::size_t cell = work_.panel.at(slot, stream, input.field);
    if (!work_.known(cell) || (left_out != 0 && is_left_out(left_out, i, options_.left_out))) {
      out.push_back({static_cast<std::uint32_t>(input.first + input.places - 1), 1.0F});
      continue;
    }
    switch (input.kind) {
      case datum::FieldKind::kNumber:
        describe_number(input, input.moments[habits_of(stream)], work_.levels[cell], out);
        break;
      case datum::FieldKind::kCategory:
        out.push_back(
            {static_cast<std::uint32_t>(input.first + static_cast<std::size_t>(work_.values[cell])), 1.0F});
        break;
      case datum::FieldKind::kText:
        describe_text(input, input.rarity[habits_of(stream)], work_.values[cell], out);
        break;
      case datum::FieldKind::kImage:
        break;
    }
  }
}

void RecordClassifier::log_probabilities(std::size_t slot, std::size_t stream,
                                         std::vector<double>& out) const {
  out.assign(levels_, 0.0);
  if (!has_opinion()) return;
  describe(slot, stream, 0, scratch_features_);
  // Offline both parts are asked, but of a record that one of them has learnt from only the other.
  const bool learnt_from = work_.measured(work_.panel.at(slot, stream, field_));
  const std::size_t own = part_of(slot, stream);
  double asked = 0.0;
  for (std::size_t part = 0; part < parts_; ++part) {
    if (causal_ ? part != own : learnt_from && part == own) continue;
    models_[part].probabilities(scratch_features_, scratch_probabilities_);
    for (std::size_t l = 0; l < levels_; ++l)
      out[l] += std::log(std::max(scratch_probabilities_[l], kProbabilityMin));
    asked += 1.0;
  }
  for (double& score : out) score /= asked;
}

void RecordClassifier::look_at(std::size_t slot) {
  if (!has_opinion()) return;
  for (std::size_t s = 0; s < work_.panel.streams(); ++s) {
    if (work_.panel.record_at(slot, s) == Panel::kNoRecord) continue;
    for (Input& input : inputs_) {
      const std::size_t cell = work_.panel.at(slot, s, input.field);
      if (!work_.measured(cell)) continue;
      if (input.kind == datum::FieldKind::kNumber) {
        Moments& moments = input.moments[habits_of(s)];
        moments.count += 1.0;
        const double delta = work_.levels[cell] - moments.mean;
        moments.mean += delta / moments.count;
        moments.m2 += delta * (work_.levels[cell] - moments.mean);
      } else if (input.kind == datum::FieldKind::kText) {
        input.rarity[habits_of(s)].learn(features_of(work_.values[cell]));
      }
    }
  }
}

void RecordClassifier::learn(std::size_t slot) {
  if (!has_opinion()) return;
  for (std::size_t s = 0; s < work_.panel.streams(); ++s) {
    const std::size_t cell = work_.panel.at(slot, s, field_);
    if (!work_.measured(cell)) continue;
    describe(slot, s, mix(slot, s * 1024 + field_) | 1, scratch_features_);
    models_[part_of(slot, s)].train(scratch_features_, static_cast<std::size_t>(work_.values[cell]));
  }
}

void RecordClassifier::learn_offline() {
  for (std::size_t slot = 0; slot < work_.panel.slots(); ++slot) look_at(slot);
  for (int pass = 0; pass < options_.passes; ++pass)
    for (std::size_t slot = 0; slot < work_.panel.slots(); ++slot) learn(slot);
}

}  // namespace skywarden::onboard
