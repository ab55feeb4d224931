#include "base/contract.h"
#include "onboard/clean.h"
#include "onboard/ingest.h"

namespace {

skywarden::datum::Schema fuzz_schema(skywarden::datum::TimeFormat format, std::vector<std::string> columns) {
  using skywarden::datum::FieldKind;
  skywarden::datum::Schema schema;
  schema.name = "fuzz";
  schema.time_format = format;
  schema.time_columns = std::move(columns);
  schema.utc_offset_min = 480;
  schema.stream_columns = {"s"};
  schema.fields.resize(3);
  schema.fields[0].name = "x";
  schema.fields[0].min = -100;
  schema.fields[0].max = 100;
  schema.fields[0].rate_max_per_hour = 5;
  schema.fields[0].stuck_hours = 3;
  schema.fields[1].name = "c";
  schema.fields[1].kind = FieldKind::kCategory;
  schema.fields[1].levels = {"N", "E"};
  schema.fields[2].name = "t";
  schema.fields[2].kind = FieldKind::kText;
  return schema;
}

}  // namespace

// The first byte picks the format of time; whatever the rest, records come out whole and in order.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using skywarden::datum::TimeFormat;
  static const skywarden::datum::Schema schemas[] = {
      fuzz_schema(TimeFormat::kIso, {"a"}), fuzz_schema(TimeFormat::kYmdh, {"a", "b", "d", "h"}),
      fuzz_schema(TimeFormat::kFirms, {"a", "b"}), fuzz_schema(TimeFormat::kUnix, {"a"})};
  if (size == 0) return 0;
  const auto& schema = schemas[data[0] % 4];
  auto in = skywarden::onboard::ingest_csv({reinterpret_cast<const char*>(data) + 1, size - 1}, schema);
  if (!in) return 0;
  skywarden::onboard::Cleaner cleaner(schema);
  for (std::size_t i = 0; i < in->records.size(); ++i) {
    EXPECTS(in->records[i].fields.size() == schema.fields.size());
    EXPECTS(i == 0 || in->records[i - 1].time <= in->records[i].time);
    cleaner.clean(in->records[i]);
    const auto x = skywarden::datum::number_of(in->records[i].fields[0]);
    EXPECTS(!x || (*x >= -100 && *x <= 100));
  }
  return 0;
}
