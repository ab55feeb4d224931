#include "model_signatures.h"

#include <algorithm>

#include "formats/read_file.h"
#include "model_files.h"
#include "onboard/model_envelope.h"

namespace skywarden::app {

Result<KnownSigners> KnownSigners::read(const std::vector<std::string>& paths) {
  KnownSigners out;
  for (const std::string& path : paths) {
    const auto pem = formats::read_file(path, kKeyFileBytesMax);
    if (!pem) return tl::unexpected<Error>(pem.error());
    auto key = storage::SigningKey::read_public(*pem);
    if (!key) return fail(key.error().code, "{}: {}", path, key.error().message);
    out.keys_.push_back(std::move(*key));
  }
  return out;
}

bool KnownSigners::verifies(std::span<const std::byte> message, std::span<const std::byte> signature) const {
  storage::Signature fixed;
  if (signature.size() != fixed.size()) return false;
  std::ranges::copy(signature, fixed.begin());
  return std::ranges::any_of(keys_,
                             [&](const storage::SigningKey& key) { return key.verifies(message, fixed); });
}

inference::Verify KnownSigners::verify() const {
  if (empty()) return {};
  return [this](std::span<const std::byte> message, std::span<const std::byte> signature) {
    return verifies(message, signature);
  };
}

Result<void> sign_model_file(const FoundModel& found, const storage::SigningKey& key) {
  if (found.kind == ModelKind::kOnnx)
    return fail(Errc::kUnsupported, "{}: an ONNX model has no place for a signature", found.path);
  if (const auto sound = check_model_file(found); !sound) return tl::unexpected<Error>(sound.error());
  const auto text = formats::read_file(found.path, inference::kModelFileBytesMax);
  if (!text) return tl::unexpected<Error>(text.error());
  const auto bytes = std::as_bytes(std::span(*text));
  std::vector<std::byte> out;
  if (found.kind == ModelKind::kGraph) {
    const auto read = inference::read_model(bytes, found.path);
    if (!read) return tl::unexpected<Error>(read.error());
    out = inference::write_model(read->model, [&](std::span<const std::byte> message) {
      const storage::Signature signature = key.sign(message);
      return std::vector<std::byte>(signature.begin(), signature.end());
    });
  } else {
    out = onboard::with_signature(bytes, key.sign(onboard::split_signature(bytes).sealed));
  }
  const auto written = formats::write_file(
      found.path, std::string_view(reinterpret_cast<const char*>(out.data()), out.size()));
  if (!written) return tl::unexpected<Error>(written.error());
  return {};
}

}  // namespace skywarden::app
