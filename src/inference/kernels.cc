#include "inference/kernels.h"

#include "base/contract.h"
#include "inference/kernel_tables.h"

namespace skywarden::inference {
namespace {

Kernels with_tiles(Kernels kernels) {
  kernels.product_i8 = product_i8_by_tiles;
  return kernels;
}

}  // namespace

const Kernels& kernels_of(InstructionSet set) {
  EXPECTS(is_available(set));
  static const Kernels amx = with_tiles(kKernelsAvx512);
  switch (set) {
    case InstructionSet::kBaseline:
      break;
    case InstructionSet::kAvx2:
      return kKernelsAvx2;
    case InstructionSet::kAvx512:
      return kKernelsAvx512;
    case InstructionSet::kAmx:
      return amx;
  }
  return kKernelsBaseline;
}

}  // namespace skywarden::inference
