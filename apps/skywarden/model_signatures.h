// Models signed with Ed25519 (RFC 8032), and whose signatures are believed. Keys are PEM files, as
// `openssl genpkey -algorithm ed25519` makes them.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "inference/model_file.h"
#include "storage/signed_head.h"

namespace skywarden::app {

inline constexpr std::size_t kKeyFileBytesMax = 64 << 10;

class KnownSigners {
 public:
  KnownSigners() = default;  // nobody: signatures are not looked at
  // Public keys. One line that names the file when one cannot be read.
  [[nodiscard]] static Result<KnownSigners> read(const std::vector<std::string>& paths);

  [[nodiscard]] bool empty() const { return keys_.empty(); }
  [[nodiscard]] bool verifies(std::span<const std::byte> message, std::span<const std::byte> signature) const;
  // For inference/model_file.h: empty when nobody is known.
  [[nodiscard]] inference::Verify verify() const;

 private:
  std::vector<storage::SigningKey> keys_;
};

struct FoundModel;
// Writes the file anew with a signature, in place of any that it carries. Its content must be sound.
[[nodiscard]] Result<void> sign_model_file(const FoundModel& found, const storage::SigningKey& key);

}  // namespace skywarden::app
