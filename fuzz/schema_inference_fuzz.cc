#include "base/contract.h"
#include "onboard/ingest.h"
#include "onboard/schema_inference.h"

// Whatever a table holds, the schema proposed for it is one that parse_schema accepts.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace skywarden;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto table = onboard::looks_like_json_lines(bytes)
                         ? onboard::json_lines_table(bytes)
                         : datum::parse_delimited(bytes, {.detect_delimiter = true});
  if (!table) return 0;
  onboard::SchemaSketch sketch;
  for (const std::string& column : table->header)
    if (!sketch.add_column(column)) return 0;
  for (const auto& row : table->rows) sketch.add_row(row);
  const auto proposal = sketch.propose("fuzz");
  if (!proposal) {
    EXPECTS(!proposal.error().message.empty());
    return 0;
  }
  const std::string toml = onboard::to_toml(*proposal, bytes.substr(0, 64));
  EXPECTS(datum::parse_schema(toml, "fuzz").has_value());
  return 0;
}
