#include "shell/member_log.h"

#include <utility>

namespace skywarden::shell {

MemberLog::MemberLog(std::string cluster, storage::LogStore::Opened* log,
                     std::optional<storage::SigningKeys> keys, std::function<void()> on_news)
    : cluster_(std::move(cluster)),
      keys_(std::move(keys)),
      chain_(log == nullptr ? storage::EntryChain(cluster_) : std::move(log->contents.chain)),
      writer_(log == nullptr ? nullptr : std::make_unique<LogWriter>(log->store, std::move(on_news))) {}

void MemberLog::take(consensus::Persist step, consensus::Write write, const consensus::Raft& raft,
                     const std::optional<storage::ChainHead>& said, bool restored) {
  if (step.empty() || !keeps_chain()) return;
  std::vector<consensus::Entry> behind;
  storage::ChainHead base_head{};
  if (step.snapshot) {
    const LogIndex base = step.snapshot->last.index;
    const auto& log = raft.log();
    if (restored && log.last_index() == base) {
      base_head = said.value_or(base_head);
      chain_.begin_again(base, base_head);  // the log behind it is gone, or there was none
    } else {
      base_head = said.value_or(chain_.head_at(base));
      chain_.forget_before(base);
    }
    const auto entries = log.between(base.next(), log.last_index());
    if (writer_) behind.assign(entries.begin(), entries.end());
  } else {
    if (step.truncate_from) chain_.truncate_from(*step.truncate_from);
    for (const consensus::Entry& entry : step.append) chain_.append(entry);
  }
  if (writer_) taken_.push_back({std::move(step), write, chain_.head(), std::move(behind), base_head});
}

void MemberLog::begin_write() {
  if (!taken_.empty()) writer_->give(std::exchange(taken_, {}));
}

Result<consensus::Write> MemberLog::durable() const {
  return writer_ ? writer_->durable() : consensus::Write();
}

Result<void> MemberLog::sync() {
  begin_write();
  return writer_ ? writer_->wait() : Result<void>();
}

Result<void> MemberLog::end() {
  begin_write();
  return writer_ ? writer_->end() : Result<void>();
}

storage::ChainHead MemberLog::head_at(LogIndex index) const {
  return keeps_chain() ? chain_.head_at(index) : storage::ChainHead{};
}

// ---- heads

Instant MemberLog::sign_due(const consensus::Raft& raft) const {
  const bool news = raft.role() == consensus::Role::kLeader && raft.log().last() != signed_;
  return keys_ && news ? signed_at_ + kSignGap : Instant::max();
}

std::vector<NodeId> MemberLog::signed_for(NodeId self) const {
  std::vector<NodeId> all;
  if (!keys_) return all;
  for (const auto& [member, key] : keys_->members)
    if (member != self) all.push_back(member);
  return all;
}

std::optional<storage::SignedHead> MemberLog::sign(const consensus::Raft& raft, Instant now) {
  if (now < sign_due(raft)) return std::nullopt;
  signed_ = raft.log().last();
  signed_at_ = now;
  ++counters_.heads_signed;
  storage::SignedHead head{raft.self(), raft.term(), signed_, chain_.head(), {}};
  keys_->own.sign(head, cluster_);
  return head;
}

Result<void> MemberLog::hear(NodeId from, const storage::SignedHead& head, Term term) {
  if (!keys_ || head.term < term) return {};
  const auto key = keys_->members.find(head.leader);
  if (head.leader != from || key == keys_->members.end() || !key->second.verifies(head, cluster_)) {
    ++counters_.bad_signatures;
    return fail(Errc::kConflict, "the head of the log up to {} is not signed by the leader",
                head.last.index.value());
  }
  heard_ = head;
  return {};
}

Result<void> MemberLog::know(NodeId member, const storage::PublicKey& key) {
  if (!keys_ || keys_->members.contains(member)) return {};
  auto known = storage::SigningKey::of_public(key);
  if (!known) return tl::unexpected<Error>(known.error());
  keys_->members.emplace(member, std::move(*known));
  return {};
}

void MemberLog::forget(NodeId member) {
  if (keys_) keys_->members.erase(member);
}

// Two logs with the same last entry are the same up to there (Raft §5.3), so their heads must be, too.
Result<void> MemberLog::check_heard(const consensus::Raft& raft) {
  if (!raft.keeps_payloads()) heard_.reset();
  if (!heard_ || heard_->last.index > raft.last_index()) return {};
  const storage::SignedHead head = *std::exchange(heard_, std::nullopt);
  if (!chain_.contains(head.last.index)) return {};  // in the snapshot
  if (!raft.log().matches(head.last)) return {};
  if (chain_.head_at(head.last.index) != head.head)
    return fail(Errc::kConflict, "the log up to entry {} is not the one that leader {} has signed",
                head.last.index.value(), head.leader.value());
  ++counters_.heads_verified;
  return {};
}

}  // namespace skywarden::shell
