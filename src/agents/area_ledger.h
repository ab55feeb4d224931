// What an area has decided, as a state machine of committed entries. The area's voters make it from their own
// log with decide(); the clusters make the same one from what is handed down to them with hear(). Decisions
// are numbered from 1 without gaps. Invariants: one decision a matter, the first; a seat goes only to a later
// term or turn; hear() takes each number once and in order, so every ledger that has reached a number holds
// the same decisions up to there, byte for byte.
//
// It keeps the last kDecisionsKept decisions; a matter that is older than those could be decided again. Who
// missed more than that takes over somebody's whole ledger.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "agents/area_entry.h"

namespace skywarden::wire {
class CborWriter;
}

namespace skywarden::agents {

class AgentFields;

inline constexpr std::size_t kDecisionsKept = 4096;
inline constexpr std::size_t kSeatsMax = 4096;
inline constexpr std::size_t kLedgerBytesMax = (kDecisionsKept + 64) * kAreaEntryBytesMax;

// Of a ledger whose fingerprint was `before`, once it has decided this.
[[nodiscard]] std::uint64_t next_fingerprint(std::uint64_t before, const AreaEntry& entry);

enum class Heard { kNew, kKnown, kMissesEarlier, kContradicts };

class AreaLedger {
 public:
  // Nothing: no news, and nothing changes. Expects a valid entry.
  std::optional<Decision> decide(const AreaEntry& entry);
  Heard hear(const Decision& decision);  // expects a valid one

  [[nodiscard]] std::uint64_t known() const { return known_; }  // the number of the last decision; 0: none
  // After `number`, oldest first, at most `count`; nothing where those were forgotten.
  [[nodiscard]] std::vector<Decision> after(std::uint64_t number, std::size_t count) const;
  [[nodiscard]] const Decision* find(MatterId matter) const;  // nullptr: not decided, or long ago
  [[nodiscard]] const std::map<GroupId, Seat>& seats() const { return seats_; }
  [[nodiscard]] std::uint64_t fingerprint() const { return fingerprint_; }  // of all decisions, in order

  [[nodiscard]] std::vector<std::byte> save() const;
  [[nodiscard]] static Result<AreaLedger> restore(std::span<const std::byte> bytes);
  friend bool operator==(const AreaLedger&, const AreaLedger&) = default;

 private:
  friend class ClusterLedger;  // whose bytes contain these
  [[nodiscard]] bool is_news(const AreaEntry& entry) const;
  void write_to(wire::CborWriter& out) const;  // an array
  [[nodiscard]] static AreaLedger read_from(AgentFields& in);

  std::uint64_t known_ = 0, fingerprint_ = 0;
  std::deque<Decision> kept_;                  // up to known_
  std::map<MatterId, std::uint64_t> decided_;  // number, of those kept
  std::map<GroupId, Seat> seats_;              // the last of each group
};

}  // namespace skywarden::agents
