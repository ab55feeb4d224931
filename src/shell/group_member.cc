#include "shell/group_member.h"

#include <fmt/format.h>

#include <map>

namespace skywarden::shell {
namespace {

std::string_view word_for(const consensus::Raft& raft) {
  if (raft.configuration().witnesses.contains(raft.self())) return "witness";
  switch (raft.role()) {
    case consensus::Role::kLeader:
      return "leader";
    case consensus::Role::kLearner:
      return "learner";
    case consensus::Role::kFollower:
      return "follower";
    case consensus::Role::kPreCandidate:
    case consensus::Role::kCandidate:
      break;
  }
  return "candidate";
}

std::string members_json(const consensus::Raft& raft, const GroupLinks& links,
                         const std::string& own_address) {
  std::map<NodeId, std::string> addresses{{raft.self(), own_address}};
  for (const GroupLinks::Peer& peer : links.peers()) addresses.emplace(peer.node, peer.address());
  std::string members;
  for (const auto& [node, share] : raft.shares())
    members += fmt::format(R"({}{{"id":{},"share":{},"address":"{}"{}}})", members.empty() ? "" : ",",
                           node.value(), share, addresses[node],
                           raft.configuration().witnesses.contains(node) ? R"(,"witness":true)" : "");
  return members;
}

}  // namespace

Result<void> hear_head(MemberLog& log, NodeId member, std::span<const std::byte> value, Term term) {
  const auto head = storage::decode_signed_head(value);
  if (!head) return tl::unexpected<Error>(head.error());
  return log.hear(member, *head, term);
}

void send_head(MemberLog& log, const consensus::Raft& raft, GroupLinks& links, Instant now) {
  const auto head = log.sign(raft, now);
  if (!head) return;
  const auto bytes = encode(*head);
  for (const NodeId member : log.signed_for(raft.self()))
    if (!raft.configuration().witnesses.contains(member)) links.send(member, FrameKind::kSignedHead, bytes);
}

ledger::LedgerFile::Base ledger_base(const consensus::Snapshot& snapshot, const storage::ChainHead& head) {
  return {snapshot.last.index, head, snapshot.configuration.epoch.value()};
}

ledger::LedgerFile::Base ledger_base(const std::optional<consensus::Snapshot>& snapshot,
                                     const MemberLog& log) {
  return snapshot ? ledger_base(*snapshot, log.head_at(snapshot->last.index)) : ledger::LedgerFile::Base{};
}

std::string member_status(const consensus::Raft& raft, std::string_view cluster, LogIndex applied,
                          const MemberLog& log, const GroupLinks& links, const std::string& own_address) {
  const MemberLog::Counters& kept = log.counters();
  const GroupLinks::Counters& said = links.counters();
  std::string connected;
  for (const NodeId node : links.connected())
    connected += fmt::format("{}{}", connected.empty() ? "" : ",", node.value());
  return fmt::format(
      R"("node":{},"cluster":"{}","role":"{}","leader":{},"term":{},"last":{},"committed":{},"applied":{},)"
      R"("connected":[{}],"syncs":{},"heads_signed":{},"heads_verified":{},"bad_signatures":{},)"
      R"("refused_hello":{},"refused_identity":{},"malformed":{},"dropped":{},"bytes_received":{},)"
      R"("bytes_sent":{},"epoch":{},"members":[{}])",
      raft.self().value(), cluster, word_for(raft), raft.leader().value(), raft.term().value(),
      raft.last_index().value(), raft.commit_index().value(), applied.value(), connected, log.syncs(),
      kept.heads_signed, kept.heads_verified, kept.bad_signatures, said.refused_hello, said.refused_identity,
      said.malformed, said.dropped, said.bytes_received, said.bytes_sent, raft.configuration().epoch.value(),
      members_json(raft, links, own_address));
}

std::string reasons_json(std::span<const consensus::ShareReason> reasons) {
  using consensus::part_of_best;
  std::string list;
  for (const consensus::ShareReason& r : reasons)
    list += fmt::format(
        R"({}{{"id":{},"share":{},"why":"{}","distance_ms":{},"bandwidth":{:.3f},"trust":{:.3f},)"
        R"("stability":{:.3f},"blend":{:.3f}}})",
        list.empty() ? "" : ",", r.node.value(), r.share, to_string(r.why),
        r.standing.distance ? fmt::format("{:.3f}", to_seconds(*r.standing.distance) * 1e3) : "null",
        part_of_best(r.standing.bandwidth), part_of_best(r.standing.trust),
        part_of_best(r.standing.stability), part_of_best(r.blend));
  return "[" + list + "]";
}

std::string ledger_status(const ledger::LedgerFile* ledger) {
  if (ledger == nullptr) return R"("ledger":null,"ledger_behind":false)";
  return fmt::format(R"("ledger":{},"ledger_behind":{})", ledger->applied().value(), ledger->behind());
}

}  // namespace skywarden::shell
