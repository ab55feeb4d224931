#include "onboard/complete_fusion.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/contract.h"
#include "inference/model_file.h"
#include "onboard/model_envelope.h"
#include "wire/cbor.h"

namespace skywarden::onboard {
namespace {

constexpr ModelKind kKind{"skywarden fused completion", 5, "completion model", kModelBytesMax};
constexpr std::uint64_t kVersion = 2;
constexpr float kLogErrorMax = 30.0F;   // exp of it is still a float
constexpr double kWeightsSlack = 1e-5;  // weights are floats that were meant to sum to 1
constexpr float kCorrectionMax = 1e6F;
constexpr float kWidthMin = 0.25F, kWidthMax = 4.0F;

Opinion bounded(float correction, float log_error) {
  return {std::clamp(correction, -kCorrectionMax, kCorrectionMax),
          std::clamp(log_error, -kLogErrorMax, kLogErrorMax)};
}

Result<Network> read_network(std::span<const std::byte> bytes, const datum::Schema& schema) {
  auto file = inference::read_model(bytes, "a network of the model");
  if (!file) return tl::unexpected(file.error());
  return Network::make(std::move(file->model), schema);
}

void write_gate(wire::CborWriter& out, const Gate& gate, std::size_t opinions) {
  out.array(3);
  out.boolean(gate.by_confidence);
  out.array(opinions);
  for (std::size_t i = 0; i < opinions; ++i) out.floating(gate.weights[i]);
  out.floating(gate.width);
}

void write_mode(wire::CborWriter& out, const FusedMode& mode) {
  out.array(2);
  out.array(mode.networks.size());
  for (const std::vector<std::byte>& network : mode.networks) out.bytes(network);
  out.array(mode.fields.size());
  for (const FieldGates& field : mode.fields) {
    out.array(2);
    out.text(field.field);
    out.array(field.gaps.size());
    for (const Gate& gate : field.gaps) write_gate(out, gate, 1 + mode.networks.size());
  }
}

Result<float> read_float(wire::CborReader& in) {
  const auto read = in.floating();
  if (!read) return tl::unexpected(read.error());
  const auto value = static_cast<float>(*read);
  if (!std::isfinite(value) || static_cast<double>(value) != *read)
    return fail(Errc::kMalformed, "a gate: {} is no finite float of 32 bits", *read);
  return value;
}

Result<void> expect_items(wire::CborReader& in, std::uint64_t expected, std::string_view what) {
  const auto items = in.array();
  if (!items) return tl::unexpected(items.error());
  if (*items != expected) return fail(Errc::kMalformed, "{}: {} items, expected {}", what, *items, expected);
  return {};
}

Result<Gate> read_gate(wire::CborReader& in, std::size_t opinions) {
  Gate out;
  if (const auto ok = expect_items(in, 3, "a gate"); !ok) return tl::unexpected(ok.error());
  const auto by_confidence = in.boolean();
  if (!by_confidence) return tl::unexpected(by_confidence.error());
  out.by_confidence = *by_confidence;
  if (const auto ok = expect_items(in, opinions, "a gate's weights"); !ok) return tl::unexpected(ok.error());
  double sum = 0.0;
  for (std::size_t i = 0; i < opinions; ++i) {
    const auto weight = read_float(in);
    if (!weight) return tl::unexpected(weight.error());
    if (*weight < 0.0F) return fail(Errc::kMalformed, "a gate's weight: {}, expected 0…1", *weight);
    out.weights[i] = *weight;
    sum += *weight;
  }
  if (sum > 1.0 + kWeightsSlack)
    return fail(Errc::kMalformed, "a gate's weights: sum {}, expected at most 1", sum);
  const auto width = read_float(in);
  if (!width) return tl::unexpected(width.error());
  if (*width < kWidthMin || *width > kWidthMax)
    return fail(Errc::kMalformed, "a gate's width: {}, expected {}…{}", *width, kWidthMin, kWidthMax);
  out.width = *width;
  return out;
}

Result<FieldGates> read_field(wire::CborReader& in, const datum::Schema& schema, std::size_t opinions) {
  if (const auto ok = expect_items(in, 2, "a field's gates"); !ok) return tl::unexpected(ok.error());
  const auto name = in.text();
  if (!name) return tl::unexpected(name.error());
  FieldGates out{std::string(*name), {}};
  const auto field = schema.field_index(out.field);
  if (!field || schema.fields[*field].kind != datum::FieldKind::kNumber)
    return fail(Errc::kConflict, "'{}' is no number field of schema '{}'", out.field, schema.name);
  if (const auto ok = expect_items(in, out.gaps.size(), out.field); !ok) return tl::unexpected(ok.error());
  for (Gate& gate : out.gaps) {
    const auto read = read_gate(in, opinions);
    if (!read) return fail(read.error().code, "{}: {}", out.field, read.error().message);
    gate = *read;
  }
  return out;
}

Result<FusedMode> read_mode(wire::CborReader& in, const datum::Schema& schema) {
  if (const auto ok = expect_items(in, 2, "a mode"); !ok) return tl::unexpected(ok.error());
  FusedMode out;
  const auto networks = in.array();
  if (!networks) return tl::unexpected(networks.error());
  if (*networks > kNetworksMax)
    return fail(Errc::kLimitReached, "{} networks, expected at most {}", *networks, kNetworksMax);
  for (std::uint64_t i = 0; i < *networks; ++i) {
    const auto bytes = in.bytes();
    if (!bytes) return tl::unexpected(bytes.error());
    if (const auto network = read_network(*bytes, schema); !network) return tl::unexpected(network.error());
    out.networks.emplace_back(bytes->begin(), bytes->end());
  }
  const auto fields = in.array();
  if (!fields) return tl::unexpected(fields.error());
  if (*fields > schema.fields.size())
    return fail(Errc::kMalformed, "{} fields, the schema has {}", *fields, schema.fields.size());
  for (std::uint64_t i = 0; i < *fields; ++i) {
    auto field = read_field(in, schema, 1 + out.networks.size());
    if (!field) return tl::unexpected(field.error());
    for (const FieldGates& other : out.fields)
      if (other.field == field->field) return fail(Errc::kMalformed, "field '{}' twice", other.field);
    out.fields.push_back(std::move(*field));
  }
  return out;
}

Result<std::span<const std::byte>> read_trees(wire::CborReader& in) {
  const auto version = in.unsigned_integer();
  if (!version) return tl::unexpected(version.error());
  if (*version != kVersion) return fail(Errc::kUnsupported, "version {}, expected {}", *version, kVersion);
  return in.bytes();
}

Result<FusedModel> read_body(wire::CborReader& in, const datum::Schema& schema) {
  const auto trees = read_trees(in);
  if (!trees) return tl::unexpected(trees.error());
  FusedModel out;
  auto decoded = decode_model(*trees, schema);
  if (!decoded) return fail(decoded.error().code, "its trees: {}", decoded.error().message);
  out.trees = std::move(*decoded);
  for (FusedMode* mode : {&out.causal, &out.offline}) {
    auto read = read_mode(in, schema);
    if (!read) return tl::unexpected(read.error());
    *mode = std::move(*read);
  }
  if (const auto end = in.finish(); !end) return tl::unexpected(end.error());
  return out;
}

class FusedReviewer final : public NumberReviewer {
 public:
  FusedReviewer(const FusedModel& model, const datum::Schema& schema, bool causal,
                std::vector<Network> networks)
      : trees_(model.trees, schema, causal), networks_(std::move(networks)), gates_of_(schema.fields.size()) {
    for (const FieldGates& field : (causal ? model.causal : model.offline).fields)
      gates_of_[schema.field_index(field.field).value()] = field.gaps;
  }

  bool wants(std::size_t field) const override { return gates_of_[field].has_value() || trees_.stand(field); }
  bool wants_records() const override { return !networks_.empty(); }
  void prepare(std::span<const RecordNumbers> records) override {
    for (Network& network : networks_) {
      if (spared_)
        network.note(records);
      else
        network.prepare(records);
    }
  }
  bool spare_networks(bool spared) override {
    spared_ = spared;
    return !networks_.empty();
  }
  ReviewOperations operations() const override {
    ReviewOperations out{trees_.operations(), {}, !networks_.empty()};
    for (const Network& network : networks_) out.network += network.operations();
    return out;
  }
  void move_streams(StreamMoves moves) override {
    for (Network& network : networks_) network.move_streams(moves);
  }

  bool review(const MissingNumber& missing, NumberEstimate& estimate) override {
    const auto& gates = gates_of_[missing.field];
    const Gate gate = gates ? (*gates)[gap_class(missing.before, missing.after)] : Gate{};
    // Trees are dear: they are not asked for an opinion that would not be used.
    if (!gate.stands() || !networks_can_say(gate, missing) || !trees_.know_level(missing))
      return trees_.review(missing, estimate);
    const Opinions opinions = opinions_of(missing);
    const auto fused = fuse(gate, opinions);
    if (!fused) return trees_.review(missing, estimate);
    NumberEstimate own = estimate;
    if (opinions[0]) trees_.review(missing, *opinions[0], own);
    estimate.value += fused->correction;
    estimate.low = estimate.value + gate.width * (own.low - own.value);
    estimate.high = estimate.value + gate.width * (own.high - own.value);
    return fused->correction != 0.0F;
  }

 private:
  [[nodiscard]] bool networks_can_say(const Gate& gate, const MissingNumber& missing) const {
    for (std::size_t i = 0; i < networks_.size(); ++i)
      if (gate.weights[1 + i] > 0.0F && !networks_[i].opinion(missing.cell)) return false;
    return true;
  }
  [[nodiscard]] Opinions opinions_of(const MissingNumber& missing) const {
    Opinions out;
    out[0] = trees_.opinion(missing);
    for (std::size_t i = 0; i < networks_.size(); ++i) out[1 + i] = networks_[i].opinion(missing.cell);
    return out;
  }

  Trees trees_;
  std::vector<Network> networks_;
  bool spared_ = false;
  std::vector<std::optional<std::array<Gate, GapSituation::kClasses>>> gates_of_;
};

}  // namespace

bool Gate::stands() const {
  return std::any_of(weights.begin(), weights.end(), [](float w) { return w > 0.0F; });
}

std::optional<Opinion> fuse(const Gate& gate, const Opinions& opinions) {
  double meant = 0.0, sum = 0.0, correction = 0.0, log_error = 0.0;
  float surest = kLogErrorMax;
  for (std::size_t i = 0; i < opinions.size(); ++i) {
    if (!(gate.weights[i] > 0.0F)) continue;
    if (!opinions[i]) return std::nullopt;
    surest = std::min(surest, opinions[i]->log_error);
  }
  for (std::size_t i = 0; i < opinions.size(); ++i) {
    if (!(gate.weights[i] > 0.0F)) continue;
    meant += gate.weights[i];
    double weight = gate.weights[i];
    if (gate.by_confidence) weight *= std::exp(2.0 * (surest - opinions[i]->log_error));
    sum += weight;
    correction += weight * opinions[i]->correction;
    log_error += weight * opinions[i]->log_error;
  }
  if (!(sum > 0.0)) return std::nullopt;
  return bounded(static_cast<float>(meant * correction / sum), static_cast<float>(log_error / sum));
}

std::vector<std::byte> encode_fused_model(const FusedModel& model, const datum::Schema& schema) {
  wire::CborWriter out;
  out.array(kKind.items);
  out.text(kKind.name);
  out.unsigned_integer(kVersion);
  out.bytes(encode_model(model.trees, schema));
  write_mode(out, model.causal);
  write_mode(out, model.offline);
  return seal_model(out);
}

Result<std::string> schema_of_fused_model(std::span<const std::byte> bytes) {
  if (!is_model_of(bytes, kKind)) return schema_of_model(bytes);
  auto in = open_model(bytes, kKind);
  if (!in) return tl::unexpected(in.error());
  const auto trees = read_trees(*in);
  if (!trees) return tl::unexpected(trees.error());
  return schema_of_model(*trees);
}

Result<FusedModel> decode_fused_model(std::span<const std::byte> bytes, const datum::Schema& schema) {
  if (!is_model_of(bytes, kKind)) {
    auto trees = decode_model(bytes, schema);
    if (!trees) return tl::unexpected(trees.error());
    return FusedModel{std::move(*trees), {}, {}};
  }
  auto in = open_model(bytes, kKind);
  if (!in) return tl::unexpected(in.error());
  return read_body(*in, schema);
}

Result<std::unique_ptr<NumberReviewer>> make_fused_reviewer(const FusedModel& model,
                                                            const datum::Schema& schema, bool causal) {
  std::vector<Network> networks;
  for (const std::vector<std::byte>& bytes : (causal ? model.causal : model.offline).networks) {
    auto network = read_network(bytes, schema);
    if (!network) return tl::unexpected(network.error());
    networks.push_back(std::move(*network));
  }
  return std::make_unique<FusedReviewer>(model, schema, causal, std::move(networks));
}

}  // namespace skywarden::onboard
