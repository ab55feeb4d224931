#include "agents/area_ledger.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "agents/area_fields.h"
#include "base/contract.h"
#include "base/hash.h"
#include "wire/cbor.h"

namespace skywarden::agents {
namespace {

constexpr std::uint64_t kVersion = 1;
constexpr std::uint64_t kNumberMax = std::uint64_t{1} << 62;

std::optional<MatterId> matter_of(const AreaEntry& entry) {
  if (const auto* ruling = std::get_if<Ruling>(&entry)) return ruling->matter;
  if (const auto* told = std::get_if<SharedAlert>(&entry)) return told->matter;
  return std::nullopt;
}

}  // namespace

std::uint64_t next_fingerprint(std::uint64_t before, const AreaEntry& entry) {
  Fnv1a hash;
  hash.add(before);
  hash.add(encode(entry));
  return hash.value();
}

bool AreaLedger::is_news(const AreaEntry& entry) const {
  if (const auto matter = matter_of(entry)) return !decided_.contains(*matter);
  const Seat& seat = std::get<Seat>(entry);
  const auto last = seats_.find(seat.group);
  if (last == seats_.end()) return seats_.size() < kSeatsMax;
  return std::pair(seat.term, seat.turn) > std::pair(last->second.term, last->second.turn);
}

std::optional<Decision> AreaLedger::decide(const AreaEntry& entry) {
  EXPECTS(validate(entry).has_value());
  if (!is_news(entry)) return std::nullopt;
  Decision decision{++known_, entry};
  fingerprint_ = next_fingerprint(fingerprint_, entry);
  if (const auto matter = matter_of(entry))
    decided_.emplace(*matter, known_);
  else
    seats_.insert_or_assign(std::get<Seat>(entry).group, std::get<Seat>(entry));
  kept_.push_back(decision);
  if (kept_.size() > kDecisionsKept) {
    if (const auto matter = matter_of(kept_.front().what)) decided_.erase(*matter);
    kept_.pop_front();
  }
  return decision;
}

Heard AreaLedger::hear(const Decision& decision) {
  if (decision.number <= known_) return Heard::kKnown;
  if (decision.number > known_ + 1) return Heard::kMissesEarlier;
  return decide(decision.what) ? Heard::kNew : Heard::kContradicts;
}

std::vector<Decision> AreaLedger::after(std::uint64_t number, std::size_t count) const {
  const std::uint64_t forgotten = known_ - kept_.size();
  if (number < forgotten || number >= known_) return {};
  const auto first = kept_.begin() + static_cast<std::ptrdiff_t>(number - forgotten);
  const auto left = static_cast<std::size_t>(kept_.end() - first);
  return {first, first + static_cast<std::ptrdiff_t>(std::min(left, count))};
}

const Decision* AreaLedger::find(MatterId matter) const {
  const auto found = decided_.find(matter);
  return found == decided_.end() ? nullptr : &kept_[found->second - 1 - (known_ - kept_.size())];
}

void AreaLedger::write_to(wire::CborWriter& out) const {
  out.array(5).unsigned_integer(kVersion).unsigned_integer(known_).unsigned_integer(fingerprint_);
  out.array(seats_.size());
  for (const auto& [group, seat] : seats_) {
    out.array(2);
    write(out, AreaEntry(seat));
  }
  out.array(kept_.size());
  for (const Decision& decision : kept_) write(out, decision);
}

AreaLedger AreaLedger::read_from(AgentFields& in) {
  AreaLedger out;
  in.array_of(5);
  in.expect(in.number() == kVersion);
  out.known_ = in.number(kNumberMax);
  out.fingerprint_ = in.number();
  for (std::size_t left = in.array_up_to(kSeatsMax); left > 0 && in.in_range(); --left) {
    in.array_of(2);
    const AreaEntry entry = read_area_entry(in);
    const auto* seat = std::get_if<Seat>(&entry);
    in.expect(seat != nullptr && (out.seats_.empty() || out.seats_.rbegin()->first < seat->group));
    if (seat != nullptr) out.seats_.insert_or_assign(seat->group, *seat);
  }
  const std::size_t count = in.array_up_to(kDecisionsKept);
  in.expect(count == std::min<std::uint64_t>(out.known_, kDecisionsKept));
  std::uint64_t number = out.known_ - std::min<std::uint64_t>(count, out.known_);
  for (std::size_t left = count; left > 0 && in.in_range(); --left) {
    Decision decision = read_decision(in);
    in.expect(decision.number == ++number);
    if (const auto matter = matter_of(decision.what)) {
      in.expect(out.decided_.emplace(*matter, decision.number).second);
    } else {
      const Seat& then = std::get<Seat>(decision.what);
      const auto last = out.seats_.find(then.group);
      in.expect(last != out.seats_.end() &&
                std::pair(then.term, then.turn) <= std::pair(last->second.term, last->second.turn));
    }
    out.kept_.push_back(std::move(decision));
  }
  return out;
}

std::vector<std::byte> AreaLedger::save() const {
  wire::CborWriter out;
  write_to(out);
  return out.take();
}

Result<AreaLedger> AreaLedger::restore(std::span<const std::byte> bytes) {
  wire::CborReader reader(bytes, kLedgerBytesMax);
  AgentFields in(reader);
  AreaLedger out = read_from(in);
  if (!in.in_range())
    return fail(Errc::kMalformed, "saved area: expected version {} and decisions in their order", kVersion);
  if (const auto end = reader.finish(); !end) return tl::unexpected(end.error());
  return out;
}

}  // namespace skywarden::agents
