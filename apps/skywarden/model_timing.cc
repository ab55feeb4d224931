#include "model_timing.h"

#include <algorithm>
#include <chrono>
#include <vector>

#include "base/executor.h"
#include "inference/session.h"

namespace skywarden::app {

double seconds_each(double budget, const std::function<void()>& work) {
  const auto now = [] { return std::chrono::steady_clock::now(); };
  const auto since = [&](auto t) { return std::chrono::duration<double>(now() - t).count(); };
  work();
  std::vector<double> times;
  for (const auto begin = now(); since(begin) < budget || times.size() < 5;) {
    const auto t = now();
    work();
    times.push_back(since(t));
  }
  std::ranges::nth_element(times, times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2));
  return times[times.size() / 2];
}

Result<double> graph_seconds(const inference::Program& program, std::uint32_t tokens, double budget) {
  inference::Session session(program);
  std::vector<std::vector<float>> numbers, outputs;
  std::vector<std::vector<std::int32_t>> indices;
  std::vector<inference::InputRows> inputs;
  for (const inference::Input& input : program.model.inputs) {
    const std::size_t rows = input.shape.rows == inference::Rows::kPerSequence ? 1 : tokens;
    numbers.emplace_back(input.indices ? 0 : rows * input.shape.width(), 0.5F);
    indices.emplace_back(input.indices ? rows : 0, 0);
  }
  for (std::size_t i = 0; i < numbers.size(); ++i) inputs.push_back({numbers[i], indices[i]});
  for (const inference::Output& output : program.model.outputs) {
    const inference::Shape& shape = program.shapes[output.value];
    outputs.emplace_back(shape.width() * (shape.rows == inference::Rows::kPerSequence ? 1 : tokens));
  }
  const std::vector<std::span<float>> places(outputs.begin(), outputs.end());
  const std::uint32_t lengths[] = {tokens};
  SerialExecutor serial;
  Result<void> ran;
  const double seconds = seconds_each(budget, [&] { ran = session.run({lengths, inputs}, places, serial); });
  if (!ran) return tl::unexpected(ran.error());
  return seconds;
}

}  // namespace skywarden::app
