// What clients say to a node that agrees on fires, inside the requests and answers of group_message.h, as
// deterministic CBOR that begins with a version. Observations are handed in (kObserve) as a
// node::ObservationBatch in node/messages.h's own bytes; alerts are asked for by a read. And how such nodes
// fetch from each other what they lack (node/catch_up.h), in frames of kCatchUp.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "datum/alert.h"
#include "node/catch_up.h"

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

// [version, kind, number, …], kinds from 1 in the order of the variant. A key is [ns, id] and a span [ns, id,
// ns, id, count, fingerprint]: 1 has [span…]; 2 [span…], [key…]; 3 [key…]; 4 the bytes of a
// node::ObservationBatch of that number, whose ids follow from what was observed.
inline constexpr std::size_t kCatchUpBytesMax = std::size_t{1} << 17;

[[nodiscard]] std::vector<std::byte> encode(const node::CatchUpMessage& message);
// kLimitReached: longer than kCatchUpBytesMax. kOutOfRange: more spans or keys than there may be, or not
// ascending and apart.
[[nodiscard]] Result<node::CatchUpMessage> decode_catch_up(std::span<const std::byte> bytes);

[[nodiscard]] std::vector<std::byte> encode(const ObservationsTaken& taken);
[[nodiscard]] std::vector<std::byte> encode(const AlertsQuestion& question);
[[nodiscard]] std::vector<std::byte> encode(const AlertsAnswer& answer);  // expects that they fit
[[nodiscard]] Result<ObservationsTaken> decode_observations_taken(std::span<const std::byte> bytes);
[[nodiscard]] Result<AlertsQuestion> decode_alerts_question(std::span<const std::byte> bytes);
[[nodiscard]] Result<AlertsAnswer> decode_alerts_answer(std::span<const std::byte> bytes);

// From `told`, which is in the order of the log.
[[nodiscard]] AlertsAnswer answer_to(const AlertsQuestion& question, std::span<const datum::Alert> told);

}  // namespace skywarden::shell
