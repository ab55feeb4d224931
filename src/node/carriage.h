// How a message may travel when there is no path to its receiver: as a bundle that waits on the way, this
// critical and for this long. Messages are repeated until they are answered; `subject` says which ones say
// the same, so that the network need not carry the second while the first is under way.
//
// A vote is worth waiting for only while its election lasts, there and back; what carries the log, and so
// alerts, is worth a day. Entries on their way to where people are warned are critical: they go before
// everything else and are copied. The same entries for a satellite are not: its copy of the log can wait for
// one good route.
#pragma once

#include <cstdint>

#include "base/time.h"
#include "network/bundle.h"
#include "node/messages.h"

namespace skywarden::node {

struct Carriage {
  network::BundleCriticality criticality = network::BundleCriticality::kNormal;
  Duration lifetime{};
  std::uint64_t subject = 0;  // the same receiver and subject: the same news
};

inline constexpr Duration kNewsLifetime = std::chrono::hours(24);    // entries, observations, findings
inline constexpr Duration kWeatherLifetime = std::chrono::hours(6);  // a prior is soon replaced by the next

// `election`: the least time an election lasts. `warns`: the receiver is where people are warned.
[[nodiscard]] Carriage carriage_of(const Message& message, Duration election, bool warns);

}  // namespace skywarden::node
