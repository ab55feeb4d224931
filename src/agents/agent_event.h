// What may happen to the registry, as values and as the bytes that enter the replicated log: deterministic
// CBOR (wire/cbor.h), [version, kind, time, by, [...]], version first. Decoding is strict: what it accepts,
// it encodes to the same bytes again. Whether an event may happen now is the registry's business.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <variant>
#include <vector>

#include "agents/agent.h"
#include "base/result.h"

namespace skywarden::agents {

inline constexpr std::size_t kEventBytesMax = 512;
inline constexpr Instant kTimeMax =
    Instant(Duration(std::int64_t{1} << 62));  // of events, either side of 1970
inline constexpr Duration kLeaseMax = std::chrono::hours(24 * 30);

// `by` vouches for the hull and its facts: a superior, or the agent itself when it comes back, or founds an
// empty registry. Tier C cannot be registered, see Appointed.
struct Registered {
  NodeId agent;
  Hull hull;
  Tier tier = Tier::kSatellite;  // S or A
  GroupId group;
  Duration lease{};  // 0 < lease <= kLeaseMax
  std::vector<Sensor> sensors;
  std::map<Ability, std::uint64_t> claims;  // 1…kClaimMax
  friend bool operator==(const Registered&, const Registered&) = default;
};
struct Renewed {  // it spoke at `said_at`, by its own clock; told by whoever heard it
  NodeId agent;
  Instant said_at;
  friend bool operator==(const Renewed&, const Renewed&) = default;
};
struct Moved {  // along the life cycle: active, degraded, suspended, retired
  NodeId agent;
  AgentState to = AgentState::kActive;
  friend bool operator==(const Moved&, const Moved&) = default;
};
struct Appointed {  // leads its group from `term` on, as that group's election says
  NodeId agent;
  Term term;
  friend bool operator==(const Appointed&, const Appointed&) = default;
};
struct Measured {  // `useful` of `views`, found by `by`
  NodeId agent;
  Ability ability = Ability::kWatch;
  std::uint32_t useful = 0, views = 1;
  std::uint64_t sequence = 0;  // of `by`, ascending: a result counts once
  friend bool operator==(const Measured&, const Measured&) = default;
};
struct TimePassed {  // nothing else happened
  friend bool operator==(const TimePassed&, const TimePassed&) = default;
};

struct AgentEvent {
  Instant at;
  NodeId by;
  std::variant<TimePassed, Registered, Renewed, Moved, Appointed, Measured> what;
  friend bool operator==(const AgentEvent&, const AgentEvent&) = default;
};

// kOutOfRange, kLimitReached name the field.
[[nodiscard]] Result<void> validate(const AgentEvent& event);
[[nodiscard]] std::vector<std::byte> encode(const AgentEvent& event);  // expects validate()
[[nodiscard]] Result<AgentEvent> decode_agent_event(std::span<const std::byte> bytes);

}  // namespace skywarden::agents
