#include "onboard/anomaly_model.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "base/contract.h"
#include "inference/tree_codec.h"
#include "onboard/model_envelope.h"
#include "wire/cbor.h"
#include "wire/crc32c.h"

namespace skywarden::onboard {
namespace {

constexpr ModelKind kKind{"skywarden anomaly", 6, "anomaly model", kAnomalyModelBytesMax};
constexpr std::uint64_t kVersion = 1;
constexpr std::size_t kFieldItems = 6;
constexpr double kJumpsShare = 0.15;  // of the rate: sound readings that may be flagged as jumps
constexpr double kRunsShare = 0.07;   // of the rate: runs of sound values that may be taken for stuck ones
constexpr float kPartMax = 100.0F;
constexpr float kOddsMax = 6.0F;  // logarithm: scores end at e⁶

// Ties trees to the evidence that they were trained on: its names, in order.
std::uint32_t evidence_fingerprint() {
  std::string all;
  for (const std::string_view name : kEvidenceNames) all += std::string(name) + "\n";
  return wire::crc32c(std::as_bytes(std::span(all)));
}

void write_limits(wire::CborWriter& out, const SoundLimits& limits) {
  out.array(limits.size());
  for (const float limit : limits) out.floating(limit);
}

Result<SoundLimits> read_limits(wire::CborReader& in) {
  const auto items = in.array();
  if (!items) return tl::unexpected(items.error());
  SoundLimits out{};
  if (*items != out.size())
    return fail(Errc::kMalformed, "thresholds: {} items, expected {}", *items, out.size());
  for (float& limit : out) {
    const auto value = in.floating();
    if (!value) return tl::unexpected(value.error());
    limit = static_cast<float>(*value);
    if (!std::isfinite(limit) || static_cast<double>(limit) != *value)
      return fail(Errc::kMalformed, "a threshold that is no finite 32-bit number");
  }
  if (!std::is_sorted(out.begin(), out.end()))
    return fail(Errc::kMalformed, "thresholds: expected none lower for a smaller share");
  return out;
}

Result<FieldJudge> read_field(wire::CborReader& in, const datum::Schema& schema) {
  const auto items = in.array();
  const auto name = in.text();
  const auto bytes = in.bytes();
  if (!bytes) return tl::unexpected(bytes.error());
  if (*items != kFieldItems)
    return fail(Errc::kMalformed, "a field: {} items, expected {}", *items, kFieldItems);
  FieldJudge out;
  out.field = *name;
  const auto field = schema.field_index(out.field);
  if (!field || schema.fields[*field].kind != datum::FieldKind::kNumber)
    return fail(Errc::kConflict, "'{}' is no number field of schema '{}'", out.field, schema.name);
  auto trees = inference::decode_trees(*bytes);
  if (!trees) return fail(trees.error().code, "{}: {}", out.field, trees.error().message);
  if (trees->features() != kEvidence)
    return fail(Errc::kConflict, "{}: trees over {} features, expected {}", out.field, trees->features(),
                kEvidence);
  out.trees = std::move(*trees);
  const auto part = in.floating();
  if (!part) return tl::unexpected(part.error());
  out.part = static_cast<float>(*part);
  if (!(out.part > 0.0F && out.part <= kPartMax) || static_cast<double>(out.part) != *part)
    return fail(Errc::kMalformed, "{}: a part of {}, expected one in (0, {}]", out.field, *part, kPartMax);
  for (SoundLimits* limits : {&out.odds, &out.jumps, &out.runs}) {
    const auto read = read_limits(in);
    if (!read) return tl::unexpected(read.error());
    *limits = *read;
  }
  return out;
}

}  // namespace

float limit_at(const SoundLimits& limits, double share) {
  if (share >= kSoundShares.front()) return limits.front();
  for (std::size_t i = 1; i < limits.size(); ++i) {
    if (share < kSoundShares[i]) continue;
    const double part = std::log(share / kSoundShares[i]) / std::log(kSoundShares[i - 1] / kSoundShares[i]);
    return limits[i] + static_cast<float>(part) * (limits[i - 1] - limits[i]);
  }
  return limits.back();
}

SoundLimits sound_limits(std::vector<float> scores, std::size_t readings) {
  EXPECTS(!scores.empty() && readings >= scores.size());
  std::sort(scores.begin(), scores.end(), std::greater<>());
  SoundLimits out{};
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto beyond = static_cast<std::size_t>(kSoundShares[i] * static_cast<double>(readings));
    out[i] = scores[std::min(scores.size() - 1, beyond)];
  }
  return out;
}

float judge(const FieldJudge& judge, const Evidence& evidence, double rate) {
  EXPECTS(rate > 0.0 && rate < 1.0);
  const float odds =
      judge.trees.evaluate(evidence) - limit_at(judge.odds, rate * static_cast<double>(judge.part));
  float score = std::isnan(odds) ? 0.0F : std::exp(std::min(odds, kOddsMax));
  const float jump = std::abs(evidence[onboard::evidence("last")]);
  const float jumps_limit = limit_at(judge.jumps, rate * kJumpsShare);
  if (jumps_limit > 0.0F && jump > 0.0F) score = std::max(score, jump / jumps_limit);
  const float runs_limit = limit_at(judge.runs, rate * kRunsShare);
  if (runs_limit > 0.0F) score = std::max(score, evidence[onboard::evidence("run_surprise")] / runs_limit);
  return score;
}

std::vector<float> anomaly_scores(const AnomalyModel& model, const Panel& panel, const datum::Schema& schema,
                                  const Completion& completion, double rate, std::size_t warm_up) {
  std::vector<const FieldJudge*> judges(schema.fields.size(), nullptr);
  for (const FieldJudge& one : model.fields) judges[schema.field_index(one.field).value()] = &one;
  std::vector<float> out(panel.cells(), 0.0F);
  std::vector<std::size_t> seen(panel.streams() * panel.fields(), 0);  // readings
  read_evidence(panel, schema, completion, [&](const Reading& reading, const Evidence& evidence) {
    if (judges[reading.field] == nullptr) return;
    if (++seen[reading.stream * panel.fields() + reading.field] <= warm_up) return;
    out[reading.cell] = judge(*judges[reading.field], evidence, rate > 0.0 ? rate : model.rate);
  });
  return out;
}

std::vector<std::byte> encode_anomaly_model(const AnomalyModel& model) {
  wire::CborWriter out;
  out.array(kKind.items);
  out.text(kKind.name);
  out.unsigned_integer(kVersion);
  out.text(model.schema);
  out.unsigned_integer(evidence_fingerprint());
  out.floating(model.rate);
  out.array(model.fields.size());
  for (const FieldJudge& one : model.fields) {
    out.array(kFieldItems);
    out.text(one.field);
    out.bytes(inference::encode_trees(one.trees));
    out.floating(one.part);
    write_limits(out, one.odds);
    write_limits(out, one.jumps);
    write_limits(out, one.runs);
  }
  return seal_model(out);
}

Result<AnomalyModel> decode_anomaly_model(std::span<const std::byte> bytes, const datum::Schema& schema) {
  auto opened = open_model(bytes, kKind);
  if (!opened) return tl::unexpected(opened.error());
  wire::CborReader& in = *opened;
  const auto name = read_model_schema(in, kVersion);
  if (!name) return tl::unexpected(name.error());
  const auto fingerprint = in.unsigned_integer();
  const auto rate = in.floating();
  const auto count = in.array();
  if (!count) return tl::unexpected(count.error());
  if (*name != schema.name)
    return fail(Errc::kConflict, "a model for schema '{}', the records follow '{}'", *name, schema.name);
  if (*fingerprint != evidence_fingerprint())
    return fail(Errc::kConflict, "trained on other evidence than this program has; retrain it");
  if (!(*rate > 0.0 && *rate < 1.0)) return fail(Errc::kMalformed, "rate {}: expected one in (0, 1)", *rate);
  if (*count > schema.fields.size())
    return fail(Errc::kMalformed, "{} fields, the schema has {}", *count, schema.fields.size());
  AnomalyModel out{*name, *rate, {}};
  for (std::uint64_t i = 0; i < *count; ++i) {
    auto field = read_field(in, schema);
    if (!field) return tl::unexpected(field.error());
    for (const FieldJudge& other : out.fields)
      if (other.field == field->field) return fail(Errc::kMalformed, "field '{}' twice", other.field);
    out.fields.push_back(std::move(*field));
  }
  if (const auto end = in.finish(); !end) return tl::unexpected(end.error());
  return out;
}

Result<std::string> schema_of_anomaly_model(std::span<const std::byte> bytes) {
  auto in = open_model(bytes, kKind);
  if (!in) return tl::unexpected(in.error());
  return read_model_schema(*in, kVersion);
}

}  // namespace skywarden::onboard
