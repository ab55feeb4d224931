#include "network/bpsec_crypto.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "base/free_by.h"

namespace skywarden::network {
namespace {

constexpr std::size_t kPieceMax = std::numeric_limits<int>::max() / 2;  // what one EVP call takes
constexpr std::size_t kWrapOverhead = 8;                                // RFC 3394

using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, FreeBy<EVP_CIPHER_CTX_free>>;
using MacAlgorithm = std::unique_ptr<EVP_MAC, FreeBy<EVP_MAC_free>>;
using MacContext = std::unique_ptr<EVP_MAC_CTX, FreeBy<EVP_MAC_CTX_free>>;

const unsigned char* raw(ByteView bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}
unsigned char* writable(std::span<std::byte> bytes) {
  return reinterpret_cast<unsigned char*>(bytes.data());
}

tl::unexpected<Error> failed(const char* what) {
  return fail(Errc::kUnavailable, "OpenSSL could not {}", what);
}

const char* digest_name(ShaVariant variant) {
  return variant == ShaVariant::kHmac256 ? "SHA256" : variant == ShaVariant::kHmac384 ? "SHA384" : "SHA512";
}

Result<void> check_gcm(const GcmKey& key, ByteView text) {
  if (key.key.size() != key_bytes(key.variant))
    return fail(Errc::kOutOfRange, "an AES key of {} bytes, expected {}", key.key.size(),
                key_bytes(key.variant));
  if (key.iv.size() < kGcmIvBytesMin || key.iv.size() > kGcmIvBytesMax)
    return fail(Errc::kOutOfRange, "an initialization vector of {} bytes, expected {} to {}", key.iv.size(),
                kGcmIvBytesMin, kGcmIvBytesMax);
  if (text.size() > kPieceMax)
    return fail(Errc::kLimitReached, "{} bytes are too many to encrypt", text.size());
  return {};
}

// A context with key, vector and associated data set.
Result<CipherContext> begin_gcm(const GcmKey& key, std::span<const ByteView> associated, bool encrypt) {
  CipherContext context(EVP_CIPHER_CTX_new());
  const EVP_CIPHER* cipher = key.variant == AesVariant::kA128Gcm ? EVP_aes_128_gcm() : EVP_aes_256_gcm();
  const int direction = encrypt ? 1 : 0;
  bool good =
      context && EVP_CipherInit_ex(context.get(), cipher, nullptr, nullptr, nullptr, direction) == 1 &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_IVLEN, static_cast<int>(key.iv.size()), nullptr) ==
          1 &&
      EVP_CipherInit_ex(context.get(), nullptr, nullptr, raw(key.key), raw(key.iv), direction) == 1;
  for (const ByteView piece : associated) {
    int written = 0;
    good =
        good && piece.size() <= kPieceMax &&
        EVP_CipherUpdate(context.get(), nullptr, &written, raw(piece), static_cast<int>(piece.size())) == 1;
  }
  if (!good) return failed("begin AES-GCM");
  return context;
}

Result<CipherContext> begin_wrap(ByteView wrapping_key, bool encrypt) {
  const EVP_CIPHER* cipher = wrapping_key.size() == 16   ? EVP_aes_128_wrap()
                             : wrapping_key.size() == 24 ? EVP_aes_192_wrap()
                             : wrapping_key.size() == 32 ? EVP_aes_256_wrap()
                                                         : nullptr;
  if (cipher == nullptr)
    return fail(Errc::kOutOfRange, "a wrapping key of {} bytes, expected 16, 24 or 32", wrapping_key.size());
  CipherContext context(EVP_CIPHER_CTX_new());
  if (!context) return failed("begin key wrap");
  EVP_CIPHER_CTX_set_flags(context.get(), EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
  if (EVP_CipherInit_ex(context.get(), cipher, nullptr, raw(wrapping_key), nullptr, encrypt ? 1 : 0) != 1)
    return failed("begin key wrap");
  return context;
}

}  // namespace

void SecretKey::wipe() {
  if (!bytes_.empty()) OPENSSL_cleanse(bytes_.data(), bytes_.size());
}

SecretKey& SecretKey::operator=(const SecretKey& other) {
  if (this == &other) return *this;
  wipe();
  bytes_ = other.bytes_;
  return *this;
}

SecretKey& SecretKey::operator=(SecretKey&& other) noexcept {
  if (this == &other) return *this;
  wipe();
  bytes_ = std::move(other.bytes_);
  return *this;
}

void Hmac::Deleter::operator()(void* context) const {
  EVP_MAC_CTX_free(static_cast<EVP_MAC_CTX*>(context));
}

Result<Hmac> Hmac::with_key(ShaVariant variant, ByteView key) {
  if (key.empty() || key.size() > kSecretBytesMax)
    return fail(Errc::kOutOfRange, "an HMAC key of {} bytes, expected 1 to {}", key.size(), kSecretBytesMax);
  const MacAlgorithm algorithm(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
  MacContext context(algorithm ? EVP_MAC_CTX_new(algorithm.get()) : nullptr);
  // OpenSSL reads the name and does not change it.
  const std::array parameters = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, const_cast<char*>(digest_name(variant)), 0),
      OSSL_PARAM_construct_end()};
  if (!context || EVP_MAC_init(context.get(), raw(key), key.size(), parameters.data()) != 1)
    return failed("begin HMAC");
  return Hmac(context.release());
}

Result<Mac> Hmac::over(std::span<const ByteView> pieces) const {
  const MacContext context(EVP_MAC_CTX_dup(static_cast<const EVP_MAC_CTX*>(keyed_.get())));
  bool good = context != nullptr;
  for (const ByteView piece : pieces)
    good = good && EVP_MAC_update(context.get(), raw(piece), piece.size()) == 1;
  Mac mac;
  good =
      good && EVP_MAC_final(context.get(), writable(std::span(mac.bytes)), &mac.size, mac.bytes.size()) == 1;
  if (!good) return failed("compute an HMAC");
  return mac;
}

Result<Sealed> gcm_seal(const GcmKey& key, std::span<const ByteView> associated, ByteView plaintext) {
  if (const auto checked = check_gcm(key, plaintext); !checked) return tl::unexpected<Error>(checked.error());
  const auto context = begin_gcm(key, associated, true);
  if (!context) return tl::unexpected<Error>(context.error());
  Sealed sealed;
  sealed.ciphertext.resize(plaintext.size());
  int written = 0, last = 0;
  const bool good =
      EVP_CipherUpdate(context->get(), writable(std::span(sealed.ciphertext)), &written, raw(plaintext),
                       static_cast<int>(plaintext.size())) == 1 &&
      EVP_CipherFinal_ex(context->get(), writable(std::span(sealed.tag)), &last) == 1 &&
      EVP_CIPHER_CTX_ctrl(context->get(), EVP_CTRL_GCM_GET_TAG, kGcmTagBytes, sealed.tag.data()) == 1;
  if (!good) return failed("encrypt");
  return sealed;
}

Result<std::vector<std::byte>> gcm_open(const GcmKey& key, std::span<const ByteView> associated,
                                        ByteView ciphertext, ByteView tag) {
  if (const auto checked = check_gcm(key, ciphertext); !checked)
    return tl::unexpected<Error>(checked.error());
  if (tag.size() != kGcmTagBytes)
    return fail(Errc::kMalformed, "an authentication tag of {} bytes, expected {}", tag.size(), kGcmTagBytes);
  const auto context = begin_gcm(key, associated, false);
  if (!context) return tl::unexpected<Error>(context.error());
  std::vector<std::byte> plaintext(ciphertext.size());
  std::array<std::byte, kGcmTagBytes> expected{}, unused{};
  std::copy(tag.begin(), tag.end(), expected.begin());
  int written = 0, last = 0;
  const bool decrypted =
      EVP_CipherUpdate(context->get(), writable(std::span(plaintext)), &written, raw(ciphertext),
                       static_cast<int>(ciphertext.size())) == 1 &&
      EVP_CIPHER_CTX_ctrl(context->get(), EVP_CTRL_GCM_SET_TAG, kGcmTagBytes, expected.data()) == 1;
  if (!decrypted) return failed("decrypt");
  if (EVP_CipherFinal_ex(context->get(), writable(std::span(unused)), &last) != 1) {
    OPENSSL_cleanse(plaintext.data(), plaintext.size());  // not authentic: nobody may read it
    return fail(Errc::kConflict, "the authentication tag does not fit");
  }
  return plaintext;
}

Result<std::vector<std::byte>> wrap_key(ByteView wrapping_key, ByteView key) {
  if (key.size() < 16 || key.size() % 8 != 0 || key.size() > kSecretBytesMax)
    return fail(Errc::kOutOfRange, "a key of {} bytes cannot be wrapped", key.size());
  const auto context = begin_wrap(wrapping_key, true);
  if (!context) return tl::unexpected<Error>(context.error());
  std::vector<std::byte> wrapped(key.size() + kWrapOverhead);
  int written = 0;
  if (EVP_CipherUpdate(context->get(), writable(std::span(wrapped)), &written, raw(key),
                       static_cast<int>(key.size())) != 1 ||
      static_cast<std::size_t>(written) != wrapped.size())
    return failed("wrap a key");
  return wrapped;
}

Result<SecretKey> unwrap_key(ByteView wrapping_key, ByteView wrapped) {
  if (wrapped.size() < 16 + kWrapOverhead || wrapped.size() % 8 != 0 ||
      wrapped.size() > kSecretBytesMax + kWrapOverhead)
    return fail(Errc::kMalformed, "a wrapped key of {} bytes", wrapped.size());
  const auto context = begin_wrap(wrapping_key, false);
  if (!context) return tl::unexpected<Error>(context.error());
  std::array<std::byte, kSecretBytesMax + kWrapOverhead> room{};
  int written = 0;
  const int good = EVP_CipherUpdate(context->get(), writable(std::span(room)), &written, raw(wrapped),
                                    static_cast<int>(wrapped.size()));
  const bool fits = good == 1 && static_cast<std::size_t>(written) == wrapped.size() - kWrapOverhead;
  SecretKey key(ByteView(room).first(fits ? static_cast<std::size_t>(written) : 0));
  OPENSSL_cleanse(room.data(), room.size());
  if (!fits) return fail(Errc::kConflict, "the wrapped key was wrapped with another key");
  return key;
}

bool equal_in_constant_time(ByteView a, ByteView b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace skywarden::network
