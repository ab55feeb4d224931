// A plug-in whose engine is ONNX Runtime, if its shared library is on the machine: any ONNX model with one
// input of rows of 32-bit floats, [rows, width], and one output of as many rows. The library is looked for
// when the plug-in is loaded: at SKYWARDEN_ONNXRUNTIME if that is set, else as libonnxruntime.so.1 or
// libonnxruntime.so where the system's loader looks.
//
// Nothing of ONNX Runtime is needed to build this. Its C interface is one table of function pointers that
// only ever grows at the end, and whose first 102 places may not change (onnxruntime_c_api.h: "New fields
// MUST only be appended", and the assertions on version 1). The places used here are written down below and
// asked for as version 1. ADR 19.
#include <dlfcn.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "serving/plugin_abi.h"

namespace {

// Handles of theirs, never looked into.
using Status = void;  // null: fine
using Handle = void;

struct ApiBase {  // what OrtGetApiBase() returns
  const void* const* (*get_api)(std::uint32_t version);
  const char* (*version)();
};
constexpr std::uint32_t kApiVersion = 1;
constexpr int kFloat = 1;     // ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT
constexpr int kWarnings = 2;  // ORT_LOGGING_LEVEL_WARNING
constexpr int kDeviceAllocator = 0, kDefaultMemory = 0;

enum Place : std::size_t {
  kGetErrorMessage = 2,
  kCreateEnv = 3,
  kCreateSession = 7,
  kRun = 9,
  kCreateSessionOptions = 10,
  kSetIntraOpNumThreads = 24,
  kSessionGetInputCount = 30,
  kSessionGetOutputCount = 31,
  kSessionGetInputTypeInfo = 33,
  kSessionGetInputName = 36,
  kSessionGetOutputName = 37,
  kCreateTensorWithData = 49,
  kGetTensorMutableData = 51,
  kCastTypeInfoToTensorInfo = 55,
  kGetTensorElementType = 60,
  kGetDimensionsCount = 61,
  kGetDimensions = 62,
  kGetTensorShapeElementCount = 64,
  kGetTensorTypeAndShape = 65,
  kCreateCpuMemoryInfo = 69,
  kAllocatorFree = 76,
  kGetAllocatorWithDefaultOptions = 78,
  kReleaseStatus = 93,
  kReleaseMemoryInfo = 94,
  kReleaseSession = 95,
  kReleaseValue = 96,
  kReleaseTypeInfo = 98,
  kReleaseTensorInfo = 99,
  kReleaseSessionOptions = 100,
};

void say(char* why, std::size_t size, const std::string& text) {
  if (size > 0) std::snprintf(why, size, "%s", text.c_str());
}

class Runtime {
 public:
  // Null with the reason when there is none that can be used.
  static std::unique_ptr<Runtime> load(std::string& why) {
    auto out = std::make_unique<Runtime>();
    const char* stated = std::getenv("SKYWARDEN_ONNXRUNTIME");
    std::vector<std::string> names = {"libonnxruntime.so.1", "libonnxruntime.so"};
    if (stated != nullptr && *stated != '\0') names = {stated};
    for (const std::string& name : names)
      if (out->library_ == nullptr) out->library_ = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (out->library_ == nullptr) {
      why =
          "ONNX Runtime is not on this machine: no " + names.front() + "; SKYWARDEN_ONNXRUNTIME may name it";
      return nullptr;
    }
    const auto base_of = reinterpret_cast<const ApiBase* (*)()>(dlsym(out->library_, "OrtGetApiBase"));
    const ApiBase* base = base_of == nullptr ? nullptr : base_of();
    out->api_ = base == nullptr ? nullptr : base->get_api(kApiVersion);
    if (out->api_ == nullptr) {
      why = names.front() + ": it has no interface of version 1";
      return nullptr;
    }
    out->version_ = base->version();
    if (!out->fine(out->call<const int, const char*, Handle**>(kCreateEnv, kWarnings, "skywarden",
                                                               &out->environment_),
                   why) ||
        !out->fine(out->call<const int, const int, Handle**>(kCreateCpuMemoryInfo, kDeviceAllocator,
                                                             kDefaultMemory, &out->memory_),
                   why) ||
        !out->fine(out->call<Handle**>(kGetAllocatorWithDefaultOptions, &out->allocator_), why))
      return nullptr;
    return out;
  }

  // A function of theirs that returns a status.
  template <typename... Arguments>
  Status* call(Place place, Arguments... arguments) const {
    return reinterpret_cast<Status* (*)(Arguments...)>(const_cast<void*>(api_[place]))(arguments...);
  }
  void release(Place place, Handle* handle) const {
    if (handle != nullptr) reinterpret_cast<void (*)(Handle*)>(const_cast<void*>(api_[place]))(handle);
  }
  bool fine(Status* status, std::string& why) const {
    if (status == nullptr) return true;
    const auto message =
        reinterpret_cast<const char* (*)(const Status*)>(const_cast<void*>(api_[kGetErrorMessage]));
    why = message(status);
    release(kReleaseStatus, status);
    return false;
  }
  // A name that they allocate.
  bool name_of(Handle* session, Place place, std::string& name, std::string& why) const {
    char* text = nullptr;
    if (!fine(call<Handle*, std::size_t, Handle*, char**>(place, session, 0, allocator_, &text), why))
      return false;
    name = text;
    std::string ignored;
    return fine(call<Handle*, void*>(kAllocatorFree, allocator_, text), ignored);
  }

  [[nodiscard]] Handle* environment() const { return environment_; }
  [[nodiscard]] Handle* memory() const { return memory_; }
  [[nodiscard]] const std::string& version() const { return version_; }

 private:
  void* library_ =
      nullptr;  // never unloaded: it keeps threads and registers what runs at the end of the program
  const void* const* api_ = nullptr;
  std::string version_;
  Handle* environment_ = nullptr;
  Handle* memory_ = nullptr;
  Handle* allocator_ = nullptr;
};

const Runtime* runtime = nullptr;

struct Model {
  Handle* session = nullptr;
  std::string input, output;
  std::int64_t rows_fixed = -1;  // of the input; −1: any
  std::uint32_t width_in = 0, width_out = 0;
  ~Model() { runtime->release(kReleaseSession, session); }
};

// Rows in, all numbers of the output out.
bool infer(const Model& model, const float* in, std::uint32_t rows, std::vector<float>& out,
           std::string& why) {
  const Runtime& r = *runtime;
  const std::array<std::int64_t, 2> shape = {rows, model.width_in};
  const std::size_t bytes = std::size_t{rows} * model.width_in * sizeof(float);
  Handle *value = nullptr, *result = nullptr, *info = nullptr;
  if (!r.fine(r.call<Handle*, void*, std::size_t, const std::int64_t*, std::size_t, int, Handle**>(
                  kCreateTensorWithData, r.memory(), const_cast<float*>(in), bytes, shape.data(),
                  shape.size(), kFloat, &value),
              why))
    return false;
  const char* const inputs[] = {model.input.c_str()};
  const char* const outputs[] = {model.output.c_str()};
  Handle* const values[] = {value};
  bool went = r.fine(
      r.call<Handle*, const Handle*, const char* const*, Handle* const*, std::size_t, const char* const*,
             std::size_t, Handle**>(kRun, model.session, nullptr, inputs, values, 1, outputs, 1, &result),
      why);
  std::size_t count = 0;
  int type = 0;
  void* data = nullptr;
  went = went && r.fine(r.call<Handle*, Handle**>(kGetTensorTypeAndShape, result, &info), why) &&
         r.fine(r.call<Handle*, std::size_t*>(kGetTensorShapeElementCount, info, &count), why) &&
         r.fine(r.call<Handle*, int*>(kGetTensorElementType, info, &type), why) &&
         r.fine(r.call<Handle*, void**>(kGetTensorMutableData, result, &data), why);
  if (went && type != kFloat) {
    why = "expected 32-bit floats as output";
    went = false;
  }
  if (went) out.assign(static_cast<const float*>(data), static_cast<const float*>(data) + count);
  r.release(kReleaseTensorInfo, info);
  r.release(kReleaseValue, result);
  r.release(kReleaseValue, value);
  return went;
}

bool read_input(Model& model, std::string& why) {
  const Runtime& r = *runtime;
  std::size_t inputs = 0, outputs = 0, rank = 0;
  if (!r.fine(r.call<Handle*, std::size_t*>(kSessionGetInputCount, model.session, &inputs), why) ||
      !r.fine(r.call<Handle*, std::size_t*>(kSessionGetOutputCount, model.session, &outputs), why))
    return false;
  if (inputs != 1 || outputs != 1) {
    why = "expected one input and one output, found " + std::to_string(inputs) + " and " +
          std::to_string(outputs);
    return false;
  }
  Handle* about = nullptr;
  Handle* tensor = nullptr;  // belongs to `about`
  int type = 0;
  std::array<std::int64_t, 2> shape = {0, 0};
  bool went =
      r.fine(r.call<Handle*, std::size_t, Handle**>(kSessionGetInputTypeInfo, model.session, 0, &about),
             why) &&
      r.fine(r.call<Handle*, Handle**>(kCastTypeInfoToTensorInfo, about, &tensor), why);
  if (went && tensor != nullptr)
    went =
        r.fine(r.call<Handle*, int*>(kGetTensorElementType, tensor, &type), why) &&
        r.fine(r.call<Handle*, std::size_t*>(kGetDimensionsCount, tensor, &rank), why) &&
        (rank != 2 ||
         r.fine(r.call<Handle*, std::int64_t*, std::size_t>(kGetDimensions, tensor, shape.data(), 2), why));
  r.release(kReleaseTypeInfo, about);
  if (!went) return false;
  if (type != kFloat || rank != 2 || shape[1] < 1 || shape[1] > 65'536 || (shape[0] != 1 && shape[0] > 0)) {
    why =
        "expected an input [rows, width] of 32-bit floats with a width of 1 to 65,536 and any number of "
        "rows, or one";
    return false;
  }
  model.rows_fixed = shape[0] == 1 ? 1 : -1;
  model.width_in = static_cast<std::uint32_t>(shape[1]);
  return r.name_of(model.session, kSessionGetInputName, model.input, why) &&
         r.name_of(model.session, kSessionGetOutputName, model.output, why);
}

void* open_model(const char* path, char* why, std::size_t why_size) {
  const Runtime& r = *runtime;
  auto model = std::make_unique<Model>();
  std::string reason;
  Handle* options = nullptr;
  std::vector<float> out;
  // One thread: the service runs several models side by side.
  bool went = r.fine(r.call<Handle**>(kCreateSessionOptions, &options), reason) &&
              r.fine(r.call<Handle*, int>(kSetIntraOpNumThreads, options, 1), reason) &&
              r.fine(r.call<Handle*, const char*, Handle*, Handle**>(kCreateSession, r.environment(), path,
                                                                     options, &model->session),
                     reason) &&
              read_input(*model, reason);
  r.release(kReleaseSessionOptions, options);
  // How wide a row of the output is, only a run says for sure.
  went = went && infer(*model, std::vector<float>(model->width_in, 0.0F).data(), 1, out, reason);
  if (went && (out.empty() || out.size() > 65'536)) {
    reason = "expected an output of 1 to 65,536 numbers a row";
    went = false;
  }
  if (!went) {
    say(why, why_size, reason);
    return nullptr;
  }
  model->width_out = static_cast<std::uint32_t>(out.size());
  return model.release();
}

void close_model(void* model) {
  delete static_cast<Model*>(model);
}

int widths(void* opened, std::uint32_t* in, std::uint32_t* out, char*, std::size_t) {
  const auto* model = static_cast<const Model*>(opened);
  *in = model->width_in;
  *out = model->width_out;
  return 0;
}

int run(void* opened, const float* in, std::uint32_t rows, float* out, char* why, std::size_t why_size) {
  const auto* model = static_cast<const Model*>(opened);
  const std::uint32_t at_once = model->rows_fixed > 0 ? 1 : rows;
  std::vector<float> got;
  std::string reason;
  for (std::uint32_t row = 0; row < rows; row += at_once) {
    if (!infer(*model, in + std::size_t{row} * model->width_in, at_once, got, reason)) {
      say(why, why_size, reason);
      return 1;
    }
    if (got.size() != std::size_t{at_once} * model->width_out) {
      say(why, why_size, "its output has another number of rows than its input");
      return 1;
    }
    std::copy(got.begin(), got.end(), out + std::size_t{row} * model->width_out);
  }
  return 0;
}

// Nothing may throw through the interface; what can is memory.
template <typename Result, typename... Arguments>
Result guarded(Result otherwise, char* why, std::size_t why_size, Result (*work)(Arguments...),
               Arguments... arguments) {
  try {
    return work(arguments...);
  } catch (...) {
    say(why, why_size, "out of memory");
    return otherwise;
  }
}

const skywarden_engine engine = {
    sizeof(skywarden_engine),
    [](const char* path, char* why, std::size_t size) {
      return guarded<void*>(nullptr, why, size, open_model, path, why, size);
    },
    close_model, widths,
    [](void* model, const float* in, std::uint32_t rows, float* out, char* why, std::size_t size) {
      return guarded<int>(1, why, size, run, model, in, rows, out, why, size);
    }};

const skywarden_plugin* begin(char* why, std::size_t why_size) {
  static skywarden_plugin plugin = {
      SKYWARDEN_PLUGIN_ABI, sizeof(skywarden_plugin), "onnx_runtime", "", &engine, nullptr, nullptr};
  if (runtime == nullptr) {
    std::string reason;
    runtime = Runtime::load(reason).release();  // for as long as the library is loaded
    if (runtime == nullptr) {
      say(why, why_size, reason);
      return nullptr;
    }
  }
  plugin.version = runtime->version().c_str();
  return &plugin;
}

}  // namespace

extern "C" __attribute__((visibility("default"))) const skywarden_plugin* skywarden_plugin_entry(
    char* why, std::size_t why_size) {
  return guarded<const skywarden_plugin*>(nullptr, why, why_size, begin, why, why_size);
}
