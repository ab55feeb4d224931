#include "storage/signed_head.h"

#include <doctest/doctest.h>

#include "storage/signing_example.h"

namespace skywarden::storage {
namespace {

constexpr std::string_view kPrivate = example::kPrivateKey, kPublic = example::kPublicKey;

SignedHead head() {
  return {NodeId(2), Term(3), {LogIndex(10), Term(3)}, first_head("forest"), {}};
}

}  // namespace

TEST_CASE("what a leader has signed verifies, and nothing that differs from it does") {
  const auto own = SigningKey::read_private(kPrivate);
  const auto known = SigningKey::read_public(kPublic);
  REQUIRE(own);
  REQUIRE(known);
  SignedHead signed_head = head();
  own->sign(signed_head, "forest");
  CHECK(known->verifies(signed_head, "forest"));
  CHECK(!known->verifies(signed_head, "desert"));
  CHECK(decode_signed_head(encode(signed_head)) == signed_head);
  SUBCASE("another leader") {
    signed_head.leader = NodeId(4);
  }
  SUBCASE("another term") {
    signed_head.term = Term(4);
  }
  SUBCASE("another entry") {
    signed_head.last.index = LogIndex(9);
  }
  SUBCASE("another entry's term") {
    signed_head.last.term = Term(2);
  }
  SUBCASE("another head") {
    signed_head.head[31] ^= std::byte{1};
  }
  SUBCASE("another signature") {
    signed_head.signature[0] ^= std::byte{1};
  }
  CHECK(!known->verifies(signed_head, "forest"));
}

TEST_CASE("what is no Ed25519 key is refused in words") {
  CHECK(SigningKey::read_private("").error().message == "expected an Ed25519 private key in PEM");
  CHECK(!SigningKey::read_private(kPublic));
  CHECK(!SigningKey::read_public(kPrivate));
}

TEST_CASE("a signed head of another size, version or reader is refused") {
  auto bytes = encode(head());
  CHECK(decode_signed_head(bytes));
  for (std::size_t size = 0; size < bytes.size(); ++size)
    CHECK(!decode_signed_head(std::span(bytes).first(size)));
  bytes[1] = std::byte{2};
  CHECK(decode_signed_head(bytes).error().code == Errc::kUnsupported);
}

}  // namespace skywarden::storage
