// Forwarders of a whole constellation on trial: a plan of which some contacts do not happen, bundles offered,
// lossy links; run event by event in one thread, the same for the same seed. Links carry one bundle at a time
// in each direction, the bundle's rest after an interruption; a bundle or an answer is lost as a whole. What
// could have been reached at best is computed apart, by an oracle that knows which contacts happen.
#pragma once

#include <array>
#include <functional>
#include <vector>

#include "network/forwarder.h"

namespace skywarden::network {

struct OfferedBundle {
  Vertex from, to;
  Duration created{};  // whole milliseconds since the plan's epoch
  BundleCriticality criticality = BundleCriticality::kNormal;
  std::uint32_t payload_bytes = 0;
  Duration lifetime{};  // whole milliseconds
};

struct TrialHoldings {  // of all nodes together
  std::size_t stored_bytes = 0, stored = 0;
  std::size_t known = 0, arrivals = 0, booked = 0;  // see Forwarder::Holdings
};

struct TrialSetup {
  const ContactGraph* plan = nullptr;
  std::vector<std::uint8_t> fails;     // by contact of the plan
  std::vector<OfferedBundle> offered;  // by creation
  Duration end{};
  double loss = 0.0;  // probability, of each transmission and each answer
  std::uint64_t seed = 0;
  ForwarderOptions options;
  bool check_visits = false;  // remembers every visit of every bundle
  Duration sample_every = std::chrono::hours(1);
  std::function<void(Duration now, const TrialHoldings& all)> sample;
};

inline constexpr Duration kNotDelivered = Duration::max();

struct TrialOutcome {
  std::vector<Duration> delivered;  // by place in `offered`: when, the first time; or kNotDelivered
  std::uint64_t delivered_again = 0;
  std::uint64_t visited_again = 0;  // without a failure recorded in between; with check_visits
  std::uint64_t sends = 0, lost = 0, suspended = 0, aborted = 0, duplicates = 0;
  std::uint64_t news = 0, news_bytes = 0;  // told, not among the sends
  std::uint64_t critical_bytes_sent = 0, bytes_sent = 0;
  std::array<std::uint64_t, 4> evicted{}, expired{}, refused{};  // copies, by criticality
  std::size_t store_bytes_peak = 0;                              // of one node
  std::uint64_t trace_hash = 0;                                  // of every effect and acceptance
};
[[nodiscard]] TrialOutcome run_trial(const TrialSetup& setup);

// The encoded size of a bundle as offered.
[[nodiscard]] std::vector<std::byte> trial_bundle(const OfferedBundle& offered, std::uint64_t sequence,
                                                  Instant epoch);

// The earliest arrival of a bundle of `bytes` that is alone in the network, over the contacts that happen and
// without loss: rounds of Bellman and Ford over all of them, nothing pruned. kNotDelivered for never.
[[nodiscard]] Duration oracle_arrival(const ContactGraph& plan, std::span<const std::uint8_t> fails,
                                      const OfferedBundle& offered, std::uint64_t bytes);

// The same where a contact has to send the bundle as often as given, by contact: once and as many times again
// as it is lost, back to back, since nobody waits for an answer less.
[[nodiscard]] Duration oracle_arrival(const ContactGraph& plan, std::span<const std::uint8_t> fails,
                                      const OfferedBundle& offered, std::uint64_t bytes,
                                      std::span<const std::uint8_t> sends);

}  // namespace skywarden::network
