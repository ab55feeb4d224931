#include "storage/signed_head.h"

#include <openssl/evp.h>
#include <openssl/pem.h>

#include <algorithm>

#include "base/contract.h"
#include "base/free_by.h"
#include "consensus/message.h"
#include "wire/cbor.h"

namespace skywarden::storage {
namespace {

constexpr std::uint64_t kVersion = 1;
constexpr std::uint64_t kFields = 7;
constexpr std::size_t kBytesMax = 512;

using Context = std::unique_ptr<EVP_MD_CTX, FreeBy<EVP_MD_CTX_free>>;
using KeyPointer = std::unique_ptr<EVP_PKEY, FreeBy<EVP_PKEY_free>>;
using Input = std::unique_ptr<BIO, FreeBy<BIO_free>>;

const unsigned char* raw(std::span<const std::byte> bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

std::vector<std::byte> signed_bytes(const SignedHead& head, std::string_view cluster) {
  wire::CborWriter out;
  out.array(kFields)
      .text("skywarden head 1")
      .text(cluster)
      .unsigned_integer(head.leader.value())
      .unsigned_integer(head.term.value())
      .unsigned_integer(head.last.index.value())
      .unsigned_integer(head.last.term.value())
      .bytes(head.head);
  return out.take();
}

Result<KeyPointer> checked(EVP_PKEY* key, const char* which) {
  KeyPointer owned(key);
  if (owned == nullptr || EVP_PKEY_get_id(owned.get()) != EVP_PKEY_ED25519)
    return fail(Errc::kMalformed, "expected an Ed25519 {} key in PEM", which);
  return owned;
}

Input input_of(std::string_view pem) {
  return Input(BIO_new_mem_buf(pem.data(), static_cast<int>(std::min<std::size_t>(pem.size(), 1U << 20))));
}

// No key of a program without a terminal has a password.
int no_password(char*, int, int, void*) {
  return 0;
}

template <std::size_t kSize>
bool read_bytes(wire::CborReader& in, std::array<std::byte, kSize>& to) {
  const auto bytes = in.bytes();
  if (!bytes || bytes->size() != kSize) return false;
  std::copy(bytes->begin(), bytes->end(), to.begin());
  return true;
}

}  // namespace

struct SigningKey::Key {
  KeyPointer pointer;
};

Result<SigningKey> SigningKey::read_private(std::string_view pem) {
  const Input input = input_of(pem);
  auto key = checked(PEM_read_bio_PrivateKey(input.get(), nullptr, no_password, nullptr), "private");
  if (!key) return tl::unexpected<Error>(key.error());
  return SigningKey(std::make_shared<const Key>(Key{std::move(*key)}));
}

Result<SigningKey> SigningKey::read_public(std::string_view pem) {
  const Input input = input_of(pem);
  auto key = checked(PEM_read_bio_PUBKEY(input.get(), nullptr, no_password, nullptr), "public");
  if (!key) return tl::unexpected<Error>(key.error());
  return SigningKey(std::make_shared<const Key>(Key{std::move(*key)}));
}

Result<SigningKey> SigningKey::of_public(const PublicKey& bytes) {
  auto key =
      checked(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, raw(bytes), bytes.size()), "public");
  if (!key) return tl::unexpected<Error>(key.error());
  return SigningKey(std::make_shared<const Key>(Key{std::move(*key)}));
}

PublicKey SigningKey::public_key() const {
  PublicKey bytes{};
  std::size_t size = bytes.size();
  const bool done = EVP_PKEY_get_raw_public_key(key_->pointer.get(),
                                                reinterpret_cast<unsigned char*>(bytes.data()), &size) == 1 &&
                    size == bytes.size();
  EXPECTS(done);
  return bytes;
}

Signature SigningKey::sign(std::span<const std::byte> bytes) const {
  const Context context(EVP_MD_CTX_new());
  Signature signature{};
  std::size_t size = signature.size();
  const bool done = context != nullptr &&
                    EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_->pointer.get()) == 1 &&
                    EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                                   raw(bytes), bytes.size()) == 1 &&
                    size == signature.size();
  EXPECTS(done);
  return signature;
}

bool SigningKey::verifies(std::span<const std::byte> bytes, const Signature& signature) const {
  const Context context(EVP_MD_CTX_new());
  return context != nullptr &&
         EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key_->pointer.get()) == 1 &&
         EVP_DigestVerify(context.get(), raw(signature), signature.size(), raw(bytes), bytes.size()) == 1;
}

void SigningKey::sign(SignedHead& head, std::string_view cluster) const {
  head.signature = sign(signed_bytes(head, cluster));
}
bool SigningKey::verifies(const SignedHead& head, std::string_view cluster) const {
  return verifies(signed_bytes(head, cluster), head.signature);
}

std::vector<std::byte> encode(const SignedHead& head) {
  wire::CborWriter out;
  out.array(kFields)
      .unsigned_integer(kVersion)
      .unsigned_integer(head.leader.value())
      .unsigned_integer(head.term.value())
      .unsigned_integer(head.last.index.value())
      .unsigned_integer(head.last.term.value())
      .bytes(head.head)
      .bytes(head.signature);
  return out.take();
}

Result<SignedHead> decode_signed_head(std::span<const std::byte> bytes) {
  wire::CborReader in(bytes, kBytesMax);
  const auto fields = in.array();
  const auto version = in.unsigned_integer();
  if (version && *version != kVersion)
    return fail(Errc::kUnsupported, "signed head of version {}, this build knows {}", *version, kVersion);
  SignedHead head;
  const std::uint64_t leader = in.unsigned_integer().value_or(0);
  head.term = Term(in.unsigned_integer().value_or(0));
  head.last.index = LogIndex(in.unsigned_integer().value_or(0));
  head.last.term = Term(in.unsigned_integer().value_or(0));
  const bool whole = read_bytes(in, head.head) && read_bytes(in, head.signature);
  if (const auto end = in.finish(); !end) return tl::unexpected<Error>(end.error());
  if (*fields != kFields || !whole || leader == 0 || leader > UINT32_MAX)
    return fail(Errc::kMalformed, "signed head with {} fields or of the wrong size", *fields);
  head.leader = NodeId(static_cast<std::uint32_t>(leader));
  if (head.term > consensus::kTermMax || head.last.index > consensus::kLogIndexMax)
    return fail(Errc::kOutOfRange, "signed head of term {}, index {}", head.term.value(),
                head.last.index.value());
  return head;
}

}  // namespace skywarden::storage
