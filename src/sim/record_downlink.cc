#include "sim/record_downlink.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/contract.h"
#include "onboard/shrink.h"

namespace skywarden::sim {
namespace {

using datum::Missing;
using datum::MissingReason;
using datum::Observed;
using datum::Record;
using onboard::KeepOrder;
using onboard::KeepStep;

bool is_critical(const datum::FieldSpec& spec) {
  return spec.criticality == datum::Criticality::kHigh;
}

KeepOrder newest_whole(const std::vector<Record>& records) {
  KeepOrder order;
  for (std::size_t r = records.size(); r > 0; --r)
    order.steps.push_back({static_cast<std::uint32_t>(r - 1), KeepStep::kWhole});
  order.levels.push_back(order.steps.size());
  return order;
}

KeepOrder any_fields(const std::vector<Record>& records, std::size_t fields, Random random) {
  KeepOrder order;
  std::vector<KeepStep> cells;
  for (std::uint32_t r = 0; r < records.size(); ++r) {
    order.steps.push_back({r, KeepStep::kNothing});
    for (std::uint32_t f = 0; f < fields; ++f) cells.push_back({r, f});
  }
  random.shuffle(std::span(cells));
  order.steps.insert(order.steps.end(), cells.begin(), cells.end());
  order.levels.push_back(order.steps.size());
  return order;
}

class Contact {
 public:
  Contact(const datum::Schema& schema, const std::vector<Record>& waiting)
      : schema_(schema), waiting_(waiting) {}

  // The records in the order of `waiting`, as they arrive; of one left out every field is dropped.
  std::vector<Record> pass(DropWay way, std::size_t bytes_max, const Random& random, Downlinked& out) {
    const auto packer = onboard::BatchPacker::make(schema_, waiting_).value();
    const KeepOrder order = way == DropWay::kCriticalFirst   ? critical_first(packer, schema_, waiting_)
                            : way == DropWay::kOldestRecords ? newest_whole(waiting_)
                                                             : any_fields(waiting_, packer.fields(), random);
    const onboard::Shrunk shrunk = pack_in_order(packer, schema_, order, bytes_max);
    ++out.contacts;
    out.overloaded += shrunk.values_sent < shrunk.values ? 1 : 0;
    out.bytes_waiting += packer.pack_all().size();
    out.bytes_offered += bytes_max;
    out.bytes_sent += shrunk.batch.size();
    std::map<std::pair<std::string, Instant>, std::size_t> places;
    std::vector<Record> arrived = waiting_;
    for (std::size_t r = 0; r < arrived.size(); ++r) {
      places[{arrived[r].stream, arrived[r].time}] = r;
      arrived[r].fields.assign(schema_.fields.size(), Missing{MissingReason::kDropped});
    }
    left_out_.assign(arrived.size(), true);
    if (shrunk.batch.empty()) return arrived;
    auto unpacked = onboard::unpack_records(schema_, shrunk.batch).value();
    for (Record& record : unpacked) {
      const std::size_t place = places.at({record.stream, record.time});
      left_out_[place] = false;
      arrived[place] = std::move(record);
    }
    return arrived;
  }
  [[nodiscard]] bool left_out(std::size_t record) const { return left_out_[record]; }

  // Judged by what arrived, not by what the sender says.
  [[nodiscard]] bool sacrificed(const std::vector<Record>& arrived) const {
    bool critical_dropped = false;
    bool other_sent = false;
    for (std::size_t r = 0; r < arrived.size(); ++r) {
      for (std::size_t f = 0; f < schema_.fields.size(); ++f) {
        const bool there = std::holds_alternative<Observed>(waiting_[r].fields[f]);
        const bool here = std::holds_alternative<Observed>(arrived[r].fields[f]);
        if (is_critical(schema_.fields[f]))
          critical_dropped = critical_dropped || (there && !here);
        else
          other_sent = other_sent || here;
      }
    }
    return critical_dropped && other_sent;
  }

 private:
  const datum::Schema& schema_;
  const std::vector<Record>& waiting_;
  std::vector<bool> left_out_;
};

}  // namespace

Instant contact_of(const RecordDownlink& downlink, Instant start, Instant recorded) {
  EXPECTS(recorded >= start && downlink.contact_every > Duration::zero());
  const auto number = (recorded - start) / downlink.contact_every + 1;
  return start + number * downlink.contact_every;
}

Downlinked bring_down(const datum::Schema& schema, const Arrivals& collected, const RecordDownlink& downlink,
                      DropWay way, Instant start, const Random& random) {
  Downlinked out;
  out.arrivals = collected;
  Random sizes = random.fork(1);
  Random choices = random.fork(2);
  std::size_t begin = 0;
  while (begin < collected.records.size()) {
    const Instant at = contact_of(downlink, start, collected.records[begin].time);
    std::size_t end = begin;
    std::vector<Record> waiting;
    std::vector<std::size_t> places;
    for (; end < collected.records.size() && contact_of(downlink, start, collected.records[end].time) == at;
         ++end) {
      if (collected.lost[end]) continue;
      waiting.push_back(collected.records[end]);
      places.push_back(end);
    }
    begin = end;
    const auto bytes_max = static_cast<std::size_t>(sizes.uniform(downlink.bytes_low, downlink.bytes_high));
    Contact contact(schema, waiting);
    auto arrived = contact.pass(way, bytes_max, choices.fork(out.contacts), out);
    if (contact.sacrificed(arrived)) out.sacrifices.push_back(at);
    for (std::size_t i = 0; i < places.size(); ++i) {
      out.arrivals.records[places[i]] = std::move(arrived[i]);
      if (contact.left_out(i)) out.arrivals.lost[places[i]] = true;
    }
  }
  return out;
}

DropProfile& DropProfile::operator+=(const DropProfile& other) {
  contacts += other.contacts;
  overloaded += other.overloaded;
  bytes_waiting += other.bytes_waiting;
  bytes_offered += other.bytes_offered;
  bytes_sent += other.bytes_sent;
  values += other.values;
  values_dropped += other.values_dropped;
  values_restored += other.values_restored;
  critical += other.critical;
  critical_dropped += other.critical_dropped;
  critical_restored += other.critical_restored;
  return *this;
}

DropProfile drop_profile(const datum::Schema& schema, const std::vector<Record>& truth,
                         const Arrivals& collected, const Downlinked& brought,
                         const std::vector<const Record*>& completed) {
  EXPECTS(collected.records.size() == truth.size() && completed.size() == truth.size());
  DropProfile out;
  out.contacts = brought.contacts;
  out.overloaded = brought.overloaded;
  out.bytes_waiting = brought.bytes_waiting;
  out.bytes_offered = brought.bytes_offered;
  out.bytes_sent = brought.bytes_sent;
  for (std::size_t r = 0; r < truth.size(); ++r) {
    for (std::size_t f = 0; f < schema.fields.size(); ++f) {
      if (!std::holds_alternative<Observed>(collected.records[r].fields[f])) continue;
      const bool dropped = !std::holds_alternative<Observed>(brought.arrivals.records[r].fields[f]);
      const bool restored =
          dropped && is_right(schema.fields[f], truth[r].fields[f], completed[r]->fields[f]);
      const bool critical = is_critical(schema.fields[f]);
      ++out.values;
      out.values_dropped += dropped ? 1 : 0;
      out.values_restored += restored ? 1 : 0;
      out.critical += critical ? 1 : 0;
      out.critical_dropped += critical && dropped ? 1 : 0;
      out.critical_restored += critical && restored ? 1 : 0;
    }
  }
  return out;
}

}  // namespace skywarden::sim
