// One turn in the life of a group that agrees: an election, an epoch of other vote shares, a ledger that came
// from another node's snapshot. Told by AgreementStory, shown by the console, counted by the report.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "incident.h"

namespace skywarden::app {

enum class TurnKind : std::uint8_t {
  kElected,      // a leader of a new term
  kEpochBegun,   // the epoch rules at its first node
  kEpochAgreed,  // its entry is committed
  kRestored,     // a node took over another node's ledger, as it missed entries that were let go
};

enum class ElectionCause : std::uint8_t {
  kFirst,     // nobody has led before
  kCrash,     // who led before went down
  kSilence,   // who led before runs, but a quorum did not hear of it, or it did not hear of a quorum
  kHandover,  // who led before asked the new one to take over
};
inline constexpr std::size_t kElectionCauses = 4;

struct ShareChange {
  NodeId node;
  std::uint64_t from = 0, to = 0;  // 0 for no member, or one that only listens
  friend bool operator==(const ShareChange&, const ShareChange&) = default;
};

struct Turn {
  Instant time{};
  TurnKind kind = TurnKind::kElected;
  NodeId node{};                                // the leader; of an epoch who had it first; who was restored
  std::uint64_t term = 0;                       // elected
  ElectionCause cause = ElectionCause::kFirst;  // elected
  NodeId previous{};                            // elected: who led before, or kNobody
  std::uint64_t epoch = 0;                      // epochs
  bool joint = false;                           // epochs: both the old and the new majority decide
  std::uint64_t index = 0;                      // epochs: of the entry; restored: up to where
  std::vector<ShareChange> changes{};           // begun: against the last agreed epoch, by node
  friend bool operator==(const Turn&, const Turn&) = default;
};

// Why there was an election, naming who led before: "SAT-1 went down".
[[nodiscard]] Bilingual cause_words(const Turn& turn, const std::function<std::string(NodeId)>& name);

[[nodiscard]] constexpr std::string_view to_string(TurnKind kind) {
  constexpr std::array<std::string_view, 4> kWords{"elected", "epoch", "agreed", "restored"};
  return kWords[static_cast<std::size_t>(kind)];
}

[[nodiscard]] constexpr std::string_view to_string(ElectionCause cause) {
  constexpr std::array<std::string_view, kElectionCauses> kWords{"first", "crash", "silence", "handover"};
  return kWords[static_cast<std::size_t>(cause)];
}

}  // namespace skywarden::app
