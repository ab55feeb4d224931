#include <algorithm>
#include <cmath>

#include "inference/operators.h"
#include "inference/packing.h"

namespace skywarden::inference {
namespace {

constexpr std::size_t kQueriesAtOnce = 64;

struct Buffers {
  float* keys;    // of one head, transposed: [width of a head][tokens]
  float* scores;  // [kQueriesAtOnce][tokens]
};

// Queries from `first` on of one head of one sequence.
void queries_of_head(const Context& c, const Attention& a, std::size_t start, std::size_t tokens,
                     std::size_t head, std::size_t first, const Buffers& buffers, float* out) {
  const std::size_t width = a.width / a.heads, wide = padded_columns(tokens);
  const std::size_t queries = std::min(kQueriesAtOnce, tokens - first);
  const std::size_t keys = a.causal ? first + queries : tokens;
  c.kernels.product_f32({.rows = queries,
                         .depth = width,
                         .columns = keys,
                         .a = a.q + (start + first) * a.stride + head * width,
                         .a_stride = a.stride,
                         .b = buffers.keys,
                         .b_stride = wide,
                         .column_begin = 0,
                         .column_end = keys,
                         .epilogue = {.out = buffers.scores, .out_stride = wide}});
  const float scale = 1.0F / std::sqrt(static_cast<float>(width));
  for (std::size_t i = 0; i < queries; ++i) {
    float* scores = buffers.scores + i * wide;
    const std::size_t seen = a.causal ? first + i + 1 : keys;
    c.kernels.softmax(scores, seen, scale);
    std::fill(scores + seen, scores + keys, 0.0F);
  }
  c.kernels.product_f32(
      {.rows = queries,
       .depth = keys,
       .columns = width,
       .a = buffers.scores,
       .a_stride = wide,
       .b = a.v + start * a.stride + head * width,
       .b_stride = a.stride,
       .column_begin = 0,
       .column_end = width,
       .epilogue = {.out = out + (start + first) * a.width + head * width, .out_stride = a.width}});
}

}  // namespace

std::size_t attention_scratch(std::size_t width, std::size_t heads, std::size_t tokens) {
  const std::size_t wide = padded_columns(tokens);
  return Scratch::bytes_of<float>(width / heads * wide) +
         Scratch::bytes_of<float>(std::min(kQueriesAtOnce, tokens) * wide);
}

void run_attention(const Context& c, const Attention& a, float* out, Scratch scratch) {
  std::size_t longest = 0;
  for (std::size_t s = 0; s < c.sequences(); ++s)
    longest = std::max<std::size_t>(longest, c.starts[s + 1] - c.starts[s]);
  const std::size_t width = a.width / a.heads, most = padded_columns(longest);
  const Buffers buffers{scratch.take<float>(width * most),
                        scratch.take<float>(std::min(kQueriesAtOnce, longest) * most)};
  for (std::size_t s = 0; s < c.sequences(); ++s) {
    const std::size_t start = c.starts[s], tokens = c.starts[s + 1] - start;
    for (std::size_t head = 0; head < a.heads; ++head) {
      c.kernels.transpose(a.k + start * a.stride + head * width, tokens, width, a.stride, buffers.keys,
                          padded_columns(tokens));
      for (std::size_t first = 0; first < tokens; first += kQueriesAtOnce)
        queries_of_head(c, a, start, tokens, head, first, buffers, out);
    }
  }
}

}  // namespace skywarden::inference
