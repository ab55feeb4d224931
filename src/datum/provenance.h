// Where a thing shown to a person comes from. Everything that is not observed is labelled wherever it is
// seen.
#pragma once

#include <cstdint>
#include <string_view>

namespace skywarden::datum {

enum class Provenance : std::uint8_t {
  kObserved,       // an instrument measured it
  kReconstructed,  // put together afterwards from published facts
  kSimulated,      // made by a program
  kWhatIf,         // a real thing placed where it was not, such as re-anchored satellites
};

[[nodiscard]] constexpr std::string_view to_string(Provenance p) {
  switch (p) {
    case Provenance::kObserved:
      return "observed";
    case Provenance::kReconstructed:
      return "reconstructed";
    case Provenance::kSimulated:
      return "simulated";
    case Provenance::kWhatIf:
      return "what-if";
  }
  return "unknown";
}

}  // namespace skywarden::datum
