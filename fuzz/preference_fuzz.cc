// Preferences in ANAC's XML: whatever is read makes a valid domain with itself, and small ones have
// solutions.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "games/preference_file.h"

namespace games = skywarden::games;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto party = games::parse_preferences({reinterpret_cast<const char*>(data), size});
  if (!party) return 0;
  const auto domain = games::join({*party, *party});
  if (!domain || !games::validate(*domain)) std::abort();
  std::size_t outcomes = 1;
  for (const auto& issue : domain->issues) outcomes *= issue.values.size();
  if (outcomes > 500) return 0;
  const auto all = games::all_outcomes(*domain);
  if (all.size() != outcomes || games::pareto_front(all).size() != 1) std::abort();  // both want the same
  const auto nash = games::nash_solution(all, *domain);
  if (nash && games::smallest_gain(*nash, *domain) < 0) std::abort();
  return 0;
}
