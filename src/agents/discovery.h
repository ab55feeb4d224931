// Who can be asked: the agents of a registry that meet every condition given, best first. Ranked by what
// others measured, then by age of registration; by nothing that an agent says of itself.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "agents/registry.h"
#include "datum/contact_forecast.h"

namespace skywarden::agents {

// A short message sent by `from` at `sent` must be there at `by` the latest, by contacts as predicted.
struct Reach {
  const datum::ArrivalForecast* forecast = nullptr;  // not null, outlives the search
  NodeId from;
  Instant sent, by;
};

struct Query {
  std::optional<Tier> tier;
  std::optional<GroupId> group;
  std::optional<Ability> ability;  // offers it; the next three are about it and need it
  std::uint64_t amount_min = 0;  // in the ability's unit: of what it claims, the part that it surely delivers
  std::uint32_t rating_min = 0;  // per mille
  std::optional<std::uint32_t>
      views_max;  // has been measured on so many remembered views at most: who needs a trial
  std::optional<Reach> reach;
  bool degraded_too = false;  // else active ones only
};

struct Found {
  NodeId agent;
  std::uint32_t rating = 0;        // lower bound, per mille; 0 when no ability was asked for
  std::uint64_t amount = 0;        // claim times rating
  std::optional<Instant> arrival;  // when reach was asked for
  friend bool operator==(const Found&, const Found&) = default;
};

[[nodiscard]] std::vector<Found> discover(const Registry& registry, const Query& query);

}  // namespace skywarden::agents
