// Whatever is read is judged, too, with little memory: the search must end and contradict no contract.
#include "base/contract.h"
#include "consensus/client_history.h"

using namespace skywarden::consensus;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const auto history = read_client_history({reinterpret_cast<const char*>(data), size});
  if (!history) return 0;
  constexpr std::size_t kBytesMax = 100'000;
  const auto* registers = std::get_if<ClientHistory<RegisterOperation>>(&*history);
  const auto verdict = registers != nullptr
                           ? check_linearizable<RegisterModel>(*registers, kBytesMax)
                           : check_linearizable<KeyValueModel>(
                                 std::get<ClientHistory<KeyValueOperation>>(*history), kBytesMax);
  EXPECTS((verdict.linearizable == Linearizable::kNo) == verdict.impossible.has_value());
  return 0;
}
