#include "base/contract.h"
#include "orbit/element_file.h"
#include "orbit/sgp4.h"

// Whatever the bytes, a set that is kept can be flown: an answer or an error, never a number without meaning.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const auto file = skywarden::orbit::read_elements({reinterpret_cast<const char*>(data), size}, "fuzz");
  if (!file) return 0;
  for (const auto& set : file->sets) {
    EXPECTS(skywarden::orbit::implausible(set).empty());
    for (const double minutes : {0.0, 1440.0, -100.5}) {
      const auto state = skywarden::orbit::Sgp4(set).at_minutes(minutes);
      if (state) EXPECTS(std::isfinite(state->position.norm()) && std::isfinite(state->velocity.norm()));
    }
  }
  return 0;
}
