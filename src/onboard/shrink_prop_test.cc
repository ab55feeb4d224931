#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>

#include "onboard/record_batch_test_data.h"
#include "onboard/restorable.h"
#include "onboard/shrink.h"

using namespace skywarden;
using namespace skywarden::onboard;
using datum::Criticality;
using datum::Record;

namespace {

bool observed(const datum::Field& field) {
  return std::holds_alternative<datum::Observed>(field);
}

// Slow and obvious: the records that are kept by name of their steps, cell by cell.
std::vector<std::byte> pack_steps(const BatchPacker& packer, const datum::Schema& schema,
                                  const KeepOrder& order, std::size_t count) {
  std::set<std::uint32_t> records;
  std::set<std::pair<std::uint32_t, std::size_t>> cells;
  for (std::size_t i = 0; i < count; ++i) {
    const KeepStep step = order.steps[i];
    records.insert(step.record);
    for (std::size_t f = 0; f < schema.fields.size(); ++f)
      if (step.field == f || step.field == KeepStep::kWhole ||
          (step.field == KeepStep::kCritical && schema.fields[f].criticality == Criticality::kHigh))
        cells.insert({step.record, f});
  }
  Selection kept;
  for (std::uint32_t r = 0; r < packer.records(); ++r) {
    kept.records.push_back(records.count(r) != 0);
    for (std::size_t f = 0; f < schema.fields.size(); ++f) kept.cells.push_back(cells.count({r, f}) != 0);
  }
  return packer.pack(kept);
}

}  // namespace

TEST_CASE("the budget holds, one step more would not fit, and with room for all nothing is dropped") {
  const datum::Schema schema = batch_schema();
  CHECK(rc::check([&] {
    const auto records = drawn_records(schema, 25);
    const auto packer = BatchPacker::make(schema, records).value();
    const auto overflow = *rc::gen::elementOf(std::vector{Overflow::kThin, Overflow::kNewest});
    const auto order = critical_first(packer, schema, records, overflow);
    const auto all = packer.pack_all();
    const auto budget = *rc::gen::inRange<std::size_t>(0, all.size() + 20);
    const Shrunk shrunk = shrink(schema, records, budget, overflow).value();
    RC_ASSERT(shrunk.batch.size() <= budget);
    RC_ASSERT(shrunk.batch == shrink(schema, records, budget, overflow)->batch);
    if (budget >= all.size()) {
      RC_ASSERT(shrunk.batch == all);
      RC_ASSERT(shrunk.values_sent == shrunk.values);
      return;
    }
    // Each step of the order, from none to all.
    std::vector<std::size_t> fitting;
    bool falls = false;
    std::size_t before = 0;
    for (std::size_t steps = 0; steps <= order.steps.size(); ++steps) {
      const auto batch = pack_steps(packer, schema, order, steps);
      falls = falls || batch.size() < before;
      before = batch.size();
      if (batch.size() <= budget) fitting.push_back(steps);
    }
    if (fitting.empty()) {
      RC_ASSERT(shrunk.batch.empty());
      RC_ASSERT(shrunk.records_sent == 0);
      return;
    }
    bool ends_where_it_stops_fitting = false;
    for (const std::size_t steps : fitting)
      if (pack_steps(packer, schema, order, steps) == shrunk.batch &&
          !std::binary_search(fitting.begin(), fitting.end(), steps + 1))
        ends_where_it_stops_fitting = true;
    RC_ASSERT(ends_where_it_stops_fitting);
    if (!falls) RC_ASSERT(shrunk.batch == pack_steps(packer, schema, order, fitting.back()));
  }));
}

TEST_CASE("nothing is dropped while something less critical of the batch or of a newer record is sent") {
  const datum::Schema schema = batch_schema();
  CHECK(rc::check([&] {
    const auto records = drawn_records(schema, 25);
    const auto budget = *rc::gen::inRange<std::size_t>(0, 300);
    const auto overflow = *rc::gen::elementOf(std::vector{Overflow::kThin, Overflow::kNewest});
    const Shrunk shrunk = shrink(schema, records, budget, overflow).value();
    std::map<Criticality, std::size_t> sent, not_sent;
    const auto arrived =
        shrunk.batch.empty() ? std::vector<Record>{} : unpack_records(schema, shrunk.batch).value();
    for (std::size_t f = 0; f < schema.fields.size(); ++f) {
      std::size_t there = 0;
      std::size_t here = 0;
      for (const Record& record : records) there += observed(record.fields[f]) ? 1 : 0;
      for (const Record& record : arrived) here += observed(record.fields[f]) ? 1 : 0;
      sent[schema.fields[f].criticality] += here;
      not_sent[schema.fields[f].criticality] += there - here;
    }
    if (not_sent[Criticality::kHigh] > 0) RC_ASSERT(sent[Criticality::kNormal] == 0);
    if (not_sent[Criticality::kHigh] + not_sent[Criticality::kNormal] > 0)
      RC_ASSERT(sent[Criticality::kLow] == 0);
    RC_ASSERT(sent[Criticality::kHigh] == shrunk.critical_sent);
    RC_ASSERT(sent[Criticality::kHigh] + sent[Criticality::kNormal] + sent[Criticality::kLow] ==
              shrunk.values_sent);
    // Records left out are the oldest; with kNewest a record that is there has its critical fields.
    RC_ASSERT(arrived.size() == shrunk.records_sent);
    std::size_t critical = 0;
    for (std::size_t r = 0; r < records.size(); ++r) {
      if (shrunk.kept.records[r] == 0) {
        for (const Record& record : arrived) RC_ASSERT(records[r].time <= record.time);
        continue;
      }
      for (std::size_t f = 0; f < schema.fields.size(); ++f)
        if (schema.fields[f].criticality == Criticality::kHigh)
          critical += observed(records[r].fields[f]) ? 1 : 0;
    }
    if (overflow == Overflow::kNewest) RC_ASSERT(critical == shrunk.critical_sent);
    if (arrived.size() < records.size() && overflow == Overflow::kThin) RC_ASSERT(shrunk.values_sent == 0);
  }));
}

TEST_CASE("what was sent and what a later contact brings make the whole, each value once") {
  const datum::Schema schema = batch_schema();
  CHECK(rc::check([&] {
    const auto records = drawn_records(schema, 25);
    const Shrunk shrunk = shrink(schema, records, *rc::gen::inRange<std::size_t>(0, 600)).value();
    const auto rest = unsent(records, shrunk);
    std::size_t values = 0;
    for (const Record& record : rest)
      for (const datum::Field& field : record.fields) values += observed(field) ? 1 : 0;
    RC_ASSERT(values + shrunk.values_sent == shrunk.values);
    if (shrunk.values_sent == shrunk.values && shrunk.records_sent == records.size()) RC_ASSERT(rest.empty());
  }));
}

TEST_CASE("values are dropped in the order in which a slow search would drop them") {
  datum::Schema schema;
  schema.name = "one";
  schema.fields.resize(1);
  schema.fields[0].name = "x";
  schema.fields[0].resolution = 1;
  schema.fields[0].tolerance_abs = 4;
  CHECK(rc::check([&] {
    const auto records = drawn_records(schema, 40);
    const auto packer = BatchPacker::make(schema, records).value();
    const auto fast = least_restorable_first(packer, schema, records, Criticality::kNormal);

    // Of each stream apart; in every round all that are left are tried.
    std::map<std::string, std::vector<std::uint32_t>> streams;
    for (std::uint32_t r = 0; r < records.size(); ++r)
      if (observed(records[r].fields[0])) streams[records[r].stream].push_back(r);
    std::vector<std::uint32_t> slow;
    for (const auto& [name, members] : streams) {
      const auto x = [&](std::size_t i) { return datum::number_of(records[members[i]].fields[0]).value(); };
      const auto first = std::find_if(records.begin(), records.end(),
                                      [&, &stream = name](const Record& r) { return r.stream == stream; });
      const auto t = [&](std::size_t i) { return to_seconds(records[members[i]].time - first->time); };
      std::vector<std::size_t> left;
      for (std::size_t i = 0; i < members.size(); ++i) left.push_back(i);
      while (left.size() > 2) {
        std::vector<std::tuple<double, std::size_t, std::size_t>> tries;
        for (std::size_t k = 1; k + 1 < left.size(); ++k) {
          const std::size_t a = left[k - 1];
          const std::size_t b = left[k + 1];
          double worst = 0.0;
          for (std::size_t i = a + 1; i < b; ++i) {
            const double share = t(b) > t(a) ? (t(i) - t(a)) / (t(b) - t(a)) : 0.5;
            worst = std::max(worst, std::abs(x(i) - (x(a) + (x(b) - x(a)) * share)) / 4);
          }
          if (b - a > kGapMax + 1) worst = 1e300;
          tries.emplace_back(worst, b - a, k);
        }
        const std::size_t k = std::get<2>(*std::min_element(tries.begin(), tries.end()));
        slow.push_back(members[left[k]]);
        left.erase(left.begin() + static_cast<std::ptrdiff_t>(k));
      }
      for (const std::size_t i : left) slow.push_back(members[i]);
    }
    RC_ASSERT(fast.size() == slow.size());
    // Streams are interleaved by error; within one the order is the slow one's, backwards.
    for (const auto& [name, members] : streams) {
      std::vector<std::uint32_t> expected, found;
      for (const std::uint32_t r : slow)
        if (records[r].stream == name) expected.push_back(r);
      for (auto place = fast.rbegin(); place != fast.rend(); ++place)
        if (records[place->record].stream == name) found.push_back(place->record);
      RC_ASSERT(expected == found);
    }
  }));
}
