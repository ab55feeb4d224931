// What networks are trained and judged on, as the command line says it: tables, which rows are held back, and
// the losses drawn over them.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "augmentation.h"
#include "base/result.h"
#include "command_line/command_line.h"
#include "network_trainer.h"
#include "record_examples.h"

namespace skywarden::fit {

struct NetworkSource {
  std::string schema, examples, code = "unknown";
  std::vector<std::string> in;
  std::uint64_t seed = 1;
  double until = 0.8;
  std::vector<double> judged_on{0.45, 0.72};
  std::size_t streams = 3, every = 1;
  bool offline = false;
  Augmentation augmentation;
  Products products = Products::kF32;  // of training
};

// `source` must outlive the command.
void add_source_options(command_line::Command command, NetworkSource& source);

// What the examples depend on: in run records, and so that another run may use them again.
[[nodiscard]] nlohmann::ordered_json to_json(const NetworkSource& source);

struct NetworkExamples {
  RecordExamples training, judging;
};
// kOutOfRange when the shares of the time make no sense.
[[nodiscard]] Result<NetworkExamples> examples_of(const NetworkSource& source, const datum::Schema& schema);
[[nodiscard]] Result<RecordExamples> judging_examples_of(const NetworkSource& source,
                                                         const datum::Schema& schema);

// What the run record of every training begins with: what is made at `out`, of what, by which code.
[[nodiscard]] nlohmann::ordered_json begun_record(const std::string& out,
                                                  const onboard::NetworkInputs& inputs,
                                                  const onboard::NetworkShape& shape,
                                                  const NetworkSource& source,
                                                  const NetworkExamples& examples);

}  // namespace skywarden::fit
