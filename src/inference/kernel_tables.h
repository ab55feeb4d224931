// Each instruction set's kernels, of which kernels_of chooses. Internal; those not in this build are all
// null.
#pragma once

#include "inference/kernels.h"

namespace skywarden::inference {

extern const Kernels kKernelsBaseline;
extern const Kernels kKernelsAvx2;
extern const Kernels kKernelsAvx512;
void product_i8_by_tiles(const ProductI8& p);

}  // namespace skywarden::inference
