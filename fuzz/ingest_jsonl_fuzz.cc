#include "base/contract.h"
#include "onboard/ingest.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace skywarden;
  static const datum::Schema schema = [] {
    datum::Schema s;
    s.name = "fuzz";
    s.time_columns = {"a"};
    s.fields.resize(2);
    s.fields[0].name = "x";
    s.fields[1].name = "t";
    s.fields[1].aliases = {"u"};
    s.fields[1].kind = datum::FieldKind::kText;
    return s;
  }();
  const auto in = onboard::ingest_jsonl({reinterpret_cast<const char*>(data), size}, schema);
  if (!in) return 0;
  for (const auto& record : in->records) EXPECTS(record.fields.size() == 2);
  for (const auto& problem : in->problems) EXPECTS(problem.row > 0);
  return 0;
}
