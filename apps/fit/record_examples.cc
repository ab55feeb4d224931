#include "record_examples.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <map>

#include "base/contract.h"

namespace skywarden::fit {
namespace {

using onboard::RecordNumber;
using onboard::RecordNumbers;

class RecordCollector final : public onboard::NumberReviewer {
 public:
  RecordCollector(const datum::Schema& schema, RecordExamples& out) : schema_(schema), out_(out) {
    for (const datum::FieldSpec& spec : schema.fields) scales_.emplace_back(spec);
  }
  void begin(const MaskedRun& run, const std::vector<std::size_t>& streams) {
    run_ = &run;
    kept_.clear();
    for (const std::size_t stream : streams) kept_[stream] = {};
  }
  void end() {
    for (auto& [stream, records] : kept_) {
      if (records.empty()) continue;
      out_.begins.push_back(out_.records.size());
      for (RecordNumbers& record : records) add(std::move(record));
    }
  }

  bool wants(std::size_t) const override { return false; }
  bool review(const onboard::MissingNumber&, onboard::NumberEstimate&) override { return false; }
  bool wants_records() const override { return true; }
  void prepare(std::span<const RecordNumbers> records) override {
    for (const RecordNumbers& record : records) {
      const auto kept = kept_.find(record.stream);
      if (kept != kept_.end()) kept->second.push_back(record);
    }
  }

 private:
  void add(RecordNumbers record) {
    for (const RecordNumber& number : record.numbers) {
      const bool asked = run_->hidden[number.cell] != 0 && number.estimated && !number.known;
      const double truth = run_->truth.value(number.cell);
      const onboard::WorkingScale& scale = scales_[number.field];
      out_.truths.push_back(asked ? static_cast<float>(scale.forward(truth))
                                  : std::numeric_limits<float>::quiet_NaN());
      out_.tolerances.push_back(asked ? tolerance_at(schema_.fields[number.field], scale, truth) : 1.0F);
    }
    out_.records.push_back(std::move(record));
  }

  const datum::Schema& schema_;
  RecordExamples& out_;
  std::vector<onboard::WorkingScale> scales_;
  const MaskedRun* run_ = nullptr;
  std::map<std::size_t, std::vector<RecordNumbers>> kept_;
};

std::vector<std::size_t> draw_streams(std::size_t all, std::size_t count, Random& random) {
  std::vector<std::size_t> out(all);
  for (std::size_t i = 0; i < all; ++i) out[i] = i;
  for (std::size_t i = 0; i < std::min(count, all); ++i) std::swap(out[i], out[i + random.below(all - i)]);
  out.resize(std::min(count, all));
  return out;
}

template <typename T>
void put(std::ofstream& file, const std::vector<T>& values) {
  file.write(reinterpret_cast<const char*>(values.data()),
             static_cast<std::streamsize>(values.size() * sizeof(T)));
}
template <typename T>
void get(std::ifstream& file, std::vector<T>& values) {
  file.read(reinterpret_cast<char*>(values.data()), static_cast<std::streamsize>(values.size() * sizeof(T)));
}

constexpr std::size_t kRunBytesMax = 1 << 16;

}  // namespace

float tolerance_at(const datum::FieldSpec& spec, const onboard::WorkingScale& scale, double truth) {
  const double tolerated = std::max({spec.tolerance_abs, spec.tolerance_rel * std::abs(truth), 1e-6});
  return static_cast<float>(0.5 * (scale.forward(truth + tolerated) - scale.forward(truth - tolerated)));
}

bool RecordExamples::asked(std::size_t record, std::size_t number) const {
  return !std::isnan(truths[record * numbers + number]);
}

Result<RecordExamples> collect_records(const onboard::Panel& panel, const datum::Schema& schema,
                                       const std::vector<SlotRange>& ranges, const ExampleOptions& options,
                                       std::size_t streams, const Progress& progress) {
  RecordExamples out;
  out.numbers = onboard::NetworkInputs(schema).numbers();
  RecordCollector collector(schema, out);
  const auto collected = for_masked_runs(panel, schema, ranges, options, progress, [&](const MaskedRun& run) {
    Random random = Random(options.seed).fork(run.number);
    collector.begin(run, draw_streams(run.masked.streams(), streams, random));
    show_completion(run, schema, options.causal, collector);
    collector.end();
  });
  if (!collected) return tl::unexpected(collected.error());
  return out;
}

Result<void> write_records(const RecordExamples& examples, const std::string& run, const std::string& path) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  EXPECTS(run.size() <= kRunBytesMax);
  put(file, std::vector<std::uint64_t>{run.size(), examples.numbers, examples.records.size(),
                                       examples.begins.size()});
  file.write(run.data(), static_cast<std::streamsize>(run.size()));
  put(file, examples.begins);
  put(file, examples.truths);
  put(file, examples.tolerances);
  for (const RecordNumbers& record : examples.records) {
    put(file, std::vector<std::uint64_t>{record.slot, record.stream});
    put(file, record.numbers);
  }
  if (!file.flush()) return fail(Errc::kInputOutput, "{}: cannot be written", path);
  return {};
}

Result<RecordExamples> read_records(const std::string& path, const std::string& run) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(Errc::kNotFound, "{}: cannot be read", path);
  std::vector<std::uint64_t> sizes(4);
  get(file, sizes);
  std::vector<char> from(std::min<std::size_t>(sizes[0], kRunBytesMax));
  get(file, from);
  if (!file || std::string(from.begin(), from.end()) != run)
    return fail(Errc::kConflict, "{}: examples of another run", path);
  RecordExamples out;
  out.numbers = sizes[1];
  out.begins.resize(sizes[3]);
  out.truths.resize(sizes[1] * sizes[2]);
  out.tolerances.resize(sizes[1] * sizes[2]);
  get(file, out.begins);
  get(file, out.truths);
  get(file, out.tolerances);
  out.records.resize(sizes[2]);
  std::vector<std::uint64_t> place(2);
  for (RecordNumbers& record : out.records) {
    get(file, place);
    record.slot = place[0];
    record.stream = place[1];
    record.numbers.resize(out.numbers);
    get(file, record.numbers);
  }
  if (!file) return fail(Errc::kMalformed, "{}: cut short", path);
  return out;
}

}  // namespace skywarden::fit
