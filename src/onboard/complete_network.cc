#include "onboard/complete_network.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "base/contract.h"
#include "onboard/complete_work.h"
#include "onboard/network_operations.h"
#include "wire/crc32c.h"

namespace skywarden::onboard {
namespace {

constexpr float kUnitLeast = 0.1F;  // of the tolerance
constexpr std::uint32_t kTokensAtOnce = 1024;

enum class Form : std::uint8_t {
  kLevel,       // over the tolerance
  kError,       // over the unit
  kDifference,  // likewise
  kCount,
  kHour,
  kMonth,
  kShare,
};

// How each shared feature is told, in their order (complete_features.cc). The fingerprint covers the names.
constexpr std::array<Form, kSharedFeatures> kForms{
    Form::kLevel,      Form::kError,      Form::kError,       // baseline, mean_error, width
    Form::kDifference, Form::kDifference, Form::kCount,       // last, next, slots_before
    Form::kCount,      Form::kDifference, Form::kDifference,  // slots_after, usual, recent_mean
    Form::kDifference, Form::kDifference, Form::kDifference,  // trend_before, trend_after, hour_before
    Form::kDifference, Form::kHour,       Form::kMonth,       // hour_after, hour, month
    Form::kCount,      Form::kDifference, Form::kDifference,  // slots_seen, spatial, spatial_as_last
    Form::kDifference, Form::kDifference, Form::kDifference,  // … next, lately, usual
    Form::kDifference, Form::kDifference, Form::kDifference,  // spatial_change_1, 3, 12
    Form::kCount,      Form::kDifference, Form::kDifference,  // neighbours, least, middle
    Form::kDifference, Form::kDifference, Form::kDifference,  // most, nearest_1, 2
    Form::kDifference, Form::kDifference, Form::kError,       // nearest_3, 4, nearest_deviation
    Form::kShare,      Form::kShare,      Form::kShare,       // lately, over_days, missing_high
    Form::kShare};                                            // missing_low
constexpr std::size_t kLast = 3, kSlotsBefore = 5, kHour = 13, kMonth = 14, kSpatial = 16;  // places there

constexpr std::size_t kCircles = 2;     // an hour and a month: one more each
constexpr std::size_t kTokenExtra = 4;  // known, surprise, unit, estimated
constexpr std::size_t kTokenWidth = 2 * kSharedFeatures + kCircles + kTokenExtra;
constexpr std::size_t kRowOfNumber = 7;

float squashed(float x) {
  return std::isfinite(x) ? std::asinh(x) : 0.0F;
}

float logarithm(float x) {
  return x > 0.0F && std::isfinite(x) ? std::log(x) : 0.0F;
}

float counted(float slots) {
  return slots >= 0.0F && std::isfinite(slots) ? 0.25F * std::log1p(slots) : 0.0F;
}

struct Point {
  float sine = 0, cosine = 0;
};
Point on_circle(float place, float period) {
  if (!(std::abs(place) <= 1000.0F)) return {};  // no hour, no month
  const float angle = 2.0F * std::numbers::pi_v<float> * place / period;
  return {std::sin(angle), std::cos(angle)};
}

// The tensor of the value an output says its shape by.
bool has_shape(const inference::Program& program, inference::Rows rows, std::size_t width) {
  const inference::Model& model = program.model;
  if (model.outputs.size() != 1 || model.outputs[0].name != "answers") return false;
  const inference::Shape& shape = program.shapes[model.outputs[0].value];
  return shape.rows == rows && shape.width() == width;
}

}  // namespace

std::string_view to_string(NetworkKind kind) {
  return kind == NetworkKind::kEncoder ? "encoder" : "recurrent";
}

NetworkInputs::NetworkInputs(const datum::Schema& schema) : names_(schema.name) {
  for (std::size_t f = 0; f < schema.fields.size(); ++f) {
    const datum::FieldSpec& spec = schema.fields[f];
    if (spec.kind != datum::FieldKind::kNumber) continue;
    if (tolerances_.empty()) {
      const std::vector<std::string> features = feature_names(schema, f);
      for (std::size_t i = 0; i < kSharedFeatures; ++i) names_ += "\n" + features[i];
    }
    names_ += "\n" + spec.name;
    const double least = std::max(spec.resolution.value_or(0.0), 1e-6);
    tolerances_.push_back(static_cast<float>(spec.tolerance_abs > 0.0 ? spec.tolerance_abs : least));
  }
}

std::size_t NetworkInputs::token_width() {
  return kTokenWidth;
}
std::size_t NetworkInputs::row_width() const {
  return kRowOfNumber * numbers() + 2 * kCircles;
}
std::size_t NetworkInputs::width(NetworkKind kind) const {
  return kind == NetworkKind::kEncoder ? token_width() : row_width();
}

std::string NetworkInputs::fingerprint(NetworkKind kind) const {
  return fmt::format("{} {:08x}", to_string(kind), wire::crc32c(std::as_bytes(std::span(names_))));
}

float NetworkInputs::unit(std::size_t number, const RecordNumber& of) const {
  return std::max(of.mean_error, kUnitLeast * tolerances_[number]);
}

void NetworkInputs::write_tokens(const RecordNumbers& record, std::span<float> out) const {
  EXPECTS(record.numbers.size() == numbers() && out.size() == numbers() * kTokenWidth);
  for (std::size_t n = 0; n < numbers(); ++n) {
    const RecordNumber& number = record.numbers[n];
    float* to = out.data() + n * kTokenWidth;
    std::fill_n(to, kTokenWidth, 0.0F);
    if (!number.estimated) continue;
    const float one = unit(n, number);
    for (std::size_t i = 0; i < kSharedFeatures; ++i) {
      const float x = number.features[i];
      const bool unknown = std::isnan(x);
      float told = 0.0F;
      if (!unknown && kForms[i] == Form::kLevel) told = squashed(x / tolerances_[n]);
      if (!unknown && (kForms[i] == Form::kDifference || kForms[i] == Form::kError)) told = squashed(x / one);
      if (!unknown && kForms[i] == Form::kCount) told = counted(x);
      if (!unknown && kForms[i] == Form::kShare) told = std::clamp(x, 0.0F, 1.0F);
      to[i] = told;
      to[kSharedFeatures + i] = unknown ? 1.0F : 0.0F;
    }
    const Point hour = on_circle(number.features[kHour], 24.0F),
                month = on_circle(number.features[kMonth], 12.0F);
    to[kHour] = hour.sine;
    to[kMonth] = month.sine;
    float* more = to + 2 * kSharedFeatures;
    more[0] = hour.cosine;
    more[1] = month.cosine;
    more[2] = number.known ? 1.0F : 0.0F;
    more[3] = number.known ? squashed((number.level - number.estimate) / one) : 0.0F;
    more[4] = logarithm(one / tolerances_[n]);
    more[5] = 1.0F;
  }
}

void NetworkInputs::write_row(const RecordNumbers& record, std::span<float> out) const {
  EXPECTS(record.numbers.size() == numbers() && out.size() == row_width());
  std::fill(out.begin(), out.end(), 0.0F);
  float* circles = out.data() + kRowOfNumber * numbers();
  for (std::size_t n = 0; n < numbers(); ++n) {
    const RecordNumber& number = record.numbers[n];
    if (!number.estimated) continue;
    const float one = unit(n, number);
    const float last = number.features[kLast], spatial = number.features[kSpatial];
    float* to = out.data() + n * kRowOfNumber;
    to[0] = number.known ? 1.0F : 0.0F;
    to[1] = number.known ? squashed((number.level - number.estimate) / one) : 0.0F;
    to[2] = std::isnan(spatial) ? 0.0F : 1.0F;
    to[3] = std::isnan(spatial) ? 0.0F : squashed(spatial / one);
    to[4] = std::isnan(last) ? 0.0F : squashed(last / one);
    to[5] = logarithm(one / tolerances_[n]);
    to[6] = counted(number.features[kSlotsBefore]);
    const Point hour = on_circle(number.features[kHour], 24.0F),
                month = on_circle(number.features[kMonth], 12.0F);
    circles[0] = hour.sine;
    circles[1] = hour.cosine;
    circles[2] = month.sine;
    circles[3] = month.cosine;
  }
}

Network::Network(NetworkKind kind, const datum::Schema& schema) : kind_(kind), inputs_(schema) {}

Result<Network> Network::make(inference::Model model, const datum::Schema& schema) {
  const NetworkInputs inputs(schema);
  const auto said = model.about.find("completion");
  if (said == model.about.end()) return fail(Errc::kConflict, "a network, but none of completion");
  std::optional<NetworkKind> kind;
  for (const NetworkKind one : {NetworkKind::kEncoder, NetworkKind::kRecurrent})
    if (said->second == inputs.fingerprint(one)) kind = one;
  if (!kind)
    return fail(Errc::kConflict,
                "a network trained on other fields or features than schema '{}' has; retrain it",
                schema.name);
  const bool encoder = *kind == NetworkKind::kEncoder;
  const std::size_t width = inputs.width(*kind);
  if (model.inputs.size() != (encoder ? 2U : 1U) || model.inputs[0].indices ||
      model.inputs[0].shape.rows != inference::Rows::kPerToken || model.inputs[0].shape.width() != width ||
      (encoder && (!model.inputs[1].indices || model.inputs[1].shape.rows != inference::Rows::kPerToken)))
    return fail(Errc::kConflict, "a network of completion with other inputs than its kind has");
  auto program = inference::make_program(std::move(model), {.tokens_at_once = kTokensAtOnce});
  if (!program) return tl::unexpected(program.error());
  if (encoder && program->index_ends[1] < inputs.numbers())
    return fail(Errc::kConflict, "a network of completion with too few fields");
  if (program->length_max < (encoder ? inputs.numbers() : kRecurrentRows))
    return fail(Errc::kConflict, "a network of completion for shorter sequences");
  if (!has_shape(*program, encoder ? inference::Rows::kPerToken : inference::Rows::kPerSequence,
                 encoder ? kNetworkOutputs : kNetworkOutputs * inputs.numbers()))
    return fail(Errc::kConflict, "a network of completion with other outputs than its kind has");
  Network out(*kind, schema);
  out.program_ = std::make_unique<inference::Program>(std::move(*program));
  out.session_ = std::make_unique<inference::Session>(*out.program_);
  return out;
}

OperationCounts Network::operations() const {
  return network_operations(*program_, kind_ == NetworkKind::kEncoder ? inputs_.numbers() : kRecurrentRows);
}

void Network::add_sequence(const RecordNumbers& record) {
  asked_.push_back(&record);
  const std::size_t before = numbers_.size();
  if (kind_ == NetworkKind::kEncoder) {
    numbers_.resize(before + inputs_.numbers() * kTokenWidth);
    inputs_.write_tokens(record, std::span(numbers_).subspan(before));
    for (std::size_t n = 0; n < inputs_.numbers(); ++n) fields_.push_back(static_cast<std::int32_t>(n));
    lengths_.push_back(static_cast<std::uint32_t>(inputs_.numbers()));
  } else {
    const std::vector<float>& rows = recent_[record.stream];
    numbers_.insert(numbers_.end(), rows.begin(), rows.end());
    lengths_.push_back(static_cast<std::uint32_t>(rows.size() / inputs_.row_width()));
  }
}

void Network::keep_row(const RecordNumbers& record) {
  if (kind_ != NetworkKind::kRecurrent) return;
  if (record.stream >= recent_.size()) recent_.resize(record.stream + 1);
  std::vector<float>& rows = recent_[record.stream];
  const std::size_t width = inputs_.row_width();
  if (rows.size() == kRecurrentRows * width)
    rows.erase(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(width));
  rows.resize(rows.size() + width);
  inputs_.write_row(record, std::span(rows).last(width));
}

void Network::note(std::span<const RecordNumbers> records) {
  answers_.clear();
  for (const RecordNumbers& record : records) keep_row(record);
}

void Network::prepare(std::span<const RecordNumbers> records) {
  asked_.clear();
  lengths_.clear();
  numbers_.clear();
  fields_.clear();
  answers_.clear();
  for (const RecordNumbers& record : records) {
    keep_row(record);
    const bool has_holes = std::any_of(record.numbers.begin(), record.numbers.end(),
                                       [](const RecordNumber& n) { return n.estimated && !n.known; });
    if (has_holes) add_sequence(record);
  }
  if (asked_.empty()) return;
  const std::size_t per_record = inputs_.numbers() * kNetworkOutputs;
  outputs_.assign(asked_.size() * per_record, 0.0F);
  const std::array<inference::InputRows, 2> inputs{inference::InputRows{.numbers = numbers_, .indices = {}},
                                                   inference::InputRows{.numbers = {}, .indices = fields_}};
  const std::array<std::span<float>, 1> outputs{outputs_};
  SerialExecutor serial;
  const auto ran = session_->run(
      {.lengths = lengths_, .inputs = std::span(inputs).first(kind_ == NetworkKind::kEncoder ? 2 : 1)},
      outputs, serial);
  if (!ran) return;  // no opinion is better than none of the record
  for (std::size_t r = 0; r < asked_.size(); ++r) {
    for (std::size_t n = 0; n < inputs_.numbers(); ++n) {
      const RecordNumber& number = asked_[r]->numbers[n];
      if (number.known || !number.estimated) continue;
      const float* said = outputs_.data() + r * per_record + n * kNetworkOutputs;
      const float one = inputs_.unit(n, number);
      const float log_error = std::clamp(said[1], -kNetworkLogErrorMax, kNetworkLogErrorMax);
      answers_.push_back({number.cell, {said[0] * one, log_error + logarithm(one)}});
    }
  }
  std::ranges::sort(answers_, {}, &Answer::cell);
}

void Network::move_streams(StreamMoves moves) {
  std::vector<std::vector<float>> moved(moves.size());
  for (std::size_t s = 0; s < moves.size(); ++s)
    if (moves[s] < recent_.size()) moved[s] = std::move(recent_[moves[s]]);
  recent_ = std::move(moved);
  answers_.clear();  // their cells are others now
}

std::optional<Opinion> Network::opinion(std::size_t cell) const {
  const auto at = std::lower_bound(answers_.begin(), answers_.end(), cell,
                                   [](const Answer& answer, std::size_t c) { return answer.cell < c; });
  if (at == answers_.end() || at->cell != cell) return std::nullopt;
  return at->opinion;
}

}  // namespace skywarden::onboard
