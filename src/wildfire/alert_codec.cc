// What was told, as bytes and back: [version, chains opened so far, [chain...]], the chains in ascending
// order of their events. A chain: [index, term, time of the last message that was no cancel, chains opened
// before, last proposal as its own bytes, [observations it was the first to tell of]].
#include <algorithm>
#include <set>

#include "base/contract.h"
#include "wildfire/alert.h"
#include "wildfire/proposal_codec.h"
#include "wire/cbor.h"

namespace skywarden::wildfire {
namespace {

constexpr std::uint64_t kVersion = 1;

tl::unexpected<Error> damaged(const char* what) {
  return fail(Errc::kMalformed, "saved alerts: {}", what);
}

}  // namespace

std::vector<std::byte> AlertPolicy::save() const {
  std::map<EventId, std::vector<ObservationId>> first_told;
  for (const auto& [observation, event] : told_of_) first_told[event].push_back(observation);
  wire::CborWriter out;
  out.array(3).unsigned_integer(kVersion).unsigned_integer(opened_).array(told_.size());
  for (const auto& [event, told] : told_) {
    out.array(6).unsigned_integer(told.last.index.value()).unsigned_integer(told.last.term.value());
    out.signed_integer(told.fire_told_ns).unsigned_integer(told.opened).bytes(encode(told.last.proposal));
    std::vector<ObservationId>& observations = first_told[event];
    std::sort(observations.begin(), observations.end());
    out.array(observations.size());
    for (const ObservationId id : observations) out.unsigned_integer(id.value());
  }
  return out.take();
}

Result<AlertPolicy> AlertPolicy::restore(std::span<const std::byte> bytes, AlertOptions options) {
  AlertPolicy out(options);
  wire::CborReader in(bytes, kSavedAlertsBytesMax);
  if (in.array().value_or(3) != 3 || in.unsigned_integer().value_or(kVersion) != kVersion)
    return damaged("expected version 1");
  out.opened_ = in.unsigned_integer().value_or(0);
  const std::uint64_t chains = in.array().value_or(0);
  std::set<std::uint64_t> opened;
  for (std::uint64_t i = 0; i < chains; ++i) {
    if (in.array().value_or(0) != 6) return damaged("a chain is cut short");
    Told told;
    told.last.index = LogIndex(in.unsigned_integer().value_or(0));
    told.last.term = Term(in.unsigned_integer().value_or(0));
    told.fire_told_ns = in.signed_integer().value_or(0);
    told.opened = in.unsigned_integer().value_or(0);
    auto proposal = decode_proposal(in.bytes().value_or(std::span<const std::byte>{}));
    if (!proposal) return tl::unexpected(proposal.error());
    told.last.proposal = std::move(*proposal);
    const EventId event = told.last.proposal.event;
    if (told.opened >= out.opened_ || !opened.insert(told.opened).second)
      return damaged("chains are not numbered");
    if (!out.told_.empty() && out.told_.rbegin()->first >= event) return damaged("chains out of order");
    out.told_.emplace(event, std::move(told));
    std::optional<ObservationId> before;
    for (std::uint64_t left = in.array().value_or(0); left > 0; --left) {
      const ObservationId id(in.unsigned_integer().value_or(0));
      if (before && *before >= id) return damaged("observations out of order");
      if (!out.told_of_.emplace(id, event).second) return damaged("an observation told of twice");
      before = id;
    }
  }
  if (const auto finished = in.finish(); !finished) return tl::unexpected(finished.error());
  return out;
}

}  // namespace skywarden::wildfire
