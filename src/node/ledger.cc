#include "node/ledger.h"

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
  if (proposal->sequence == 0 && policy_.chain_of(proposal->observations))
    return std::nullopt;  // this fire has been told under another name

  datum::Alert alert;
  alert.proposal = std::move(*proposal);
  alert.index = entry.index;
  alert.term = entry.term;
  if (!policy_.apply(alert)) return std::nullopt;

  Fnv1a hash;
  hash.add(fingerprint_);
  hash.add(entry.payload);
  fingerprint_ = hash.value();
  alerts_.push_back(alert);
  return alert;
}

}  // namespace skywarden::node
