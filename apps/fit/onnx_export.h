// A network in ONNX, for runtimes other than the engine: one sequence of any length, in FP32, operator
// set 17.
#pragma once

#include <string>

#include "base/result.h"
#include "inference/model.h"

namespace skywarden::fit {

// The bytes of a ModelProto that ONNX's own checker accepts. kUnsupported for operations that networks of
// completion do not use, and for INT8 matrices: another runtime rounds by rules of its own.
[[nodiscard]] Result<std::string> to_onnx(const inference::Model& model);

}  // namespace skywarden::fit
