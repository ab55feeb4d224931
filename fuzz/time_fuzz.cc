#include "base/contract.h"
#include "base/time.h"

// A time that is read is written and read again as the same instant.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const auto t = skywarden::parse_utc({reinterpret_cast<const char*>(data), size});
  if (t) EXPECTS(skywarden::parse_utc(skywarden::format_utc(*t, 9)) == *t);
  return 0;
}
