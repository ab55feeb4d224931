#include "base/contract.h"
#include "orbit/time_list.h"

// Every time kept is the time its own text says.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const auto list = skywarden::orbit::read_time_list({reinterpret_cast<const char*>(data), size}, "fuzz");
  if (!list) return 0;
  for (const auto& wanted : list->times) EXPECTS(skywarden::parse_utc(wanted.text) == wanted.time);
  return 0;
}
