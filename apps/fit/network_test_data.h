// What tests of networks share: a small schema, and the answers of the engine.
#pragma once

#include <doctest/doctest.h>

#include <array>
#include <span>
#include <string>
#include <vector>

#include "base/executor.h"
#include "datum/schema.h"
#include "inference/program.h"
#include "inference/session.h"

namespace skywarden::fit {

// Number fields, each with a tolerance of 1.
inline datum::Schema number_schema(const std::string& name, const std::vector<std::string>& fields) {
  datum::Schema schema;
  schema.name = name;
  for (const std::string& field_name : fields) {
    datum::FieldSpec field;
    field.name = field_name;
    field.tolerance_abs = 1.0;
    schema.fields.push_back(field);
  }
  return schema;
}

// Of a model with one output, for sequences of one length; a second input, where there is one, counts
// `fields`.
inline std::vector<float> engine_answers(const inference::Model& model, std::size_t sequences,
                                         std::size_t tokens, std::span<const float> numbers,
                                         std::size_t fields) {
  const auto program = inference::make_program(model);
  REQUIRE_MESSAGE(program.has_value(), (program ? "" : program.error().message));
  const std::vector<std::uint32_t> lengths(sequences, static_cast<std::uint32_t>(tokens));
  std::vector<std::int32_t> indices;
  for (std::size_t i = 0; i < sequences * tokens; ++i)
    indices.push_back(static_cast<std::int32_t>(i % fields));
  const std::array<inference::InputRows, 2> given{inference::InputRows{.numbers = numbers, .indices = {}},
                                                  inference::InputRows{.numbers = {}, .indices = indices}};
  const inference::Shape& shape = program->shapes[program->model.outputs[0].value];
  std::vector<float> out(sequences * shape.width() * (shape.rows == inference::Rows::kPerToken ? tokens : 1));
  const std::array<std::span<float>, 1> outputs{out};
  SerialExecutor serial;
  inference::Session session(*program);
  const auto ran = session.run(
      {.lengths = lengths, .inputs = std::span(given).first(program->model.inputs.size())}, outputs, serial);
  REQUIRE_MESSAGE(ran.has_value(), (ran ? "" : ran.error().message));
  return out;
}

}  // namespace skywarden::fit
