#include <algorithm>
#include <span>

#include "base/contract.h"
#include "shell/fire_message.h"
#include "shell/fire_service.h"

// What clients and nodes say of fires, and what a journal of observations holds. Whatever is accepted has no
// other bytes; an observation's id alone may be another, because it follows from what was observed.
namespace {

template <typename Value>
void check_again(const skywarden::Result<Value>& value, std::span<const std::byte> bytes) {
  if (value) EXPECTS(std::ranges::equal(encode(*value), bytes));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace skywarden::shell;
  const auto bytes = std::as_bytes(std::span(data, size));
  check_again(decode_observations_taken(bytes), bytes);
  check_again(decode_alerts_question(bytes), bytes);
  check_again(decode_alerts_answer(bytes), bytes);
  if (const auto seen = decode_observation(bytes))
    EXPECTS(decode_observation(encode_observation(*seen))->id == seen->id);
  return 0;
}
