#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <tuple>

#include "onboard/record_batch.h"
#include "onboard/record_batch_test_data.h"

using namespace skywarden;
using namespace skywarden::onboard;
using datum::Record;

namespace {

std::vector<Record> in_order_of_arrival(std::vector<Record> records) {
  std::stable_sort(records.begin(), records.end(), [](const Record& a, const Record& b) {
    return std::tuple(a.time, a.stream, a.provenance) < std::tuple(b.time, b.stream, b.provenance);
  });
  return records;
}

void check_equal(const std::vector<Record>& a, const std::vector<Record>& b) {
  RC_ASSERT(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) RC_ASSERT(shown(a[i]) == shown(b[i]));
}

// The same, told one cell at a time.
std::vector<Record> selected(const std::vector<Record>& records, const Selection& kept) {
  std::vector<Record> out;
  for (std::size_t r = 0; r < records.size(); ++r) {
    if (kept.records[r] == 0) continue;
    out.push_back(records[r]);
    for (std::size_t f = 0; f < out.back().fields.size(); ++f)
      if (kept.cells[r * out.back().fields.size() + f] == 0 &&
          std::holds_alternative<datum::Observed>(out.back().fields[f]))
        out.back().fields[f] = datum::Missing{datum::MissingReason::kDropped};
  }
  return out;
}

}  // namespace

TEST_CASE("what is packed comes out again, and what is left out comes out as dropped") {
  const datum::Schema schema = batch_schema();
  CHECK(rc::check([&] {
    const auto records = drawn_records(schema, 60);
    const auto packer = BatchPacker::make(schema, records).value();
    const auto all = unpack_records(schema, packer.pack_all());
    RC_ASSERT(all.has_value());
    check_equal(*all, in_order_of_arrival(records));

    Selection kept;
    for (std::size_t r = 0; r < records.size(); ++r) kept.records.push_back(*rc::gen::inRange(0, 4) > 0);
    const int share = *rc::gen::inRange(0, 6);
    for (std::size_t c = 0; c < records.size() * schema.fields.size(); ++c)
      kept.cells.push_back(*rc::gen::inRange(0, 5) < share);
    const auto batch = packer.pack(kept);
    const auto some = unpack_records(schema, batch);
    RC_ASSERT(some.has_value());
    check_equal(*some, in_order_of_arrival(selected(records, kept)));
    RC_ASSERT(BatchPacker::make(schema, *some)->pack_all() == batch);
  }));
}

TEST_CASE("a number is off by half a step at most, and a step is within resolution and tolerance") {
  CHECK(rc::check([] {
    datum::FieldSpec spec;
    spec.name = "x";
    const double base = *rc::gen::elementOf(std::vector<double>{1, 2, 2.5, 5});
    const double scale = base * std::pow(10.0, *rc::gen::inRange(-4, 4));
    if (*rc::gen::inRange(0, 2) == 0) spec.resolution = scale;
    spec.tolerance_abs = *rc::gen::inRange(0, 3) == 0 ? 0.0 : scale;
    const double value = *rc::gen::inRange<std::int64_t>(-1'000'000'000, 1'000'000'000) * 1e-4;
    datum::Schema schema;
    schema.name = "one";
    schema.fields = {spec};
    const std::vector<Record> records{{"s", Instant{}, {datum::Observed{value}}}};
    const auto back = unpack_records(schema, BatchPacker::make(schema, records)->pack_all()).value();
    const double off = std::abs(datum::number_of(back.at(0).fields[0]).value() - value);
    constexpr double kSlack = 1e-9;  // of doubles, not of the grid
    if (spec.resolution)
      RC_ASSERT(off <= *spec.resolution / 2 + kSlack);
    else
      RC_ASSERT(off <= spec.tolerance_abs / 20 + (spec.tolerance_abs > 0 ? kSlack : 0.0));
  }));
}

TEST_CASE("a damaged batch is refused, or is the one encoding of something else") {
  const datum::Schema schema = batch_schema();
  CHECK(rc::check([&] {
    const auto records = drawn_records(schema, 20);
    auto batch = BatchPacker::make(schema, records)->pack_all();
    const int times = *rc::gen::inRange(1, 4);
    for (int i = 0; i < times && !batch.empty(); ++i) {
      const auto at = *rc::gen::inRange<std::size_t>(0, batch.size());
      if (*rc::gen::inRange(0, 3) == 0)
        batch.resize(at);
      else
        batch[at] = static_cast<std::byte>(*rc::gen::inRange(0, 256));
    }
    const auto read = unpack_records(schema, batch);
    if (!read) {
      RC_ASSERT(read.error().message.starts_with("record batch: "));
      return;
    }
    RC_ASSERT(BatchPacker::make(schema, *read)->pack_all() == batch);
  }));
}
