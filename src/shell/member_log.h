// What a member of a group keeps of the log: the steps of its Raft machine on a disk, if it has one, written
// while the member goes on, the chain of hashes over the entries and, with keys, the leader's signature under
// the chain's head. The leader signs at most kSignGap after an entry; who follows checks each head against
// its own chain. A witness does not: its entries lack their payloads, so its chain is another one, which only
// shows that its own log is whole.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "consensus/raft.h"
#include "shell/log_writer.h"
#include "storage/signed_head.h"

namespace skywarden::shell {

class MemberLog {
 public:
  static constexpr Duration kSignGap = std::chrono::milliseconds(10);

  struct Counters {
    std::uint64_t heads_signed = 0, heads_verified = 0;
    std::uint64_t bad_signatures = 0;  // heads that nobody who may has signed
  };

  // `log`: nullptr keeps nothing on a disk; else it outlives this. `on_news`, from another thread: ask
  // durable().
  MemberLog(std::string cluster, storage::LogStore::Opened* log, std::optional<storage::SigningKeys> keys,
            std::function<void()> on_news);

  // What its machine is to be told: without a disk nothing is waited for.
  [[nodiscard]] consensus::Storage storage() const {
    return writer_ ? consensus::Storage::kMeanwhile : consensus::Storage::kAwaited;
  }
  // A step of `raft`, which has taken it. `base_head` is the chain's at the step's snapshot, when it has one
  // and says so: a witness's does not. `restored`: it came from elsewhere.
  void take(consensus::Persist step, consensus::Write write, const consensus::Raft& raft,
            const std::optional<storage::ChainHead>& base_head, bool restored);
  void begin_write();  // of what was taken
  [[nodiscard]] std::size_t bytes_behind() const { return writer_ ? writer_->bytes_behind() : 0; }
  // Up to which write all is durable. Errors of the disk.
  [[nodiscard]] Result<consensus::Write> durable() const;
  // Writes what was taken and waits for it, for a member that does not go on meanwhile. Errors of the disk.
  [[nodiscard]] Result<void> sync();
  [[nodiscard]] Result<void> end();  // of an orderly run: all is durable, and it is noted

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
  [[nodiscard]] std::uint64_t syncs() const { return writer_ ? writer_->syncs() : 0; }

 private:
  [[nodiscard]] bool keeps_chain() const { return writer_ || keys_.has_value(); }

  std::string cluster_;
  std::optional<storage::SigningKeys> keys_;
  storage::EntryChain chain_;
  Counters counters_;

  consensus::LogPosition signed_;
  Instant signed_at_;
  std::optional<storage::SignedHead> heard_;  // of an entry that is not here yet

  std::vector<LogWriter::Step> taken_;
  std::unique_ptr<LogWriter> writer_;  // none: no disk
};

}  // namespace skywarden::shell
