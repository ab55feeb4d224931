#include "node/ledger.h"

#include <algorithm>

#include "base/contract.h"
#include "base/hash.h"
#include "wildfire/proposal_codec.h"

namespace skywarden::node {

Ledger::Ledger(wildfire::AlertOptions options) : policy_(options) {}

std::optional<datum::Alert> Ledger::apply(const consensus::Entry& entry) {
  EXPECTS(entry.index == applied_.next());
  applied_ = entry.index;
  if (entry.payload.empty()) return std::nullopt;
  auto proposal = wildfire::decode_proposal(entry.payload);
  if (!proposal) return std::nullopt;
  const auto chain = chain_of(proposal->observations);
  if (proposal->sequence == 0 && chain) return std::nullopt;  // this fire has been told under another name

  datum::Alert alert;
  alert.proposal = std::move(*proposal);
  alert.index = entry.index;
  alert.term = entry.term;
  if (!policy_.apply(alert)) return std::nullopt;

  const EventId event = alert.proposal.event;
  const auto opening = std::find_if(alerts_.begin(), alerts_.end(),
                                    [&](const datum::Alert& a) { return a.proposal.event == event; });
  const auto place = static_cast<std::size_t>(opening - alerts_.begin());
  for (const ObservationId id : alert.proposal.observations)
    told_.emplace(id, place);  // the first chain keeps it
  Fnv1a hash;
  hash.add(fingerprint_);
  hash.add(entry.payload);
  fingerprint_ = hash.value();
  alerts_.push_back(alert);
  return alert;
}

std::optional<EventId> Ledger::chain_of(std::span<const ObservationId> observations) const {
  std::optional<std::size_t> oldest;
  for (const ObservationId id : observations) {
    const auto found = told_.find(id);
    if (found != told_.end() && (!oldest || found->second < *oldest)) oldest = found->second;
  }
  if (!oldest) return std::nullopt;
  return alerts_[*oldest].proposal.event;
}

}  // namespace skywarden::node
