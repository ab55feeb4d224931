#include "inference/model_file.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/random.h"
#include "inference/encoders.h"
#include "inference/guarded_bytes.h"
#include "inference/session.h"

namespace skywarden::inference {
namespace {

using Bytes = std::vector<std::byte>;

Model small_model() {
  Model m = encoder({.layers = 2, .sets = 1, .width = 48, .heads = 4, .hidden = 100}, drawn_parameters(1));
  m.about = {{"schema", "prsa"}, {"run", "seed 1"}};
  return m;
}

// No signature scheme: enough to see what is signed and what is compared.
Bytes mark(std::span<const std::byte> message) {
  std::byte sum{};
  for (const std::byte b : message) sum ^= b;
  return {std::byte{0x51}, sum};
}
bool mark_holds(std::span<const std::byte> message, std::span<const std::byte> signature) {
  return std::ranges::equal(mark(message), signature);
}

std::string refusal(const Bytes& file, const Verify& verify = {}) {
  const auto read = read_model(file, "m.swm", verify);
  return read ? std::string("accepted") : read.error().message;
}

std::vector<float> answer(const Model& model) {
  const auto program = make_program(model);
  REQUIRE(program.has_value());
  Session session(*program);
  SerialExecutor serial;
  std::vector<float> x(5 * 48), y(5 * 48);
  Random random(1);
  for (float& v : x) v = static_cast<float>(random.normal(0.0, 1.0));
  const std::uint32_t lengths[] = {2, 3};
  const InputRows inputs[] = {{x, {}}};
  const std::span<float> outputs[] = {y};
  REQUIRE(session.run({lengths, inputs}, outputs, serial).has_value());
  return y;
}

TEST_CASE("a model comes back from its file as it was") {
  const Model model = small_model();
  const Bytes file = write_model(model);
  const auto read = read_model(file, "m.swm");
  REQUIRE(read.has_value());
  CHECK(read->model.about == model.about);
  CHECK(!read->is_signed);
  CHECK(read->repaired_bytes + read->repaired_blocks == 0);
  CHECK(write_model(read->model) == file);
  CHECK(answer(read->model) == answer(model));
}

TEST_CASE("signed models are told from unsigned and foreign ones") {
  const Bytes file = write_model(small_model(), mark);
  const auto read = read_model(file, "m.swm", mark_holds);
  REQUIRE(read.has_value());
  CHECK(read->is_signed);
  CHECK(refusal(write_model(small_model()), mark_holds) ==
        "m.swm: it is not signed, and only signed models are accepted");
  Bytes foreign = file;
  foreign.back() ^= std::byte{1};
  CHECK(refusal(foreign, mark_holds) == "m.swm: its signature is not that of a known signer");
  CHECK(refusal(foreign) == "accepted");
}

TEST_CASE("what is no model file is refused in one line") {
  const Bytes file = write_model(small_model());
  CHECK(refusal({}) == "m.swm: truncated: 0 bytes, a model begins with 192");
  CHECK(refusal(Bytes(1000)) == "m.swm: no model file: it does not begin with SWMODEL");
  Bytes shorter(file.begin(), file.end() - 1);
  CHECK(refusal(shorter) ==
        fmt::format("m.swm: truncated: {} bytes, its header states {}", file.size() - 1, file.size()));
  Bytes longer = file;
  longer.emplace_back();
  CHECK(refusal(longer).find("m.swm: too long") == 0);
  Bytes other = file;
  for (const std::size_t copy : {0, 64, 128}) other[copy + 8] = std::byte{2};
  CHECK(refusal(other) == "m.swm: version 2 of the format, this build reads 1");
  Bytes twice = file;
  for (const std::size_t copy : {0, 64}) twice[copy + 20] ^= std::byte{1};
  CHECK(refusal(twice) == "m.swm: its header is damaged");
}

TEST_CASE("a NaN among the weights is refused by name") {
  ModelBuilder b;
  const float one = 1.0F;
  const ValueId x = b.input("x", {.channels = 1});
  const TensorId w = b.matrix("w", std::span(&one, 1), 1, 1, Precision::kF32);
  b.output("y", b.linear(x, {w, {}}));
  Model broken = b.take();
  broken.tensors[0].numbers[0] = std::nanf("");
  const auto program = make_program(broken);
  REQUIRE(!program.has_value());
  CHECK(program.error().message == "model: tensor 0 'w': a number is not finite or above 1e6");
}

TEST_CASE("any single flipped bit of a file is undone, and the signature still holds") {
  const Bytes file = write_model(small_model(), mark);
  const std::size_t signature = 2;
  CHECK(rc::check("flip", [&] {
    Bytes damaged = file;
    const auto at = *rc::gen::inRange<std::size_t>(0, file.size() - signature);
    damaged[at] ^= static_cast<std::byte>(1U << *rc::gen::inRange(0, 8));
    const auto read = read_model(damaged, "m.swm", mark_holds);
    RC_ASSERT(read.has_value());
    RC_ASSERT(write_model(read->model, mark) == file);
    RC_ASSERT(read->repaired_bytes + read->repaired_blocks == 1);
  }));
}

TEST_CASE("two damaged blocks of one group are refused, not guessed") {
  const Model model =
      encoder({.layers = 1, .sets = 1, .width = 128, .heads = 4, .hidden = 256}, drawn_parameters(1));
  Bytes file = write_model(model);
  const auto& weights = model.tensors[2].bytes;
  const auto at =
      std::ranges::search(file, std::as_bytes(std::span(weights)).first(64)).begin() - file.begin();
  file[static_cast<std::size_t>(at)] ^= std::byte{4};
  file[static_cast<std::size_t>(at) + 2 * kGuardBlockBytes] ^= std::byte{4};
  CHECK(refusal(file) == "m.swm: 2 blocks of weights are damaged beyond repair");
}

TEST_CASE("random bytes behind a true header never crash the reader") {
  const Bytes file = write_model(small_model());
  CHECK(rc::check("noise", [&] {
    Bytes noisy = file;
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    for (std::size_t i = 0; i < 1 + random.below(40); ++i)
      noisy[random.below(noisy.size())] = static_cast<std::byte>(random.below(256));
    (void)read_model(noisy, "m.swm");
  }));
}

TEST_CASE("a guard finds and undoes any damage of one block of a group") {
  CHECK(rc::check("guard", [] {
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    Bytes bytes(random.below(200'000));
    for (std::byte& b : bytes) b = static_cast<std::byte>(random.below(256));
    const Bytes right = bytes;
    Guard guard = guard_of(bytes);
    std::size_t hurt = 0;
    for (std::size_t g = 0; g < guard_groups(bytes.size()); ++g) {
      const std::size_t begin = g * kGuardGroup * kGuardBlockBytes;
      const std::size_t blocks = guard_blocks(std::min(kGuardGroup * kGuardBlockBytes, bytes.size() - begin));
      const std::size_t block = begin + random.below(blocks) * kGuardBlockBytes;
      const std::size_t size = std::min(kGuardBlockBytes, bytes.size() - block);
      const std::size_t flips = random.below(4);
      for (std::size_t i = 0; i < flips; ++i)
        bytes[block + random.below(size)] ^= static_cast<std::byte>(1U << random.below(8));
      hurt += std::equal(bytes.begin() + static_cast<std::ptrdiff_t>(block),
                         bytes.begin() + static_cast<std::ptrdiff_t>(block + size),
                         right.begin() + static_cast<std::ptrdiff_t>(block))
                  ? 0
                  : 1;
    }
    const Repairs repairs = repair(bytes, guard);
    RC_ASSERT(repairs.repaired == hurt && repairs.lost == 0);
    RC_ASSERT(bytes == right);
  }));
}

}  // namespace
}  // namespace skywarden::inference
