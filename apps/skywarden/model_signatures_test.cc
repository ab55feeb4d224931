#include "model_signatures.h"

#include <doctest/doctest.h>

#include <filesystem>

#include "base/random.h"
#include "formats/read_file.h"
#include "inference/encoders.h"
#include "inference/model_file.h"
#include "model_files.h"
#include "onboard/complete_model.h"
#include "storage/signing_example.h"

namespace skywarden::app {
namespace {

struct Folder {
  std::filesystem::path path = std::filesystem::temp_directory_path() / "skywarden_model_signatures";
  Folder() { std::filesystem::create_directories(path); }
  ~Folder() { std::filesystem::remove_all(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  [[nodiscard]] FoundModel put(const std::string& name, ModelKind kind,
                               std::span<const std::byte> bytes) const {
    const FoundModel out{(path / (name + std::string(to_string(kind)))).string(), name, kind};
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    REQUIRE(formats::write_file(out.path, text).has_value());
    return out;
  }
  [[nodiscard]] std::string put_text(const std::string& name, std::string_view text) const {
    REQUIRE(formats::write_file((path / name).string(), text).has_value());
    return (path / name).string();
  }
};

std::vector<FoundModel> one_of_each(const Folder& folder) {
  const datum::Schema schema = named_schema("prsa").value();
  const inference::EncoderShape small{.layers = 1, .sets = 1, .width = 16, .heads = 2, .hidden = 32};
  return {folder.put("t", ModelKind::kTrees, onboard::encode_model({schema.name, {}, {}}, schema)),
          folder.put("j", ModelKind::kAnomaly, onboard::encode_anomaly_model({schema.name, 0.01, {}})),
          folder.put("n", ModelKind::kGraph,
                     inference::write_model(inference::encoder(small, inference::drawn_parameters(1))))};
}

TEST_CASE("a signed model is told from an unsigned one, from another's and from one that was changed") {
  const Folder folder;
  const auto own = storage::SigningKey::read_private(storage::example::kPrivateKey).value();
  const auto known = KnownSigners::read({folder.put_text("k.pub", storage::example::kPublicKey)}).value();
  for (const FoundModel& model : one_of_each(folder)) {
    CAPTURE(model.path);
    const auto before = check_model_file(model);
    REQUIRE(before.has_value());
    CHECK(before->is_signed == Signed::kNot);
    CHECK(check_model_file(model, known).error().message ==
          model.path + ": it is not signed, and only signed models are accepted");
    REQUIRE(sign_model_file(model, own).has_value());
    REQUIRE(sign_model_file(model, own).has_value());  // again: in place of the first
    const auto unjudged = check_model_file(model);
    REQUIRE(unjudged.has_value());
    CHECK(unjudged->is_signed == Signed::kUnjudged);
    const auto after = check_model_file(model, known);
    REQUIRE(after.has_value());
    CHECK(after->is_signed == Signed::kByKnown);
    if (model.kind != ModelKind::kGraph) {
      CHECK(after->crc32c == before->crc32c);
    }
    std::string bytes = formats::read_file(model.path).value();
    const std::size_t in_signature = bytes.size() - 20;
    bytes[in_signature] = static_cast<char>(bytes[in_signature] ^ 1);
    REQUIRE(formats::write_file(model.path, bytes).has_value());
    CHECK(check_model_file(model).has_value());
    CHECK(check_model_file(model, known).error().message ==
          model.path + ": its signature is not that of a known signer");
  }
}

TEST_CASE("an ONNX model cannot be signed, and a damaged one is not") {
  const Folder folder;
  const auto own = storage::SigningKey::read_private(storage::example::kPrivateKey).value();
  const FoundModel onnx = folder.put("o", ModelKind::kOnnx, {});
  CHECK(sign_model_file(onnx, own).error().message ==
        onnx.path + ": an ONNX model has no place for a signature");
  const FoundModel trees = one_of_each(folder)[0];
  std::string bytes = formats::read_file(trees.path).value();
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  REQUIRE(formats::write_file(trees.path, bytes).has_value());
  CHECK_FALSE(sign_model_file(trees, own).has_value());
  CHECK(formats::read_file(trees.path).value() == bytes);
  CHECK_FALSE(KnownSigners::read({trees.path}).has_value());
}

}  // namespace
}  // namespace skywarden::app
