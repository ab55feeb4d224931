// Members that come and go: statements of clients become changes of membership, and connections follow what
// is agreed.
#include <algorithm>
#include <utility>

#include "shell/group_roster.h"
#include "shell/raft_service.h"
#include "shell/steady_clock.h"

namespace skywarden::shell {
namespace {

constexpr std::size_t kChangesMax = 64;                    // that wait for the one before
constexpr Duration kLeaveAfter = std::chrono::seconds(1);  // so that what was said last arrives

}  // namespace

void RaftService::ask_for_change(GroupClient client, Request request) {
  const char* why = !options_.admission_key          ? "its configuration names no admission_key"
                    : changes_.size() >= kChangesMax ? "too many changes of members wait"
                                                     : nullptr;
  if (why == nullptr) return changes_.push_back({client, std::move(request)});
  answer(client, {request.id, Outcome::kRefused, raft_.leader(), {}, bytes_of(why)});
}

void RaftService::change_members(Instant now) {
  while (!changes_.empty()) {
    const auto& [client, request] = changes_.front();
    const auto& cluster = options_.links.identity.cluster;
    const LogIndex index = raft_.last_index().next();
    Result<std::optional<consensus::Membership>> to = std::nullopt;
    if (raft_.role() == consensus::Role::kLeader)
      to = request.kind == RequestKind::kAdmit
               ? with_admitted(raft_.configuration(), request.bytes, cluster, *options_.admission_key)
               : with_removed(raft_.configuration(), request.bytes, cluster, *options_.admission_key);
    if (raft_.role() != consensus::Role::kLeader) {
      answer(client, not_leader(request.id));
    } else if (!to) {
      refuse_change(client, request.id, to.error());
    } else if (!*to) {  // it is done already, or will be soon
      if (!raft_.configuration_committed()) return;
      answer(client, {request.id, Outcome::kDone, raft_.leader(), raft_.commit_index(), {}});
    } else if (auto effects = raft_.change_membership(**to, now); effects) {
      wait_for(index, {{}, raft_.term(), client, request.id});
      absorb(std::move(*effects));
    } else {
      if (effects.error().code == Errc::kUnavailable) return;  // one at a time
      refuse_change(client, request.id, effects.error());
    }
    changes_.pop_front();
  }
}

void RaftService::refuse_change(GroupClient client, std::uint64_t request, const Error& error) {
  ++counters_.refused_changes;
  on_problem_("refused: " + error.message);
  answer(client, {request, Outcome::kRefused, raft_.leader(), {}, bytes_of(error.message)});
}

// Who was admitted and has caught up gets its share.
void RaftService::promote(Instant now) {
  if (raft_.role() != consensus::Role::kLeader || admitted_.empty()) return;
  if (!raft_.configuration_committed() || raft_.configuration().joint()) return;
  if (raft_.configuration().epoch == not_promoted_in_) return;
  const auto to =
      with_promoted(raft_.configuration(), admitted_, [this](NodeId node) { return raft_.lag(node); });
  if (!to) return;
  auto effects = raft_.change_membership(*to, now);
  if (effects) return absorb(std::move(*effects));
  if (effects.error().code == Errc::kUnavailable) return;
  not_promoted_in_ = raft_.configuration().epoch;
  on_problem_(effects.error().message);
}

// Connections to whom the latest configuration names, committed or not: a member that has yet to hear of it
// must be reached. Nobody is cut off before his leaving is committed.
void RaftService::follow_members() {
  const consensus::Configuration& configuration = raft_.configuration();
  joined_.follow(configuration.shares, steady_now());
  auto admitted = admitted_by(configuration, options_.links.identity.cluster,
                              options_.admission_key ? &*options_.admission_key : nullptr);
  if (!admitted) return fail_with(admitted.error());
  admitted_ = std::move(*admitted);
  const bool counts_as_full =
      names(configuration.shares, raft_.self()) && !configuration.witnesses.contains(raft_.self());
  if (counts_as_full && !raft_.keeps_payloads())
    return fail_with(
        {Errc::kConflict, fmt::format("node {} has the log of a witness and is none any more: it "
                                      "must come back under a new id",
                                      raft_.self().value())});
  for (const auto& [node, admission] : admitted_) {
    if (node != raft_.self()) links_->add_peer({node, admission.host, admission.port});
    if (admission.signs_with)
      if (const auto known = log_.know(node, *admission.signs_with); !known) return fail_with(known.error());
  }
  if (!raft_.configuration_committed() || configuration.joint()) return;
  for (const GroupLinks::Peer& peer : links_->peers())
    if (standing(configuration, peer.node) == Standing::kGone) {
      links_->remove_peer(peer.node);
      log_.forget(peer.node);
    }
  if (standing(configuration, raft_.self()) == Standing::kGone && leaves_at_ == Instant::max()) {
    on_problem_(fmt::format("node {} has left the group and ends", raft_.self().value()));
    leaves_at_ = steady_now() + kLeaveAfter;
  }
}

}  // namespace skywarden::shell
