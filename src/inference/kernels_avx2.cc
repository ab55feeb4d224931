#include "inference/kernel_bodies.h"
#include "inference/kernel_tables.h"

namespace skywarden::inference {

const Kernels kKernelsAvx2 = all_kernels();

}  // namespace skywarden::inference
