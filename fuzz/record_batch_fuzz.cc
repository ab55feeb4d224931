#include <algorithm>

#include "base/contract.h"
#include "onboard/record_batch.h"

namespace {

skywarden::datum::Schema fuzz_schema() {
  using skywarden::datum::FieldKind;
  skywarden::datum::Schema schema;
  schema.name = "fuzz";
  schema.fields.resize(4);
  schema.fields[0].name = "x";
  schema.fields[0].resolution = 0.1;
  schema.fields[1].name = "exact";
  schema.fields[2].name = "c";
  schema.fields[2].kind = FieldKind::kCategory;
  schema.fields[2].levels = {"N", "E"};
  schema.fields[3].name = "t";
  schema.fields[3].kind = FieldKind::kText;
  return schema;
}

}  // namespace

// A batch that is accepted is packed to the same bytes again. An even first byte stands for the head of a
// batch of the right schema, because no fuzzer guesses a fingerprint.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  static const skywarden::datum::Schema schema = fuzz_schema();
  constexpr std::ptrdiff_t kHead = 16;  // array, version, name, fingerprint
  static const auto empty = skywarden::onboard::BatchPacker::make(schema, {})->pack_all();
  if (size == 0) return 0;
  std::vector<std::byte> bytes;
  if (data[0] % 2 == 0) bytes.assign(empty.begin(), empty.begin() + kHead);
  for (std::size_t i = 1; i < size; ++i) bytes.push_back(static_cast<std::byte>(data[i]));
  const auto records = skywarden::onboard::unpack_records(schema, bytes);
  if (records)
    EXPECTS(std::ranges::equal(skywarden::onboard::BatchPacker::make(schema, *records)->pack_all(), bytes));
  return 0;
}
