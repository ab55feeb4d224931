#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <nlohmann/json.hpp>

#include "onboard/ingest.h"

using namespace skywarden;
using namespace skywarden::onboard;
using datum::Field;
using datum::Missing;
using datum::Observed;
using datum::Record;

namespace {

datum::Schema schema_of_all_kinds() {
  datum::Schema schema;
  schema.name = "all";
  schema.time_columns = {"time"};
  schema.stream_columns = {"stream"};
  datum::FieldSpec number;
  number.name = "number";
  datum::FieldSpec category;
  category.name = "category";
  category.kind = datum::FieldKind::kCategory;
  category.levels = {"a,b", "c\"d", "plain", "高温"};
  datum::FieldSpec text;
  text.name = "text";
  text.kind = datum::FieldKind::kText;
  schema.fields = {number, category, text};
  return schema;
}

// Records with distinct times, in order of time, holding every kind of field.
std::vector<Record> any_records() {
  const auto count = *rc::gen::inRange<std::size_t>(1, 30);
  std::vector<Record> records;
  Instant time = parse_utc("2016-12-31T23:00:00Z").value();
  const std::vector<std::string> texts{"x", "two words", "a,b", "q\"q", "line\nbreak", "高温", "-"};
  for (std::size_t i = 0; i < count; ++i) {
    time += std::chrono::nanoseconds(*rc::gen::inRange<std::int64_t>(1, 4'000'000'000'000));
    const double value = *rc::gen::inRange<std::int64_t>(-1'000'000'000, 1'000'000'000) /
                         std::pow(10.0, *rc::gen::inRange(0, 12));
    Record record{*rc::gen::elementOf(texts), time, {}};
    const bool is_mark = value == -999 || value == -9999;
    record.fields.push_back(is_mark || *rc::gen::inRange(0, 4) == 0 ? Field(Missing{})
                                                                    : Field(Observed{value}));
    record.fields.push_back(*rc::gen::inRange(0, 4) == 0
                                ? Field(Missing{})
                                : Field(Observed{datum::Category{*rc::gen::inRange<std::uint16_t>(0, 4)}}));
    record.fields.push_back(*rc::gen::inRange(0, 4) == 0 ? Field(Missing{})
                                                         : Field(Observed{*rc::gen::elementOf(texts)}));
    records.push_back(std::move(record));
  }
  return records;
}

std::string number_text(const Field& field) {
  return datum::number_of(field) ? fmt::format("{}", *datum::number_of(field)) : "";
}
std::string level_text(const datum::Schema& schema, const Field& field) {
  const auto* value = datum::value_of(field);
  return value ? schema.fields[1].levels[std::get<datum::Category>(*value).level] : "";
}
std::string plain_text(const Field& field) {
  const auto* value = datum::value_of(field);
  return value ? std::get<std::string>(*value) : "";
}

bool same(const std::vector<Record>& a, const std::vector<Record>& b) {
  const auto same_field = [](const Field& x, const Field& y) {
    const auto* left = datum::value_of(x);
    const auto* right = datum::value_of(y);
    return left == nullptr || right == nullptr ? left == right : *left == *right;
  };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](const Record& x, const Record& y) {
    return x.stream == y.stream && x.time == y.time &&
           std::equal(x.fields.begin(), x.fields.end(), y.fields.begin(), y.fields.end(), same_field);
  });
}

}  // namespace

TEST_CASE("records written as CSV are read as the same records") {
  CHECK(rc::check([] {
    const datum::Schema schema = schema_of_all_kinds();
    const auto records = any_records();
    std::string csv;
    datum::append_row(csv, {"text", "stream", "number", "time", "category", "passenger"});
    for (const Record& r : records)
      datum::append_row(csv, {plain_text(r.fields[2]), r.stream, number_text(r.fields[0]),
                              format_utc(r.time, 9), level_text(schema, r.fields[1]), "x"});
    const auto in = ingest_csv(csv, schema).value();
    RC_ASSERT(in.problems.empty());
    RC_ASSERT(same(in.records, records));
  }));
}

TEST_CASE("records written as JSON Lines are read as the same records") {
  CHECK(rc::check([] {
    const datum::Schema schema = schema_of_all_kinds();
    const auto records = any_records();
    std::string lines;
    for (const Record& r : records) {
      nlohmann::json object{{"time", format_utc(r.time, 9)}, {"stream", r.stream}};
      if (const auto number = datum::number_of(r.fields[0])) object["number"] = *number;
      object["category"] = level_text(schema, r.fields[1]);
      if (datum::value_of(r.fields[2]) != nullptr) object["text"] = plain_text(r.fields[2]);
      lines += object.dump() + "\n";
    }
    const auto in = ingest_jsonl(lines, schema).value();
    RC_ASSERT(in.problems.empty());
    RC_ASSERT(same(in.records, records));
  }));
}

TEST_CASE("the order of rows and repeated rows change nothing") {
  CHECK(rc::check([] {
    const datum::Schema schema = schema_of_all_kinds();
    auto records = any_records();
    auto shuffled = records;
    for (std::size_t i = shuffled.size(); i > 1; --i)
      std::swap(shuffled[i - 1], shuffled[*rc::gen::inRange<std::size_t>(0, i)]);
    const auto again = *rc::gen::inRange<std::size_t>(0, shuffled.size() + 1);
    for (std::size_t i = 0; i < again; ++i) shuffled.push_back(shuffled[i]);
    const auto merged = merge({Source{&schema, shuffled}}).value();
    RC_ASSERT(merged.duplicates == again);
    RC_ASSERT(merged.conflicts == 0u);
    RC_ASSERT(same(merged.records, records));
  }));
}
