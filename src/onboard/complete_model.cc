#include "onboard/complete_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "inference/tree_codec.h"
#include "onboard/model_envelope.h"
#include "wire/cbor.h"
#include "wire/crc32c.h"

namespace skywarden::onboard {
namespace {

constexpr std::uint64_t kVersion = 1;
constexpr ModelKind kKind{"skywarden completion", 5, "completion model", kModelBytesMax};
constexpr float kLogErrorMax = 30.0F;  // exp of it is still a float
constexpr float kCorrectionMax = 1e6F;

void write_mode(wire::CborWriter& out, const std::vector<FieldTrees>& fields, const datum::Schema& schema) {
  out.array(fields.size());
  for (const FieldTrees& one : fields) {
    const bool bounded = std::isfinite(one.levels.low) && std::isfinite(one.levels.high);
    out.array(bounded ? 6 : 5);
    out.text(one.field);
    out.unsigned_integer(feature_fingerprint(schema, schema.field_index(one.field).value()));
    out.bytes(inference::encode_trees(one.correction));
    out.bytes(inference::encode_trees(one.spread));
    out.array(one.gaps.size());
    for (const GapChoice& gap : one.gaps) {
      out.array(3);
      out.floating(gap.share);
      out.floating(gap.low);
      out.floating(gap.high);
    }
    if (!bounded) continue;
    out.array(2);
    out.floating(one.levels.low);
    out.floating(one.levels.high);
  }
}

Result<TrainedLevels> read_levels(wire::CborReader& in) {
  TrainedLevels out;
  const auto items = in.array();
  const auto low = in.floating();
  const auto high = in.floating();
  if (!high) return tl::unexpected(high.error());
  out.low = static_cast<float>(*low);
  out.high = static_cast<float>(*high);
  if (*items != 2 || !std::isfinite(out.low) || !std::isfinite(out.high) || out.low > out.high)
    return fail(Errc::kMalformed, "levels trained on: expected two numbers, low ≤ high");
  return out;
}

Result<GapChoice> read_gap(wire::CborReader& in) {
  GapChoice out;
  const auto items = in.array();
  if (!items) return tl::unexpected(items.error());
  if (*items != 3) return fail(Errc::kMalformed, "a gap's choice: {} items, expected 3", *items);
  for (float* value : {&out.share, &out.low, &out.high}) {
    const auto read = in.floating();
    if (!read) return tl::unexpected(read.error());
    *value = static_cast<float>(*read);
  }
  if (!(out.share >= 0.0F && out.share <= 1.0F) || !std::isfinite(out.low) || !std::isfinite(out.high) ||
      out.low > out.high)
    return fail(Errc::kMalformed, "a gap's choice: expected a share in 0…1 and low ≤ high");
  return out;
}

Result<inference::TreeEnsemble> read_trees(wire::CborReader& in, std::size_t features) {
  const auto bytes = in.bytes();
  if (!bytes) return tl::unexpected(bytes.error());
  auto trees = inference::decode_trees(*bytes);
  if (trees && trees->features() != features)
    return fail(Errc::kConflict, "trees over {} features, expected {}", trees->features(), features);
  return trees;
}

Result<FieldTrees> read_field(wire::CborReader& in, const datum::Schema& schema) {
  const auto items = in.array();
  const auto name = in.text();
  const auto fingerprint = in.unsigned_integer();
  if (!fingerprint) return tl::unexpected(fingerprint.error());
  if (*items != 5 && *items != 6) return fail(Errc::kMalformed, "a field: {} items, expected 5 or 6", *items);
  FieldTrees out;
  out.field = *name;
  const auto field = schema.field_index(out.field);
  if (!field || schema.fields[*field].kind != datum::FieldKind::kNumber)
    return fail(Errc::kConflict, "'{}' is no number field of schema '{}'", out.field, schema.name);
  const auto problem = [&](const Error& error) {
    return fail(error.code, "{}: {}", out.field, error.message);
  };
  if (*fingerprint != feature_fingerprint(schema, *field))
    return fail(Errc::kConflict, "{}: trained on other features than this program has; retrain it",
                out.field);
  const std::size_t features = feature_names(schema, *field).size();
  auto correction = read_trees(in, features);
  if (!correction) return problem(correction.error());
  auto spread = read_trees(in, features);
  if (!spread) return problem(spread.error());
  out.correction = std::move(*correction);
  out.spread = std::move(*spread);
  const auto gaps = in.array();
  if (!gaps) return problem(gaps.error());
  if (*gaps != out.gaps.size())
    return fail(Errc::kMalformed, "{}: {} classes of gaps, expected {}", out.field, *gaps, out.gaps.size());
  for (GapChoice& gap : out.gaps) {
    const auto read = read_gap(in);
    if (!read) return problem(read.error());
    gap = *read;
  }
  if (*items == 5) return out;
  const auto levels = read_levels(in);
  if (!levels) return problem(levels.error());
  out.levels = *levels;
  return out;
}

Result<std::vector<FieldTrees>> read_mode(wire::CborReader& in, const datum::Schema& schema) {
  const auto count = in.array();
  if (!count) return tl::unexpected(count.error());
  if (*count > schema.fields.size())
    return fail(Errc::kMalformed, "{} fields, the schema has {}", *count, schema.fields.size());
  std::vector<FieldTrees> out;
  for (std::uint64_t i = 0; i < *count; ++i) {
    auto field = read_field(in, schema);
    if (!field) return tl::unexpected(field.error());
    for (const FieldTrees& other : out)
      if (other.field == field->field) return fail(Errc::kMalformed, "field '{}' twice", other.field);
    out.push_back(std::move(*field));
  }
  return out;
}

class TreeReviewer final : public NumberReviewer {
 public:
  explicit TreeReviewer(Trees trees) : trees_(std::move(trees)) {}

  bool wants(std::size_t field) const override { return trees_.stand(field); }
  bool review(const MissingNumber& missing, NumberEstimate& estimate) override {
    return trees_.review(missing, estimate);
  }
  ReviewOperations operations() const override { return {trees_.operations(), {}, false}; }

 private:
  Trees trees_;
};

}  // namespace

std::size_t gap_class(std::int64_t before, std::int64_t after) {
  const std::int64_t nearer = before <= 0 ? after : after <= 0 ? before : std::min(before, after);
  return nearer <= 0 ? GapSituation::kClasses - 1 : GapSituation::class_of(nearer);
}

Trees::Trees(const CompletionModel& model, const datum::Schema& schema, bool causal)
    : fields_(causal ? model.causal : model.offline), of_field_(schema.fields.size(), kNone) {
  for (std::size_t i = 0; i < fields_.size(); ++i)
    of_field_[schema.field_index(fields_[i].field).value()] = i;
}

bool Trees::know_level(const MissingNumber& missing) const {
  return !stand(missing.field) ||
         fields_[of_field_[missing.field]].levels.hold(missing.features[kBaselineFeature]);
}

const GapChoice& Trees::choice(const MissingNumber& missing) const {
  return fields_[of_field_[missing.field]].gaps[gap_class(missing.before, missing.after)];
}

// None for leaves that only an enemy would write.
std::optional<Opinion> Trees::ask(const MissingNumber& missing, bool for_correction) const {
  if (!stand(missing.field) || !know_level(missing)) return std::nullopt;
  const FieldTrees& trees = fields_[of_field_[missing.field]];
  const float correction = for_correction ? trees.correction.evaluate(missing.features) : 0.0F;
  const float log_error = trees.spread.evaluate(missing.features);
  if (!std::isfinite(correction) || !std::isfinite(log_error)) return std::nullopt;
  return Opinion{std::clamp(correction, -kCorrectionMax, kCorrectionMax),
                 std::clamp(log_error, -kLogErrorMax, kLogErrorMax)};
}

std::optional<Opinion> Trees::opinion(const MissingNumber& missing) const {
  return ask(missing, true);
}

bool Trees::review(const MissingNumber& missing, NumberEstimate& estimate) const {
  if (!stand(missing.field)) return false;
  const auto said = ask(missing, choice(missing).share > 0.0F);
  return said && review(missing, *said, estimate);
}

bool Trees::review(const MissingNumber& missing, const Opinion& opinion, NumberEstimate& estimate) const {
  const GapChoice& gap = choice(missing);
  const float correction = gap.share > 0.0F ? gap.share * opinion.correction : 0.0F;
  const double error = std::exp(opinion.log_error);
  estimate.value += correction;
  estimate.low = estimate.value + gap.low * error;
  estimate.high = estimate.value + gap.high * error;
  return correction != 0.0F;
}

OperationCounts Trees::operations() const {
  constexpr double kNodeBytes = 8.0;  // as TreeEnsemble holds them
  if (fields_.empty()) return {};
  double steps = 0.0, bytes = 0.0;
  for (const FieldTrees& field : fields_)
    for (const inference::TreeEnsemble* trees : {&field.correction, &field.spread}) {
      steps += static_cast<double>(trees->steps());
      bytes += kNodeBytes * static_cast<double>(trees->nodes());
    }
  steps /= static_cast<double>(fields_.size());
  return tree_operations(1.0, 1.0, steps - 1.0, kNodeBytes * steps, std::max(0.0, 1.0 - kCacheBytes / bytes));
}

std::uint32_t feature_fingerprint(const datum::Schema& schema, std::size_t field) {
  std::string all;
  for (const std::string& name : feature_names(schema, field)) all += name + "\n";
  return wire::crc32c(std::as_bytes(std::span(all)));
}

std::vector<std::byte> encode_model(const CompletionModel& model, const datum::Schema& schema) {
  wire::CborWriter out;
  out.array(kKind.items);
  out.text(kKind.name);
  out.unsigned_integer(kVersion);
  out.text(model.schema);
  write_mode(out, model.causal, schema);
  write_mode(out, model.offline, schema);
  return seal_model(out);
}

Result<std::string> schema_of_model(std::span<const std::byte> bytes) {
  auto in = open_model(bytes, kKind);
  if (!in) return tl::unexpected(in.error());
  return read_model_schema(*in, kVersion);
}

Result<CompletionModel> decode_model(std::span<const std::byte> bytes, const datum::Schema& schema) {
  auto in = open_model(bytes, kKind);
  if (!in) return tl::unexpected(in.error());
  const auto name = read_model_schema(*in, kVersion);
  if (!name) return tl::unexpected(name.error());
  if (*name != schema.name)
    return fail(Errc::kConflict, "a model for schema '{}', the records follow '{}'", *name, schema.name);
  CompletionModel out;
  out.schema = *name;
  for (std::vector<FieldTrees>* mode : {&out.causal, &out.offline}) {
    auto fields = read_mode(*in, schema);
    if (!fields) return tl::unexpected(fields.error());
    *mode = std::move(*fields);
  }
  if (const auto end = in->finish(); !end) return tl::unexpected(end.error());
  return out;
}

std::unique_ptr<NumberReviewer> make_reviewer(const CompletionModel& model, const datum::Schema& schema,
                                              bool causal) {
  return std::make_unique<TreeReviewer>(Trees(model, schema, causal));
}

}  // namespace skywarden::onboard
