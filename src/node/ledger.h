// What the group has agreed to tell people, in the order of the log: made from committed entries only, so
// every node that has applied the same entries has the same ledger. An entry that is no proposal, or that
// continues no chain, or that would open a second chain over observations already told, enters nothing.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "base/ids.h"
#include "consensus/log.h"
#include "datum/alert.h"
#include "wildfire/alert.h"

namespace skywarden::node {

class Ledger {
 public:
  explicit Ledger(wildfire::AlertOptions options = {});

  // The alert that the entry enters, if it does. Entries come in log order, each once.
  std::optional<datum::Alert> apply(const consensus::Entry& entry);

  [[nodiscard]] const wildfire::AlertPolicy& policy() const { return policy_; }
  [[nodiscard]] LogIndex applied() const { return applied_; }
  [[nodiscard]] const std::vector<datum::Alert>& alerts() const { return alerts_; }
  // The oldest chain that has told one of these observations, or nothing.
  [[nodiscard]] std::optional<EventId> chain_of(std::span<const ObservationId> observations) const;
  // Fingerprint of everything told so far; equal on nodes that applied the same entries.
  [[nodiscard]] std::uint64_t fingerprint() const { return fingerprint_; }

 private:
  wildfire::AlertPolicy policy_;
  std::map<ObservationId, std::size_t> told_;  // place in alerts_ of the chain's opening
  std::vector<datum::Alert> alerts_;
  LogIndex applied_;
  std::uint64_t fingerprint_ = 0;
};

}  // namespace skywarden::node
