#include "base/contract.h"

#include <cstdio>
#include <cstdlib>

namespace skywarden {

void contract_failed(const char* kind, const char* condition, const char* file, int line) {
  std::fprintf(stderr, "skywarden: contract broken: %s(%s) at %s:%d\n", kind, condition, file, line);
  std::abort();
}

}  // namespace skywarden
