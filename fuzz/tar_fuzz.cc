#include "base/contract.h"
#include "formats/tar.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto members = skywarden::formats::read_tar(bytes);
  if (!members) return 0;
  std::size_t sum = 0;
  for (const auto& member : *members) sum += member.bytes.size();
  EXPECTS(sum <= size);
  return 0;
}
