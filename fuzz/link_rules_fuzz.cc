// Link rules: whatever is read is valid.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "network/link_rules_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto rules =
      skywarden::network::parse_link_rules({reinterpret_cast<const char*>(data), size}, "rules.toml");
  if (rules && !rules->validate()) std::abort();
  return 0;
}
