#include "node/node.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/contract.h"
#include "base/hash.h"
#include "consensus/aggregate.h"
#include "wildfire/proposal_codec.h"

namespace skywarden::node {
namespace {

constexpr std::size_t kEntryBytes = 64;  // of the log, beside the payload
constexpr int kReportPauseMax = 64;      // times report_retry

// Who judges: nodes without a share would not be heard.
std::vector<NodeId> judges_beside(NodeId self, const consensus::JointShares& shares) {
  std::vector<NodeId> peers = consensus::members(shares);
  std::erase_if(peers, [&](NodeId node) { return node == self || !consensus::has_vote(shares, node); });
  return peers;
}

std::uint64_t ppm(Probability p) {
  return static_cast<std::uint64_t>(std::llround(p.value() * 1e6));
}

}  // namespace

Node::Node(NodeId self, const consensus::Shares& founding, const NodeOptions& options, Stored stored,
           Random random, Instant now, const datum::ArrivalForecast* forecast)
    : self_(self),
      options_(options),
      ledger_(saved_ledger(stored)),
      raft_(self, founding, std::move(stored.raft), options_.raft, random.fork(1), now, forecast),
      forecast_(forecast),
      random_(random.fork(2)),
      pipeline_(options_.pipeline),
      outbox_({}, options_.outbox),
      relay_desk_(self, options_.relay_feeds, options_.ground, options_.raft.election_timeout_min, forecast),
      rejudge_at_(now + options_.rejudge_every) {
  Effects unheard;  // nothing is sent or persisted about what was already on disk
  follow_configuration(now, unheard);
  take(stored.observations, now, unheard);
}

Ledger Node::saved_ledger(const Stored& stored) {
  if (!stored.raft.snapshot) return Ledger(options_.alert, options_.cluster);
  auto ledger = Ledger::restore(stored.raft.snapshot->data, options_.alert);
  if (ledger && ledger->applied() == stored.raft.snapshot->last.index) return std::move(*ledger);
  stopped_ =
      fmt::format("the ledger saved at entry {} cannot be read{}", stored.raft.snapshot->last.index.value(),
                  ledger ? "" : ": " + ledger.error().message);
  return Ledger(options_.alert);
}

Effects Node::receive(NodeId from, std::span<const std::byte> bytes, Instant now) {
  auto message = decode(bytes);
  if (!message) return {};  // noise or an enemy; the sender repeats what matters
  return receive(from, std::move(*message), now);
}

Effects Node::receive(NodeId from, Message message, Instant now) {
  Effects out;
  if (!stopped_.empty()) return out;
  std::visit([&](auto& body) { on(from, body, now, out); }, message);
  settle(now, out);
  return out;
}

Effects Node::observe(std::span<const datum::Hotspot> hotspots, Instant now) {
  Effects out;
  if (!stopped_.empty()) return out;
  take(hotspots, now, out);
  outbox_.put(out.persist.observations, now);  // what was news here goes to everybody
  settle(now, out);
  return out;
}

Effects Node::catch_up(std::span<const datum::Hotspot> hotspots, Instant now) {
  Effects out;
  if (!stopped_.empty()) return out;
  take(hotspots, now, out);
  settle(now, out);
  return out;
}

Effects Node::announce(const datum::Prior& prior, Instant now) {
  Effects out;
  if (!stopped_.empty()) return out;
  hear(prior, now, out);
  for (const NodeId peer : consensus::members(raft_.configuration().shares))
    if (peer != self_) send(peer, Bulletin{prior}, out);
  settle(now, out);
  return out;
}

Effects Node::tick(Instant now) {
  Effects out;
  if (!stopped_.empty()) return out;
  if (raft_.next_deadline() <= now) absorb(raft_.tick(now), now, out);
  if (rejudge_at_ <= now) {
    rejudge_at_ = now + options_.rejudge_every;
    judge_open(now, out);
  }
  settle(now, out);
  return out;
}

Result<Effects> Node::change_membership(const consensus::Membership& to, Instant now) {
  return carry_out(raft_.change_membership(to, now), now);
}

Result<Effects> Node::read(consensus::ReadId id, Instant now) {
  return carry_out(raft_.read(id, now), now);
}

Result<Effects> Node::transfer_leadership(NodeId to, Instant now) {
  return carry_out(raft_.transfer_leadership(to, now), now);
}

Result<Effects> Node::carry_out(Result<consensus::RaftEffects> raft_effects, Instant now) {
  if (!stopped_.empty()) return fail(Errc::kUnavailable, "node {}: {}", self_.value(), stopped_);
  if (!raft_effects) return tl::unexpected(raft_effects.error());
  Effects out;
  absorb(std::move(*raft_effects), now, out);
  settle(now, out);
  return out;
}

Instant Node::next_deadline() const {
  if (!stopped_.empty()) return Instant::max();
  Instant next =
      std::min({raft_.next_deadline(), outbox_.next_deadline(), relay_desk_.next_deadline(), rejudge_at_});
  if (leader_ != kNobody && !unreported_.empty()) next = std::min(next, reports_due_);
  if (share_desk_) next = std::min(next, share_desk_->next_deadline());
  if (may_propose() && !pending_.empty()) next = std::min(next, proposals_due_);
  return next;
}

const datum::Finding* Node::finding_about(ObservationId observation) const {
  for (const auto& [event, report] : reports_) {
    const std::vector<ObservationId>& rests_on = report.finding.observations;
    if (std::binary_search(rests_on.begin(), rests_on.end(), observation)) return &report.finding;
  }
  return nullptr;
}

void Node::on(NodeId from, const consensus::Message& message, Instant now, Effects& out) {
  if (message.from != from || message.to != self_) return;
  if (share_desk_) share_desk_->received(message, now);
  absorb(raft_.receive(message, now), now, out);
}

void Node::on(NodeId from, const ObservationBatch& message, Instant now, Effects& out) {
  take(message.hotspots, now, out);
  send(from, BatchReceived{message.id}, out);
}

void Node::on(NodeId from, const BatchReceived& message, Instant, Effects&) {
  outbox_.received(from, message.id);
}

void Node::on(NodeId from, Report& message, Instant now, Effects& out) {
  if (message.finding.by != from || raft_.role() != consensus::Role::kLeader) return;
  follow_leader(now);
  send(from, ReportConfirmed{message.finding.event, message.finding.time.time_since_epoch().count()}, out);
  gather(std::move(message.finding), now);
}

void Node::on(NodeId from, const ReportConfirmed& message, Instant, Effects&) {
  const auto own = reports_.find(message.event);
  if (from != leader_ || own == reports_.end()) return;
  if (own->second.finding.time.time_since_epoch().count() == message.time_ns)
    unreported_.erase(message.event);
}

void Node::on(NodeId, const Bulletin& message, Instant now, Effects& out) {
  hear(message.prior, now, out);
}

void Node::hear(const datum::Prior& prior, Instant now, Effects& out) {
  if (pipeline_.set_prior(prior)) judge_open(now, out);
}

// Without new observations a finding only ages. It is told again when somebody would decide otherwise by it.
void Node::judge_open(Instant now, Effects& out) {
  std::erase_if(reports_, [&](const auto& entry) {
    if (pipeline_.is_open(entry.first)) return false;
    unreported_.erase(entry.first);  // closed, or merged into an older one
    return true;
  });
  for (const auto& [event, report] : reports_) {
    datum::Finding again = pipeline_.judge(self_, event, now);
    const bool turned = again.verdict != report.finding.verdict;
    const bool old_news = ledger_.policy().is_old_news(again);
    const double drift = std::abs(again.probability.value() - report.finding.probability.value());
    const bool drifted = again.danger != report.finding.danger || drift >= options_.drift_told.value();
    // A cancel needs the denial to last: it is said anew each time until the ledger has heard.
    const bool denies = again.verdict == datum::Verdict::kNoFire;
    if (turned || (!old_news && (drifted || denies))) conclude(std::move(again), now, out);
  }
}

void Node::absorb(consensus::RaftEffects raft_effects, Instant now, Effects& out) {
  if (!raft_effects.persist.empty()) out.persist.raft.push_back(std::move(raft_effects.persist));
  for (const consensus::Message& message : raft_effects.send) {
    if (share_desk_) share_desk_->sent(message, now);
    send(message.to, message, out);
  }
  out.trace.insert(out.trace.end(), raft_effects.trace.begin(), raft_effects.trace.end());
  out.reads.insert(out.reads.end(), raft_effects.reads.begin(), raft_effects.reads.end());
  if (raft_effects.restored) restore(*raft_effects.restored, now, out);
  if (!stopped_.empty()) return;
  for (consensus::Entry& entry : raft_effects.committed) {
    const std::size_t told = out.alerts.size();
    commit(entry, now, out);
    const NodeId leader = entry.term == raft_.term() ? raft_.leader() : kNobody;
    out.entered.push_back({std::move(entry), ledger_.head(), out.alerts.size() > told, leader});
  }
  if (!raft_effects.epochs.empty()) follow_configuration(now, out);
}

// What is told is what was not known here: the last message of each chain that grew meanwhile.
void Node::restore(const consensus::Snapshot& snapshot, Instant now, Effects& out) {
  auto ledger = Ledger::restore(snapshot.data, options_.alert);
  if (!ledger || ledger->applied() != snapshot.last.index) {
    stopped_ =
        fmt::format("the ledger up to entry {} that was sent cannot be read", snapshot.last.index.value());
    return trace(out, now, TraceKind::kNodeStopped, snapshot.last.index.value(), 0, 0);
  }
  trace(out, now, TraceKind::kStateRestored, ledger->applied().value(), ledger->fingerprint(), 0);
  for (const datum::Alert* alert : ledger->policy().last_alerts()) {
    const datum::Proposal* known = ledger_.policy().last(alert->proposal.event);
    if (known == nullptr || known->sequence < alert->proposal.sequence)
      out.alerts.push_back(with_shares(*alert));
  }
  std::sort(out.alerts.begin(), out.alerts.end(),
            [](const datum::Alert& a, const datum::Alert& b) { return a.index < b.index; });
  ledger_ = std::move(*ledger);
  out.restored = ledger_.head();
  saved_.reset();
  applied_bytes_ = 0;
}

void Node::commit(const consensus::Entry& entry, Instant now, Effects& out) {
  const bool leading = raft_.role() == consensus::Role::kLeader;
  if (leading && entry.term == raft_.term()) own_term_committed_ = true;
  applied_bytes_ += entry.payload.size() + kEntryBytes;
  auto alert = ledger_.apply(entry);
  if (leading && entry.term == raft_.term())
    if (const auto proposal = wildfire::decode_proposal(entry.payload)) {
      in_flight_.erase(proposal->event);
      proposals_due_ = now;  // what came meanwhile may be ready
    }
  if (!alert) return;
  trace(out, now, TraceKind::kAlertEntered, alert->proposal.event.value(), alert->proposal.sequence,
        ledger_.fingerprint());
  out.alerts.push_back(with_shares(std::move(*alert)));
}

datum::Alert Node::with_shares(datum::Alert alert) const {
  alert.held_by = raft_.holders(alert.index);
  for (const NodeId node : alert.held_by) alert.shares_for += consensus::share_of(raft_.shares(), node);
  alert.shares_total = consensus::total_shares(raft_.shares());
  return alert;
}

// Who judges, and who must hear of observations.
void Node::follow_configuration(Instant now, Effects& out) {
  if (followed_ == raft_.configuration()) return;
  joined_.follow(raft_.configuration().shares, now);
  followed_ = raft_.configuration();
  outbox_.set_peers(judges_beside(self_, followed_->shares), now);
  judges_ = consensus::has_vote(followed_->shares, self_);
  if (!judges_ || unjudged_.empty()) return;
  detect(std::exchange(unjudged_, {}), now, out);
}

void Node::keep_shares(Instant now, Effects& out) {
  if (!share_desk_) return;
  const auto probes = share_desk_->probe(raft_, now);
  for (const consensus::Message& probe : probes) send(probe.to, probe, out);
  if (probes.empty() || !own_term_committed_ || !raft_.configuration_committed() ||
      raft_.configuration().joint())
    return;
  const auto wanted = share_desk_->want(raft_, joined_, now);
  if (!wanted) return;
  if (auto effects = raft_.change_membership(*wanted, now)) absorb(std::move(*effects), now, out);
}

void Node::keep_relays(Instant now, Effects& out) {
  if (auto duty = relay_desk_.duty(raft_, now)) absorb(raft_.relay(std::move(*duty), now), now, out);
}

std::span<const consensus::ShareReason> Node::share_reasons() const {
  if (!share_desk_) return {};
  return share_desk_->reasons();
}

void Node::save(Instant now, Effects& out) {
  if (applied_bytes_ < options_.log_bytes || (saved_ && applied_bytes_ < saved_->second.size())) return;
  if (saved_) {
    auto effects = raft_.compact(saved_->first, std::move(saved_->second), now);
    if (effects) {
      trace(out, now, TraceKind::kStateSaved, saved_->first.value(), 0, 0);
      absorb(std::move(*effects), now, out);
    }
  }
  saved_.emplace(ledger_.applied(), ledger_.save());
  applied_bytes_ = 0;
}

void Node::take(std::span<const datum::Hotspot> hotspots, Instant now, Effects& out) {
  std::vector<datum::Hotspot> news;
  for (const datum::Hotspot& hotspot : hotspots)
    if (known_.insert(hotspot.id).second) news.push_back(hotspot);
  if (news.empty()) return;
  out.persist.observations.insert(out.persist.observations.end(), news.begin(), news.end());
  if (judges_) return detect(news, now, out);
  // A node without a share passes observations on; it may be given one later.
  unjudged_.insert(unjudged_.end(), news.begin(), news.end());
  if (unjudged_.size() > 2 * options_.journal_max)
    unjudged_.erase(unjudged_.begin(), unjudged_.end() - static_cast<std::ptrdiff_t>(options_.journal_max));
}

void Node::detect(std::span<const datum::Hotspot> news, Instant now, Effects& out) {
  const std::vector<EventId> touched = pipeline_.detect(news, now);
  for (const EventId retired : pipeline_.take_retired()) {
    reports_.erase(retired);
    unreported_.erase(retired);
  }
  judge(touched, now, out);
}

void Node::judge(std::span<const EventId> events, Instant now, Effects& out) {
  for (const EventId event : events) {
    if (reports_.size() >= options_.events_max && !reports_.contains(event)) continue;
    conclude(pipeline_.judge(self_, event, now), now, out);
  }
}

void Node::conclude(datum::Finding finding, Instant now, Effects& out) {
  const EventId event = finding.event;
  trace(out, now, TraceKind::kFindingMade, event.value(), ppm(finding.probability),
        finding.observations.size());
  out.findings.push_back(finding);
  reports_[event] = {std::move(finding), now, options_.report_retry};
  unreported_.insert(event);
  reports_due_ = now;
}

void Node::settle(Instant now, Effects& out) {
  follow_leader(now);
  for (auto& [peer, batch] : outbox_.due(now)) send(peer, batch, out);
  report(now, out);
  propose_ready(now, out);
  keep_shares(now, out);
  keep_relays(now, out);
  save(now, out);
}

// A new leader, or a new term of the old one, has not heard anything yet, but it has the ledger: what the
// ledger says anyway is not reported again. So that silence can speak, no chain opens unless enough shares
// say fire (AlertOptions::backing_min).
void Node::follow_leader(Instant now) {
  if (raft_.leader() == leader_ && raft_.term() == leader_term_) return;
  leader_ = raft_.leader();
  leader_term_ = raft_.term();
  if (leader_ != kNobody) report_anew(now);
  gatherings_.clear();
  gathering_of_.clear();
  pending_.clear();
  proposals_due_ = now;
  in_flight_.clear();
  share_desk_.reset();
  if (leader_ == self_ && options_.share_desk)
    share_desk_.emplace(self_, *options_.share_desk, forecast_, options_.raft.election_timeout_min,
                        random_.fork(leader_term_.value()), now);
  // The no-op of this term may have been committed in the very step that made this node leader (a group of
  // one).
  own_term_committed_ = raft_.role() == consensus::Role::kLeader &&
                        raft_.commit_index() == raft_.last_index() && raft_.log().last().term == raft_.term();
}

void Node::report_anew(Instant now) {
  for (auto& [event, own] : reports_) {
    own.retry_at = now;
    own.pause = options_.report_retry;
    if (ledger_.policy().is_old_news(own.finding))
      unreported_.erase(event);
    else
      unreported_.insert(event);
  }
  reports_due_ = now;
}

void Node::report(Instant now, Effects& out) {
  if (leader_ == kNobody || now < reports_due_) return;
  reports_due_ = Instant::max();
  if (leader_ == self_) {
    for (const EventId event : unreported_) gather(reports_.at(event).finding, now);
    unreported_.clear();
    return;
  }
  for (const EventId event : unreported_) {
    OwnReport& own = reports_.at(event);
    if (own.retry_at > now) {
      reports_due_ = std::min(reports_due_, own.retry_at);
      continue;
    }
    own.retry_at = now + own.pause;  // ever more slowly: the leader may be out of reach for an hour
    own.pause = std::min(own.pause * 2, options_.report_retry * kReportPauseMax);
    reports_due_ = std::min(reports_due_, own.retry_at);
    send(leader_, Report{own.finding}, out);
  }
}

// Nodes that received different parts of the observations may name one fire differently: what has been told
// decides, then what is being gathered, then the finding's own name.
void Node::gather(datum::Finding finding, Instant now) {
  EventId key = finding.event;
  if (const auto chain = ledger_.policy().chain_of(finding.observations)) {
    key = *chain;
  } else {
    for (const ObservationId id : finding.observations) {
      const auto found = gathering_of_.find(id);
      if (found == gathering_of_.end()) continue;
      key = found->second;
      break;
    }
  }
  if (gatherings_.size() >= options_.events_max && !gatherings_.contains(key)) return;
  for (const ObservationId id : finding.observations) gathering_of_.emplace(id, key);
  Gathering& gathering = gatherings_[key];
  finding.event = key;
  if (!pending_.contains(key)) {
    gathering.ready_at = now + options_.merge_wait;
    // What has been told can wait for stragglers; what has not cannot.
    if (ledger_.policy().last(key) != nullptr)
      gathering.ready_at = std::max(gathering.ready_at, gathering.merged_at + options_.merge_gap);
  }
  gathering.put(std::move(finding));
  pending_.insert(key);
  proposals_due_ = std::min(proposals_due_, gathering.ready_at);
}

void Node::Gathering::put(datum::Finding finding) {
  const auto place = std::lower_bound(findings.begin(), findings.end(), finding.by,
                                      [](const datum::Finding& held, NodeId by) { return held.by < by; });
  if (place == findings.end() || place->by != finding.by)
    findings.insert(place, std::move(finding));
  else if (place->time <= finding.time)
    *place = std::move(finding);
}

// What is gathered here has meanwhile been told under another name.
void Node::rehome(EventId from, EventId to, Instant now) {
  auto moved = gatherings_.extract(from);
  for (auto& [id, key] : gathering_of_)
    if (key == from) key = to;
  Gathering& home = gatherings_[to];
  for (datum::Finding& finding : moved.mapped().findings) {
    finding.event = to;
    home.put(std::move(finding));
  }
  home.ready_at = now;
  pending_.insert(to);
  proposals_due_ = now;
}

bool Node::may_propose() const {
  return raft_.role() == consensus::Role::kLeader && own_term_committed_ && leader_ == self_;
}

void Node::propose_ready(Instant now, Effects& out) {
  if (!may_propose() || now < proposals_due_) return;
  proposals_due_ = Instant::max();
  std::vector<EventId> ready;
  for (const EventId event : pending_) {
    if (in_flight_.contains(event)) continue;
    const Instant ready_at = gatherings_.at(event).ready_at;
    if (ready_at <= now)
      ready.push_back(event);
    else
      proposals_due_ = std::min(proposals_due_, ready_at);
  }
  for (const EventId event : ready) {
    const auto found = gatherings_.find(event);
    if (found == gatherings_.end()) continue;  // found another home meanwhile
    Gathering& gathering = found->second;
    pending_.erase(event);
    gathering.merged_at = now;
    const auto merged = consensus::merge(gathering.findings, raft_.shares());
    if (!merged) continue;
    if (ledger_.policy().last(event) == nullptr) {
      if (const auto chain = ledger_.policy().chain_of(merged->observations)) {
        rehome(event, *chain, now);
        continue;
      }
    }
    trace(out, now, TraceKind::kFindingMerged, event.value(), merged->probability_ppm, merged->merged.size());
    const auto proposal = ledger_.policy().propose(*merged);
    if (!proposal) continue;
    auto effects = raft_.propose(wildfire::encode(*proposal), now);
    if (!effects) {  // the window of uncommitted entries is full: look again later
      gathering.ready_at = now + options_.merge_wait;
      proposals_due_ = std::min(proposals_due_, gathering.ready_at);
      pending_.insert(event);
      continue;
    }
    trace(out, now, TraceKind::kProposalMade, event.value(), proposal->sequence, 0);
    in_flight_.insert(event);
    absorb(std::move(*effects), now, out);
    if (!may_propose()) return;
  }
}

void Node::send(NodeId to, const Message& message, Effects& out) const {
  const bool warns = options_.ground.empty() || options_.ground.contains(to);
  out.send.push_back({to, encode(message), carriage_of(message, options_.raft.election_timeout_min, warns)});
}

void Node::trace(Effects& out, Instant now, TraceKind kind, std::uint64_t first, std::uint64_t second,
                 std::uint64_t third) const {
  out.trace.push_back({now, self_, kind, first, second, third});
}

}  // namespace skywarden::node
