#include "record_models.h"

#include <algorithm>
#include <filesystem>

#include "base/contract.h"
#include "formats/read_file.h"
#include "model_files.h"
#include "repository_folder.h"

namespace skywarden::app {
namespace {

namespace fs = std::filesystem;

std::string file_name(const FoundModel& found) {
  return fs::path(found.path).filename().string();
}

// Puts the model into `place` of each source whose records it is for.
template <typename Model>
Result<void> take(const FoundModel& found, std::span<const std::byte> bytes, const Incident& incident,
                  Result<std::string> (*schema_of)(std::span<const std::byte>),
                  Result<Model> (*decode)(std::span<const std::byte>, const datum::Schema&),
                  std::optional<Model> RecordModels::* place, std::string RecordMethods::* name,
                  std::vector<RecordModels>& of_sources) {
  const auto schema = schema_of(bytes);
  if (!schema) return tl::unexpected<Error>(schema.error());
  for (std::size_t i = 0; i < of_sources.size(); ++i) {
    if (incident.records[i].schema.name != *schema) continue;
    RecordModels& models = of_sources[i];
    if (models.*place && found.beside_fused) continue;
    if (models.*place) return fail(Errc::kConflict, "a second model for '{}' is not taken", *schema);
    auto model = decode(bytes, incident.records[i].schema);
    if (!model) return tl::unexpected<Error>(model.error());
    models.*place = std::move(*model);
    models.methods.*name = file_name(found);
  }
  return {};
}

Result<void> take(const FoundModel& found, const Incident& incident, std::vector<RecordModels>& of_sources) {
  const auto bytes =
      formats::read_file(found.path, std::max(onboard::kModelBytesMax, onboard::kAnomalyModelBytesMax));
  if (!bytes) return tl::unexpected<Error>(bytes.error());
  const auto view = std::as_bytes(std::span(*bytes));
  if (completes(found.kind))
    return take(found, view, incident, onboard::schema_of_fused_model, onboard::decode_fused_model,
                &RecordModels::completion, &RecordMethods::completion, of_sources);
  return take(found, view, incident, onboard::schema_of_anomaly_model, onboard::decode_anomaly_model,
              &RecordModels::anomaly, &RecordMethods::anomaly, of_sources);
}

}  // namespace

std::unique_ptr<onboard::NumberReviewer> RecordModels::reviewer(const datum::Schema& schema) const {
  if (!completion) return nullptr;
  auto made = onboard::make_fused_reviewer(*completion, schema, /*causal=*/true);
  ENSURES(made.has_value());  // its networks were tried by this schema when it was read
  return std::move(*made);
}

ChosenModels choose_models(const Incident& incident, const std::vector<std::string>& paths) {
  ChosenModels out;
  for (const RecordSource& source : incident.records)
    out.of_sources.push_back({{source.schema.name, "", ""}, std::nullopt, std::nullopt});
  if (out.of_sources.empty()) return out;
  const auto found = find_models(paths);
  if (!found) {
    out.problems.push_back(found.error().message);
    return out;
  }
  for (const FoundModel& one : *found) {
    if (!completes(one.kind) && one.kind != ModelKind::kAnomaly) continue;
    if (const auto took = take(one, incident, out.of_sources); !took) {
      const std::string& why = took.error().message;
      out.problems.push_back(
          fmt::format("{}{}; without it", why.starts_with(one.path) ? "" : one.path + ": ", why));
    }
  }
  return out;
}

std::vector<std::string> shipped_models() {
  std::error_code error;
  constexpr const char* kFolder = "models";
  if (fs::is_directory(kFolder, error)) return {kFolder};
  const auto root = repository_folder();
  if (root && fs::is_directory(*root / kFolder, error)) return {(*root / kFolder).string()};
  return {};
}

std::string methods_line(const RecordMethods& methods) {
  return fmt::format("{} records: completed by {}, readings judged {}", methods.schema,
                     methods.completion.empty() ? "the baseline, no model fits" : methods.completion,
                     methods.anomaly.empty() ? "without a model" : "by " + methods.anomaly);
}

}  // namespace skywarden::app
