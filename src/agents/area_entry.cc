#include "agents/area_entry.h"

#include <utility>

#include "agents/area_fields.h"
#include "base/contract.h"
#include "wire/cbor.h"

namespace skywarden::agents {
namespace {

using wire::CborReader;
using wire::CborWriter;

constexpr std::uint64_t kVersion = 1;

Result<void> check(const Seat& seat) {
  if (seat.group == GroupId{} || seat.term == Term{} || seat.leader == kNobody || seat.holder == kNobody)
    return fail(Errc::kOutOfRange, "seat: expected a group, a term, a leader and a holder");
  return {};
}
Result<void> check(const Ruling& ruling) {
  if (ruling.to == kNobody) return fail(Errc::kOutOfRange, "ruling: expected to whom it belongs");
  return {};
}
Result<void> check(const SharedAlert& told) {
  if (told.by == GroupId{}) return fail(Errc::kOutOfRange, "shared alert: expected a group");
  if (told.alert.size() > kAlertBytesMax)
    return fail(Errc::kLimitReached, "shared alert: {} bytes, at most {} allowed", told.alert.size(),
                kAlertBytesMax);
  return {};
}
Result<void> check(const Raised& raised) {
  if (raised.worth > kWorthMax || (raised.doer == kNobody && raised.worth > 0))
    return fail(Errc::kOutOfRange, "raised matter: a worth of {}", raised.worth);
  if (raised.alert.size() > kAlertBytesMax || (raised.doer != kNobody && !raised.alert.empty()))
    return fail(Errc::kLimitReached, "raised matter: {} bytes of alert", raised.alert.size());
  return {};
}
Result<void> check(const HandedDown& handed) {
  if (handed.decisions.empty() || handed.decisions.size() > kHandedMax)
    return fail(Errc::kLimitReached, "handed down: {} decisions, expected 1…{}", handed.decisions.size(),
                kHandedMax);
  std::uint64_t number = handed.decisions.front().number;
  for (const Decision& decision : handed.decisions) {
    if (decision.number == 0 || decision.number != number++)
      return fail(Errc::kMalformed, "handed down: expected numbers that ascend by one");
    if (auto valid = validate(decision.what); !valid) return valid;
  }
  return {};
}

void fields(CborWriter& out, const Seat& seat) {
  out.array(5).unsigned_integer(seat.group.value()).unsigned_integer(seat.term.value());
  out.unsigned_integer(seat.turn).unsigned_integer(seat.leader.value()).unsigned_integer(seat.holder.value());
}
void fields(CborWriter& out, const Ruling& ruling) {
  out.array(2).unsigned_integer(ruling.matter.value()).unsigned_integer(ruling.to.value());
}
void fields(CborWriter& out, const SharedAlert& told) {
  out.array(3).unsigned_integer(told.matter.value()).unsigned_integer(told.by.value()).bytes(told.alert);
}

template <typename Entry>
Result<Entry> finished(CborReader& reader, const AgentFields& in, Entry entry) {
  if (!in.in_range())
    return fail(Errc::kMalformed, "entry: expected version {} and numbers in their ranges", kVersion);
  if (const auto end = reader.finish(); !end) return tl::unexpected(end.error());
  if (const auto valid = validate(entry); !valid) return tl::unexpected(valid.error());
  return entry;
}

}  // namespace

void write(CborWriter& out, const AreaEntry& entry) {
  out.unsigned_integer(entry.index());
  std::visit([&](const auto& what) { fields(out, what); }, entry);
}
void write(CborWriter& out, const Decision& decision) {
  out.array(3).unsigned_integer(decision.number);
  write(out, decision.what);
}
void write(CborWriter& out, const Raised& raised) {
  out.array(4).unsigned_integer(raised.matter.value()).unsigned_integer(raised.doer.value());
  out.unsigned_integer(raised.worth).bytes(raised.alert);
}

AreaEntry read_area_entry(AgentFields& in) {
  AreaEntry entry;
  switch (in.number(std::variant_size_v<AreaEntry> - 1)) {
    case 0: {
      Seat seat;
      in.array_of(5);
      seat.group = in.id<GroupId>();
      seat.term = Term(in.number());
      seat.turn = in.number();
      seat.leader = in.id<NodeId>();
      seat.holder = in.id<NodeId>();
      entry = seat;
      break;
    }
    case 1: {
      in.array_of(2);
      const auto matter = in.id<MatterId>();
      entry = Ruling{matter, in.id<NodeId>()};
      break;
    }
    default: {
      in.array_of(3);
      SharedAlert told;
      told.matter = in.id<MatterId>();
      told.by = in.id<GroupId>();
      told.alert = in.bytes(kAlertBytesMax);
      entry = std::move(told);
    }
  }
  in.expect(validate(entry).has_value());
  return entry;
}
Decision read_decision(AgentFields& in) {
  in.array_of(3);
  const std::uint64_t number = in.number();
  return {number, read_area_entry(in)};
}
Raised read_raised(AgentFields& in) {
  in.array_of(4);
  Raised raised;
  raised.matter = in.id<MatterId>();
  raised.doer = in.id<NodeId>();
  raised.worth = in.number(kWorthMax);
  raised.alert = in.bytes(kAlertBytesMax);
  in.expect(check(raised).has_value());
  return raised;
}

Result<void> validate(const AreaEntry& entry) {
  return std::visit([](const auto& what) { return check(what); }, entry);
}
std::vector<std::byte> encode(const AreaEntry& entry) {
  EXPECTS(validate(entry).has_value());
  CborWriter out;
  out.array(3).unsigned_integer(kVersion);
  write(out, entry);
  return out.take();
}
Result<AreaEntry> decode_area_entry(std::span<const std::byte> bytes) {
  CborReader reader(bytes, kAreaEntryBytesMax);
  AgentFields in(reader);
  in.array_of(3);
  in.expect(in.number() == kVersion);
  AreaEntry entry = read_area_entry(in);
  return finished(reader, in, std::move(entry));
}

Result<void> validate(const ClusterEntry& entry) {
  return std::visit([](const auto& what) { return check(what); }, entry);
}
std::vector<std::byte> encode(const ClusterEntry& entry) {
  EXPECTS(validate(entry).has_value());
  CborWriter out;
  out.array(3).unsigned_integer(kVersion).unsigned_integer(entry.index());
  if (const auto* handed = std::get_if<HandedDown>(&entry)) {
    out.array(handed->decisions.size());
    for (const Decision& decision : handed->decisions) write(out, decision);
  } else {
    write(out, std::get<Raised>(entry));
  }
  return out.take();
}
Result<ClusterEntry> decode_cluster_entry(std::span<const std::byte> bytes) {
  CborReader reader(bytes, kClusterEntryBytesMax);
  AgentFields in(reader);
  in.array_of(3);
  in.expect(in.number() == kVersion);
  ClusterEntry entry;
  if (in.number(1) == 0) {
    entry = read_raised(in);
  } else {
    HandedDown handed;
    for (std::size_t left = in.array_up_to(kHandedMax); left > 0 && in.in_range(); --left)
      handed.decisions.push_back(read_decision(in));
    entry = std::move(handed);
  }
  return finished(reader, in, std::move(entry));
}

}  // namespace skywarden::agents
