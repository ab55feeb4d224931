// How fast the on-board engine runs the encoders it was made for, and what part of the machine's INT8 ceiling
// that is.
#include <fmt/core.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <thread>

#include "base/random.h"
#include "command_line/command_line.h"
#include "cpu_time.h"
#include "inference/encoders.h"
#include "inference/model_file.h"
#include "inference/packing.h"
#include "inference/scrubber.h"
#include "inference/session.h"
#include "spinning_executor.h"

namespace {

using namespace skywarden;
using namespace skywarden::inference;

struct Arguments {
  std::string model = "all";
  std::string instructions = "widest";
  std::vector<std::uint32_t> batches = {1, 8, 32};
  std::vector<std::uint32_t> tokens = {16, 32};
  std::vector<std::uint32_t> threads = {1, 2};
  std::uint32_t at_once = 256;
  double seconds = 1.0;
  std::size_t flips = 0;
};

double wall_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

struct Times {
  std::vector<double> cpu, wall;  // seconds of each run, ascending
};

double low(const std::vector<double>& times) {
  return times[times.size() / 10];
}
double middle(const std::vector<double>& times) {
  return times[times.size() / 2];
}

template <typename Work>
Times timed(double seconds, Work work) {
  for (int i = 0; i < 10; ++i) work();
  Times t;
  const double end = wall_seconds() + seconds;
  do {
    const double cpu = cpu_seconds(), wall = wall_seconds();
    work();
    t.wall.push_back(wall_seconds() - wall);
    t.cpu.push_back(cpu_seconds() - cpu);
  } while (wall_seconds() < end || t.cpu.size() < 20);
  std::sort(t.cpu.begin(), t.cpu.end());
  std::sort(t.wall.begin(), t.wall.end());
  return t;
}

std::vector<float> drawn(std::size_t count) {
  Random random(1);
  std::vector<float> x(count);
  for (float& v : x) v = static_cast<float>(random.normal(0.0, 1.0));
  return x;
}

// Multiply-adds a second of an INT8 product whose operands stay in the second-level cache.
double ceiling(InstructionSet set, double seconds) {
  constexpr std::size_t kSize = 512;
  const Kernels& kernels = kernels_of(set);
  const auto numbers = drawn(kSize * kSize);
  const PackedI8 packed = pack_i8(numbers, kSize, kSize);
  const Aligned<std::int8_t> weights(packed.values.begin(), packed.values.end());
  Aligned<std::uint8_t> rows(kSize * kSize);
  Aligned<float> scale(kSize), out(kSize * kSize);
  const QuantizedRows a{rows.data(), kSize, scale.data()};
  kernels.quantize(numbers.data(), kSize, kSize, kSize, a);
  const ProductI8 p{.rows = kSize,
                    .depth = kSize,
                    .columns = kSize,
                    .a = a,
                    .weights = weights.data(),
                    .column_scale = packed.scale.data(),
                    .offset = packed.offset.data(),
                    .column_begin = 0,
                    .column_end = kSize,
                    .epilogue = {.out = out.data(), .out_stride = kSize}};
  const Times t = timed(seconds, [&] { kernels.product_i8(p); });
  const double rate = static_cast<double>(kSize * kSize * kSize) / low(t.cpu);
  fmt::print(
      "{{\"figure\": \"INT8 product of 512 cubed, one core\", \"instructions\": \"{}\", "
      "\"multiply_adds_per_s\": {:.4g}, \"runs\": {}}}\n",
      to_string(set), rate, t.cpu.size());
  std::fflush(stdout);
  return rate;
}

struct Case {
  std::string name;
  Model model;
};

std::vector<Case> cases_of(const std::string& which) {
  std::vector<Case> cases;
  if (which == "all" || which == "student")
    cases.push_back({"student", encoder(kStudent, drawn_parameters(1))});
  if (which == "all" || which == "teacher")
    cases.push_back({"teacher", encoder(kTeacher, drawn_parameters(1))});
  if (which == "all" || which == "recurrent")
    cases.push_back({"recurrent", recurrent({}, drawn_parameters(1))});
  return cases;
}

// From the bytes of a file, unsigned, to the first answer.
void measure_start(const std::string& name, const Model& model) {
  const auto file = write_model(model);
  const double begin = cpu_seconds();
  auto read = read_model(file, name);
  const double loaded = cpu_seconds();
  if (!read) std::abort();
  const auto program = make_program(std::move(read->model));
  if (!program) std::abort();
  const std::size_t width = program->shapes[0].width();
  const std::vector<float> x(width);
  std::vector<float> y(program->shapes[program->model.outputs[0].value].width());
  const std::uint32_t lengths[] = {1};
  const InputRows inputs[] = {{x, {}}};
  const std::span<float> outputs[] = {y};
  Session session(*program);
  SerialExecutor serial;
  if (!session.run({lengths, inputs}, outputs, serial)) std::abort();
  fmt::print(
      "{{\"figure\": \"{} from its file to a first answer\", \"file_bytes\": {}, \"read_cpu_ms\": {:.2f}, "
      "\"all_cpu_ms\": {:.2f}}}\n",
      name, file.size(), (loaded - begin) * 1e3, (cpu_seconds() - begin) * 1e3);
  std::fflush(stdout);
}

void measure(const Arguments& a, const std::string& name, const Program& program, InstructionSet set,
             double ceiling, std::uint32_t batch, std::uint32_t tokens, std::uint32_t threads) {
  Session session(program, {.parts = threads, .instructions = set});
  SpinningExecutor executor(threads);
  const std::vector<std::uint32_t> lengths(batch, tokens);
  const std::size_t rows = std::size_t{batch} * tokens;
  const auto x = drawn(rows * program.shapes[0].width());
  std::vector<float> y(rows * program.shapes[program.model.outputs[0].value].width());
  const InputRows inputs[] = {{x, {}}};
  const std::span<float> outputs[] = {y};
  const Times t = timed(a.seconds, [&] {
    if (!session.run({lengths, inputs}, outputs, executor)) std::abort();
  });
  const double work = batch * multiply_adds(program, tokens);
  fmt::print(
      "{{\"figure\": \"{}\", \"instructions\": \"{}\", \"batch\": {}, \"tokens\": {}, \"threads\": {}, "
      "\"cpu_us_p10\": {:.1f}, \"cpu_us_p50\": {:.1f}, \"wall_us_p10\": {:.1f}, \"wall_us_p50\": {:.1f}, "
      "\"runs\": {}, \"share_of_ceiling\": {:.3f}, \"arena_bytes\": {}}}\n",
      name, to_string(set), batch, tokens, threads, low(t.cpu) * 1e6, middle(t.cpu) * 1e6, low(t.wall) * 1e6,
      middle(t.wall) * 1e6, t.cpu.size(), work / low(t.cpu) / ceiling, session.arena_bytes());
  std::fflush(stdout);
}

// The parameters' byte at `place` of all of them.
std::byte& parameter_byte(Program& program, std::size_t place) {
  for (Tensor& t : program.model.tensors)
    for (const auto run :
         {std::as_writable_bytes(std::span(t.bytes)), std::as_writable_bytes(std::span(t.numbers)),
          std::as_writable_bytes(std::span(t.scale)), std::as_writable_bytes(std::span(t.offset))}) {
      if (place < run.size()) return run[place];
      place -= run.size();
    }
  std::abort();
}

// Single bits flip, one after the other, while another thread runs the model without pause.
void measure_flips(const std::string& name, Program& program, std::size_t flips) {
  const std::size_t width = program.shapes[0].width();
  const std::vector<std::uint32_t> lengths = {16};
  const auto x = drawn(16 * width);
  const InputRows inputs[] = {{x, {}}};
  Session session(program);
  SerialExecutor serial;
  const auto answer = [&] {
    std::vector<float> y(16 * program.shapes[program.model.outputs[0].value].width());
    const std::span<float> outputs[] = {y};
    if (!session.run({lengths, inputs}, outputs, serial)) std::abort();
    return y;
  };
  const auto right = answer();
  Scrubber scrubber(program);
  const double before = cpu_seconds();
  Repairs repairs = scrubber.round();
  const double round = cpu_seconds() - before;
  std::atomic<bool> stopping{false};
  std::size_t runs = 0;
  std::thread load([&] {
    for (; !stopping; ++runs) (void)answer();
  });
  Random random(7);
  double longest = 0.0;
  for (std::size_t i = 0; i < flips; ++i) {
    const std::size_t place = random.below(scrubber.guarded_bytes());
    const auto bit = static_cast<std::byte>(1U << random.below(8));
    std::atomic_ref<std::byte> byte(parameter_byte(program, place));
    byte.store(byte.load() ^ bit);
    const double flipped = wall_seconds();
    std::size_t found = 0;
    while (found == 0 && wall_seconds() - flipped < 10.0) found = scrubber.step(1 << 16).repaired;
    repairs.repaired += found;
    longest = std::max(longest, wall_seconds() - flipped);
  }
  stopping = true;
  load.join();
  fmt::print(
      "{{\"figure\": \"{} under flipped bits\", \"flips\": {}, \"repaired\": {}, \"longest_ms\": {:.1f}, "
      "\"round_cpu_ms\": {:.2f}, \"guarded_bytes\": {}, \"extra_bytes\": {}, \"runs_meanwhile\": {}, "
      "\"answer_right_afterwards\": {}}}\n",
      name, flips, repairs.repaired, longest * 1e3, round * 1e3, scrubber.guarded_bytes(),
      scrubber.extra_bytes(), runs, answer() == right);
  std::fflush(stdout);
}

int fail_with(const std::string& message) {
  fmt::print(stderr, "bench-engine: {}\n", message);
  return 1;
}

int run(const Arguments& a) {
  auto set = widest_instruction_set();
  for (const auto known :
       {InstructionSet::kBaseline, InstructionSet::kAvx2, InstructionSet::kAvx512, InstructionSet::kAmx})
    if (a.instructions == to_string(known)) set = known;
  if (!is_available(set) || (a.instructions != "widest" && a.instructions != to_string(set)))
    return fail_with(fmt::format("no instructions '{}' on this machine", a.instructions));
  const double most = ceiling(set, a.seconds);
  for (Case& c : cases_of(a.model)) {
    measure_start(c.name, c.model);
    auto program = make_program(std::move(c.model), {.tokens_at_once = a.at_once});
    if (!program) return fail_with(program.error().message);
    for (const auto batch : a.batches)
      for (const auto tokens : a.tokens)
        for (const auto threads : a.threads) measure(a, c.name, *program, set, most, batch, tokens, threads);
    if (a.flips > 0) measure_flips(c.name, *program, a.flips);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments a;
  skywarden::command_line::Program app(
      "Time of the on-board engine for one batch, and its share of the INT8 ceiling of this machine");
  app.footer(
      "Example: bench-engine --model student --batches 1,32 --tokens 16\n"
      "Prints one JSON line per figure: microseconds a batch, tenth percentile and median, of CPU and by the "
      "clock.\n"
      "student is 4 layers of 192, teacher 6 of 512 with neighbours sharing, recurrent a two-way LSTM of 64 "
      "with\n"
      "attention, all with drawn INT8 weights. The share counts multiply-adds of attention as well.");
  app.add_option("--model", a.model, "all, student, teacher or recurrent")
      .check(skywarden::command_line::one_of({"all", "student", "teacher", "recurrent"}))
      .capture_default_str();
  app.add_option("--instructions", a.instructions, "widest, baseline, avx2, avx512 or amx")
      .capture_default_str();
  app.add_option("--batches", a.batches, "sequences at a time")
      .delimiter(',')
      .check(skywarden::command_line::range(1, 4096))
      .capture_default_str();
  app.add_option("--tokens", a.tokens, "of a sequence")
      .delimiter(',')
      .check(skywarden::command_line::range(1, 256))
      .capture_default_str();
  app.add_option("--threads", a.threads, "cores to use")
      .delimiter(',')
      .check(skywarden::command_line::range(1, 64))
      .capture_default_str();
  app.add_option("--at-once", a.at_once, "tokens that run through the graph together")
      .check(skywarden::command_line::range(256, 65536))
      .capture_default_str();
  app.add_option("--seconds", a.seconds, "of each measurement")
      .check(skywarden::command_line::range(0.01, 600.0))
      .capture_default_str();
  app.add_option("--flips", a.flips,
                 "single bits of the parameters to flip while the model runs and is scrubbed")
      .check(skywarden::command_line::range(0, 1000000))
      .capture_default_str();
  if (const auto exit_code = app.parse(argc, argv)) return *exit_code;
  return run(a);
}
