// Where the records of a scenario arrive: simulated stations behind a lossy link, the steps of node/intake.h,
// and the desk that follows the danger. It stands at the ground and does not crash; how its prior reaches the
// nodes is the caller's affair. Nothing it says at a moment rests on records of later times.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "base/random.h"
#include "base/time.h"
#include "datum/evidence.h"
#include "datum/schema.h"
#include "node/intake.h"
#include "sim/record_downlink.h"
#include "sim/record_link.h"

namespace skywarden::sim {

struct RecordScript {
  int stations = 6;
  Duration every = std::chrono::hours(1);              // a record of each station
  Duration bulletin_every = std::chrono::minutes(10);  // the prior is told to the nodes
  RecordLoss loss;
  std::optional<RecordDownlink>
      downlink;  // a satellite brings them down; else they arrive at their own times
};
// Stations × records of a run; a block of records is prepared in memory.
inline constexpr std::size_t kRecordsMax = 100'000;

// The same records by the same contacts, dropped in three ways.
struct DropComparison {
  DropProfile critical_first, oldest_records, random_fields;
};

class Gateway {
 public:
  // Records of [start, end); expects at most kRecordsMax of them.
  Gateway(const RecordScript& script, Instant start, Instant end, const Random& random);

  // Expects times that do not fall. Nothing before the first noon is over.
  [[nodiscard]] std::optional<datum::Prior> prior(Instant now);
  [[nodiscard]] const LossProfile& profile() const { return profile_; }
  // Of a scenario with a downlink; the gateway goes by the first of the three.
  [[nodiscard]] const std::optional<DropComparison>& drops() const { return drops_; }
  // Contacts at which critical fields were dropped for less critical ones: there must be none.
  [[nodiscard]] const std::vector<Instant>& sacrifices() const { return sacrifices_; }

 private:
  [[nodiscard]] Instant arrives(const datum::Record& record) const;

  std::optional<RecordDownlink> downlink_;
  Instant start_;
  datum::Schema schema_;
  node::DangerDesk desk_;
  node::Prepared prepared_;
  LossProfile profile_;
  std::optional<DropComparison> drops_;
  std::vector<Instant> sacrifices_;
  std::size_t next_ = 0;  // of the prepared records, not yet handed to the desk
};

}  // namespace skywarden::sim
