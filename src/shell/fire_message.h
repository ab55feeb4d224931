// What clients say to a node that agrees on fires, inside the requests and answers of group_message.h, as
// deterministic CBOR that begins with a version. Observations are handed in (kObserve) as a
// node::ObservationBatch in node/messages.h's own bytes; alerts are asked for by a read.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "datum/alert.h"

namespace skywarden::shell {

// To kObserve: [version, clock, taken, known, late, future, unusable]. What was taken is durable at that node
// and on its way to the others.
struct ObservationsTaken {
  Instant clock;  // of the node
  std::uint64_t taken = 0, known = 0;
  std::uint64_t late = 0, future = 0;  // by the node's clock too old to be judged, or not seen yet: left out
  std::uint64_t unusable = 0;          // no footprint: left out
  friend bool operator==(const ObservationsTaken&, const ObservationsTaken&) = default;
};

// To kRead: [version, index]. The answer, [version, whether there are more, [alert…]] with alerts in
// wildfire/proposal_codec.h's bytes: those that entered the log after `after`, in its order, as many as fit.
struct AlertsQuestion {
  LogIndex after;
  friend bool operator==(const AlertsQuestion&, const AlertsQuestion&) = default;
};
struct AlertsAnswer {
  bool more = false;
  std::vector<datum::Alert> alerts;
};

[[nodiscard]] std::vector<std::byte> encode(const ObservationsTaken& taken);
[[nodiscard]] std::vector<std::byte> encode(const AlertsQuestion& question);
[[nodiscard]] std::vector<std::byte> encode(const AlertsAnswer& answer);  // expects that they fit
[[nodiscard]] Result<ObservationsTaken> decode_observations_taken(std::span<const std::byte> bytes);
[[nodiscard]] Result<AlertsQuestion> decode_alerts_question(std::span<const std::byte> bytes);
[[nodiscard]] Result<AlertsAnswer> decode_alerts_answer(std::span<const std::byte> bytes);

// From `told`, which is in the order of the log.
[[nodiscard]] AlertsAnswer answer_to(const AlertsQuestion& question, std::span<const datum::Alert> told);

}  // namespace skywarden::shell
