#include "agreement/world.h"

#include <algorithm>
#include <utility>

namespace skywarden::agreement {
namespace {

using namespace consensus;

constexpr std::uint64_t kCompactKeeps = 64;
constexpr std::size_t kWriteBytes = 64;
constexpr std::uint64_t kWeighedOneOf = 64;  // messages: encoding all of them would cost more than all else

double milliseconds_between(Instant a, Instant b) {
  return std::chrono::duration<double, std::milli>(b - a).count();
}

}  // namespace

World::World(std::uint64_t seed, Shell shell, Membership founding, WorldOptions options)
    : random_(seed),
      ways_(std::move(shell), options.ways),
      options_(options),
      founding_(std::move(founding.shares)),
      hosts_(kSatellites + 1) {
  for (const auto& [node, share] : founding_) join(node);
}

std::vector<NodeId> World::hosts() const {
  std::vector<NodeId> nodes;
  for (std::uint32_t i = 1; i < hosts_.size(); ++i)
    if (hosts_[i].present) nodes.emplace_back(i);
  return nodes;
}

void World::violated(std::string what) {
  if (outcome_.violation.empty()) outcome_.violation = std::move(what);
}

void World::push(Instant at, What what, std::uint32_t which, NodeId node) {
  heap_.push_back({at, sequence_++, what, which, node});
  std::push_heap(heap_.begin(), heap_.end());
}

void World::at(Instant time, std::function<void()> action) {
  push(time, What::kAction, actions_.put(std::move(action)), kNobody);
}

// One timer a node waits in the heap, at its deadline or before: most deadlines only move away.
void World::arm(NodeId node) {
  Host& h = host(node);
  const Instant due = h.raft->next_deadline();
  if (due >= h.timer) return;
  h.timer = due;
  push(due, What::kTimer, 0, node);
}

void World::run_until(Instant end) {
  while (!heap_.empty() && heap_.front().at <= end && outcome_.violation.empty()) {
    std::pop_heap(heap_.begin(), heap_.end());
    const Event event = heap_.back();
    heap_.pop_back();
    now_ = event.at;
    if (event.what == What::kAction) {
      actions_.take(event.which)();
    } else if (event.what == What::kTimer) {
      Host& h = host(event.node);
      if (h.timer != event.at) continue;  // an earlier one came in between
      h.timer = Instant::max();
      if (!h.raft) continue;
      if (h.raft->next_deadline() <= now_) {
        ++outcome_.handled;
        perform(event.node, h.raft->tick(now_));
      } else {
        arm(event.node);
      }
    } else {
      const Message message = messages_.take(event.which);
      Host& h = host(message.to);
      if (!h.raft || away(message.to)) continue;
      ++outcome_.handled;
      if (on_delivered) on_delivered(message);
      perform(message.to, h.raft->receive(message, now_));
    }
  }
  now_ = end;
  outcome_.carried = ways_.carried();
}

// ---- hosts

void World::join(NodeId node) {
  Host& h = host(node);
  if (h.present) return;
  h.present = true;
  ++present_;
  restart(node);
}

void World::crash(NodeId node) {
  host(node).raft.reset();
  if (leader_ != node) return;
  lead(kNobody);
  if (measuring) leader_lost_ = now_;
}

void World::restart(NodeId node) {
  Host& h = host(node);
  if (h.raft) return;
  const bool founder = founding_.contains(node);
  h.raft.emplace(node, founder ? founding_ : Shares{}, h.disk, options_.raft,
                 random_.fork(node.value() * 1000003ULL + ++h.starts), now_, options_.forecast);
  h.timer = Instant::max();
  arm(node);
}

bool World::write() {
  if (measuring) ++outcome_.writes;
  if (leader_ == kNobody || !alive(leader_)) {
    if (measuring) ++outcome_.writes_refused;
    return false;
  }
  Payload payload(kWriteBytes);
  for (std::byte& byte : payload) byte = static_cast<std::byte>(random_.next());
  Raft& raft = this->raft(leader_);
  const LogIndex index = raft.last_index().next();
  auto effects = raft.propose(std::move(payload), now_);
  if (!effects) {
    if (measuring) ++outcome_.writes_refused;
    return false;
  }
  if (const auto stale = open_.find(index); stale != open_.end()) {  // of a leader that went
    if (stale->second.counts) ++outcome_.writes_lost;
    open_.erase(stale);
  }
  open_.emplace(index, Write{now_, raft.term(), 0, measuring});
  perform(leader_, std::move(*effects));
  return true;
}

void World::perform(NodeId node, RaftEffects effects) {
  Host& h = host(node);
  if (!effects.persist.empty()) consensus::apply(std::move(effects.persist), h.disk);
  for (const TraceEvent& event : effects.trace) watch(node, event);
  for (const EpochNews& news : effects.epochs)
    if (news.what == EpochNews::What::kCommitted && node == leader_) ++outcome_.epochs;
  if (h.raft->commit_index() > h.knows) {
    committed(node, h.raft->commit_index());
    if (on_committed) on_committed(node);
  }
  for (Message& message : effects.send) {
    if (on_sent) on_sent(message);
    post(std::move(message));
  }
  const LogPosition base = h.raft->log().base();
  if (h.raft->commit_index().value() > base.index.value() + options_.compact_after) {
    const LogIndex upto(h.raft->commit_index().value() - kCompactKeeps);
    if (auto compacted = h.raft->compact(upto, Payload(8), now_))
      consensus::apply(std::move(compacted->persist), h.disk);
  }
  arm(node);
}

// ---- what is checked and measured

void World::lead(NodeId node) {
  leader_ = node;
  ways_.favour(node);
}

void World::watch(NodeId node, const TraceEvent& event) {
  if (const auto broken = history_.check(node, event, raft(node).log()); !broken.empty())
    violated(std::string(broken));
  if (event.kind == TraceKind::kBecameLeader) {
    const Term term(event.first);
    if (term < leader_term_) return;
    leader_term_ = term;
    lead(node);
  } else if (event.kind == TraceKind::kBecameFollower && node == leader_) {
    lead(kNobody);
    if (measuring && !leader_lost_) leader_lost_ = now_;
  }
}

void World::committed(NodeId node, LogIndex upto) {
  Host& h = host(node);
  const bool leads = node == leader_ && h.raft->role() == Role::kLeader;
  if (leads && leader_lost_) {
    outcome_.outage_s.push_back(to_seconds(now_ - *leader_lost_));
    leader_lost_.reset();
  }
  for (auto found = open_.upper_bound(h.knows); found != open_.end() && found->first <= upto;) {
    Write& write = found->second;
    if (leads && h.raft->term() == write.term && write.counts) {
      outcome_.commit_ms.push_back(milliseconds_between(write.at, now_));
      outcome_.timed_ms.emplace_back(to_seconds(write.at - measured_from), outcome_.commit_ms.back());
    } else if (leads && write.counts) {
      ++outcome_.writes_lost;
      write.counts = false;
    }
    if (++write.know == present_) {
      if (write.counts) outcome_.all_know_ms.push_back(milliseconds_between(write.at, now_));
      found = open_.erase(found);
    } else {
      ++found;
    }
  }
  h.knows = upto;
}

// ---- the network

void World::weigh(const Message& message, std::uint64_t hops) {
  weighed_hops_ += hops;
  weighed_bytes_ += hops * encode(message).size();
  if (weighed_hops_ > 0)
    outcome_.frame_bytes = static_cast<double>(weighed_bytes_) / static_cast<double>(weighed_hops_);
}

void World::post(Message message) {
  if (away(message.from) || away(message.to)) return;
  const std::uint64_t hops_before = ways_.carried().hops;
  Instant arrival = now_ + host(message.from).slow + travel(message.from, message.to);
  if (++posted_ % kWeighedOneOf == 0) weigh(message, ways_.carried().hops - hops_before);
  if (tampers) {
    const auto later = tampers(message);
    if (!later) return;
    arrival += *later;
  }
  const NodeId to = message.to;
  push(arrival, What::kMessage, messages_.put(std::move(message)), to);
}

}  // namespace skywarden::agreement
