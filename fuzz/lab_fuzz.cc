// Reference files of games, coalitions, populations and bargains: any bytes are judged, by their first byte
// as what.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "lab_cases.h"

namespace app = skywarden::app;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  switch (data[0] % 6) {
    case 0:
      (void)app::check_game("NFG 1 R \"\" { \"\" \"\" } { 2 2 } 3 2 0 0 0 0 2 3", "g", text);
      break;
    case 1:
      (void)app::check_coop(text);
      break;
    case 2:
      (void)app::check_replicator(text);
      break;
    case 3:
      (void)app::check_bargain(text, [](const std::string&) {
        return std::string(R"(<utility_space><objective><issue name="a"><item value="b" evaluation="1"/>)"
                           R"(<item value="c" evaluation="2"/></issue></objective></utility_space>)");
      });
      break;
    case 4:
      (void)app::check_shares(text);
      break;
    default:
      (void)app::check_bargain("[{\"name\":\"d\",\"profiles\":[\"x\"]}]",
                               [&](const std::string&) { return std::string(text); });
  }
  return 0;
}
