#include <algorithm>

#include "base/contract.h"
#include "wire/cbor_transcode.h"

// Whatever is accepted has no other encoding: written again it is the same bytes.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  const auto again = skywarden::wire::transcode(bytes, std::size_t{1} << 16);
  if (again) EXPECTS(std::equal(again->begin(), again->end(), bytes.begin(), bytes.end()));
  skywarden::wire::CborReader reader(bytes, std::size_t{1} << 16);
  const bool skipped = reader.skip() && reader.finish();
  EXPECTS(skipped == again.has_value());
  return 0;
}
