#include "agents/agent_event.h"

#include <algorithm>

#include "agents/agent_fields.h"
#include "base/contract.h"
#include "wire/cbor.h"

namespace skywarden::agents {
namespace {

using wire::CborReader;
using wire::CborWriter;

constexpr std::uint64_t kVersion = 1;
constexpr std::uint64_t kRegisteredItems = 7, kMeasuredItems = 5;

bool in_time(Instant t) {
  return t <= kTimeMax && t >= -kTimeMax.time_since_epoch() + Instant{};
}

Result<void> check(const Registered& r) {
  if (r.agent == kNobody || r.hull == Hull{} || (r.tier != Tier::kSatellite && r.tier != Tier::kArea))
    return fail(Errc::kOutOfRange, "registration: expected a name, a hull and tier S or A");
  if (r.lease <= Duration::zero() || r.lease > kLeaseMax)
    return fail(Errc::kOutOfRange, "registration: expected a lease of up to 30 days");
  if (r.sensors.size() > kSensorsMax)
    return fail(Errc::kLimitReached, "registration: more than {} sensors", kSensorsMax);
  if (!std::all_of(r.sensors.begin(), r.sensors.end(), is_sensor))
    return fail(Errc::kOutOfRange, "registration: a sensor's angles");
  for (const auto& [ability, amount] : r.claims)
    if (ability > kLastAbility || amount == 0 || amount > kClaimMax)
      return fail(Errc::kOutOfRange, "registration: a claim outside 1…{}", kClaimMax);
  return {};
}
Result<void> check(const Renewed& r) {
  if (r.agent == kNobody || !in_time(r.said_at)) return fail(Errc::kOutOfRange, "renewal: name or time");
  return {};
}
Result<void> check(const Moved& m) {
  if (m.agent == kNobody || m.to > kLastState || m.to == AgentState::kJoining || m.to == AgentState::kLost)
    return fail(Errc::kOutOfRange, "move: expected a name and active, degraded, suspended or retired");
  return {};
}
Result<void> check(const Appointed& a) {
  if (a.agent == kNobody || a.term == Term{}) return fail(Errc::kOutOfRange, "appointment: name or term");
  return {};
}
Result<void> check(const Measured& m) {
  if (m.agent == kNobody || m.ability > kLastAbility || m.views == 0 || m.views > kResultViewsMax ||
      m.useful > m.views || m.sequence == 0)
    return fail(Errc::kOutOfRange, "result: expected useful <= views <= {} and a sequence", kResultViewsMax);
  return {};
}
Result<void> check(const TimePassed&) {
  return {};
}

void write(CborWriter& out, const TimePassed&) {
  out.array(0);
}
void write(CborWriter& out, const Registered& r) {
  out.array(kRegisteredItems).unsigned_integer(r.agent.value()).unsigned_integer(r.hull.value());
  out.unsigned_integer(static_cast<std::uint64_t>(r.tier)).unsigned_integer(r.group.value());
  out.signed_integer(r.lease.count());
  write_sensors(out, r.sensors);
  out.array(2 * r.claims.size());
  for (const auto& [ability, amount] : r.claims)
    out.unsigned_integer(static_cast<std::uint64_t>(ability)).unsigned_integer(amount);
}
void write(CborWriter& out, const Renewed& r) {
  out.array(2).unsigned_integer(r.agent.value()).signed_integer(r.said_at.time_since_epoch().count());
}
void write(CborWriter& out, const Moved& m) {
  out.array(2).unsigned_integer(m.agent.value()).unsigned_integer(static_cast<std::uint64_t>(m.to));
}
void write(CborWriter& out, const Appointed& a) {
  out.array(2).unsigned_integer(a.agent.value()).unsigned_integer(a.term.value());
}
void write(CborWriter& out, const Measured& m) {
  out.array(kMeasuredItems)
      .unsigned_integer(m.agent.value())
      .unsigned_integer(static_cast<std::uint64_t>(m.ability));
  out.unsigned_integer(m.useful).unsigned_integer(m.views).unsigned_integer(m.sequence);
}

Registered read_registered(AgentFields& in) {
  Registered r;
  in.array_of(kRegisteredItems);
  r.agent = in.id<NodeId>();
  r.hull = in.id<Hull>();
  r.tier = in.one_of(Tier::kArea);
  r.group = in.id<GroupId>();
  r.lease = Duration(in.signed_number());
  r.sensors = in.sensors();
  const std::size_t items = in.array_up_to(2 * (static_cast<std::size_t>(kLastAbility) + 1));
  in.expect(items % 2 == 0);
  for (std::size_t i = 0; i + 1 < items; i += 2) {
    const auto ability = in.one_of(kLastAbility);
    in.expect(r.claims.empty() || r.claims.rbegin()->first < ability);
    r.claims.insert_or_assign(ability, in.number(kClaimMax));
  }
  return r;
}
Measured read_measured(AgentFields& in) {
  Measured m;
  in.array_of(kMeasuredItems);
  m.agent = in.id<NodeId>();
  m.ability = in.one_of(kLastAbility);
  m.useful = static_cast<std::uint32_t>(in.number(kResultViewsMax));
  m.views = static_cast<std::uint32_t>(in.number(kResultViewsMax));
  m.sequence = in.number();
  return m;
}

void read_what(AgentFields& in, std::uint64_t kind, AgentEvent& event) {
  switch (kind) {
    case 1:
      event.what = read_registered(in);
      return;
    case 2: {
      in.array_of(2);
      const auto agent = in.id<NodeId>();
      event.what = Renewed{agent, in.instant()};
      return;
    }
    case 3: {
      in.array_of(2);
      const auto agent = in.id<NodeId>();
      event.what = Moved{agent, in.one_of(kLastState)};
      return;
    }
    case 4: {
      in.array_of(2);
      const auto agent = in.id<NodeId>();
      event.what = Appointed{agent, Term(in.number())};
      return;
    }
    case 5:
      event.what = read_measured(in);
      return;
    default:
      in.array_of(0);
      return;
  }
}

}  // namespace

void write_sensors(CborWriter& out, const std::vector<Sensor>& sensors) {
  out.array(sensors.size());
  for (const Sensor& sensor : sensors)
    out.array(4)
        .signed_integer(sensor.off_nadir_min)
        .signed_integer(sensor.off_nadir_max)
        .signed_integer(sensor.elevation_min)
        .boolean(sensor.yaw_steered);
}

Result<void> validate(const AgentEvent& event) {
  if (!in_time(event.at) || event.by == kNobody)
    return fail(Errc::kOutOfRange, "agent event: its time or who tells it");
  return std::visit([](const auto& what) { return check(what); }, event.what);
}

std::vector<std::byte> encode(const AgentEvent& event) {
  EXPECTS(validate(event).has_value());
  CborWriter out;
  out.array(5).unsigned_integer(kVersion).unsigned_integer(event.what.index());
  out.signed_integer(event.at.time_since_epoch().count()).unsigned_integer(event.by.value());
  std::visit([&](const auto& what) { write(out, what); }, event.what);
  return out.take();
}

Result<AgentEvent> decode_agent_event(std::span<const std::byte> bytes) {
  CborReader reader(bytes, kEventBytesMax);
  AgentFields in(reader);
  AgentEvent event;
  in.array_of(5);
  in.expect(in.number() == kVersion);
  const std::uint64_t kind = in.number(std::variant_size_v<decltype(event.what)> - 1);
  event.at = in.instant();
  event.by = in.id<NodeId>();
  read_what(in, kind, event);
  if (!in.in_range())
    return fail(Errc::kMalformed, "agent event: expected version {} and numbers in their ranges", kVersion);
  if (const auto finished = reader.finish(); !finished) return tl::unexpected(finished.error());
  if (const auto valid = validate(event); !valid) return tl::unexpected(valid.error());
  return event;
}

}  // namespace skywarden::agents
