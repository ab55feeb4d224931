// The obvious version of every operation, one sequence at a time, in double precision and plain loops: what
// the engine's results are compared with.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "inference/model.h"
#include "inference/packing.h"

namespace skywarden::inference {

using SlowRows = std::vector<std::vector<double>>;

inline double weight(const Tensor& t, std::size_t k, std::size_t column) {
  if (t.type == TensorType::kMatrixF32) return t.numbers[k * padded_columns(t.columns) + column];
  return static_cast<double>(t.bytes[packed_place(column, k, padded_depth(t.rows))]) * t.scale[column];
}

inline double slow_activation(Activation a, double x) {
  const double s = 1.0 / (1.0 + std::exp(-x));
  switch (a) {
    case Activation::kSilu:
      return x * s;
    case Activation::kGelu:
      return 0.5 * x *
             (1.0 + std::tanh(std::sqrt(2.0 / 3.14159265358979323846) * (x + 0.044715 * x * x * x)));
    case Activation::kSigmoid:
      return s;
    case Activation::kTanh:
      return std::tanh(x);
    case Activation::kRelu:
      return std::max(x, 0.0);
    case Activation::kNone:
      break;
  }
  return x;
}

class SlowGraph {
 public:
  explicit SlowGraph(const Model& model) : model_(model) {}

  // Inputs and results of one sequence; indices as numbers.
  [[nodiscard]] std::vector<SlowRows> run(std::vector<SlowRows> values, std::size_t tokens) const {
    for (const Node& node : model_.nodes) values.push_back(step(node, values, tokens));
    return values;
  }

 private:
  [[nodiscard]] const Tensor& tensor(const Node& n, std::size_t i) const {
    return model_.tensors[n.tensors[i]];
  }

  [[nodiscard]] SlowRows dense(const Node& n, const SlowRows& x, std::size_t at = 0) const {
    const Tensor& m = tensor(n, at);
    SlowRows y(x.size(), std::vector<double>(m.columns));
    for (std::size_t r = 0; r < x.size(); ++r)
      for (std::size_t c = 0; c < m.columns; ++c) {
        double sum = n.op != Op::kLstm && n.tensors.size() > 1 ? tensor(n, 1).numbers[c] : 0.0F;
        for (std::size_t k = 0; k < m.rows; ++k) sum += x[r][k] * weight(m, k, c);
        y[r][c] = slow_activation(n.activation, sum);
      }
    return y;
  }

  [[nodiscard]] static SlowRows plus(SlowRows a, const SlowRows& b) {
    for (std::size_t r = 0; r < a.size(); ++r)
      for (std::size_t c = 0; c < a[r].size(); ++c) a[r][c] += b[r][c];
    return a;
  }

  [[nodiscard]] SlowRows norm(const Node& n, SlowRows x) const {
    for (auto& row : x) {
      double mean = 0.0, variance = 0.0;
      for (const double v : row) mean += v / static_cast<double>(row.size());
      for (const double v : row) variance += (v - mean) * (v - mean) / static_cast<double>(row.size());
      for (std::size_t c = 0; c < row.size(); ++c)
        row[c] = (row[c] - mean) / std::sqrt(variance + n.epsilon) * tensor(n, 0).numbers[c] +
                 tensor(n, 1).numbers[c];
    }
    return x;
  }

  static void soften(std::vector<double>& row) {
    const double most = *std::max_element(row.begin(), row.end());
    double total = 0.0;
    for (double& v : row) total += v = std::exp(v - most);
    for (double& v : row) v /= total;
  }

  [[nodiscard]] static SlowRows attend(const Node& n, const SlowRows& q, const SlowRows& k,
                                       const SlowRows& v) {
    const std::size_t width = q[0].size(), each = width / n.heads;
    SlowRows y(q.size(), std::vector<double>(width));
    for (std::size_t head = 0; head < n.heads; ++head)
      for (std::size_t i = 0; i < q.size(); ++i) {
        std::vector<double> shares(n.causal ? i + 1 : k.size());
        for (std::size_t j = 0; j < shares.size(); ++j)
          for (std::size_t c = head * each; c < (head + 1) * each; ++c)
            shares[j] += q[i][c] * k[j][c] / std::sqrt(static_cast<double>(each));
        soften(shares);
        for (std::size_t j = 0; j < shares.size(); ++j)
          for (std::size_t c = head * each; c < (head + 1) * each; ++c) y[i][c] += shares[j] * v[j][c];
      }
    return y;
  }

  [[nodiscard]] SlowRows conv1d(const Node& n, const SlowRows& x) const {
    const auto before = static_cast<std::ptrdiff_t>(n.causal ? n.window - 1 : n.window / 2);
    SlowRows windows(x.size());
    for (std::size_t t = 0; t < x.size(); ++t)
      for (std::ptrdiff_t step = 0; step < static_cast<std::ptrdiff_t>(n.window); ++step) {
        const std::ptrdiff_t from = static_cast<std::ptrdiff_t>(t) + step - before;
        const bool inside = from >= 0 && from < static_cast<std::ptrdiff_t>(x.size());
        const auto row = inside ? x[static_cast<std::size_t>(from)] : std::vector<double>(x[0].size());
        windows[t].insert(windows[t].end(), row.begin(), row.end());
      }
    return dense(n, windows);
  }

  // Places of the image under one window; nothing where it lies beyond the edge.
  template <typename Place>
  static void over_window(const Node& n, const Shape& in, std::size_t y, std::size_t x, Place place) {
    for (std::size_t dy = 0; dy < n.window; ++dy)
      for (std::size_t dx = 0; dx < n.window; ++dx) {
        const long row = static_cast<long>(y * n.stride + dy) - n.padding;
        const long column = static_cast<long>(x * n.stride + dx) - n.padding;
        if (row >= 0 && row < static_cast<long>(in.height) && column >= 0 &&
            column < static_cast<long>(in.across))
          place((static_cast<std::size_t>(row) * in.across + static_cast<std::size_t>(column)) * in.channels,
                (dy * n.window + dx) * in.channels);
      }
  }

  [[nodiscard]] SlowRows image(const Node& n, const SlowRows& x, const Shape& in) const {
    const std::size_t high = (in.height + 2 * n.padding - n.window) / n.stride + 1;
    const std::size_t wide = (in.across + 2 * n.padding - n.window) / n.stride + 1;
    SlowRows out;
    for (const auto& row : x) {
      out.emplace_back();
      for (std::size_t y = 0; y < high; ++y)
        for (std::size_t across = 0; across < wide; ++across) {
          std::vector<double> place;
          if (n.op == Op::kConv2d) {
            std::vector<double> window(n.window * n.window * in.channels);
            over_window(n, in, y, across, [&](std::size_t from, std::size_t to) {
              for (std::size_t c = 0; c < in.channels; ++c) window[to + c] = row[from + c];
            });
            place = dense(n, {window})[0];
          } else {
            place.assign(in.channels, n.maximum ? -1e300 : 0.0);
            double count = 0.0;
            over_window(n, in, y, across, [&](std::size_t from, std::size_t) {
              count += 1.0;
              for (std::size_t c = 0; c < in.channels; ++c)
                place[c] = n.maximum ? std::max(place[c], row[from + c]) : place[c] + row[from + c];
            });
            if (!n.maximum)
              for (double& v : place) v /= count;
          }
          out.back().insert(out.back().end(), place.begin(), place.end());
        }
    }
    return out;
  }

  [[nodiscard]] SlowRows lstm(const Node& n, const SlowRows& x) const {
    const std::size_t cells = tensor(n, 1).rows, directions = n.bidirectional ? 2 : 1;
    SlowRows y(x.size(), std::vector<double>(directions * cells));
    for (std::size_t d = 0; d < directions; ++d) {
      std::vector<double> h(cells), c(cells);
      for (std::size_t step = 0; step < x.size(); ++step) {
        const std::size_t t = d == 1 ? x.size() - 1 - step : step;
        auto gates = plus(dense(n, {x[t]}, 3 * d), dense(n, {h}, 3 * d + 1))[0];
        for (std::size_t i = 0; i < gates.size(); ++i) gates[i] += tensor(n, 3 * d + 2).numbers[i];
        for (std::size_t i = 0; i < cells; ++i) {
          const auto gate = [&](std::size_t g, Activation a) {
            return slow_activation(a, gates[g * cells + i]);
          };
          c[i] = gate(1, Activation::kSigmoid) * c[i] +
                 gate(0, Activation::kSigmoid) * gate(2, Activation::kTanh);
          h[i] = gate(3, Activation::kSigmoid) * std::tanh(c[i]);
          y[t][d * cells + i] = h[i];
        }
      }
    }
    return y;
  }

  [[nodiscard]] SlowRows step(const Node& n, const std::vector<SlowRows>& values, std::size_t tokens) const {
    const SlowRows& x = values[n.inputs[0]];
    SlowRows y;
    switch (n.op) {
      case Op::kEmbedding:
      case Op::kPosition:
        for (std::size_t r = 0; r < x.size(); ++r) {
          const auto row = n.op == Op::kPosition ? r : static_cast<std::size_t>(x[r][0]);
          const float* from = tensor(n, 0).numbers.data() + row * tensor(n, 0).columns;
          y.emplace_back(from, from + tensor(n, 0).columns);
        }
        return y;
      case Op::kLinear:
        y = dense(n, x);
        return n.inputs.size() == 2 ? plus(y, values[n.inputs[1]]) : y;
      case Op::kLayerNorm:
        return norm(n, n.inputs.size() == 2 ? plus(x, values[n.inputs[1]]) : x);
      case Op::kAttention:
        return attend(n, x, values[n.inputs[1]], values[n.inputs[2]]);
      case Op::kActivation:
        y = x;
        for (auto& row : y)
          for (double& v : row) v = slow_activation(n.activation, v);
        return y;
      case Op::kAdd:
        return plus(x, values[n.inputs[1]]);
      case Op::kConcat:
        y.resize(x.size());
        for (const ValueId v : n.inputs)
          for (std::size_t r = 0; r < y.size(); ++r)
            y[r].insert(y[r].end(), values[v][r].begin(), values[v][r].end());
        return y;
      case Op::kSoftmax:
        y = x;
        for (auto& row : y) soften(row);
        return y;
      case Op::kConv1d:
        return conv1d(n, x);
      case Op::kConv2d:
      case Op::kPool2d:
        return image(n, x, model_.inputs[n.inputs[0]].shape);
      case Op::kLstm:
        return lstm(n, x);
      case Op::kMean:
        y = {std::vector<double>(x[0].size())};
        for (const auto& row : x)
          for (std::size_t c = 0; c < row.size(); ++c) y[0][c] += row[c] / static_cast<double>(x.size());
        return y;
      case Op::kLast:
        return {x.back()};
      case Op::kSpread:
        return SlowRows(tokens, x[0]);
    }
    return y;
  }

  const Model& model_;
};

}  // namespace skywarden::inference
