#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cmath>

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
  bool review(const MissingNumber& missing, NumberEstimate& estimate) override {
    double sum = 0.0;
    for (const float x : missing.features)
      if (!std::isnan(x)) sum += x;
    estimate.value += 0.01 * std::sin(sum);
    return true;
  }
};

bool same(const datum::Field& a, const datum::Field& b) {
  if (a.index() != b.index()) return false;
  if (std::holds_alternative<datum::Missing>(a)) return true;
  if (*datum::value_of(a) != *datum::value_of(b)) return false;
  const auto* x = std::get_if<datum::Estimated>(&a);
  const auto* y = std::get_if<datum::Estimated>(&b);
  if (x == nullptr) return true;
  return x->interval == y->interval && x->by == y->by && x->probability == y->probability;
}

bool same(const datum::Record& a, const datum::Record& b) {
  for (std::size_t f = 0; f < a.fields.size(); ++f)
    if (!same(a.fields[f], b.fields[f])) return false;
  return a.stream == b.stream && a.time == b.time;
}

// As files, one a stream; or as one file in order of arrival.
std::vector<datum::Record> by_block(const std::vector<datum::Record>& records, bool one_file) {
  Sensitive reviewer;
  PanelBuilder builder(records.front().fields.size(), {.arrival_order = true});
  for (const datum::Record& record : records)
    REQUIRE(builder.add(one_file ? 0 : static_cast<std::uint32_t>(record.stream[0] - 'a'), record.stream,
                        record.time, record.fields));
  const auto panel = builder.build();
  REQUIRE(panel);
  const Completion completion = complete(
      *panel, example_schema(), {.causal = true, .rows_as_arrived = one_file, .reviewer = &reviewer});
  std::vector<datum::Record> out;
  for (std::size_t r = 0; r < panel->records(); ++r)
    out.push_back(completed_record(*panel, example_schema(), completion, r));
  return out;
}

std::vector<datum::Record> lossy_records(std::size_t hours, std::uint64_t seed, double loss, double lost) {
  auto records = example_records(hours, seed);
  hide(records, loss, seed + 1);
  Random random(seed + 2);
  std::erase_if(records, [&](const datum::Record&) { return random.chance(lost); });
  return records;
}

}  // namespace

TEST_CASE("a backlog in pieces is completed as the block is, to the bit") {
  CHECK(rc::check("any loss, any pieces, records lost as a whole", [] {
    const auto seed = *rc::gen::inRange<std::uint64_t>(0, 1000);
    const auto records = lossy_records(160, seed, *rc::gen::element(0.1, 0.4, 0.7), 0.1);
    const auto expected = by_block(records, false);
    StreamCompleter stream(example_schema(), std::make_unique<Sensitive>());
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
      const auto said = stream.complete_all(piece);
      for (std::size_t i = 0; i < said.size(); ++i) {
        RC_ASSERT(said[i].has_value());
        RC_ASSERT(same(said[i]->record, expected[order[i]]));
      }
    }
  }));
}

TEST_CASE("records one by one are completed as one file in order of arrival is, to the bit") {
  CHECK(rc::check("any loss, any order within a time", [] {
    const auto seed = *rc::gen::inRange<std::uint64_t>(0, 1000);
    auto records = lossy_records(160, seed, *rc::gen::element(0.1, 0.4, 0.7), 0.1);
    Random random(seed + 3);
    for (std::size_t i = 1; i < records.size(); ++i)
      if (records[i].time == records[i - 1].time && random.chance(0.5)) std::swap(records[i], records[i - 1]);
    const auto expected = by_block(records, true);
    StreamCompleter stream(example_schema(), std::make_unique<Sensitive>());
    for (std::size_t r = 0; r < records.size(); ++r) {
      const auto completed = stream.complete(records[r]);
      RC_ASSERT(completed.has_value());
      RC_ASSERT(!completed->late);
      RC_ASSERT(same(completed->record, expected[r]));
    }
  }));
}

TEST_CASE("bits can differ: the check above fails for the other way to see a slot") {
  const auto records = lossy_records(160, 4, 0.4, 0.1);
  const auto one = by_block(records, true), several = by_block(records, false);
  std::size_t different = 0;
  for (std::size_t r = 0; r < records.size(); ++r) different += same(one[r], several[r]) ? 0 : 1;
  CHECK(different > 0);
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
  StreamCompleter stream(example_schema(), nullptr, {.streams_max = 4, .idle_slots = 30});
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
  auto records = example_records(60, 2);
  for (const datum::Record& record : records) REQUIRE(stream.complete(record));
  datum::Record record = records.back();
  record.time = Instant{};
  for (datum::Field& field : record.fields) field = datum::Missing{datum::MissingReason::kLinkLoss};
  const auto said = stream.complete(record);
  REQUIRE(said);
  CHECK_FALSE(std::holds_alternative<datum::Missing>(said->record.fields[0]));
}

TEST_CASE("under a deadline the method is named and no longer the best") {
  std::chrono::nanoseconds now{0};
  StreamOptions options;
  options.clock = [&] { return now; };
  StreamCompleter stream(example_schema(), std::make_unique<Sensitive>(), options);
  auto records = example_records(100, 6);
  hide(records, 0.4, 7);
  for (const datum::Record& record : records) REQUIRE(stream.complete(record));
  datum::Record record = records.back();
  record.time += std::chrono::hours(1);
  record.fields[0] = datum::Missing{datum::MissingReason::kLinkLoss};
  const auto hurried = stream.complete(record, std::chrono::nanoseconds(1));
  REQUIRE(hurried);
  CHECK(hurried->method == Method::kRules);
  CHECK(stream.slots_not_learnt() == 1);
  const auto* estimate = std::get_if<datum::Estimated>(&hurried->record.fields[0]);
  REQUIRE(estimate != nullptr);
  CHECK((estimate->by == "last_value" || estimate->by.starts_with("twin:")));
  record.time += std::chrono::hours(1);
  CHECK(stream.complete(record)->method == Method::kTrees);
}

TEST_CASE("more slots than the window holds: old ones are forgotten and nothing breaks") {
  StreamCompleter stream(example_schema());
  auto records = example_records(kWindowSlots + 300, 9);
  hide(records, 0.3, 10);
  for (const datum::Record& record : records) REQUIRE(stream.complete(record));
  datum::Record record = records.back();
  record.time += std::chrono::hours(1);
  record.fields[0] = datum::Missing{datum::MissingReason::kLinkLoss};
  CHECK(std::holds_alternative<datum::Estimated>(stream.complete(record)->record.fields[0]));
}
