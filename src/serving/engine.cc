#include "serving/engine.h"

#include <algorithm>
#include <cmath>

#include "base/contract.h"
#include "base/executor.h"
#include "inference/kernels.h"
#include "inference/session.h"
#include "onboard/network_operations.h"

namespace skywarden::serving {
namespace {

Port port_of(const std::string& name, const inference::Shape& shape) {
  return {name, static_cast<std::uint32_t>(shape.width()), shape.rows == inference::Rows::kPerSequence};
}

class OwnEngine final : public Engine {
 public:
  explicit OwnEngine(inference::Program program) : program_(std::move(program)), session_(program_) {
    shape_.kind = "skywarden";
    for (std::size_t i = 0; i < program_.model.inputs.size(); ++i) {
      const inference::Input& input = program_.model.inputs[i];
      shape_.inputs.push_back(port_of(input.name, input.shape));
      shape_.inputs.back().indices = input.indices;
      shape_.inputs.back().index_end = program_.index_ends[i];
    }
    for (const inference::Output& output : program_.model.outputs)
      shape_.outputs.push_back(port_of(output.name, program_.shapes[output.value]));
    shape_.rows_max = program_.length_max;
  }

  [[nodiscard]] const EngineShape& shape() const override { return shape_; }

  [[nodiscard]] onboard::OperationCounts operations(std::uint32_t rows) const override {
    return onboard::network_operations(program_, rows);
  }

  [[nodiscard]] Result<std::vector<Rows>> run(std::span<const Sequence* const> sequences) override {
    std::vector<std::uint32_t> lengths;
    std::size_t tokens = 0;
    for (const Sequence* sequence : sequences) {
      lengths.push_back(sequence->rows);
      tokens += sequence->rows;
    }
    std::vector<std::vector<float>> numbers(shape_.inputs.size());
    std::vector<std::vector<std::int32_t>> indices(shape_.inputs.size());
    std::vector<inference::InputRows> inputs;
    for (std::size_t i = 0; i < shape_.inputs.size(); ++i) {
      for (const Sequence* s : sequences) {
        numbers[i].insert(numbers[i].end(), s->numbers[i].begin(), s->numbers[i].end());
        indices[i].insert(indices[i].end(), s->indices[i].begin(), s->indices[i].end());
      }
      inputs.push_back({numbers[i], indices[i]});
    }
    std::vector<std::vector<float>> outputs;
    std::vector<std::span<float>> places;
    for (const Port& port : shape_.outputs)
      outputs.emplace_back(port.width * (port.per_sequence ? sequences.size() : tokens));
    places.assign(outputs.begin(), outputs.end());
    SerialExecutor serial;
    if (const auto ran = session_.run({lengths, inputs}, places, serial); !ran)
      return tl::unexpected<Error>(ran.error());
    return cut(sequences, outputs);
  }

 private:
  [[nodiscard]] std::vector<Rows> cut(std::span<const Sequence* const> sequences,
                                      const std::vector<std::vector<float>>& outputs) const {
    std::vector<Rows> results(sequences.size(), Rows(outputs.size()));
    for (std::size_t o = 0; o < outputs.size(); ++o) {
      auto from = outputs[o].begin();
      for (std::size_t s = 0; s < sequences.size(); ++s) {
        const std::size_t rows = shape_.outputs[o].per_sequence ? 1 : sequences[s]->rows;
        const auto to = from + static_cast<std::ptrdiff_t>(rows * shape_.outputs[o].width);
        results[s][o].assign(from, to);
        from = to;
      }
    }
    return results;
  }

  inference::Program program_;
  inference::Session session_;
  EngineShape shape_;
};

}  // namespace

Result<void> check_sequence(const EngineShape& shape, const Sequence& sequence) {
  if (sequence.rows == 0 || sequence.rows > shape.rows_max)
    return fail(Errc::kOutOfRange, "expected 1…{} rows, found {}", shape.rows_max, sequence.rows);
  EXPECTS(sequence.numbers.size() == shape.inputs.size() && sequence.indices.size() == shape.inputs.size());
  for (std::size_t i = 0; i < shape.inputs.size(); ++i) {
    const Port& port = shape.inputs[i];
    const std::size_t rows = port.per_sequence ? 1 : sequence.rows;
    const std::size_t found = port.indices ? sequence.indices[i].size() : sequence.numbers[i].size();
    if (found != rows * port.width)
      return fail(Errc::kOutOfRange, "input '{}': expected {} rows of {} numbers, found {} numbers",
                  port.name, rows, port.width, found);
    for (const std::int32_t index : sequence.indices[i])
      if (index < 0 || static_cast<std::uint32_t>(index) >= port.index_end)
        return fail(Errc::kOutOfRange, "input '{}': expected indices 0…{}, found {}", port.name,
                    std::max(1U, port.index_end) - 1, index);
    for (const float value : sequence.numbers[i])
      if (!std::isfinite(value) || std::abs(value) > inference::kBound)
        return fail(Errc::kOutOfRange, "input '{}': expected numbers within ±{:g}", port.name,
                    inference::kBound);
  }
  return {};
}

std::unique_ptr<Engine> make_engine(inference::Program program) {
  return std::make_unique<OwnEngine>(std::move(program));
}

}  // namespace skywarden::serving
