#include "network_files.h"

#include "inference/model_file.h"
#include "onnx_export.h"
#include "run_record.h"

namespace skywarden::fit {

using inference::Precision;
using nlohmann::ordered_json;
using onboard::Network;
using onboard::NetworkInputs;

namespace {

Result<Verdict> verdict_of(const inference::Model& model, const datum::Schema& schema,
                           const RecordExamples& judging) {
  auto network = Network::make(model, schema);
  if (!network) return tl::unexpected(network.error());
  return judge(judging, *network);
}

}  // namespace

Result<Verdict> judged_by_engine(const datum::Schema& schema, const onboard::NetworkShape& shape,
                                 const NetworkTrainer& trainer, Precision precision,
                                 const RecordExamples& judging) {
  return verdict_of(network_graph(shape, NetworkInputs(schema), precision, trainer.parameters()), schema,
                    judging);
}

Result<void> export_network(const std::string& out, const datum::Schema& schema,
                            const onboard::NetworkShape& shape, const NetworkTrainer& trainer,
                            const RecordExamples* judging, ordered_json& record) {
  record["parameters"] = trainer.parameter_count();
  for (const Precision precision : {Precision::kF32, Precision::kI8}) {
    const bool small = precision == Precision::kI8;
    const inference::Model model =
        network_graph(shape, NetworkInputs(schema), precision, trainer.parameters());
    const std::vector<std::byte> bytes = inference::write_model(model);
    if (const auto written = write_file(small ? out : out + ".f32", bytes); !written) return written;
    if (!small) {
      const auto onnx = to_onnx(model);
      if (!onnx) return tl::unexpected(onnx.error());
      if (const auto written = write_file(out + ".onnx", std::as_bytes(std::span(*onnx))); !written)
        return written;
    }
    ordered_json figures{{"bytes", bytes.size()}};
    if (judging != nullptr) {
      const auto verdict = verdict_of(model, schema, *judging);
      if (!verdict) return tl::unexpected(verdict.error());
      figures["held_back"] = to_json(*verdict, schema);
      print(small ? "INT8" : "FP32", figures["held_back"]);
    }
    record[small ? "int8" : "fp32"] = figures;
  }
  return {};
}

}  // namespace skywarden::fit
