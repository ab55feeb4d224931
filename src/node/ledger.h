// What the group has agreed to tell people, in the order of the log: made from committed entries only, so
// every node that has applied the same entries has the same ledger. An entry that is no proposal, or that
// continues no chain, or that would open a second chain over observations already told, enters nothing.
//
// It keeps what decides about the future, the last message of each chain; the messages themselves are handed
// out once. So it can be saved as the state behind a snapshot of the log, and restored elsewhere.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"
#include "consensus/log.h"
#include "datum/alert.h"
#include "storage/entry_chain.h"
#include "wildfire/alert.h"

namespace skywarden::node {

class Ledger {
 public:
  // `cluster` names the chain of entries.
  explicit Ledger(wildfire::AlertOptions options = {}, std::string_view cluster = {});

  // The alert that the entry enters, if it does. Entries come in log order, each once.
  std::optional<datum::Alert> apply(const consensus::Entry& entry);

  // Deterministic CBOR: [version, applied, fingerprint, head, saved alerts]. What restore accepts, save gives
  // back. kUnsupported: of another version.
  [[nodiscard]] consensus::Payload save() const;
  [[nodiscard]] static Result<Ledger> restore(std::span<const std::byte> bytes,
                                              wildfire::AlertOptions options);

  [[nodiscard]] const wildfire::AlertPolicy& policy() const { return policy_; }
  [[nodiscard]] LogIndex applied() const { return chain_.last(); }
  [[nodiscard]] const storage::ChainHead& head() const { return chain_.head(); }  // after `applied`
  // Fingerprint of everything told so far; equal on nodes that applied the same entries.
  [[nodiscard]] std::uint64_t fingerprint() const { return fingerprint_; }

 private:
  wildfire::AlertPolicy policy_;
  storage::EntryChain chain_;  // its last head only
  std::uint64_t fingerprint_ = 0;
};

}  // namespace skywarden::node
