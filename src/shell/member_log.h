// What a member of a group keeps of the log: the steps of its Raft machine on a disk, if it has one, the
// chain of hashes over the entries and, with keys, the leader's signature under the chain's head. The leader
// signs at most kSignGap after an entry; who follows checks each head against its own chain.
#pragma once

#include <optional>

#include "consensus/raft.h"
#include "storage/log_store.h"
#include "storage/signed_head.h"

namespace skywarden::shell {

class MemberLog {
 public:
  static constexpr Duration kSignGap = std::chrono::milliseconds(10);

  struct Counters {
    std::uint64_t syncs = 0, heads_signed = 0, heads_verified = 0;
    std::uint64_t bad_signatures = 0;  // heads that nobody who may has signed
  };

  // `log`: nullptr keeps nothing on a disk; else it outlives this.
  MemberLog(std::string cluster, storage::LogStore::Opened* log, std::optional<storage::SigningKeys> keys);

  // A step of `raft`, which has taken it. `base_head` is the chain's at the step's snapshot, when it has one;
  // `restored`: it came from elsewhere. Not durable before sync(), but for snapshots. Errors of the disk.
  [[nodiscard]] Result<void> take(const consensus::Persist& step, const consensus::Raft& raft,
                                  const storage::ChainHead& base_head, bool restored);
  [[nodiscard]] Result<void> sync(Instant now);
  [[nodiscard]] Result<void> end();  // of an orderly run: notes that all is durable

  // The head after a committed entry; zeros when no chain is kept, as nobody asks for one then.
  [[nodiscard]] storage::ChainHead head_at(LogIndex index) const;

  // What the leader sends to `signed_for`; nothing when it is not due.
  [[nodiscard]] std::optional<storage::SignedHead> sign(const consensus::Raft& raft, Instant now);
  [[nodiscard]] Instant sign_due(const consensus::Raft& raft) const;  // Instant::max(): not
  [[nodiscard]] std::vector<NodeId> signed_for(NodeId self) const;
  // kConflict: it is not signed by the leader it speaks of, who sent it.
  [[nodiscard]] Result<void> hear(NodeId from, const storage::SignedHead& head, Term term);
  // kConflict: the leader has signed another log than this; such a member must not go on.
  [[nodiscard]] Result<void> check_heard(const consensus::Raft& raft);

  // Keys of members that come and go. Nothing happens in a group that does not sign.
  [[nodiscard]] Result<void> know(NodeId member, const storage::PublicKey& key);
  void forget(NodeId member);

  [[nodiscard]] const Counters& counters() const { return counters_; }

 private:
  [[nodiscard]] bool keeps_chain() const { return store_ != nullptr || keys_.has_value(); }

  std::string cluster_;
  storage::LogStore* store_;
  std::optional<storage::SigningKeys> keys_;
  storage::EntryChain chain_;
  Counters counters_;
  Instant synced_at_;

  consensus::LogPosition signed_;
  Instant signed_at_;
  std::optional<storage::SignedHead> heard_;  // of an entry that is not here yet
};

}  // namespace skywarden::shell
