#include "agents/registry.h"

#include <algorithm>
#include <utility>

#include "base/contract.h"
#include "base/hash.h"

namespace skywarden::agents {
namespace {

bool stands_above(const Agent& one, Tier tier, GroupId group) {
  return one.tier == Tier::kArea ||
         (one.tier == Tier::kCluster && tier == Tier::kSatellite && one.group == group);
}

tl::unexpected<Error> unknown(NodeId agent) {
  return fail(Errc::kNotFound, "agent {} is not registered", agent.value());
}

}  // namespace

Result<void> validate(const RegistryOptions& options) {
  if (options.advance_max <= Duration::zero() || options.rating_half_life < std::chrono::seconds(1))
    return fail(Errc::kOutOfRange, "registry: expected an advance above 0 and a half-life of at least 1 s");
  return {};
}

Registry::Registry(RegistryOptions options) : options_(options) {
  EXPECTS(validate(options_).has_value());
}

const Agent* Registry::find(NodeId agent) const {
  const auto found = agents_.find(agent);
  return found == agents_.end() ? nullptr : &found->second;
}

bool Registry::is_present(NodeId agent) const {
  const Agent* found = find(agent);
  return found != nullptr && agents::is_present(found->state);
}

std::optional<NodeId> Registry::cluster_of(GroupId group) const {
  for (const auto& [name, agent] : agents_)
    if (agent.tier == Tier::kCluster && agent.group == group) return name;
  return std::nullopt;
}

std::uint32_t Registry::rating(NodeId agent, Ability ability) const {
  const Agent* found = find(agent);
  if (found == nullptr) return 0;
  const auto standing = found->abilities.find(ability);
  if (standing == found->abilities.end() || standing->second.claimed == 0) return 0;
  return lower_bound(decayed(standing->second.rating, now_, options_.rating_half_life));
}

bool Registry::is_superior(NodeId by, NodeId agent) const {
  const Agent* other = find(agent);
  return by != agent && other != nullptr && is_present(by) &&
         stands_above(*find(by), other->tier, other->group);
}

Applied Registry::apply(std::span<const std::byte> entry) {
  const auto event = decode_agent_event(entry);
  if (!event) return {{}, Error{Errc::kMalformed, event.error().message}};
  return apply(*event);
}

Applied Registry::apply(const AgentEvent& event) {
  EXPECTS(agents::validate(event).has_value());
  Applied applied;
  pass_time(event.at, applied);
  const Outcome entered =
      std::visit([&](const auto& what) { return enter(what, event, applied); }, event.what);
  if (!entered) {
    applied.refused = entered.error();
    return applied;
  }
  Fnv1a hash;
  hash.add(fingerprint_);
  hash.add(encode(event));
  fingerprint_ = hash.value();
  return applied;
}

// Never back, and not too far at once. Whose lease has run out is lost.
void Registry::pass_time(Instant at, Applied& applied) {
  now_ = now_ == Instant::min() ? at : std::max(now_, std::min(at, now_ + options_.advance_max));
  for (auto& [name, agent] : agents_)
    if (has_lease(agent.state) && agent.lease_until <= now_) move(name, agent, AgentState::kLost, applied);
}

void Registry::move(NodeId name, Agent& agent, AgentState to, Applied& applied) {
  EXPECTS(may_follow(agent.state, to));
  if (to == AgentState::kSuspended) agent.barred = true;
  if (agent.state == AgentState::kSuspended && to == AgentState::kActive) agent.barred = false;
  if (!agents::is_present(to) && agent.tier == Tier::kCluster)
    agent.tier = Tier::kSatellite;  // leads no more
  applied.changes.push_back({name, agent.state, to});
  agent.state = to;
}

// A newcomer needs somebody who vouches. Who was vouched for may come back by itself, as what it was; the
// first area founds the registry.
Registry::Outcome Registry::may_register(const Registered& what, NodeId by, const Agent* before) const {
  if (is_present(by) && by != what.agent && stands_above(*find(by), what.tier, what.group)) return {};
  if (by == what.agent && before != nullptr && find(by) == before && before->tier == what.tier &&
      before->group == what.group)
    return {};
  if (by == what.agent && agents_.empty() && what.tier == Tier::kArea) return {};
  return fail(Errc::kConflict, "agent {} is not vouched for by a superior", what.agent.value());
}

Registry::Outcome Registry::enter(const Registered& what, const AgentEvent& event, Applied& applied) {
  const auto name = names_.find(what.hull);
  const bool returns = name != names_.end();
  const Agent* before = returns ? find(name->second) : nullptr;
  if (before != nullptr && before->state != AgentState::kLost)
    return fail(Errc::kConflict, "hull {} is registered as agent {}", what.hull.value(),
                name->second.value());
  if (const Agent* holder = find(what.agent); holder != nullptr && holder != before)
    return fail(Errc::kConflict, "agent {} is another hull", what.agent.value());
  if (!returns && agents_.size() >= kAgentsMax)
    return fail(Errc::kLimitReached, "more than {} agents", kAgentsMax);
  if (auto may = may_register(what, event.by, before); !may) return may;

  Agent agent;
  if (returns) {
    agent = std::move(agents_.at(name->second));
    agents_.erase(name->second);
  }
  for (auto& [ability, standing] : agent.abilities)
    if (!what.claims.contains(ability))
      standing.claimed = 0;  // not offered now; what is known of it stays known
  for (const auto& [ability, amount] : what.claims) {
    Standing& standing = agent.abilities[ability];
    standing.rating = with_claim(standing.rating, standing.claimed, amount);
    standing.claimed = amount;
  }
  agent.hull = what.hull;
  agent.tier = what.tier;
  agent.group = what.group;
  agent.sensors = what.sensors;
  agent.lease = what.lease;
  agent.lease_until = now_ + what.lease;
  agent.registered_at = now_;
  agent.registered = ++registrations_;
  if (returns) move(what.agent, agent, AgentState::kJoining, applied);
  names_[what.hull] = what.agent;
  agents_[what.agent] = std::move(agent);
  return {};
}

Registry::Outcome Registry::enter(const Renewed& what, const AgentEvent&, Applied& applied) {
  const auto found = agents_.find(what.agent);
  if (found == agents_.end()) return unknown(what.agent);
  Agent& agent = found->second;
  if (!has_lease(agent.state))
    return fail(Errc::kConflict, "agent {} is {} and must register", what.agent.value(),
                name_of(agent.state));
  const Instant said_at = std::min(what.said_at, now_);
  if (said_at < agent.registered_at)
    return fail(Errc::kOutOfRange, "agent {} said this before it registered", what.agent.value());
  agent.lease_until = std::max(agent.lease_until, said_at + agent.lease);
  if (agent.state == AgentState::kJoining)
    move(what.agent, agent, agent.barred ? AgentState::kSuspended : AgentState::kActive, applied);
  return {};
}

Registry::Outcome Registry::enter(const Moved& what, const AgentEvent& event, Applied& applied) {
  const auto found = agents_.find(what.agent);
  if (found == agents_.end()) return unknown(what.agent);
  Agent& agent = found->second;
  if (!may_follow(agent.state, what.to) ||
      (agent.state == AgentState::kJoining && what.to == AgentState::kActive))
    return fail(Errc::kConflict, "agent {} is {}: cannot become {}", what.agent.value(), name_of(agent.state),
                name_of(what.to));
  const bool needs_superior = what.to == AgentState::kSuspended || agent.state == AgentState::kSuspended;
  const bool itself = event.by == what.agent && has_lease(agent.state);
  if (!is_superior(event.by, what.agent) && (needs_superior || !itself))
    return fail(Errc::kConflict, "agent {} is not moved by {}", what.agent.value(), event.by.value());
  move(what.agent, agent, what.to, applied);
  return {};
}

Registry::Outcome Registry::enter(const Appointed& what, const AgentEvent& event, Applied&) {
  const auto found = agents_.find(what.agent);
  if (found == agents_.end()) return unknown(what.agent);
  Agent& agent = found->second;
  if (!is_present(event.by) || find(event.by)->tier != Tier::kArea)
    return fail(Errc::kConflict, "{} is no area and appoints nobody", event.by.value());
  if (agent.tier == Tier::kArea || !agents::is_present(agent.state))
    return fail(Errc::kConflict, "agent {} cannot lead a cluster", what.agent.value());
  if (const auto last = terms_.find(agent.group); last != terms_.end() && what.term <= last->second)
    return fail(Errc::kConflict, "group {} had a leader of term {}", agent.group.value(),
                last->second.value());
  if (const auto leader = cluster_of(agent.group)) agents_.at(*leader).tier = Tier::kSatellite;
  agent.tier = Tier::kCluster;
  terms_[agent.group] = what.term;
  return {};
}

Registry::Outcome Registry::enter(const Measured& what, const AgentEvent& event, Applied&) {
  const auto found = agents_.find(what.agent);
  if (found == agents_.end()) return unknown(what.agent);
  if (event.by == what.agent || !is_present(event.by))
    return fail(Errc::kConflict, "a result of agent {} is not for {} to say", what.agent.value(),
                event.by.value());
  Agent& measurer = agents_.at(event.by);
  if (what.sequence <= measurer.measured_to)
    return fail(Errc::kConflict, "result {} of {} has been counted", what.sequence, event.by.value());
  const auto standing = found->second.abilities.find(what.ability);
  if (standing == found->second.abilities.end() || found->second.state == AgentState::kRetired)
    return fail(Errc::kNotFound, "agent {} never offered this", what.agent.value());
  measurer.measured_to = what.sequence;
  Rating& rating = standing->second.rating;
  rating = with_result(rating, what.useful, what.views, now_, options_.rating_half_life);
  return {};
}

}  // namespace skywarden::agents
