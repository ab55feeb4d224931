#include "sim/record_link.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>

#include "base/contract.h"

namespace skywarden::sim {
namespace {

bool is_critical(const datum::FieldSpec& spec) {
  return spec.criticality == datum::Criticality::kHigh;
}

bool is_missing(const datum::Field& field) {
  return std::holds_alternative<datum::Missing>(field);
}

// Two states; in the long run `share` of the steps lie in gaps of mean length `length`.
class Gaps {
 public:
  Gaps(double share, double length, Random random)
      : begin_(share / (length * (1.0 - share))), end_(1.0 / length), random_(random) {
    open_ = random_.chance(share);
  }

  bool next() {
    open_ = open_ ? !random_.chance(end_) : random_.chance(begin_);
    return open_;
  }

 private:
  double begin_, end_;
  Random random_;
  bool open_ = false;
};

struct StreamGaps {
  Gaps record;
  std::vector<Gaps> fields;
};

StreamGaps gaps_of(const datum::Schema& schema, const RecordLoss& loss, const Random& random) {
  StreamGaps gaps{Gaps(loss.record, loss.gap_records, random.fork(1)), {}};
  for (std::size_t i = 0; i < schema.fields.size(); ++i) {
    const double share = is_critical(schema.fields[i]) ? loss.critical : loss.field;
    gaps.fields.emplace_back(share, loss.gap_records, random.fork(100 + i));
  }
  return gaps;
}

double distance(const datum::FieldSpec& spec, double a, double b) {
  const double straight = std::abs(a - b);
  if (!spec.circular || !spec.min || !spec.max) return straight;
  return std::min(straight, (*spec.max - *spec.min) - straight);
}

}  // namespace

bool is_right(const datum::FieldSpec& spec, const datum::Field& truth, const datum::Field& said) {
  const auto expected = datum::number_of(truth);
  const auto estimate = datum::number_of(said);
  if (!expected || !estimate) return false;
  // Both stand on the sensor's grid; the slack only keeps the last bit from deciding.
  constexpr double kSlack = 1e-9;
  const double tolerance = std::max(spec.tolerance_abs, spec.tolerance_rel * std::abs(*expected));
  return distance(spec, *expected, *estimate) <= tolerance + kSlack;
}

Arrivals send_records(const datum::Schema& schema, const std::vector<datum::Record>& sent,
                      const RecordLoss& loss, const Random& random) {
  Arrivals out;
  out.records = sent;
  std::map<std::string, StreamGaps> streams;
  for (datum::Record& record : out.records) {
    EXPECTS(record.fields.size() == schema.fields.size());
    auto found = streams.find(record.stream);
    if (found == streams.end())
      found = streams.emplace(record.stream, gaps_of(schema, loss, random.fork(streams.size()))).first;
    const bool lost = found->second.record.next();
    for (std::size_t i = 0; i < record.fields.size(); ++i)
      if (found->second.fields[i].next() || lost)
        record.fields[i] = datum::Missing{datum::MissingReason::kLinkLoss};
    out.lost.push_back(lost);
  }
  return out;
}

LossProfile loss_profile(const datum::Schema& schema, const std::vector<datum::Record>& sent,
                         const Arrivals& arrivals, const std::vector<const datum::Record*>& completed) {
  EXPECTS(arrivals.records.size() == sent.size() && completed.size() == sent.size());
  LossProfile out;
  out.records_sent = sent.size();
  for (std::size_t i = 0; i < sent.size(); ++i) {
    const datum::Record& arrived = arrivals.records[i];
    EXPECTS(completed[i]->stream == sent[i].stream && completed[i]->time == sent[i].time);
    if (arrivals.lost[i]) ++out.records_lost;
    bool complete = true;
    for (std::size_t field = 0; field < schema.fields.size(); ++field) {
      const bool missing = is_missing(arrived.fields[field]);
      complete = complete && !missing;
      if (missing) {
        ++out.values_missing;
        if (is_right(schema.fields[field], sent[i].fields[field], completed[i]->fields[field]))
          ++out.values_recovered;
      }
      if (arrivals.lost[i] || !is_critical(schema.fields[field])) continue;
      ++out.critical_fields;
      if (missing) ++out.critical_missing;
    }
    if (complete) ++out.records_complete;
  }
  return out;
}

}  // namespace skywarden::sim
