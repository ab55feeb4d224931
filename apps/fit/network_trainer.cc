#include "network_trainer.h"

// All of LibTorch that Skywarden uses; the headers take half a minute to compile.
#include <torch/optim/adamw.h>
#include <torch/serialize/archive.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "activation_ranges.h"
#include "base/contract.h"
#include "fake_quantization.h"

namespace skywarden::fit {
namespace {

using onboard::NetworkInputs;
using onboard::NetworkKind;
using onboard::NetworkShape;
using torch::Tensor;

constexpr double kWeightDecay = 0.01;
constexpr double kGradientMax = 1.0;  // norm of all gradients together
constexpr double kSoftness = 0.25;    // of the count of errors beyond the tolerance, in tolerances
constexpr double kWantedMax = 20.0;   // units: what is further off teaches no more
constexpr double kTeacherWeight = 0.5;
constexpr double kStateWeight = 1.0;  // of the squared distance of states, over the teacher's own square
constexpr float kHeadStart = 0.1F;    // of the drawn head: corrections begin small

// The archive writes names as attributes in Python: no dots, and no keywords such as "in".
std::string archive_name(std::string name) {
  std::replace(name.begin(), name.end(), '.', '_');
  return "parameter_" + name;
}

Tensor tensor_of(const std::vector<float>& numbers, c10::IntArrayRef sizes) {
  return torch::from_blob(const_cast<float*>(numbers.data()), sizes, torch::kFloat32).clone();
}

}  // namespace

struct NetworkTrainer::State {
  NetworkShape shape;
  Products products = Products::kF32;
  std::map<std::string, Tensor> parameters;  // with "match0", "match0.bias" …: maps of states to a teacher's
  std::unique_ptr<torch::optim::AdamW> optimizer;
  int bits = 32;
  ActivationRanges* ranges = nullptr;

  [[nodiscard]] const Tensor& of(const std::string& name) const { return parameters.at(name); }
  // As the engine's in INT8, without a bias.
  [[nodiscard]] Tensor rounded_product(const Tensor& x, const std::string& name) const {
    if (ranges != nullptr) {
      const Tensor seen = x.detach().contiguous();
      ranges->add(name, {seen.data_ptr<float>(), static_cast<std::size_t>(seen.numel())},
                  static_cast<std::size_t>(seen.size(-1)));
    }
    if (bits == 32) return torch::linear(x, of(name));
    return torch::linear(fake_quantized(x, bits), fake_quantized(of(name), bits));
  }
  [[nodiscard]] Tensor dense(const Tensor& x, const std::string& name) const {
    if (name != "in" && name != "head" && (bits != 32 || ranges != nullptr))
      return rounded_product(x, name) + of(name + ".bias");
    if (products == Products::kF32) return torch::linear(x, of(name), of(name + ".bias"));
    return torch::linear(x.to(torch::kBFloat16), of(name).to(torch::kBFloat16)).to(torch::kFloat32) +
           of(name + ".bias");
  }
  [[nodiscard]] Tensor norm(const Tensor& x, const std::string& name) const {
    return torch::layer_norm(x, {x.size(-1)}, of(name + ".gain"), of(name + ".bias"), 1e-5);
  }
  // Pruning takes heads, not width of heads.
  [[nodiscard]] Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v, std::int64_t heads,
                                 bool causal) const {
    const std::int64_t width = q.size(2) / heads;
    const auto split = [&](const Tensor& x) {
      return x.view({x.size(0), x.size(1), heads, width}).transpose(1, 2);
    };
    Tensor scores = torch::matmul(split(q), split(k).transpose(2, 3)) / std::sqrt(static_cast<double>(width));
    if (causal) {
      const Tensor later = torch::ones({q.size(1), q.size(1)}, torch::kBool).triu(1);
      scores = scores.masked_fill(later, -1e9);
    }
    const Tensor seen = torch::matmul(torch::softmax(scores, -1), split(v));
    return seen.transpose(1, 2).reshape({q.size(0), q.size(1), q.size(2)});
  }
  void make_optimizer() {
    std::vector<Tensor> all;
    for (const auto& [name, tensor] : parameters) all.push_back(tensor);
    optimizer = std::make_unique<torch::optim::AdamW>(
        all, torch::optim::AdamWOptions(1e-3).weight_decay(kWeightDecay));
  }
  using States = std::vector<Tensor>;  // after each layer
  [[nodiscard]] Tensor encoder(Tensor x, States& states) const {
    x = dense(x, "in") + of("field").index_select(0, torch::arange(x.size(1)));
    for (std::uint32_t layer = 0; layer < shape.layers; ++layer) {
      const std::string set = "set" + std::to_string(layer * shape.sets / shape.layers);
      const Tensor first = norm(x, set + ".norm1");
      const Tensor q = dense(first, set + ".q");
      const Tensor seen = attention(q, dense(first, set + ".k"), dense(first, set + ".v"),
                                    q.size(2) / (shape.width / shape.heads), false);
      x = x + dense(seen, set + ".out");
      x = x + dense(torch::silu(dense(norm(x, set + ".norm2"), set + ".up")), set + ".down");
      states.push_back(x);
    }
    return dense(norm(x, "norm"), "head");
  }
  // Step by step, because the state is rounded between steps.
  [[nodiscard]] Tensor rounded_lstm(const Tensor& x, const std::string& direction, bool backward) const {
    const Tensor gates = rounded_product(x, direction + ".input") + of(direction + ".bias");
    const std::int64_t steps = x.size(1);
    Tensor hidden = torch::zeros({x.size(0), shape.width}), cell = hidden;
    std::vector<Tensor> states(static_cast<std::size_t>(steps));
    for (std::int64_t step = 0; step < steps; ++step) {
      const std::int64_t row = backward ? steps - 1 - step : step;
      const std::vector<Tensor> gate =
          (gates.select(1, row) + rounded_product(hidden, direction + ".recurrent")).chunk(4, 1);  // i f g o
      cell = torch::sigmoid(gate[1]) * cell + torch::sigmoid(gate[0]) * torch::tanh(gate[2]);
      hidden = torch::sigmoid(gate[3]) * torch::tanh(cell);
      states[static_cast<std::size_t>(row)] = hidden;
    }
    return torch::stack(states, 1);
  }
  [[nodiscard]] Tensor lstm(const Tensor& x) const {
    if (bits != 32 || ranges != nullptr) {
      const Tensor forward = rounded_lstm(x, "forward", false);
      return shape.both_directions ? torch::cat({forward, rounded_lstm(x, "backward", true)}, 2) : forward;
    }
    const std::int64_t cells = shape.width, directions = shape.both_directions ? 2 : 1;
    const Tensor zeros = torch::zeros({directions, x.size(0), cells});
    const Tensor no_bias = torch::zeros({4 * cells});  // the engine has one bias a gate
    std::vector<Tensor> weights;
    for (const char* direction : {"forward", "backward"}) {
      if (weights.size() == 4 && directions == 1) break;
      const std::string name = direction;
      weights.insert(weights.end(),
                     {of(name + ".input"), of(name + ".recurrent"), of(name + ".bias"), no_bias});
    }
    return std::get<0>(torch::lstm(x, {zeros, zeros}, weights, true, 1, 0.0, false, directions == 2, true));
  }
  [[nodiscard]] Tensor recurrent(const Tensor& x, States& kept) const {
    const Tensor states = lstm(dense(x, "in"));
    const Tensor seen = attention(dense(states, "q"), dense(states, "k"), dense(states, "v"), shape.heads,
                                  !shape.both_directions);
    kept.push_back(states + seen);
    return dense(norm(kept.back(), "norm"), "head");
  }
  [[nodiscard]] Result<void> load(const std::string& path, bool with_optimizer);
  [[nodiscard]] Tensor distance(const States& states, const std::vector<std::vector<float>>& taught) const {
    EXPECTS(taught.size() == states.size());
    Tensor sum = torch::zeros({});
    for (std::size_t i = 0; i < states.size(); ++i) {
      const std::string name = "match" + std::to_string(i);
      const Tensor own = torch::linear(states[i], of(name), of(name + ".bias"));
      const Tensor other = tensor_of(taught[i], own.sizes());
      sum = sum + (own - other).pow(2).mean() / other.pow(2).mean().clamp_min(1e-12);
    }
    return sum / static_cast<double>(states.size());
  }
  // sequences × tokens × answers × 2
  [[nodiscard]] Tensor run(const NetworkBatch& batch, States& states) const {
    const auto size = [](std::size_t n) { return static_cast<std::int64_t>(n); };
    const Tensor x = tensor_of(batch.inputs, {size(batch.sequences), size(batch.tokens), size(batch.width)});
    const Tensor out = shape.kind == NetworkKind::kEncoder ? encoder(x, states) : recurrent(x, states);
    return out.view({size(batch.sequences), size(batch.tokens), size(batch.answers), 2});
  }
};

NetworkTrainer::NetworkTrainer(const NetworkShape& shape, const NetworkInputs& inputs, std::uint64_t seed)
    : state_(std::make_unique<State>()) {
  torch::set_num_threads(1);
  state_->shape = shape;
  const inference::Parameters drawn = inference::drawn_parameters(seed);
  // The graph that flies says which parameters there are.
  const auto keep = [&](const std::string& name, std::size_t count, std::size_t width) {
    std::vector<float> numbers = drawn(name, count, width);
    if (name == "head")
      for (float& x : numbers) x *= kHeadStart;
    if ((name == "forward.bias" || name == "backward.bias"))  // gates that forget begin open
      std::fill_n(numbers.begin() + shape.width, shape.width, 1.0F);
    const auto columns = static_cast<std::int64_t>(width), size = static_cast<std::int64_t>(count);
    Tensor t = width > 0 ? tensor_of(numbers, {size / columns, columns}) : tensor_of(numbers, {size});
    state_->parameters[name] = t.requires_grad_(true);
    return numbers;
  };
  static_cast<void>(network_graph(shape, inputs, inference::Precision::kF32, keep));
  state_->make_optimizer();
}

NetworkTrainer::~NetworkTrainer() = default;

double NetworkTrainer::step(const NetworkBatch& batch, double learning_rate) {
  const auto sizes = [&](std::initializer_list<std::int64_t> more) {
    std::vector<std::int64_t> out{static_cast<std::int64_t>(batch.sequences),
                                  static_cast<std::int64_t>(batch.tokens),
                                  static_cast<std::int64_t>(batch.answers)};
    out.insert(out.end(), more);
    return out;
  };
  const Tensor asked = tensor_of(batch.asked, sizes({}));
  const Tensor wanted = tensor_of(batch.wanted, sizes({})).clamp(-kWantedMax, kWantedMax);
  const Tensor tolerances = tensor_of(batch.tolerances, sizes({}));
  State::States states;
  const Tensor said = state_->run(batch, states);
  const Tensor correction = said.select(3, 0);
  const Tensor log_error =
      said.select(3, 1).clamp(-onboard::kNetworkLogErrorMax, onboard::kNetworkLogErrorMax);
  const Tensor error = (wanted - correction).abs();
  const auto beyond = [&](double part) {
    return torch::sigmoid((error / (part * tolerances) - 1.0) / kSoftness);
  };
  Tensor loss = torch::zeros_like(error);
  if (batch.task)
    loss = 0.5 * error + beyond(1.0) + beyond(0.5) + error.detach() * torch::exp(-log_error) + log_error;
  if (!batch.teacher.answers.empty()) {
    const Tensor teacher = tensor_of(batch.teacher.answers, sizes({2}));
    loss = loss + kTeacherWeight * (said - teacher).abs().sum(3);
  }
  loss = (loss * asked).sum() / asked.sum().clamp_min(1.0);
  if (!batch.teacher.states.empty())
    loss = loss + kStateWeight * state_->distance(states, batch.teacher.states);
  state_->optimizer->zero_grad();
  loss.backward();
  double squares = 0.0;
  for (const auto& [name, tensor] : state_->parameters)
    if (tensor.grad().defined()) squares += tensor.grad().pow(2).sum().item<double>();
  const double norm = std::sqrt(squares);
  if (norm > kGradientMax)
    for (auto& [name, tensor] : state_->parameters)
      if (tensor.grad().defined()) tensor.mutable_grad().mul_(kGradientMax / norm);
  for (auto& group : state_->optimizer->param_groups())
    static_cast<torch::optim::AdamWOptions&>(group.options()).lr(learning_rate);
  state_->optimizer->step();
  return loss.item<double>();
}

Lesson NetworkTrainer::lesson(const NetworkBatch& batch, std::size_t layers) const {
  EXPECTS(layers <= this->layers());
  const torch::NoGradGuard no_gradients;
  State::States states;
  const auto plain = [](const Tensor& tensor) {
    const Tensor flat = tensor.contiguous();
    return std::vector<float>(flat.data_ptr<float>(), flat.data_ptr<float>() + flat.numel());
  };
  Lesson out{plain(state_->run(batch, states)), {}};
  for (std::size_t l = 1; l <= layers; ++l)
    out.states.push_back(plain(states[l * states.size() / layers - 1]));
  return out;
}

std::size_t NetworkTrainer::layers() const {
  return state_->shape.kind == NetworkKind::kEncoder ? state_->shape.layers : 1;
}

std::size_t NetworkTrainer::state_width() const {
  return state_->shape.both_directions ? 2 * std::size_t{state_->shape.width} : state_->shape.width;
}

void NetworkTrainer::match(std::size_t teacher_width, std::uint64_t seed) {
  const inference::Parameters drawn = inference::drawn_parameters(seed);
  const auto rows = static_cast<std::int64_t>(teacher_width),
             width = static_cast<std::int64_t>(state_width());
  for (std::size_t l = 0; l < layers(); ++l) {
    const std::string name = "match" + std::to_string(l);
    const std::vector<float> numbers = drawn(name, teacher_width * state_width(), state_width());
    state_->parameters[name] = tensor_of(numbers, {rows, width}).requires_grad_(true);
    state_->parameters[name + ".bias"] = torch::zeros({rows}).requires_grad_(true);
  }
  state_->make_optimizer();
}

void NetworkTrainer::use_bits(int bits) {
  EXPECTS(bits == 32 || bits == 16 || bits == 8);
  state_->bits = bits;
}

void NetworkTrainer::use_products(Products products) {
  state_->products = products;
}

void NetworkTrainer::watch(ActivationRanges* ranges) {
  state_->ranges = ranges;
}

inference::Parameters NetworkTrainer::parameters() const {
  return [this](const std::string& name, std::size_t count, std::size_t) {
    const Tensor flat = state_->of(name).detach().contiguous();
    EXPECTS(static_cast<std::size_t>(flat.numel()) == count);
    const float* first = flat.data_ptr<float>();
    return std::vector<float>(first, first + count);
  };
}

std::size_t NetworkTrainer::parameter_count() const {
  std::size_t out = 0;
  for (const auto& [name, tensor] : state_->parameters)
    if (!name.starts_with("match")) out += static_cast<std::size_t>(tensor.numel());
  return out;
}

Result<void> NetworkTrainer::save(const std::string& path) const {
  try {
    torch::serialize::OutputArchive archive, optimizer;
    for (const auto& [name, tensor] : state_->parameters) archive.write(archive_name(name), tensor);
    state_->optimizer->save(optimizer);
    archive.write("optimizer", optimizer);
    archive.save_to(path);
  } catch (const std::exception& error) {
    return fail(Errc::kInputOutput, "{}: cannot be written: {}", path, error.what());
  }
  return {};
}

Result<void> NetworkTrainer::State::load(const std::string& path, bool with_optimizer) {
  try {
    torch::serialize::InputArchive archive, state;
    archive.load_from(path);
    const torch::NoGradGuard no_gradients;
    for (auto& [name, tensor] : parameters) {
      Tensor stored;
      archive.read(archive_name(name), stored);
      if (stored.sizes() != tensor.sizes())
        return fail(Errc::kConflict, "{}: a network of another shape", path);
      tensor.copy_(stored);
    }
    if (!with_optimizer) return {};
    archive.read("optimizer", state);
    optimizer->load(state);
  } catch (const std::exception& error) {
    return fail(Errc::kMalformed, "{}: no checkpoint of this network: {}", path, error.what());
  }
  return {};
}

Result<void> NetworkTrainer::load(const std::string& path) {
  return state_->load(path, true);
}

Result<void> NetworkTrainer::load_parameters(const std::string& path) {
  return state_->load(path, false);
}

void NetworkTrainer::take(const inference::Parameters& parameters) {
  const torch::NoGradGuard no_gradients;
  for (auto& [name, tensor] : state_->parameters) {
    if (name.starts_with("match")) continue;
    const auto size = [&](std::int64_t n) { return static_cast<std::size_t>(n); };
    const std::vector<float> numbers =
        parameters(name, size(tensor.numel()), tensor.dim() == 2 ? size(tensor.size(1)) : 0);
    tensor.copy_(tensor_of(numbers, tensor.sizes()));
  }
}

}  // namespace skywarden::fit
