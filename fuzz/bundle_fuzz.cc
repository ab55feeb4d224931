#include <algorithm>

#include "base/contract.h"
#include "network/bpsec.h"
#include "network/bundle_decode.h"
#include "network/bundle_encode.h"
#include "network/bundle_fragment.h"
#include "network/bundle_report.h"
#include "network/passage_block.h"

// Whatever is accepted has no other encoding; what it carries is read or refused, never opened without its
// key; and its pieces are bundles again.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace skywarden::network;
  const auto bytes = std::as_bytes(std::span(data, size));
  (void)read_status_report(bytes);
  const auto passage = read_passage(bytes, 1000);
  if (passage) {
    const auto block = passage_block(2, *passage);
    EXPECTS(std::equal(block.data.begin(), block.data.end(), bytes.begin(), bytes.end()));
  }
  const auto view = decode_bundle(bytes);
  if (!view) return 0;
  (void)passage_of(*view, 1000);
  const auto again = encode_bundle(*view);
  EXPECTS(again && std::equal(again->begin(), again->end(), bytes.begin(), bytes.end()));
  const auto owned = encode_bundle(to_bundle(*view));
  EXPECTS(owned && *owned == *again);

  KeyRing keys;
  EXPECTS(keys.add(KeyUse::kIntegrity, std::nullopt, SecretKey(std::vector<std::byte>(16))).has_value());
  EXPECTS(
      keys.add(KeyUse::kConfidentiality, std::nullopt, SecretKey(std::vector<std::byte>(16))).has_value());
  EXPECTS(keys.add(KeyUse::kWrapping, std::nullopt, SecretKey(std::vector<std::byte>(16))).has_value());
  const auto opened = open_security(*view, keys);
  if (opened) EXPECTS(encode_bundle(opened->view).has_value());

  const auto pieces = fragment_bundle(*view, 200);
  if (!pieces) return 0;
  Reassembler reassembler;
  for (const Bundle& piece : *pieces) {
    const auto encoded = encode_bundle(piece);
    EXPECTS(encoded.has_value());
    const auto piece_view = decode_bundle(*encoded);
    EXPECTS(piece_view.has_value());
    if (pieces->size() > 1) (void)reassembler.add(*piece_view, skywarden::Instant{});
  }
  return 0;
}
