#include "datum/schema.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  (void)skywarden::datum::parse_schema({reinterpret_cast<const char*>(data), size}, "fuzz.toml");
  return 0;
}
