#include "inference/lanes_avx2.h"
#if defined(SKYWARDEN_LANES)
#include "inference/kernel_bodies.h"
#endif
#include "inference/kernel_tables.h"

namespace skywarden::inference {

#if defined(SKYWARDEN_LANES)
const Kernels kKernelsAvx2 = all_kernels();
#else
const Kernels kKernelsAvx2 = {};
#endif

}  // namespace skywarden::inference
