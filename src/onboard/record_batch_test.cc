#include "onboard/record_batch.h"

#include <doctest/doctest.h>

#include <limits>

#include "wire/cbor.h"

using namespace skywarden;
using namespace skywarden::onboard;
using datum::Missing;
using datum::MissingReason;
using datum::Observed;
using datum::Record;

namespace {

const Instant kNoon = parse_utc("2026-07-01T12:00:00Z").value();

datum::Schema two_fields() {
  datum::Schema schema;
  schema.name = "two";
  schema.fields.resize(2);
  schema.fields[0].name = "t";
  schema.fields[0].resolution = 0.1;
  schema.fields[1].name = "c";
  schema.fields[1].kind = datum::FieldKind::kCategory;
  schema.fields[1].levels = {"N", "E"};
  return schema;
}

std::vector<Record> hours(int count) {
  std::vector<Record> records;
  for (int i = 0; i < count; ++i)
    records.push_back(
        {"s", kNoon + std::chrono::hours(i), {Observed{20.0 + 0.3 * i}, Observed{datum::Category{0}}}});
  return records;
}

std::vector<std::byte> packed(const datum::Schema& schema, const std::vector<Record>& records) {
  return BatchPacker::make(schema, records).value().pack_all();
}

std::string refusal(const datum::Schema& schema, const std::vector<std::byte>& batch) {
  const auto read = unpack_records(schema, batch);
  return read ? "taken" : read.error().message;
}

}  // namespace

TEST_CASE("an hour of a steady stream costs a byte a value") {
  const auto schema = two_fields();
  const std::size_t hundred = packed(schema, hours(100)).size();
  const std::size_t thousand = packed(schema, hours(1000)).size();
  CHECK(thousand - hundred <= 2 * 900 + 8);
  CHECK(hundred <= 2 * 100 + 60);
}

TEST_CASE("what a sensor cannot have meant travels as missing with its reason") {
  auto schema = two_fields();
  schema.fields.emplace_back();
  schema.fields[2].name = "note";
  schema.fields[2].kind = datum::FieldKind::kText;
  auto records = hours(4);
  records[0].fields = {Observed{1e300}, Missing{MissingReason::kStuck}, Observed{std::string(5000, 'x')}};
  records[1].fields = {Observed{std::numeric_limits<double>::infinity()}, Missing{MissingReason::kStuck},
                       Observed{std::string("\xFF")}};
  records[2].fields = {datum::Estimated{21.0, {}, Probability(1.0), "baseline"},
                       Missing{MissingReason::kStuck}, Observed{std::string("dry")}};
  records[3].fields.emplace_back(Missing{MissingReason::kLinkLoss});
  const auto back = unpack_records(schema, packed(schema, records)).value();
  const auto reason = [&](std::size_t r, std::size_t f) {
    return std::get<Missing>(back[r].fields[f]).reason;
  };
  CHECK(reason(0, 0) == MissingReason::kOutOfRange);
  CHECK(reason(1, 0) == MissingReason::kOutOfRange);
  CHECK(reason(2, 0) == MissingReason::kDropped);
  CHECK(reason(1, 1) == MissingReason::kStuck);
  CHECK(reason(0, 2) == MissingReason::kMalformed);
  CHECK(reason(1, 2) == MissingReason::kMalformed);
  CHECK(reason(3, 2) == MissingReason::kLinkLoss);
  CHECK(std::get<std::string>(std::get<Observed>(back[2].fields[2]).value) == "dry");
}

TEST_CASE("a batch of another schema is refused, whatever changed its meaning") {
  const auto schema = two_fields();
  const auto batch = packed(schema, hours(3));
  auto other = schema;
  other.name = "three";
  CHECK(refusal(other, batch).find("of schema 'two'") != std::string::npos);
  other = schema;
  other.fields[0].resolution = 0.01;
  CHECK(unpack_records(other, batch).error().code == Errc::kConflict);
  other = schema;
  other.fields[1].levels = {"E", "N"};
  CHECK(unpack_records(other, batch).error().code == Errc::kConflict);
  other = schema;
  other.fields[0].unit = "degC";
  other.fields[0].criticality = datum::Criticality::kLow;
  CHECK(unpack_records(other, batch).has_value());
}

TEST_CASE("what no writer writes is refused") {
  const auto schema = two_fields();
  // One stream, its columns given; a start and runs of times.
  const auto batch = [&](std::vector<std::uint64_t> times, std::uint64_t unit, auto columns) {
    wire::CborWriter out;
    out.array(6).unsigned_integer(1).text("two").unsigned_integer(schema_fingerprint(schema));
    out.signed_integer(0).unsigned_integer(unit).array(1);
    out.array(4).text("s").unsigned_integer(0).array(times.size());
    for (const std::uint64_t each : times) out.unsigned_integer(each);
    out.array(2);
    columns(out);
    return out.take();
  };
  const auto dropped = [](wire::CborWriter& out) { out.map(0).map(0); };
  CHECK(refusal(schema, batch({0, 1, 2}, 5, dropped)) == "taken");
  CHECK(refusal(schema, batch({0, 2, 2}, 5, dropped)).find("base or unit") != std::string::npos);
  CHECK(refusal(schema, batch({1, 1, 2}, 5, dropped)).find("base or unit") != std::string::npos);
  CHECK(refusal(schema, batch({0}, 5, dropped)).find("base or unit") != std::string::npos);
  CHECK(refusal(schema, batch({0, 1, 1, 1, 1}, 5, dropped)).find("not joined") != std::string::npos);
  CHECK(refusal(schema, batch({0, 1, 0}, 5, dropped)).find("not joined") != std::string::npos);
  CHECK(refusal(schema, batch({0, 1}, 5, dropped)).find("pairs") != std::string::npos);
  CHECK(refusal(schema, batch({0, 1, 1, UINT64_MAX - 1, 1}, 1, dropped)).find("2262") != std::string::npos);
  CHECK(refusal(schema, batch({0, 1, std::uint64_t{1} << 40}, 1, dropped)).find("at most") !=
        std::string::npos);
  const auto first = [&](auto write) {
    return refusal(schema, batch({0, 1, 2}, 5, [&](wire::CborWriter& out) {
                     write(out);
                     out.map(0);
                   }));
  };
  const auto bits = [](unsigned value) { return std::vector<std::byte>{static_cast<std::byte>(value)}; };
  const auto masked = [&](unsigned mask, std::uint64_t values) {
    return first([&](wire::CborWriter& out) {
      out.map(2).unsigned_integer(0).bytes(bits(mask)).unsigned_integer(1).array(values);
      for (std::uint64_t i = 0; i < values; ++i) out.signed_integer(-7);
    });
  };
  CHECK(masked(0b10100000, 2) == "taken");
  CHECK(masked(0b10100000, 3).find("3 values, expected 2") != std::string::npos);
  CHECK(masked(0b10110000, 3).find("behind the last") != std::string::npos);
  CHECK(masked(0b11100000, 3).find("none or of all") != std::string::npos);
  CHECK(masked(0b00000000, 0).find("none or of all") != std::string::npos);
  const auto gaps = [&](std::vector<std::uint64_t> items, std::uint64_t values) {
    std::vector<std::uint64_t> times{0, 1, 39};
    return refusal(schema, batch(times, 5, [&](wire::CborWriter& out) {
                     out.map(2).unsigned_integer(0).array(items.size());
                     for (const std::uint64_t item : items) out.unsigned_integer(item);
                     out.unsigned_integer(1).array(values);
                     for (std::uint64_t i = 0; i < values; ++i) out.signed_integer(-7);
                     out.map(0);
                   }));
  };
  CHECK(gaps({3, 20}, 2) == "taken");
  CHECK(gaps({39}, 1) == "taken");
  CHECK(gaps({40}, 1).find("behind the last") != std::string::npos);
  CHECK(gaps({39, 0}, 2).find("behind the last") != std::string::npos);
  CHECK(gaps({}, 0).find("none or of all") != std::string::npos);
  CHECK(gaps({1, 1, 1, 1, 1, 1}, 6).find("shorter") != std::string::npos);
  const auto reasons = [&](std::vector<std::uint64_t> runs) {
    return first([&](wire::CborWriter& out) {
      out.map(1).unsigned_integer(2).array(runs.size());
      for (const std::uint64_t run : runs) out.unsigned_integer(run);
    });
  };
  CHECK(reasons({16}) == "taken");                                // three times not reported
  CHECK(reasons({8, 7}) == "taken");                              // twice, then dropped
  CHECK(reasons({23}).find("none needed") != std::string::npos);  // all dropped goes without saying
  CHECK(reasons({8}).find("less") != std::string::npos);
  CHECK(reasons({24}).find("more") != std::string::npos);
  CHECK(reasons({0, 8}).find("not joined") != std::string::npos);
  CHECK(first([](wire::CborWriter& out) { out.map(1).unsigned_integer(1).array(0); }).find("key 1") !=
        std::string::npos);
  CHECK(first([&](wire::CborWriter& out) {
          out.map(2).unsigned_integer(0).bytes(bits(0x80)).unsigned_integer(2).array(1).unsigned_integer(8);
        }).find("key 2") != std::string::npos);
  CHECK(first([](wire::CborWriter& out) {
          out.array(3).signed_integer(std::int64_t{1} << 53).signed_integer(0).signed_integer(0);
        }).find("off its grid") != std::string::npos);
}

TEST_CASE("few bytes cannot ask for much memory") {
  const auto schema = two_fields();
  std::vector<Record> records(kBatchCellsMax / 2 + 1, Record{"s", kNoon, {Missing{}, Missing{}}});
  CHECK(BatchPacker::make(schema, records).error().code == Errc::kLimitReached);
  records.pop_back();
  const auto batch = packed(schema, records);
  CHECK(batch.size() < 100);
  CHECK(unpack_records(schema, batch)->size() == records.size());
}
