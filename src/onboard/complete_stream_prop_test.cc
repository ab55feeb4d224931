#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "onboard/complete.h"
#include "onboard/complete_stream.h"
#include "onboard/complete_test_data.h"

using namespace skywarden;
using namespace skywarden::onboard;

namespace {

// Corrects every number by what it is told, so that features that differ show.
class Sensitive final : public NumberReviewer {
 public:
  bool wants(std::size_t field) const override { return field == 0; }
  bool wants_records() const override { return true; }
  void prepare(std::span<const RecordNumbers> records) override {
    told_.clear();
    for (const RecordNumbers& record : records) {
      if (record.numbers.front().known) continue;  // of trials with it nobody is told here
      for (const RecordNumber& number : record.numbers)
        for (const float x : number.features)
          if (!std::isnan(x)) told_[record.numbers.front().cell] += x;
    }
  }
  bool review(const MissingNumber& missing, NumberEstimate& estimate) override {
    double sum = told_[missing.cell];
    for (const float x : missing.features)
      if (!std::isnan(x)) sum += x;
    estimate.value += 0.01 * std::sin(sum);
    return true;
  }

 private:
  std::map<std::size_t, double> told_;  // of records, by the cell of their first number
};

bool same_record(const datum::Record& a, const datum::Record& b, const datum::Schema& schema) {
  for (std::size_t f = 0; f < a.fields.size(); ++f)  // a panel's records do not carry texts
    if (schema.fields[f].kind != datum::FieldKind::kText && !same(a.fields[f], b.fields[f])) return false;
  return a.stream == b.stream && a.time == b.time;
}

// As files, one a stream; or as one file in order of arrival.
std::vector<datum::Record> by_table(const std::vector<datum::Record>& records, const datum::Schema& schema,
                                    bool one_file) {
  Sensitive reviewer;
  PanelBuilder builder(records.front().fields.size(), {.arrival_order = true});
  for (const datum::Record& record : records)
    REQUIRE(builder.add(one_file ? 0 : static_cast<std::uint32_t>(record.stream[0] - 'a'), record.stream,
                        record.time, record.fields));
  const auto panel = builder.build();
  REQUIRE(panel);
  const Completion completion =
      complete(*panel, schema, {.causal = true, .rows_as_arrived = one_file, .reviewer = &reviewer});
  std::vector<datum::Record> out;
  for (std::size_t r = 0; r < panel->records(); ++r)
    out.push_back(completed_record(*panel, schema, completion, r));
  return out;
}

// How many records a stream completes otherwise, one by one, than the table as one file.
std::size_t differing(const std::vector<datum::Record>& records, const datum::Schema& schema,
                      StreamOptions options = {}) {
  const auto expected = by_table(records, schema, true);
  StreamCompleter stream(schema, std::make_unique<Sensitive>(), options);
  std::size_t out = 0;
  for (std::size_t r = 0; r < records.size(); ++r) {
    const auto completed = stream.complete(records[r]);
    REQUIRE(completed);
    REQUIRE_FALSE(completed->late);
    out += same_record(completed->record, expected[r], schema) ? 0 : 1;
  }
  return out;
}

std::vector<datum::Record> lossy_records(std::size_t hours, std::uint64_t seed, double loss, double lost) {
  auto records = example_records(hours, seed);
  hide(records, loss, seed + 1);
  Random random(seed + 2);
  std::erase_if(records, [&](const datum::Record&) { return random.chance(lost); });
  return records;
}

std::size_t estimates(const std::vector<datum::Record>& records) {
  std::size_t out = 0;
  for (const datum::Record& record : records)
    for (const datum::Field& field : record.fields) out += std::holds_alternative<datum::Estimated>(field);
  return out;
}

}  // namespace

TEST_CASE("a backlog in pieces is completed as the table is, to the bit") {
  CHECK(rc::check("any loss, any pieces, records lost as a whole", [] {
    const auto seed = *rc::gen::inRange<std::uint64_t>(0, 1000);
    const datum::Schema schema = example_schema();
    const auto records = lossy_records(160, seed, *rc::gen::element(0.1, 0.4, 0.7), 0.1);
    const auto expected = by_table(records, schema, false);
    StreamCompleter stream(schema, std::make_unique<Sensitive>());
    Random random(seed + 3);
    for (std::size_t first = 0, last = 0; first < records.size(); first = last) {
      // A piece ends where a time ends, and is handed over in any order.
      last = std::min(records.size(), first + 1 + random.below(50));
      while (last < records.size() && records[last].time == records[last - 1].time) ++last;
      std::vector<std::size_t> order;
      for (std::size_t r = first; r < last; ++r) order.push_back(r);
      for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
      std::vector<datum::Record> piece;
      for (const std::size_t r : order) piece.push_back(records[r]);
      const auto said = stream.complete_backlog(piece);
      for (std::size_t i = 0; i < said.size(); ++i) {
        RC_ASSERT(said[i].has_value());
        RC_ASSERT(same_record(said[i]->record, expected[order[i]], schema));
      }
    }
  }));
}

TEST_CASE("records one by one are completed as one file in order of arrival is, to the bit") {
  CHECK(rc::check("any loss, any order within a time, clocks apart or not", [] {
    const auto seed = *rc::gen::inRange<std::uint64_t>(0, 1000);
    auto records = lossy_records(160, seed, *rc::gen::element(0.1, 0.4, 0.7), 0.1);
    Random random(seed + 3);
    for (std::size_t i = 1; i < records.size(); ++i)
      if (records[i].time == records[i - 1].time && random.chance(0.5)) std::swap(records[i], records[i - 1]);
    if (*rc::gen::arbitrary<bool>()) {  // stations a and b in turns, c from the middle on
      for (datum::Record& record : records)
        if (record.stream == "b") record.time += std::chrono::minutes(30);
      std::erase_if(records, [](const datum::Record& record) {
        return record.stream == "c" && record.time < Instant{} + std::chrono::hours(80);
      });
      std::stable_sort(records.begin(), records.end(),
                       [](const auto& a, const auto& b) { return a.time < b.time; });
    }
    RC_ASSERT(differing(records, example_schema()) == 0U);
  }));
}

TEST_CASE("records handed over together are completed as one by one, to the bit") {
  CHECK(rc::check("any loss, any pieces, late ones and streams that come and go among them", [] {
    const auto seed = *rc::gen::inRange<std::uint64_t>(0, 1000);
    auto records = lossy_records(160, seed, *rc::gen::element(0.1, 0.4, 0.7), 0.1);
    Random random(seed + 3);
    for (std::size_t i = 4; i < records.size(); ++i) {
      if (random.chance(0.1)) std::swap(records[i], records[i - 1 - random.below(4)]);
      if (random.chance(0.02)) records[i].stream = "e";
      if (random.chance(0.01)) records[i].fields.pop_back();
    }
    const StreamOptions options{.streams_max = 4, .idle_slots = 2, .idle = std::chrono::hours(2)};
    StreamCompleter one(example_schema(), std::make_unique<Sensitive>(), options),
        several(example_schema(), std::make_unique<Sensitive>(), options);
    for (std::size_t first = 0, last = 0; first < records.size(); first = last) {
      last = std::min(records.size(), first + 1 + random.below(12));
      std::vector<const datum::Record*> piece;
      for (std::size_t r = first; r < last; ++r) piece.push_back(&records[r]);
      const auto said = several.complete_each(piece);
      for (std::size_t r = first; r < last; ++r) {
        const auto expected = one.complete(records[r]);
        const auto& got = said[r - first];
        RC_ASSERT(got.has_value() == expected.has_value());
        if (!got) continue;
        RC_ASSERT(got->late == expected->late);
        RC_ASSERT(same_record(got->record, expected->record, example_schema()));
      }
    }
    RC_ASSERT(several.forgotten_streams() == one.forgotten_streams());
  }));
}

TEST_CASE("bits can differ: the checks above fail for the other way to see a slot") {
  const auto records = lossy_records(160, 4, 0.4, 0.1);
  const datum::Schema schema = example_schema();
  const auto one = by_table(records, schema, true), several = by_table(records, schema, false);
  std::size_t different = 0;
  for (std::size_t r = 0; r < records.size(); ++r)
    different += same_record(one[r], several[r], schema) ? 0 : 1;
  CHECK(different > 0);
  CHECK(estimates(one) > 200);
}

TEST_CASE("a window that has moved on says what the whole table says, as long as no gap is longer") {
  CHECK(differing(lossy_records(2300, 9, 0.3, 0.02), example_schema()) == 0);
}

TEST_CASE("a window too short to look back is another answer, not a failure") {
  auto records = lossy_records(600, 9, 0.3, 0.02);
  for (datum::Record& record : records)
    if (record.stream == "a" && record.time > Instant{} + std::chrono::hours(100) &&
        record.time < Instant{} + std::chrono::hours(500))
      record.fields[0] = datum::Missing{datum::MissingReason::kLinkLoss};
  CHECK(differing(records, example_schema(), {.window_slots = 256}) > 0);
}

TEST_CASE("texts that leave the window change nothing of what was learnt from them") {
  datum::Schema schema = example_schema();
  schema.fields[1] = {};
  schema.fields[1].name = "note";
  schema.fields[1].kind = datum::FieldKind::kText;
  schema.fields[2].circular = false;
  auto records = example_records(700, 12);
  for (datum::Record& record : records) {
    const auto level = std::get<datum::Category>(*datum::value_of(record.fields[2])).level;
    const auto hour = std::chrono::floor<std::chrono::hours>(record.time).time_since_epoch().count();
    record.fields[1] =
        datum::Observed{"wind from " + schema.fields[2].levels[level] + " in hour " + std::to_string(hour)};
  }
  hide(records, 0.2, 13);
  CHECK(differing(records, schema, {.window_slots = 1024}) == 0);
  StreamCompleter stream(schema, nullptr, {.window_slots = 256});
  std::size_t right = 0, asked = 0;
  for (std::size_t r = 0; r < records.size(); ++r) {
    datum::Record record = records[r];
    const bool ask = r > 1600 && !std::holds_alternative<datum::Missing>(record.fields[1]) &&
                     !std::holds_alternative<datum::Missing>(record.fields[2]) && r % 7 == 0;
    if (ask) record.fields[2] = datum::Missing{datum::MissingReason::kLinkLoss};
    const auto said = stream.complete(record);
    REQUIRE(said);
    if (!ask) continue;
    ++asked;
    const datum::Value* level = datum::value_of(said->record.fields[2]);
    right += level != nullptr && *level == *datum::value_of(records[r].fields[2]) ? 1 : 0;
  }
  CHECK(asked > 50);
  CHECK(right * 2 > asked);
}

TEST_CASE("a model that comes while records do answers from then on, and is told of the streams there are") {
  class Counting final : public NumberReviewer {
   public:
    explicit Counting(std::size_t& streams) : streams_(streams) {}
    bool wants(std::size_t /*field*/) const override { return true; }
    bool review(const MissingNumber& /*missing*/, NumberEstimate& /*estimate*/) override { return true; }
    void move_streams(StreamMoves moves) override { streams_ = moves.size(); }

   private:
    std::size_t& streams_;
  };
  const auto records = lossy_records(120, 5, 0.4, 0.0);
  StreamCompleter stream(example_schema());
  std::size_t streams = 0, by_model = 0, by_baseline = 0;
  for (std::size_t r = 0; r < records.size(); ++r) {
    if (r == 200) stream.set_reviewer(std::make_unique<Counting>(streams));
    if (r == 300) CHECK(stream.take_reviewer() != nullptr);
    const auto said = stream.complete(records[r]);
    REQUIRE(said);
    const auto* estimate = std::get_if<datum::Estimated>(&said->record.fields[0]);
    if (estimate == nullptr || estimate->by.starts_with("twin")) continue;
    CHECK(estimate->by == (r >= 200 && r < 300 ? "model" : "baseline"));
    (r >= 200 && r < 300 ? by_model : by_baseline) += 1;
  }
  CHECK(streams == 4);
  CHECK(by_model > 10);
  CHECK(by_baseline > 10);
}

TEST_CASE("a late record is completed where it belongs and counts from then on") {
  auto records = example_records(200, 3);
  StreamCompleter stream(example_schema());
  std::vector<datum::Record> late;
  for (const datum::Record& record : records) {
    if (record.stream == "b" && record.time >= Instant{} + std::chrono::hours(150)) {
      late.push_back(record);
      continue;
    }
    REQUIRE(stream.complete(record));
  }
  for (datum::Record& record : late) {
    const double truth = std::get<double>(*datum::value_of(record.fields[0]));
    if (record.time == late.back().time) break;
    record.fields[0] = datum::Missing{datum::MissingReason::kLinkLoss};
    const auto said = stream.complete(record);
    REQUIRE(said);
    CHECK(said->late);
    const auto* estimate = std::get_if<datum::Estimated>(&said->record.fields[0]);
    REQUIRE(estimate != nullptr);
    CHECK(std::abs(std::get<double>(estimate->value) - truth) < 4.0);
  }
}

TEST_CASE("one stream too many replaces the one that was silent longest, or is refused") {
  StreamCompleter stream(example_schema(), nullptr,
                         {.streams_max = 4, .idle_slots = 30, .idle = std::chrono::hours(30)});
  const auto records = example_records(40, 8);
  for (const datum::Record& record : records)
    if (record.stream != "c" || record.time < Instant{} + std::chrono::hours(5))
      REQUIRE(stream.complete(record));
  datum::Record fresh = records.back();
  fresh.stream = "e";
  REQUIRE(stream.complete(fresh));
  CHECK(stream.streams() == 4);
  CHECK(stream.forgotten_streams() == 1);
  fresh.stream = "f";
  const auto refused = stream.complete(fresh);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::kLimitReached);
}

TEST_CASE("more new streams in one backlog than there is room for: the rest is refused") {
  StreamCompleter stream(example_schema(), nullptr, {.streams_max = 2});
  const auto said = stream.complete_backlog(example_records(1, 8));
  CHECK(std::count_if(said.begin(), said.end(), [](const auto& one) { return one.has_value(); }) == 2);
  CHECK(stream.streams() == 2);
}

TEST_CASE("a record that does not follow the schema changes nothing") {
  StreamCompleter stream(example_schema());
  datum::Record record = example_records(1, 1).front();
  record.fields[0] = datum::Observed{std::nan("")};
  CHECK_FALSE(stream.complete(record));
  record.fields[0] = datum::Observed{1.0};
  record.fields[2] = datum::Observed{datum::Category{99}};
  CHECK_FALSE(stream.complete(record));
  record.fields.pop_back();
  CHECK_FALSE(stream.complete(record));
  CHECK(stream.streams() == 0);
}

TEST_CASE("a clock that goes back stays where it was, and everything missing is no reason to fail") {
  StreamCompleter stream(example_schema());
  const auto nothing = [](datum::Record record) {
    for (datum::Field& field : record.fields) field = datum::Missing{datum::MissingReason::kLinkLoss};
    return record;
  };
  auto records = example_records(60, 2);
  // Nothing is known yet, so nothing is made up.
  const auto first = stream.complete(nothing(records.front()));
  REQUIRE(first);
  CHECK(std::holds_alternative<datum::Missing>(first->record.fields[0]));
  for (datum::Record& record : records) {
    record.time += std::chrono::hours(1);
    REQUIRE(stream.complete(record));
  }
  datum::Record record = nothing(records.back());
  record.time = Instant{};
  const auto said = stream.complete(record);
  REQUIRE(said);
  CHECK_FALSE(std::holds_alternative<datum::Missing>(said->record.fields[0]));
  for (int h = 0; h < 30; ++h) {
    record.time += std::chrono::hours(70);
    REQUIRE(stream.complete(record));
  }
}
