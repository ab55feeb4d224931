// Sixteen lanes by the widest instructions that the including file is compiled for. Internal to kernels.
#pragma once

#if defined(__AVX512F__) && defined(__AVX512VNNI__)
#include "inference/lanes_avx512.h"
#elif defined(__AVX2__) && defined(__FMA__)
#include "inference/lanes_avx2.h"
#else
#include "inference/lanes_baseline.h"
#endif
