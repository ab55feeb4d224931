// The three algorithms of RFC 9173 on plain bytes, by OpenSSL 3: HMAC-SHA2, AES-GCM with 128-bit tags, AES
// key wrap (RFC 3394). Keys are wiped when they go; nothing here prints them. Comparisons take the same time
// wherever bytes differ.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/result.h"

namespace skywarden::network {

inline constexpr std::size_t kSecretBytesMax = 128;
inline constexpr std::size_t kGcmTagBytes = 16;
inline constexpr std::size_t kGcmIvBytesMin = 8, kGcmIvBytesMax = 16;  // RFC 9173 §4.3.1
inline constexpr std::size_t kMacBytesMax = 64;

using ByteView = std::span<const std::byte>;

class SecretKey {
 public:
  SecretKey() = default;
  explicit SecretKey(ByteView bytes) : bytes_(bytes.begin(), bytes.end()) {}
  explicit SecretKey(std::vector<std::byte> bytes) : bytes_(std::move(bytes)) {}
  SecretKey(const SecretKey&) = default;
  SecretKey(SecretKey&&) = default;
  SecretKey& operator=(const SecretKey& other);
  SecretKey& operator=(SecretKey&& other) noexcept;
  ~SecretKey() { wipe(); }
  [[nodiscard]] ByteView bytes() const { return bytes_; }
  [[nodiscard]] std::size_t size() const { return bytes_.size(); }

 private:
  void wipe();
  std::vector<std::byte> bytes_;
};

enum class ShaVariant : std::uint8_t { kHmac256 = 5, kHmac384 = 6, kHmac512 = 7 };  // RFC 9173 §3.3.1
enum class AesVariant : std::uint8_t { kA128Gcm = 1, kA256Gcm = 3 };                // §4.3.2
[[nodiscard]] constexpr std::size_t mac_bytes(ShaVariant variant) {
  return variant == ShaVariant::kHmac256 ? 32 : variant == ShaVariant::kHmac384 ? 48 : 64;
}
[[nodiscard]] constexpr std::size_t key_bytes(AesVariant variant) {
  return variant == AesVariant::kA128Gcm ? 16 : 32;
}

struct Mac {
  std::array<std::byte, kMacBytesMax> bytes{};
  std::size_t size = 0;
  [[nodiscard]] ByteView view() const { return ByteView(bytes).first(size); }
};

// An HMAC keyed once and computed over many inputs, each given in pieces.
class Hmac {
 public:
  [[nodiscard]] static Result<Hmac> with_key(ShaVariant variant, ByteView key);
  [[nodiscard]] Result<Mac> over(std::span<const ByteView> pieces) const;

 private:
  struct Deleter {
    void operator()(void* context) const;
  };
  explicit Hmac(void* context) : keyed_(context) {}
  std::unique_ptr<void, Deleter> keyed_;  // EVP_MAC_CTX, kept out of this header
};

struct GcmKey {
  AesVariant variant = AesVariant::kA256Gcm;
  ByteView key;
  ByteView iv;
};
struct Sealed {
  std::vector<std::byte> ciphertext;  // as long as the plaintext
  std::array<std::byte, kGcmTagBytes> tag{};
};
[[nodiscard]] Result<Sealed> gcm_seal(const GcmKey& key, std::span<const ByteView> associated,
                                      ByteView plaintext);
// kConflict when the tag does not fit: the bytes, the associated data or the key are not those of the sender.
[[nodiscard]] Result<std::vector<std::byte>> gcm_open(const GcmKey& key, std::span<const ByteView> associated,
                                                      ByteView ciphertext, ByteView tag);

[[nodiscard]] Result<std::vector<std::byte>> wrap_key(ByteView wrapping_key, ByteView key);
[[nodiscard]] Result<SecretKey> unwrap_key(ByteView wrapping_key,
                                           ByteView wrapped);  // kConflict: another key

[[nodiscard]] bool equal_in_constant_time(ByteView a, ByteView b);

}  // namespace skywarden::network
