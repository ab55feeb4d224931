// Which instructions the kernels use, chosen at run time. All give the same bits (README.md), so the choice
// is one of speed alone.
#pragma once

#include <cstdint>
#include <string_view>

namespace skywarden::inference {

enum class InstructionSet : std::uint8_t {
  kBaseline,  // whatever the build targets
  kAvx2,      // with FMA
  kAvx512,    // with VNNI
  kAmx,       // INT8 tiles, the rest as kAvx512; Linux only, where the kernel grants the tile registers
};

[[nodiscard]] std::string_view to_string(InstructionSet set);  // "baseline", "avx2", "avx512", "amx"
[[nodiscard]] bool is_available(InstructionSet set);           // in this build and on this machine
[[nodiscard]] InstructionSet widest_instruction_set();

}  // namespace skywarden::inference
