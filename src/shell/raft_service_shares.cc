// Vote shares that are measured: what a leader learns of the others on the way, and the changes it asks for.
#include <utility>

#include "shell/raft_service.h"

namespace skywarden::shell {

void RaftService::keep_shares(Instant now) {
  if (!options_.share_desk) return;
  if (raft_.role() != consensus::Role::kLeader) return share_desk_.reset();
  if (!share_desk_ || desk_term_ != raft_.term()) {
    desk_term_ = raft_.term();
    share_desk_.emplace(raft_.self(), *options_.share_desk, nullptr, options_.raft.election_timeout_min,
                        Random(options_.seed).fork(desk_term_.value()), now);
  }
  auto probes = share_desk_->probe(raft_, now);
  if (probes.empty()) return;
  std::move(probes.begin(), probes.end(), std::back_inserter(sending_));
  if (!raft_.configuration_committed() || raft_.configuration().joint()) return;
  const auto wanted = share_desk_->want(raft_, joined_, now);
  if (!wanted) return;
  auto effects = raft_.change_membership(*wanted, now);
  if (effects) return absorb(std::move(*effects));
  if (effects.error().code != Errc::kUnavailable) on_problem_("vote shares: " + effects.error().message);
}

Instant RaftService::shares_due() const {
  return share_desk_ ? share_desk_->next_deadline() : Instant::max();
}

}  // namespace skywarden::shell
