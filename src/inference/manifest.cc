#include "inference/manifest.h"

#include <limits>

#include "inference/check_model.h"
#include "wire/cbor.h"

namespace skywarden::inference {
namespace {

template <typename Ids>
void write_ids(wire::CborWriter& w, const Ids& ids) {
  w.array(ids.size());
  for (const auto id : ids) w.unsigned_integer(id);
}

void write_node(wire::CborWriter& w, const Node& n) {
  w.array(12).unsigned_integer(static_cast<std::uint64_t>(n.op));
  write_ids(w, n.inputs);
  write_ids(w, n.tensors);
  w.unsigned_integer(static_cast<std::uint64_t>(n.activation)).floating(static_cast<double>(n.epsilon));
  w.unsigned_integer(n.heads).boolean(n.causal).boolean(n.bidirectional).boolean(n.maximum);
  w.unsigned_integer(n.window).unsigned_integer(n.stride).unsigned_integer(n.padding);
}

// Reads with the first failure kept: CborReader's own sticks, ours is remembered beside it.
class Fields {
 public:
  explicit Fields(std::span<const std::byte> bytes) : reader_(bytes, kManifestBytesMax) {}

  std::uint64_t number(std::uint64_t most) {
    const auto value = reader_.unsigned_integer();
    return within(value, most, "number");
  }
  std::uint32_t number32() {
    return static_cast<std::uint32_t>(number(std::numeric_limits<std::uint32_t>::max()));
  }
  std::size_t items(std::size_t most) { return within(reader_.array(), most, "array"); }
  std::size_t pairs(std::size_t most) { return within(reader_.map(), most, "map"); }
  void exactly(std::size_t count) {
    if (items(count) != count) note("an array of the wrong length");
  }
  std::string text(std::size_t most) {
    const auto value = reader_.text();
    if (value && value->size() > most) note("a text that is too long");
    return value && value->size() <= most ? std::string(*value) : std::string();
  }
  bool boolean() { return reader_.boolean().value_or(false); }
  float number_f32() {
    const double value = reader_.floating().value_or(0.0);
    const auto narrow = static_cast<float>(value);
    if (static_cast<double>(narrow) != value) note("a number beyond FP32");
    return narrow;
  }
  [[nodiscard]] bool going() const { return problem_.empty() && !stopped_; }

  Result<void> finish() {
    if (!problem_.empty()) return fail(Errc::kMalformed, "manifest: {}", problem_);
    auto done = reader_.finish();
    if (!done) return fail(done.error().code, "manifest: {}", done.error().message);
    return done;
  }

 private:
  std::uint64_t within(const Result<std::uint64_t>& value, std::uint64_t most, const char* what) {
    if (!value) {
      stopped_ = true;
      return 0;
    }
    if (*value <= most) return *value;
    note(fmt::format("{} {} above the limit of {}", what, *value, most));
    return 0;
  }
  void note(std::string problem) {
    if (problem_.empty()) problem_ = std::move(problem);
  }

  wire::CborReader reader_;
  std::string problem_;
  bool stopped_ = false;
};

template <typename Each>
void read_list(Fields& f, std::size_t most, Each each) {
  const std::size_t count = f.items(most);
  for (std::size_t i = 0; i < count && f.going(); ++i) each();
}

Tensor read_tensor(Fields& f) {
  Tensor t;
  f.exactly(4);
  t.name = f.text(kNameBytesMax);
  t.type = static_cast<TensorType>(f.number(static_cast<std::uint64_t>(TensorType::kTable)));
  t.rows = f.number32();
  t.columns = f.number32();
  return t;
}

Input read_input(Fields& f) {
  Input i;
  f.exactly(6);
  i.name = f.text(kNameBytesMax);
  i.indices = f.boolean();
  i.shape.rows = static_cast<Rows>(f.number(static_cast<std::uint64_t>(Rows::kPerSequence)));
  i.shape.height = f.number32();
  i.shape.across = f.number32();
  i.shape.channels = f.number32();
  return i;
}

Node read_node(Fields& f) {
  Node n;
  f.exactly(12);
  n.op = static_cast<Op>(f.number(kOps - 1));
  read_list(f, kInputsMax, [&] { n.inputs.push_back(f.number32()); });
  read_list(f, kInputsMax, [&] { n.tensors.push_back(f.number32()); });
  n.activation = static_cast<Activation>(f.number(static_cast<std::uint64_t>(Activation::kRelu)));
  n.epsilon = f.number_f32();
  n.heads = f.number32();
  n.causal = f.boolean();
  n.bidirectional = f.boolean();
  n.maximum = f.boolean();
  n.window = f.number32();
  n.stride = f.number32();
  n.padding = f.number32();
  return n;
}

}  // namespace

std::vector<std::byte> encode_manifest(const Model& model) {
  wire::CborWriter w;
  w.array(5);
  // Deterministic CBOR orders keys by encoding, which is by length first: so pairs stand in an array.
  w.array(model.about.size());
  for (const auto& [key, text] : model.about) w.array(2).text(key).text(text);
  w.array(model.tensors.size());
  for (const Tensor& t : model.tensors)
    w.array(4)
        .text(t.name)
        .unsigned_integer(static_cast<std::uint64_t>(t.type))
        .unsigned_integer(t.rows)
        .unsigned_integer(t.columns);
  w.array(model.inputs.size());
  for (const Input& i : model.inputs)
    w.array(6)
        .text(i.name)
        .boolean(i.indices)
        .unsigned_integer(static_cast<std::uint64_t>(i.shape.rows))
        .unsigned_integer(i.shape.height)
        .unsigned_integer(i.shape.across)
        .unsigned_integer(i.shape.channels);
  w.array(model.nodes.size());
  for (const Node& n : model.nodes) write_node(w, n);
  w.array(model.outputs.size());
  for (const Output& o : model.outputs) w.array(2).text(o.name).unsigned_integer(o.value);
  return w.take();
}

Result<Model> decode_manifest(std::span<const std::byte> bytes) {
  Fields f(bytes);
  Model m;
  f.exactly(5);
  read_list(f, kAboutMax, [&] {
    f.exactly(2);
    std::string key = f.text(kNameBytesMax);
    m.about[std::move(key)] = f.text(kAboutBytesMax);
  });
  read_list(f, kTensorsMax, [&] { m.tensors.push_back(read_tensor(f)); });
  read_list(f, kInputsMax, [&] { m.inputs.push_back(read_input(f)); });
  read_list(f, kNodesMax, [&] { m.nodes.push_back(read_node(f)); });
  read_list(f, kOutputsMax, [&] {
    f.exactly(2);
    Output o;
    o.name = f.text(kNameBytesMax);
    o.value = f.number32();
    m.outputs.push_back(std::move(o));
  });
  if (auto done = f.finish(); !done) return tl::unexpected(done.error());
  return m;
}

}  // namespace skywarden::inference
