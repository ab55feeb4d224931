// Witnesses: voters that keep no payloads (withheld.h). What a leader or a relay sends them is withheld, and
// what comes whole all the same they withhold themselves. Invariants:
//   - A full member's log and snapshot hold nothing withheld: only who keeps payloads leads or hands on, and
//     a full member refuses what lacks them, whoever sends it.
//   - Who holds anything withheld never leads, whatever a later epoch says of it: it could not send what it
//     does not have. It votes and acknowledges like anybody, so elections and commits rest on what they
//     always rest on; that its log is compared with a candidate's is what keeps a quorum's entries from being
//     lost.
#include <algorithm>

#include "consensus/raft.h"
#include "consensus/rule.h"
#include "consensus/withheld.h"

namespace skywarden::consensus {

bool Raft::keeps_payloads() const {
  return !own_part_.witness && !lacking_.in_snapshot && !lacking_.first;
}

bool Raft::may_lead() const {
  return keeps_payloads() || !holds(Rule::kWitnessNeverLeads);
}

bool Raft::may_hand_on() const {
  return keeps_payloads() || !holds(Rule::kWitnessHandsNothingOn);
}

// No honest leader withholds from such a member. Who knows of no epoch that names it takes what it is sent.
bool Raft::is_full_member() const {
  return !own_part_.witness && names(configuration().shares, self_);
}

bool Raft::is_withheld_from(const Message& message) const {
  if (!is_full_member()) return false;
  if (const auto* append = std::get_if<AppendRequest>(&message.body)) return any_withheld(append->entries);
  const auto* relayed = std::get_if<Relayed>(&message.body);
  return relayed != nullptr && any_withheld(relayed->entries);
}

// Nothing, too, for a snapshot without data that a full member is sent.
std::optional<Snapshot> Raft::take_assembled() {
  auto snapshot = assembly_.take();
  if (!snapshot || !snapshot->withheld) return snapshot;
  const Configuration& epoch = snapshot->configuration;
  const bool as_full_member = names(epoch.shares, self_) && !epoch.witnesses.contains(self_);
  if (as_full_member || is_full_member()) return std::nullopt;
  return snapshot;
}

std::vector<Entry> Raft::sent_to(bool witness, std::span<const Entry> entries) {
  return witness ? withheld(entries) : std::vector<Entry>(entries.begin(), entries.end());
}

bool Raft::lacks_data_at(LogIndex index) const {
  return own_part_.witness || lacking_.in_snapshot || (lacking_.first && *lacking_.first <= index);
}

// ---- what is lacking

void Raft::note_lacking(const Entry& entry) {
  if (entry.kind != EntryKind::kWithheld || lacking_.first) return;
  lacking_.first = entry.index;
  stop_handing_on();
}

void Raft::note_cut(LogIndex from) {
  if (lacking_.first && *lacking_.first >= from) lacking_.first.reset();
}

// After the snapshot is another one.
void Raft::note_lacking_anew(bool in_snapshot) {
  lacking_ = {in_snapshot, std::nullopt};
  for (const Entry& entry : log_.between(log_.base().index.next(), last_index())) note_lacking(entry);
  stop_handing_on();
}

void Raft::stop_handing_on() {
  if (may_hand_on()) return;
  duty_.children.clear();
  feeds_.clear();
}

}  // namespace skywarden::consensus
