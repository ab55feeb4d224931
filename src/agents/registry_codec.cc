// The registry as bytes and back: [version, time, registrations, fingerprint, [group, term, ...],
// [agent...]], groups and agents ascending. An agent: [name, hull, tier, group, state, barred, lease, lease
// until, registered at, registered, measured to, [sensor...], [ability, claimed, useful, others, as of,
// ...]].
#include <set>
#include <utility>

#include "agents/agent_fields.h"
#include "agents/registry.h"
#include "base/contract.h"
#include "wire/cbor.h"

namespace skywarden::agents {
namespace {

using wire::CborReader;
using wire::CborWriter;

constexpr std::uint64_t kVersion = 1;
constexpr std::uint64_t kItems = 6, kAgentItems = 13, kStandingItems = 5;
constexpr std::size_t kAbilities = static_cast<std::size_t>(kLastAbility) + 1;
constexpr Instant kSavedTimeMax = kTimeMax + kLeaseMax;

std::int64_t nanoseconds(Instant t) {
  return t.time_since_epoch().count();
}

void write_agent(CborWriter& out, NodeId name, const Agent& agent) {
  out.array(kAgentItems).unsigned_integer(name.value()).unsigned_integer(agent.hull.value());
  out.unsigned_integer(static_cast<std::uint64_t>(agent.tier)).unsigned_integer(agent.group.value());
  out.unsigned_integer(static_cast<std::uint64_t>(agent.state)).boolean(agent.barred);
  out.signed_integer(agent.lease.count()).signed_integer(nanoseconds(agent.lease_until));
  out.signed_integer(nanoseconds(agent.registered_at)).unsigned_integer(agent.registered);
  out.unsigned_integer(agent.measured_to);
  write_sensors(out, agent.sensors);
  out.array(kStandingItems * agent.abilities.size());
  for (const auto& [ability, standing] : agent.abilities) {
    out.unsigned_integer(static_cast<std::uint64_t>(ability)).unsigned_integer(standing.claimed);
    out.unsigned_integer(standing.rating.useful).unsigned_integer(standing.rating.others);
    out.signed_integer(nanoseconds(standing.rating.as_of));
  }
}

bool in_time(Instant t) {
  return t <= kSavedTimeMax && nanoseconds(t) >= -nanoseconds(kSavedTimeMax);
}

void read_standings(AgentFields& in, Agent& agent) {
  const std::size_t items = in.array_up_to(kStandingItems * kAbilities);
  in.expect(items % kStandingItems == 0);
  for (std::size_t left = items / kStandingItems; left > 0; --left) {
    const auto ability = in.one_of(kLastAbility);
    in.expect(agent.abilities.empty() || agent.abilities.rbegin()->first < ability);
    Standing standing;
    standing.claimed = in.number(kClaimMax);
    standing.rating.useful = static_cast<std::uint32_t>(in.number(kRatedMax));
    standing.rating.others = static_cast<std::uint32_t>(in.number(kRatedMax));
    standing.rating.as_of = in.instant();
    in.expect(standing.rating.useful + standing.rating.others <= kRatedMax && in_time(standing.rating.as_of));
    agent.abilities.insert_or_assign(ability, standing);
  }
}

Agent read_agent(AgentFields& in) {
  Agent agent;
  agent.hull = in.id<Hull>();
  agent.tier = in.one_of(Tier::kArea);
  agent.group = in.id<GroupId>();
  agent.state = in.one_of(kLastState);
  agent.barred = in.flag();
  agent.lease = Duration(in.signed_number());
  agent.lease_until = in.instant();
  agent.registered_at = in.instant();
  agent.registered = in.number();
  agent.measured_to = in.number();
  agent.sensors = in.sensors();
  read_standings(in, agent);
  return agent;
}

bool is_possible(const Agent& agent) {
  if (agent.hull == Hull{} || agent.lease <= Duration::zero() || agent.lease > kLeaseMax) return false;
  if (!in_time(agent.lease_until) || !in_time(agent.registered_at)) return false;
  if (agent.tier == Tier::kCluster && !is_present(agent.state)) return false;
  if (agent.state == AgentState::kSuspended && !agent.barred) return false;
  if (is_present(agent.state) && agent.barred) return false;
  return std::all_of(agent.sensors.begin(), agent.sensors.end(), is_sensor);
}

}  // namespace

std::vector<std::byte> Registry::save() const {
  CborWriter out;
  out.array(kItems).unsigned_integer(kVersion).signed_integer(nanoseconds(now_));
  out.unsigned_integer(registrations_).unsigned_integer(fingerprint_);
  out.array(2 * terms_.size());
  for (const auto& [group, term] : terms_) out.unsigned_integer(group.value()).unsigned_integer(term.value());
  out.array(agents_.size());
  for (const auto& [name, agent] : agents_) write_agent(out, name, agent);
  return out.take();
}

Result<Registry> Registry::restore(std::span<const std::byte> bytes, RegistryOptions options) {
  CborReader reader(bytes, kRegistryBytesMax);
  AgentFields in(reader);
  Registry out(options);
  in.array_of(kItems);
  in.expect(in.number() == kVersion);
  out.now_ = in.instant();
  out.registrations_ = in.number();
  out.fingerprint_ = in.number();
  const std::size_t terms = in.array_up_to(2 * kAgentsMax);
  in.expect(terms % 2 == 0 && (in_time(out.now_) || out.now_ == Instant::min()));
  for (std::size_t i = 0; i + 1 < terms; i += 2) {
    const auto group = in.id<GroupId>();
    const Term term(in.number());
    in.expect(term > Term{} && (out.terms_.empty() || out.terms_.rbegin()->first < group));
    out.terms_.insert_or_assign(group, term);
  }
  std::set<GroupId> led;
  std::set<std::uint64_t> registered;
  for (std::size_t left = in.array_up_to(kAgentsMax); left > 0 && in.in_range(); --left) {
    in.array_of(kAgentItems);
    const auto name = in.id<NodeId>();
    Agent agent = read_agent(in);
    in.expect(name > kNobody && (out.agents_.empty() || out.agents_.rbegin()->first < name) &&
              is_possible(agent));
    in.expect(agent.registered > 0 && agent.registered <= out.registrations_ &&
              registered.insert(agent.registered).second);
    in.expect(agent.tier != Tier::kCluster ||
              (out.terms_.contains(agent.group) && led.insert(agent.group).second));
    in.expect(out.names_.emplace(agent.hull, name).second);
    in.expect(agent.registered_at <= out.now_ && (!has_lease(agent.state) || agent.lease_until > out.now_));
    out.agents_.insert_or_assign(name, std::move(agent));
  }
  if (!in.in_range())
    return fail(Errc::kMalformed, "saved registry: expected version {} and agents that could be", kVersion);
  if (const auto finished = reader.finish(); !finished) return tl::unexpected(finished.error());
  return out;
}

}  // namespace skywarden::agents
