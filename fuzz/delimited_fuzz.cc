#include "base/contract.h"
#include "datum/delimited.h"

// Whatever the bytes, every row kept is as wide as the header.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto table = skywarden::datum::parse_delimited(bytes, {.detect_delimiter = true, .columns_max = 64});
  if (!table) return 0;
  EXPECTS(table->rows.size() == table->row_numbers.size());
  for (const auto& row : table->rows) EXPECTS(row.size() == table->header.size());
  return 0;
}
