#include "base/contract.h"
#include "formats/ascii_grid.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const auto grid = skywarden::formats::parse_ascii_grid({reinterpret_cast<const char*>(data), size});
  if (grid) EXPECTS(grid->values.size() == grid->cols * grid->rows);
  return 0;
}
