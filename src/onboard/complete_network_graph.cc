#include "onboard/complete_network_graph.h"

namespace skywarden::onboard {

using inference::Dense;
using inference::Precision;
using inference::ValueId;

inference::Model network_graph(const NetworkShape& shape, const NetworkInputs& inputs, Precision precision,
                               const inference::Parameters& parameters) {
  inference::ModelBuilder builder;
  const auto dense = [&](const std::string& name, std::size_t outputs, std::size_t width) {
    Dense d;
    d.matrix =
        builder.matrix(name, parameters(name, outputs * width, width), outputs, width, Precision::kF32);
    d.bias = builder.vector(name + ".bias", parameters(name + ".bias", outputs, 0));
    return d;
  };
  const std::size_t given = inputs.width(shape.kind);
  const ValueId numbers = builder.input("numbers", {.channels = static_cast<std::uint32_t>(given)});
  builder.about("completion", inputs.fingerprint(shape.kind));
  if (shape.kind == NetworkKind::kEncoder) {
    const ValueId fields = builder.index_input("fields");
    const auto table =
        builder.table("field", parameters("field", inputs.numbers() * shape.width, shape.width),
                      inputs.numbers(), shape.width);
    const ValueId tokens = builder.add(builder.linear(numbers, dense("in", shape.width, given)),
                                       builder.embedding(fields, table));
    const inference::EncoderShape encoder{.layers = shape.layers,
                                          .sets = shape.sets,
                                          .width = shape.width,
                                          .heads = shape.heads,
                                          .hidden = shape.hidden,
                                          .causal = false,
                                          .precision = precision,
                                          .pruned = shape.pruned};
    const ValueId states = inference::add_encoder(builder, tokens, encoder, parameters);
    builder.output("answers", builder.linear(states, dense("head", kNetworkOutputs, shape.width)));
    return builder.take();
  }
  const inference::RecurrentShape recurrent{.inputs = shape.width,
                                            .cells = shape.width,
                                            .heads = shape.heads,
                                            .causal = !shape.both_directions,
                                            .precision = precision};
  const ValueId rows = builder.linear(numbers, dense("in", shape.width, given));
  const ValueId states = inference::add_recurrent(builder, rows, recurrent, parameters);
  const std::size_t width = shape.both_directions ? 2 * std::size_t{shape.width} : shape.width;
  builder.output("answers", builder.linear(builder.last(states),
                                           dense("head", kNetworkOutputs * inputs.numbers(), width)));
  return builder.take();
}

}  // namespace skywarden::onboard
