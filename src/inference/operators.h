// What each operation of a graph does to the rows of one part of a batch. Internal: Session calls them in the
// order of the graph. None allocates: working memory comes from the arena, and each operation says how much
// it may need.
#pragma once

#include <cstddef>
#include <span>

#include "base/contract.h"
#include "base/executor.h"
#include "inference/model.h"

namespace skywarden::inference {

// Hands out working memory; asking for more than was planned is a bug.
class Scratch {
 public:
  Scratch(std::byte* memory, std::size_t bytes) : at_(memory), left_(bytes) {}

  template <typename T>
  [[nodiscard]] T* take(std::size_t count) {
    const std::size_t bytes = bytes_of<T>(count);
    EXPECTS(bytes <= left_);
    T* place = reinterpret_cast<T*>(at_);
    at_ += bytes;
    left_ -= bytes;
    return place;
  }
  template <typename T>
  [[nodiscard]] static constexpr std::size_t bytes_of(std::size_t count) {
    return (count * sizeof(T) + kAlignment - 1) / kAlignment * kAlignment;
  }

 private:
  std::byte* at_;
  std::size_t left_;
};

struct Context {
  const Kernels& kernels;
  const Model& model;
  std::span<const std::uint32_t> starts;  // first token of each sequence, and the number of tokens
  Executor* executor = nullptr;  // to spread one product over columns; null where parts run side by side
  std::size_t parts = 1;
  [[nodiscard]] std::size_t sequences() const { return starts.size() - 1; }
  [[nodiscard]] std::size_t tokens() const { return starts.back(); }
  [[nodiscard]] std::size_t rows(Rows of) const { return of == Rows::kPerToken ? tokens() : sequences(); }
};

// y = activation(x · matrix + bias) + residual over rows of x.
struct LinearMap {
  const Tensor& matrix;
  const float* bias = nullptr;
  Activation activation = Activation::kNone;
  const float* residual = nullptr;
};
[[nodiscard]] std::size_t linear_scratch(const Tensor& matrix, std::size_t rows);
void run_linear(const Context& c, const LinearMap& map, const float* x, std::size_t rows, float* out,
                Scratch scratch);

[[nodiscard]] std::size_t attention_scratch(std::size_t width, std::size_t heads, std::size_t tokens);
// q, k and v begin at these places in rows that are `stride` apart.
struct Attention {
  const float *q, *k, *v;
  std::size_t stride, width, heads;
  bool causal;
};
void run_attention(const Context& c, const Attention& a, float* out, Scratch scratch);

[[nodiscard]] std::size_t conv1d_scratch(const Tensor& matrix, std::size_t tokens);
void run_conv1d(const Context& c, const Node& node, const LinearMap& map, const float* x, std::size_t width,
                float* out, Scratch scratch);
[[nodiscard]] std::size_t conv2d_scratch(const Tensor& matrix, const Shape& out);
void run_conv2d(const Context& c, const Node& node, const LinearMap& map, const float* x, const Shape& in,
                float* out, const Shape& out_shape, Scratch scratch);
void run_pool2d(const Context& c, const Node& node, const float* x, const Shape& in, float* out,
                const Shape& out_shape);

[[nodiscard]] std::size_t lstm_scratch(const Model& model, const Node& node, std::size_t tokens);
void run_lstm(const Context& c, const Node& node, const float* x, std::size_t width, float* out,
              Scratch scratch);

}  // namespace skywarden::inference
