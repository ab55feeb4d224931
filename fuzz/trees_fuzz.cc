#include <algorithm>
#include <span>
#include <vector>

#include "base/contract.h"
#include "inference/tree_codec.h"

// Trees that are accepted have one encoding, and a batch says the bits that single rows say.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace skywarden::inference;
  const auto bytes = std::as_bytes(std::span(data, size));
  const auto trees = decode_trees(bytes);
  if (!trees) {
    EXPECTS(!trees.error().message.empty());
    return 0;
  }
  EXPECTS(std::ranges::equal(encode_trees(*trees), bytes));
  const std::vector<float> rows(2 * trees->features(), 0.5F);
  std::vector<float> out(2);
  trees->evaluate_batch(rows, out);
  const float single = trees->evaluate(std::span(rows).first(trees->features()));
  EXPECTS(out[0] == single || single != single);
  return 0;
}
