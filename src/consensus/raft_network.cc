#include "consensus/raft_network.h"

#include <algorithm>

#include "base/hash.h"

namespace skywarden::consensus {

using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr std::uint64_t kCodedOneIn = 8;

Payload state_bytes(std::uint64_t state) {  // long enough to need several chunks
  Payload bytes(40);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(state >> (8 * (i % 8)));
  return bytes;
}

RegisterValue number_of(const Entry& entry) {  // as propose() wrote it; nothing: another kind of entry
  if (entry.kind != EntryKind::kProposal || entry.payload.size() < 8) return std::nullopt;
  std::int64_t number = 0;
  for (std::size_t i = 0; i < 8; ++i) number |= std::to_integer<std::int64_t>(entry.payload[i]) << (8 * i);
  return number;
}

}  // namespace

RaftNetwork::RaftNetwork(std::uint64_t seed, Shares founding, RaftOptions raft, NetworkOptions network,
                         const datum::ArrivalForecast* forecast)
    : random_(seed),
      options_(raft),
      network_(network),
      forecast_(forecast),
      storage_(network.disk_max > Duration() ? Storage::kMeanwhile : Storage::kAwaited),
      founding_{founding, {}} {
  for (const auto& [node, share] : founding) {
    hosts_[node].founding = founding;
    restart(node);
  }
  count_all_quorums();
}

void RaftNetwork::join(NodeId node) {
  if (!hosts_.try_emplace(node).second) return;
  count_all_quorums();
  restart(node);
}

std::vector<NodeId> RaftNetwork::hosts() const {
  std::vector<NodeId> nodes;
  for (const auto& [node, host] : hosts_) nodes.push_back(node);
  return nodes;
}

void RaftNetwork::violated(std::string what) {
  if (violation_.empty()) violation_ = std::move(what);
}

void RaftNetwork::crash(NodeId node) {
  Host& host = hosts_.at(node);
  if (!host.raft) return;
  host.raft.reset();
  host.due = Instant::max();
  tear_writes(node, host);
}

void RaftNetwork::lose(NodeId node) {
  hosts_.erase(node);
  count_all_quorums();
}

void RaftNetwork::forget(NodeId node) {
  crash(node);
  Host& host = hosts_.at(node);
  host.disk = {};
  host.epochs.clear();
  count_quorums(host);
  restart(node);
}

void RaftNetwork::restart(NodeId node) {
  Host& host = hosts_.at(node);
  if (host.raft) return;
  host.applied = 0;
  host.value.reset();
  host.reads.clear();
  host.writes.clear();
  if (host.restarts++ == 0 && network_.drift_max_ppm > 0)
    host.drift_ppm = static_cast<std::int64_t>(random_.below(2 * network_.drift_max_ppm + 1)) -
                     static_cast<std::int64_t>(network_.drift_max_ppm);
  if (host.disk.snapshot) check_restored(node, *host.disk.snapshot);
  host.raft.emplace(node, host.founding, host.disk, options_,
                    random_.fork(node.value() * 1000003ULL + host.restarts), local_time(host, now_),
                    forecast_, storage_);
  host.due = deadline(host);
}

void RaftNetwork::split(std::set<NodeId> side, Cut cut) {
  side_ = std::move(side);
  side_cut_ = cut;
}

void RaftNetwork::heal() {
  side_.clear();
  cut_.clear();
}

bool RaftNetwork::crosses(NodeId from, NodeId to) const {
  const bool leaves = side_.contains(from);
  const bool between = leaves != side_.contains(to);
  const bool passes = leaves ? side_cut_ == Cut::kInwards : side_cut_ == Cut::kOutwards;
  return (!between || passes) && !cut_.contains({from, to});
}

void RaftNetwork::post(const Message& message) {
  if (!violation_.empty()) return;
  if (!crosses(message.from, message.to) || random_.chance(network_.loss)) return;
  // Whatever a machine says can be said in bytes. Not all are asked, or that alone would take a third of the
  // time.
  if (posted_ % kCodedOneIn == 0) {
    const auto decoded = decode(encode(message));
    if (!decoded || *decoded != message) violated("a message does not survive its bytes");
  }
  const int copies = random_.chance(network_.duplication) ? 2 : 1;
  for (int i = 0; i < copies; ++i) {
    const auto spread = static_cast<std::uint64_t>((network_.delay_max - network_.delay_min).count());
    const Duration delay = network_.delay_min + Duration(random_.below(spread + 1));
    under_way_.emplace(std::pair(now_ + delay, posted_++), message);
  }
}

LogPosition RaftNetwork::last_of(const Persisted& disk) {
  if (!disk.log.empty()) return {disk.log.back().index, disk.log.back().term};
  return disk.snapshot ? disk.snapshot->last : LogPosition{};
}

const Entry* RaftNetwork::entry_at(const Persisted& disk, LogIndex index) {
  const std::uint64_t gone = disk.snapshot ? disk.snapshot->last.index.value() : 0;
  if (index.value() <= gone || index > last_of(disk).index) return nullptr;
  return &disk.log[index.value() - gone - 1];
}

void RaftNetwork::make_durable(NodeId node, Host& host, const Persist& step) {
  const HardState before = host.disk.state;
  consensus::apply(step, host.disk);
  note_epochs(host, step);
  check_sides(node, host, step);
  const HardState& after = host.disk.state;
  const bool second_vote =
      after.term == before.term && before.voted_for != kNobody && after.voted_for != before.voted_for;
  if (second_vote || after.term < before.term)
    violated(fmt::format("node {} takes back a vote or a term", node.value()));
}

// The application's state is a hash of all it was told; a snapshot must bring exactly that, or nothing to a
// witness.
void RaftNetwork::check_restored(NodeId node, const Snapshot& snapshot) {
  Host& host = hosts_.at(node);
  const std::size_t index = snapshot.last.index.value();
  if (index > committed_.size() || committed_[index - 1].term != snapshot.last.term ||
      (!snapshot.withheld && snapshot.data != state_bytes(state_after_[index - 1])))
    violated(fmt::format("node {} is restored to a state that never was", node.value()));
  host.applied = index;
  if (index <= value_after_.size()) host.value = value_after_[index - 1];
}

void RaftNetwork::compact(NodeId node, LogIndex upto) {
  Host& host = hosts_.at(node);
  if (!host.raft || host.applied == 0) return;
  const LogIndex end(std::min<std::uint64_t>(upto.value(), host.applied));
  if (end <= host.raft->log().base().index) return;
  auto effects = host.raft->compact(end, state_bytes(state_after_[end.value() - 1]), local_time(host, now_));
  if (effects)
    perform(node, std::move(*effects));
  else if (effects.error().code != Errc::kUnavailable)
    violated(effects.error().message);
}

void RaftNetwork::apply_commits(NodeId node, Host& host, const std::vector<Entry>& committed) {
  for (const Entry& entry : committed) {
    if (entry.index.value() != host.applied + 1)
      violated(fmt::format("node {} skips or repeats a commit", node.value()));
    host.applied = entry.index.value();
    if (const auto number = number_of(entry)) {
      host.value = number;
      if (const auto asked = host.writes.find(static_cast<std::uint64_t>(*number));
          asked != host.writes.end()) {
        client_is_answered(asked->second, number);
        host.writes.erase(asked);
      }
    }
    if (!holds_entry(host, entry))
      violated(fmt::format("node {} commits what it did not store", node.value()));
    if (entry.index.value() > committed_.size()) {
      committed_.push_back(entry);
      committed_in_.push_back(host.raft->term());
      Fnv1a hash;
      hash.add(state_after_.empty() ? 0 : state_after_.back());
      hash.add(std::span<const std::byte>(entry.payload));
      state_after_.push_back(hash.value());
      value_after_.push_back(host.value);
      if (!entry.payload.empty()) ++proposals_committed_;
      if (entry.kind == EntryKind::kConfiguration) ++epochs_committed_;
      if (entry.kind == EntryKind::kConfiguration && !host.raft->configuration().witnesses.empty())
        ++witnessed_;
      check_kept(entry);
    } else if (!same_but_withheld(committed_[entry.index.value() - 1], entry)) {
      violated(fmt::format("two different entries are committed at index {}", entry.index.value()));
    }
  }
}

void RaftNetwork::perform(NodeId node, RaftEffects effects) {
  Host& host = hosts_.at(node);
  if (random_.chance(network_.crash_in_step)) {
    if (storage_ == Storage::kAwaited)
      make_durable(node, host, torn(std::move(effects.persist), random_));
    else
      host.writing.push_back({now_, std::move(effects.persist), effects.write, {}});
    ++torn_writes_;
    crash(node);
    return;
  }
  if (storage_ == Storage::kAwaited) make_durable(node, host, effects.persist);
  for (const TraceEvent& event : effects.trace) {
    trace_.add(event);
    if (event.kind == TraceKind::kBecameLeader) watch_leader(event, host);
  }
  if (effects.restored) {
    ++installs_;
    check_restored(node, *effects.restored);
  }
  const std::size_t committed_before = committed_.size();
  apply_commits(node, host, effects.committed);
  if (!effects.epochs.empty() || committed_.size() > committed_before) check_who_could_decide();
  check_reads(node, host, effects.reads);
  if (storage_ == Storage::kMeanwhile) {
    begin_write(node, host, std::move(effects));
    host.due = deadline(host);
    return;
  }
  for (const Message& message : effects.send) {
    check_promise(host, message);
    post(message);
  }
  host.due = deadline(host);
}

// ---- disks that take their time

bool RaftNetwork::holds_entry(const Host& host, const Entry& entry) const {
  if (storage_ == Storage::kAwaited) {
    const Entry* stored = entry_at(host.disk, entry.index);
    return stored != nullptr && *stored == entry;
  }
  const Log& log = host.raft->log();
  return entry.index > log.base().index && log.contains(entry.index) && log.at(entry.index) == entry;
}

// What goes ahead leaves now, the rest when the disk is done with this and all before it.
void RaftNetwork::begin_write(NodeId node, Host& host, RaftEffects effects) {
  for (const Message& message : effects.send_ahead) {
    check_ahead(host, message);
    post(message);
  }
  const Instant before = host.writing.empty() ? now_ : host.writing.back().done;
  Duration takes{};
  if (!effects.persist.empty() && network_.disk_max > Duration())
    takes = Duration(random_.below(static_cast<std::uint64_t>(network_.disk_max.count())));
  host.writing.push_back(
      {std::max(before, now_ + takes), std::move(effects.persist), effects.write, std::move(effects.send)});
  if (host.writing.size() == 1 && takes == Duration()) finish_write(node);
}

std::pair<Instant, NodeId> RaftNetwork::next_write() const {
  std::pair<Instant, NodeId> next{Instant::max(), kNobody};
  for (const auto& [node, host] : hosts_)
    if (!host.writing.empty()) next = std::min(next, {host.writing.front().done, node});
  return next;
}

void RaftNetwork::finish_write(NodeId node) {
  Host& host = hosts_.at(node);
  const Host::Writing done = std::move(host.writing.front());
  host.writing.pop_front();
  make_durable(node, host, done.step);
  if (!done.step.empty()) check_who_could_decide();
  for (const Message& message : done.waiting) {
    check_promise(host, message);
    post(message);
  }
  if (!done.step.empty()) perform(node, host.raft->persisted(done.write, local_time(host, now_)));
}

// A crash: some of the writes under way are there, in their order, and perhaps a part of the next one.
void RaftNetwork::tear_writes(NodeId node, Host& host) {
  for (Host::Writing& each : std::exchange(host.writing, {})) {
    const bool whole = random_.chance(0.3);
    make_durable(node, host, whole ? each.step : torn(std::move(each.step), random_));
    if (!whole) break;
  }
}

// What goes before the disk is done promises nothing but that its sender leads, or that others have
// committed.
void RaftNetwork::check_ahead(const Host& host, const Message& message) {
  const bool leads = std::holds_alternative<AppendRequest>(message.body) ||
                     std::holds_alternative<SnapshotChunk>(message.body) ||
                     std::holds_alternative<TimeoutNow>(message.body);
  const auto* relayed = std::get_if<Relayed>(&message.body);
  if (leads && (message.term != host.disk.state.term || host.disk.state.voted_for != message.from))
    violated("a leader speaks before its term is durable");
  if (relayed != nullptr && relayed->previous.index.value() + relayed->entries.size() > committed_.size())
    violated("what nobody has committed is handed on");
  if (!leads && relayed == nullptr && !std::holds_alternative<RelayedChunk>(message.body))
    check_promise(host, message);
}

namespace {

constexpr std::int64_t kMillion = 1'000'000;

}  // namespace

Instant RaftNetwork::local_time(const Host& host, Instant true_time) {
  const std::int64_t ns = true_time.time_since_epoch().count();
  return true_time + Duration(ns / kMillion * host.drift_ppm + ns % kMillion * host.drift_ppm / kMillion);
}

Instant RaftNetwork::true_time(const Host& host, Instant local) {
  if (local == Instant::max() || host.drift_ppm == 0) return local;
  const double ns = static_cast<double>(local.time_since_epoch().count());
  Instant found(
      Duration(static_cast<std::int64_t>(ns * 1e6 / static_cast<double>(kMillion + host.drift_ppm)) - 2));
  while (local_time(host, found) < local) found += Duration(1);
  return found;
}

Instant RaftNetwork::deadline(const Host& host) {
  return host.raft ? true_time(host, host.raft->next_deadline()) : Instant::max();
}

void RaftNetwork::run_for(Duration time) {
  const Instant end = now_ + time;
  while (violation_.empty()) {
    Instant next = under_way_.empty() ? Instant::max() : under_way_.begin()->first.first;
    NodeId due;
    for (const auto& [node, host] : hosts_) {
      if (host.due >= next) continue;
      next = host.due;
      due = node;
    }
    const auto [written, writer] = next_write();
    if (std::min(next, written) > end) break;
    now_ = std::max(now_, std::min(next, written));
    if (written <= next) {
      finish_write(writer);
      continue;
    }
    if (due != kNobody) {
      Host& host = hosts_.at(due);
      perform(due, host.raft->tick(local_time(host, now_)));
      if (host.due <= now_) violated("a deadline stays due after a tick");
      continue;
    }
    const Message message = std::move(under_way_.begin()->second);
    under_way_.erase(under_way_.begin());
    if (!hosts_.contains(message.to) || !alive(message.to)) continue;
    ++delivered_;
    Host& host = hosts_.at(message.to);
    const LogIndex before = host.raft->commit_index();
    RaftEffects effects = host.raft->receive(message, local_time(host, now_));
    const bool handed_on =
        std::holds_alternative<Relayed>(message.body) || std::holds_alternative<RelayedChunk>(message.body);
    if (handed_on && host.raft->commit_index() > before) ++relayed_;
    perform(message.to, std::move(effects));
  }
  now_ = end;
}

// Asks every machine that believes it leads, for there may be several; true when one took it. Others refuse.
template <typename Ask>
bool RaftNetwork::ask_everybody(const Ask& ask) {
  bool taken = false;
  for (auto& [node, host] : hosts_) {
    if (!host.raft || host.raft->role() != Role::kLeader) continue;
    Result<RaftEffects> effects = ask(host, local_time(host, now_));
    if (!effects) continue;
    taken = true;
    perform(node, std::move(*effects));
  }
  return taken;
}

bool RaftNetwork::propose() {
  return ask_everybody([&](Host& host, Instant now) {
    ++proposed_;
    Payload payload(8 + random_.below(24));
    for (int i = 0; i < 8; ++i)
      payload[static_cast<std::size_t>(i)] = static_cast<std::byte>(proposed_ >> (8 * i));
    auto effects = host.raft->propose(std::move(payload), now);
    const auto number = static_cast<std::int64_t>(proposed_);
    if (effects)
      host.writes.emplace(proposed_, client_asks({RegisterOperation::Kind::kWrite, number, {}, false}));
    return effects;
  });
}

bool RaftNetwork::change(const Membership& to) {
  return ask_everybody([&](Host& host, Instant now) { return host.raft->change_membership(to, now); });
}

bool RaftNetwork::read() {
  return ask_everybody([&](Host& host, Instant now) {
    const ReadId id(++reads_asked_);
    auto effects = host.raft->read(id, now);
    if (effects) host.reads.emplace(id, Host::AskedRead{committed_.size(), client_asks({})});
    return effects;
  });
}

bool RaftNetwork::transfer_leadership(NodeId to) {
  return ask_everybody([&](Host& host, Instant now) { return host.raft->transfer_leadership(to, now); });
}

void RaftNetwork::relay(NodeId node, RelayDuty duty) {
  Host& host = hosts_.at(node);
  if (host.raft) perform(node, host.raft->relay(std::move(duty), local_time(host, now_)));
}

void RaftNetwork::check_reads(NodeId node, Host& host, const std::vector<ReadAnswer>& answers) {
  for (const ReadAnswer& answer : answers) {
    const auto asked = host.reads.find(answer.id);
    if (asked == host.reads.end()) {
      violated(fmt::format("node {} answers a read that nobody asked", node.value()));
      continue;
    }
    if (answer.index && host.applied < answer.index->value())
      violated(fmt::format("node {} answers a read ahead of what it applied", node.value()));
    if (answer.index) client_is_answered(asked->second.place, host.value);
    if (answer.index && answer.index->value() < asked->second.committed)
      violated(fmt::format("a read at {} lacks what was committed before it was asked", node.value()));
    host.reads.erase(asked);
    if (answer.index) ++reads_answered_;
  }
}

// ---- clients

std::size_t RaftNetwork::client_asks(RegisterOperation what) {
  clients_.push_back({Instant(Duration(++client_events_)), std::nullopt, what});
  return clients_.size() - 1;
}

void RaftNetwork::client_is_answered(std::size_t place, RegisterValue value) {
  clients_[place].answered = Instant(Duration(++client_events_));
  clients_[place].what.value = value;
}

std::string RaftNetwork::check_clients() const {
  const auto verdict = check_linearizable<RegisterModel>(clients_);
  if (verdict.linearizable == Linearizable::kYes) return "";
  if (verdict.linearizable == Linearizable::kUnknown) return "it is not known whether clients were misled";
  const RegisterOperation& one = clients_[*verdict.impossible].what;
  return fmt::format("a client's {} {} cannot be: no order explains it",
                     one.kind == RegisterOperation::Kind::kRead ? "read of" : "write of",
                     one.value.value_or(0));
}

std::optional<NodeId> RaftNetwork::leader() const {
  std::optional<NodeId> found;
  for (const auto& [node, host] : hosts_)
    if (host.raft && host.raft->role() == Role::kLeader &&
        (!found || host.raft->term() > raft(*found).term()))
      found = node;
  return found;
}

}  // namespace skywarden::consensus
