// News of copies, of any shape: what is accepted has no other encoding.
#include <algorithm>
#include <cstddef>
#include <span>

#include "base/contract.h"
#include "network/copy_news.h"

using namespace skywarden::network;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  const auto news = decode_news(bytes);
  if (news) EXPECTS(std::ranges::equal(encode_news(*news), bytes));
  return 0;
}
