#include "model_files.h"

#include <algorithm>
#include <filesystem>

#include "formats/read_file.h"
#include "incident_loader.h"
#include "inference/model_file.h"
#include "onboard/model_envelope.h"
#include "record_tables.h"
#include "wire/crc32c.h"

namespace skywarden::app {
namespace {

constexpr std::size_t kModelFilesMax = 1000;
constexpr std::size_t kRecordBytesMax = std::size_t{4} << 20;

std::optional<FoundModel> recognised(const std::filesystem::path& path) {
  for (const ModelKind kind :
       {ModelKind::kTrees, ModelKind::kFused, ModelKind::kAnomaly, ModelKind::kGraph, ModelKind::kOnnx})
    if (path.extension() == to_string(kind))
      return FoundModel{path.string(), path.stem().string(), kind, false};
  return std::nullopt;
}

void count_trees(const std::vector<onboard::FieldTrees>& mode, CheckedModel& out) {
  for (const onboard::FieldTrees& field : mode) {
    ++out.fields;
    out.trees += field.correction.trees() + field.spread.trees();
    out.nodes += field.correction.nodes() + field.spread.nodes();
  }
}

// A model that names its schema, decoded by it.
template <typename Model>
Result<Model> by_its_schema(std::span<const std::byte> bytes, CheckedModel& out,
                            Result<std::string> (*schema_of)(std::span<const std::byte>),
                            Result<Model> (*decode)(std::span<const std::byte>, const datum::Schema&)) {
  auto name = schema_of(bytes);
  if (!name) return tl::unexpected<Error>(name.error());
  const auto schema = named_schema(*name);
  if (!schema) return tl::unexpected<Error>(schema.error());
  out.schema = std::move(*name);
  return decode(bytes, *schema);
}

Result<void> check_completion(std::span<const std::byte> bytes, CheckedModel& out) {
  auto model = by_its_schema(bytes, out, onboard::schema_of_fused_model, onboard::decode_fused_model);
  if (!model) return tl::unexpected<Error>(model.error());
  count_trees(model->trees.causal, out);
  count_trees(model->trees.offline, out);
  out.networks = model->causal.networks.size() + model->offline.networks.size();
  out.completion = std::move(*model);
  return {};
}

Result<void> check_anomaly(std::span<const std::byte> bytes, CheckedModel& out) {
  auto model = by_its_schema(bytes, out, onboard::schema_of_anomaly_model, onboard::decode_anomaly_model);
  if (!model) return tl::unexpected<Error>(model.error());
  out.fields = model->fields.size();
  for (const onboard::FieldJudge& field : model->fields) {
    out.trees += field.trees.trees();
    out.nodes += field.trees.nodes();
  }
  out.anomaly = std::move(*model);
  return {};
}

Result<void> check_graph(std::span<const std::byte> bytes, const KnownSigners& signers, CheckedModel& out) {
  auto read = inference::read_model(bytes, out.found.path, signers.verify());
  if (!read) return tl::unexpected<Error>(read.error());
  if (read->carries_signature) out.is_signed = read->is_signed ? Signed::kByKnown : Signed::kUnjudged;
  out.repaired = read->repaired_bytes + read->repaired_blocks;
  out.tensors = read->model.tensors.size();
  for (const inference::Tensor& tensor : read->model.tensors)
    out.parameter_bytes += tensor.bytes.size() + 4 * (tensor.numbers.size() + tensor.scale.size());
  auto program = inference::make_program(std::move(read->model));
  if (!program) return tl::unexpected<Error>(program.error());
  out.steps = program->model.nodes.size();
  out.multiply_adds = inference::multiply_adds(*program, 1);
  out.program = std::move(*program);
  return {};
}

// Of a file that is no graph; those judge their own.
Result<void> check_signature(std::span<const std::byte> bytes, const KnownSigners& signers,
                             CheckedModel& out) {
  const onboard::SealedModel parts = onboard::split_signature(bytes);
  out.is_signed = parts.signature.empty() ? Signed::kNot : Signed::kUnjudged;
  if (signers.empty()) return {};
  if (parts.signature.empty())
    return fail(Errc::kConflict, "{}: it is not signed, and only signed models are accepted", out.found.path);
  if (!signers.verifies(parts.sealed, parts.signature))
    return fail(Errc::kConflict, "{}: its signature is not that of a known signer", out.found.path);
  out.is_signed = Signed::kByKnown;
  return {};
}

}  // namespace

std::string_view to_string(ModelKind kind) {
  switch (kind) {
    case ModelKind::kTrees:
      return ".trees";
    case ModelKind::kFused:
      return ".fused";
    case ModelKind::kAnomaly:
      return ".anomaly";
    case ModelKind::kGraph:
      return ".swm";
    case ModelKind::kOnnx:
      return ".onnx";
  }
  return "";
}

Result<std::vector<FoundModel>> find_models(const std::vector<std::string>& paths) {
  std::vector<FoundModel> out;
  for (const std::string& path : paths) {
    std::error_code error;
    if (!std::filesystem::is_directory(path, error)) {
      const auto one = recognised(path);
      if (!std::filesystem::exists(path, error))
        return fail(Errc::kNotFound, "{}: there is no such file", path);
      if (!one)
        return fail(Errc::kUnsupported, "{}: expected a file .trees, .fused, .anomaly, .swm or .onnx", path);
      out.push_back(*one);
      continue;
    }
    for (std::filesystem::directory_iterator entry(path, error), end; !error && entry != end;
         entry.increment(error))
      if (const auto one = recognised(entry->path())) out.push_back(*one);
    if (error) return fail(Errc::kInputOutput, "{}: {}", path, error.message());
  }
  if (out.size() > kModelFilesMax)
    return fail(Errc::kLimitReached, "expected at most {} model files", kModelFilesMax);
  std::ranges::sort(out, {}, [](const FoundModel& m) { return std::pair(m.name, m.path); });
  for (FoundModel& one : out) {
    const std::string fused =
        std::filesystem::path(one.path).replace_extension(to_string(ModelKind::kFused)).string();
    one.beside_fused =
        one.kind == ModelKind::kTrees && std::ranges::find(out, fused, &FoundModel::path) != out.end();
  }
  return out;
}

std::string_view to_string(Signed is) {
  switch (is) {
    case Signed::kNot:
      return "no";
    case Signed::kUnjudged:
      return "not judged";
    case Signed::kByKnown:
      return "by a known signer";
  }
  return "";
}

Result<CheckedModel> check_model_file(const FoundModel& found, const KnownSigners& signers) {
  const auto bytes = formats::read_file(found.path, inference::kModelFileBytesMax);
  if (!bytes) return tl::unexpected<Error>(bytes.error());
  CheckedModel out;
  out.found = found;
  const auto view = std::as_bytes(std::span(*bytes));
  out.bytes = view.size();
  // Not of the checksum that most formats end with: with it all of them would say the same.
  const auto sealed = onboard::split_signature(view).sealed;
  out.crc32c = wire::crc32c(sealed.first(sealed.size() - std::min<std::size_t>(sealed.size(), 4)));
  if (auto record = formats::read_file(found.path + ".json", kRecordBytesMax))
    out.record = std::move(*record);
  Result<void> checked =
      found.kind == ModelKind::kGraph ? Result<void>() : check_signature(view, signers, out);
  if (!checked) return tl::unexpected<Error>(checked.error());
  if (completes(found.kind)) checked = check_completion(view, out);
  if (found.kind == ModelKind::kAnomaly) checked = check_anomaly(view, out);
  if (found.kind == ModelKind::kGraph) checked = check_graph(view, signers, out);
  if (!checked) {
    const std::string& why = checked.error().message;
    return fail(checked.error().code, "{}{}", why.starts_with(found.path) ? "" : found.path + ": ", why);
  }
  return out;
}

Result<datum::Schema> named_schema(const std::string& name) {
  return name.ends_with(".toml") ? read_schema(name) : shipped_schema(name);
}

}  // namespace skywarden::app
