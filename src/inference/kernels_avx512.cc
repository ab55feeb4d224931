#include "inference/lanes_avx512.h"
#if defined(SKYWARDEN_LANES)
#include "inference/kernel_bodies.h"
#endif
#include "inference/kernel_tables.h"

namespace skywarden::inference {

#if defined(SKYWARDEN_LANES)
const Kernels kKernelsAvx512 = all_kernels();
#else
const Kernels kKernelsAvx512 = {};
#endif

}  // namespace skywarden::inference
