#include "agreement/world.h"

#include <algorithm>
#include <utility>

#include "base/contract.h"

namespace skywarden::agreement {
namespace {

using namespace consensus;

constexpr std::uint64_t kCompactKeeps = 64;
constexpr std::size_t kWriteBytes = 64;
constexpr Duration kDown = std::chrono::hours(1);  // longer than any way

constexpr std::uint64_t kWeighedOneOf = 64;  // messages: encoding all of them would cost more than all else

// What a drawn number of 64 bits is less than, with such a chance below 1.
std::uint64_t below(double chance) {
  EXPECTS(chance >= 0.0 && chance < 1.0);
  return static_cast<std::uint64_t>(chance * 0x1p64);
}

double milliseconds_between(Instant a, Instant b) {
  return std::chrono::duration<double, std::milli>(b - a).count();
}

}  // namespace

World::World(std::uint64_t seed, Shell shell, Membership founding, WorldOptions options)
    : random_(seed),
      shell_(std::move(shell)),
      options_(options),
      founding_(std::move(founding.shares)),
      hosts_(kSatellites + 1),
      way_at_(std::size_t{kSatellites} * kSatellites, 0),
      loss_below_(below(options.loss)),
      alike_below_(below(options.lost_alike)) {
  EXPECTS(options.copies >= 1);
  agreed_.emplace_back();
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
  std::uint32_t slot;
  if (free_actions_.empty()) {
    slot = static_cast<std::uint32_t>(actions_.size());
    actions_.push_back(std::move(action));
  } else {
    slot = free_actions_.back();
    free_actions_.pop_back();
    actions_[slot] = std::move(action);
  }
  push(time, What::kAction, slot, kNobody);
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
      const auto action = std::move(actions_[event.which]);
      free_actions_.push_back(event.which);
      action();
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
      const Message message = std::move(messages_[event.which]);
      free_.push_back(event.which);
      Host& h = host(message.to);
      if (!h.raft || away(message.to)) continue;
      ++outcome_.handled;
      if (on_delivered) on_delivered(message);
      perform(message.to, h.raft->receive(message, now_));
    }
  }
  now_ = end;
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
  leader_ = kNobody;
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

void World::watch(NodeId node, const TraceEvent& event) {
  if (event.kind == TraceKind::kBecameLeader) {
    const Term term(event.first);
    if (!leaders_.emplace(term, node).second) violated("two leaders in a term");
    const Log& log = raft(node).log();
    const LogIndex last(agreed_.size() - 1);
    if (log.last_index() < last || (log.contains(last) && log.term_at(last).value() != agreed_.back().first))
      violated("a leader lacks a committed entry");
    if (term < leader_term_) return;
    leader_ = node;
    leader_term_ = term;
    hubs_.emplace(node, shortest_ways(*graph_, *graph_->place(node)));
  } else if (event.kind == TraceKind::kBecameFollower && node == leader_) {
    leader_ = kNobody;
    if (measuring && !leader_lost_) leader_lost_ = now_;
  } else if (event.kind == TraceKind::kEntryCommitted) {
    const std::pair said(event.second, event.third);
    if (event.first == agreed_.size())
      agreed_.push_back(said);
    else if (event.first > agreed_.size() || agreed_[event.first] != said)
      violated("two entries at one index, or a commit out of order");
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

bool World::is_agreed(LogPosition at) const {
  const std::uint64_t index = at.index.value();
  return index > 0 && index < agreed_.size() && agreed_[index].first == at.term.value();
}

// ---- the network

void World::set_away(NodeId node, bool away) {
  if (away)
    away_.insert(node);
  else
    away_.erase(node);
  routes_due_ = now_;
}

void World::renew_routes() {
  std::vector<LinkDelay> links = shell_.links();
  for (LinkDelay& link : links)
    if (away(link.a) || away(link.b)) link.delay = kDown;
  graph_.emplace(links);
  hubs_.clear();
  std::fill(way_at_.begin(), way_at_.end(), 0);
  hops_.assign(1, 0);
  if (leader_ != kNobody) hubs_.emplace(leader_, shortest_ways(*graph_, *graph_->place(leader_)));
}

std::span<const std::uint32_t> World::way(NodeId from, NodeId to) {
  const auto [low, high] = std::minmax({from.value() - 1, to.value() - 1});
  std::uint32_t& at = way_at_[std::size_t{low} * kSatellites + high];
  if (at == 0) {
    auto hub = hubs_.find(from);
    if (hub == hubs_.end()) hub = hubs_.find(to);
    const NodeId source = hub == hubs_.end() ? from : hub->first;
    const std::uint32_t target = *graph_->place(source == from ? to : from);
    ShortestWays fresh;
    if (hub == hubs_.end()) fresh = shortest_ways(*graph_, *graph_->place(source), target);
    const ShortestWays& ways = hub == hubs_.end() ? fresh : hub->second;
    at = static_cast<std::uint32_t>(hops_.size());
    hops_.push_back(0);
    for (std::uint32_t p = target; ways.from[p] != kNoPlace; p = ways.from[p]) {
      hops_.push_back(ways.link[p]);
      ++hops_[at];
    }
  }
  return std::span(hops_).subspan(at + 1, hops_[at]);
}

Duration World::travel(NodeId from, NodeId to) {
  if (now_ >= delays_due_) {
    shell_.move(now_.time_since_epoch());
    delays_due_ = now_ + options_.delays_renewed;
  }
  if (now_ >= routes_due_) {
    renew_routes();
    routes_due_ = now_ + options_.routes_renewed;
  }
  Duration time{};
  for (const std::uint32_t link : way(from, to)) time += cross(shell_.links()[link].delay);
  return time;
}

// Until the first copy of a frame is at the other end of a link. When all are lost, that shows a round trip
// and a margin after the last one left.
Duration World::cross(Duration hop) {
  ++outcome_.hops;
  Duration left{};  // when the copy left
  while (true) {
    bool lost = false;
    for (std::uint32_t copy = 0; copy < options_.copies; ++copy) {
      if (copy > 0) left += options_.copies_apart;
      const bool alike = copy > 0 && alike_below_ > 0 && random_.next() < alike_below_;
      if (!alike) lost = random_.next() < loss_below_;
      if (lost) continue;
      outcome_.frames += options_.copies;  // the rest of them leave all the same
      return left + hop;
    }
    outcome_.frames += options_.copies;
    left += 2 * hop + options_.resend_margin;
  }
}

void World::weigh(const Message& message, std::uint64_t hops) {
  weighed_hops_ += hops;
  weighed_bytes_ += hops * encode(message).size();
  if (weighed_hops_ > 0)
    outcome_.frame_bytes = static_cast<double>(weighed_bytes_) / static_cast<double>(weighed_hops_);
}

void World::post(Message message) {
  if (away(message.from) || away(message.to)) return;
  const std::uint64_t hops_before = outcome_.hops;
  Instant arrival = now_ + host(message.from).slow + travel(message.from, message.to);
  if (++posted_ % kWeighedOneOf == 0) weigh(message, outcome_.hops - hops_before);
  if (tampers) {
    const auto later = tampers(message);
    if (!later) return;
    arrival += *later;
  }
  const NodeId to = message.to;
  std::uint32_t slot;
  if (free_.empty()) {
    slot = static_cast<std::uint32_t>(messages_.size());
    messages_.push_back(std::move(message));
  } else {
    slot = free_.back();
    free_.pop_back();
    messages_[slot] = std::move(message);
  }
  push(arrival, What::kMessage, slot, to);
}

}  // namespace skywarden::agreement
