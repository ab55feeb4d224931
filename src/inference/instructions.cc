#include "inference/instructions.h"

#if defined(__x86_64__) && defined(__linux__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace skywarden::inference {
namespace {

#if defined(__x86_64__) && defined(__linux__)

bool has_avx2() {
  return __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0;
}

bool has_avx512() {
  return has_avx2() && __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
         __builtin_cpu_supports("avx512vl") != 0 && __builtin_cpu_supports("avx512dq") != 0 &&
         __builtin_cpu_supports("avx512vnni") != 0;
}

// CPUID leaf 7, EDX bits 24 and 25; then the kernel is asked for the tile state (arch_prctl(2),
// ARCH_REQ_XCOMP_PERM of XTILEDATA), which holds for all threads of the process.
bool has_amx() {
  constexpr unsigned kTile = 1U << 24, kInt8 = 1U << 25;
  constexpr long kRequestPermission = 0x1023, kTileData = 18;
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  if (!has_avx512() || __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) == 0) return false;
  if ((edx & kTile) == 0 || (edx & kInt8) == 0) return false;
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

#else

bool has_avx2() {
  return false;
}
bool has_avx512() {
  return false;
}
bool has_amx() {
  return false;
}

#endif

}  // namespace

std::string_view to_string(InstructionSet set) {
  switch (set) {
    case InstructionSet::kBaseline:
      return "baseline";
    case InstructionSet::kAvx2:
      return "avx2";
    case InstructionSet::kAvx512:
      return "avx512";
    case InstructionSet::kAmx:
      return "amx";
  }
  return "?";
}

bool is_available(InstructionSet set) {
  static const bool avx2 = has_avx2(), avx512 = has_avx512(), amx = has_amx();
  switch (set) {
    case InstructionSet::kBaseline:
      return true;
    case InstructionSet::kAvx2:
      return avx2;
    case InstructionSet::kAvx512:
      return avx512;
    case InstructionSet::kAmx:
      return amx;
  }
  return false;
}

InstructionSet widest_instruction_set() {
  for (const auto set : {InstructionSet::kAmx, InstructionSet::kAvx512, InstructionSet::kAvx2})
    if (is_available(set)) return set;
  return InstructionSet::kBaseline;
}

}  // namespace skywarden::inference
