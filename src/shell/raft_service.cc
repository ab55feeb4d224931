#include "shell/raft_service.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "shell/group_member.h"
#include "shell/service_snapshot.h"
#include "shell/steady_clock.h"

namespace skywarden::shell {
namespace {

constexpr std::size_t kBatchBytesMax = std::size_t{1} << 20;
constexpr std::size_t kBehindBytesMax = std::size_t{64} << 20;  // of the own disk, when others' commit

consensus::Persisted beginning_of(storage::LogStore::Opened* log) {
  return log == nullptr ? consensus::Persisted{} : log->contents.persisted;
}

}  // namespace

Result<std::unique_ptr<RaftService>> RaftService::make(Options options, StateMachine& machine,
                                                       storage::LogStore::Opened* log, OnProblem on_problem) {
  if (const auto valid = options.raft.validate(); !valid) return tl::unexpected<Error>(valid.error());
  if (!options.founding.empty())
    if (const auto valid = consensus::validate(options.founding); !valid)
      return tl::unexpected<Error>(valid.error());
  std::unique_ptr<RaftService> service(
      new RaftService(std::move(options), machine, log, std::move(on_problem)));
  auto links = GroupLinks::make(service->options_.links, *service);
  if (!links) return tl::unexpected<Error>(links.error());
  service->links_ = std::move(*links);
  if (service->options_.ledger != nullptr && log != nullptr)
    service->options_.ledger->resume(ledger_base(log->contents.persisted.snapshot, service->log_),
                                     service->raft_.last_index(),
                                     [&](LogIndex index) { return service->log_.head_at(index); }, {});
  if (log != nullptr && log->contents.persisted.snapshot) service->restore(*log->contents.persisted.snapshot);
  if (service->failed_) return tl::unexpected<Error>(*service->failed_);
  for (const GroupLinks::Peer& peer : service->options_.peers) service->links_->add_peer(peer);
  service->follow_members();
  if (service->failed_) return tl::unexpected<Error>(*service->failed_);
  return service;
}

RaftService::RaftService(Options options, StateMachine& machine, storage::LogStore::Opened* log,
                         OnProblem on_problem)
    : options_(std::move(options)),
      machine_(machine),
      on_problem_(std::move(on_problem)),
      log_(options_.links.identity.cluster, log, std::move(options_.keys),
           [this] { links_->ask_for_turn_from_elsewhere(); }),
      raft_(options_.links.identity.node, options_.founding, beginning_of(log), options_.raft,
            Random(options_.seed), steady_now(), nullptr, log_.storage()),
      applied_(raft_.commit_index()) {
  const auto& raft_log = raft_.log();
  for (const auto& entry : raft_log.between(raft_log.base().index.next(), raft_log.last_index()))
    log_bytes_ += consensus::cost(entry);
}

RaftService::~RaftService() = default;

Result<void> RaftService::run() {
  links_->wake_at(raft_.next_deadline());
  links_->run();
  if (failed_) return tl::unexpected<Error>(*failed_);
  return log_.end();
}

// What must not go on: nothing leaves the node any more.
void RaftService::fail_with(Error error) {
  if (failed_) return;
  failed_ = std::move(error);
  links_->stop();
}

// ---- what arrives

Result<void> RaftService::from_member(NodeId member, const Frame& frame) {
  if (failed_) return {};
  if (frame.kind == FrameKind::kSignedHead) return hear_head(log_, member, frame.value, raft_.term());
  const auto message =
      frame.kind == FrameKind::kConsensus
          ? consensus::decode(frame.value)
          : fail(Errc::kMalformed, "a frame of kind {} from a member", static_cast<unsigned>(frame.kind));
  if (!message || message->from != member || message->to != raft_.self()) {
    ++counters_.bad_messages;
    if (!message) return tl::unexpected<Error>(message.error());
    return fail(Errc::kMalformed, "a message from {} to {} on the connection of node {}",
                message->from.value(), message->to.value(), member.value());
  }
  const Instant now = steady_now();
  if (share_desk_) share_desk_->received(*message, now);
  absorb(raft_.receive(*message, now));
  return {};
}

Result<void> RaftService::from_client(GroupClient client, const Frame& frame) {
  if (frame.kind != FrameKind::kRequest)
    return fail(Errc::kMalformed, "a frame of kind {} from a client", static_cast<unsigned>(frame.kind));
  auto request = decode_request(frame.value);
  if (!request) return tl::unexpected<Error>(request.error());
  switch (request->kind) {
    case RequestKind::kPropose:
      proposals_.push_back(std::move(request->bytes));
      proposers_.push_back({{}, {}, client, request->id});
      break;
    case RequestKind::kRead:
      reads_.push_back({client, std::move(*request)});
      break;
    case RequestKind::kAdmit:
    case RequestKind::kRemove:
      ask_for_change(client, std::move(*request));
      break;
    case RequestKind::kStatus:
      answer(client, {request->id, Outcome::kDone, raft_.leader(), applied_, bytes_of(status())});
      break;
    case RequestKind::kObserve:
      answer(client, {request->id,
                      Outcome::kRefused,
                      raft_.leader(),
                      {},
                      bytes_of("this group agrees on values, not on fires")});
      break;
  }
  return {};
}

void RaftService::propose(std::uint64_t id, consensus::Payload payload) {
  proposals_.push_back(std::move(payload));
  proposers_.push_back({{}, {}, {}, id});
  links_->ask_for_turn();
}

// ---- one turn

void RaftService::turn() {
  if (failed_) return;
  const Instant now = steady_now();
  hear_of_disk(now);
  if (now >= raft_.next_deadline()) absorb(raft_.tick(now));
  propose_waiting(now);
  change_members(now);
  promote(now);
  keep_shares(now);
  begin_reads(now);
  if (failed_) return;
  send_messages(now);
  log_.begin_write();
  apply_commits();
  answer_reads();
  if (std::exchange(members_changed_, false)) follow_members();  // who leaves was told: commits go ahead
  if (const auto same = log_.check_heard(raft_); !same) fail_with(same.error());
  send_head(log_, raft_, *links_, now);
  compact(now);
  if (now >= leaves_at_) return links_->stop();
  links_->wake_at(std::min({raft_.next_deadline(), log_.sign_due(raft_), leaves_at_, shares_due()}));
}

void RaftService::hear_of_disk(Instant now) {
  const auto durable = log_.durable();
  if (!durable) return fail_with(durable.error());
  if (*durable == durable_) return;
  durable_ = *durable;
  for (; !promising_.empty() && promising_.front().first <= durable_; promising_.pop_front())
    std::move(promising_.front().second.begin(), promising_.front().second.end(),
              std::back_inserter(sending_));
  absorb(raft_.persisted(durable_, now));
}

void RaftService::absorb(consensus::RaftEffects effects) {
  for (const consensus::Entry& entry : effects.persist.append) log_bytes_ += consensus::cost(entry);
  std::optional<storage::ChainHead> base_head;
  if (effects.persist.snapshot && !effects.persist.snapshot->withheld) {
    const auto unpacked = unpack_snapshot(effects.persist.snapshot->data);
    if (!unpacked) return fail_with(unpacked.error());
    base_head = unpacked->head;
  }
  log_.take(std::move(effects.persist), effects.write, raft_, base_head, effects.restored.has_value());
  if (effects.restored) {
    committed_.clear();  // contained in it
    restored_ = std::move(effects.restored);
  }
  members_changed_ |= !effects.epochs.empty() || restored_.has_value();
  std::move(effects.send_ahead.begin(), effects.send_ahead.end(), std::back_inserter(sending_));
  if (log_.storage() == consensus::Storage::kAwaited || effects.write <= durable_)
    std::move(effects.send.begin(), effects.send.end(), std::back_inserter(sending_));
  else if (!effects.send.empty())
    promising_.emplace_back(effects.write, std::move(effects.send));
  std::move(effects.committed.begin(), effects.committed.end(), std::back_inserter(committed_));
  for (const consensus::ReadAnswer& read : effects.reads) {
    const auto asked = reads_asked_.extract(read.id);
    if (asked.empty()) continue;
    if (read.index) {
      reads_ready_.emplace_back(*read.index, std::move(asked.mapped()));
      continue;
    }
    for (const Reading& reading : asked.mapped()) answer(reading.client, not_leader(reading.request.id));
  }
}

void RaftService::propose_waiting(Instant now) {
  std::size_t begin = 0;
  while (begin < proposals_.size()) {
    // As many as one batch may have.
    std::vector<consensus::Payload> batch;
    std::size_t bytes = 0;
    std::size_t end = begin;
    for (; end < proposals_.size() && (end == begin || bytes + proposals_[end].size() <= kBatchBytesMax);
         ++end) {
      bytes += proposals_[end].size();
      batch.push_back(std::move(proposals_[end]));
    }
    const LogIndex first = raft_.last_index().next();
    auto effects = log_.bytes_behind() > kBehindBytesMax
                       ? Result<consensus::RaftEffects>(fail(Errc::kUnavailable, "the disk is behind"))
                       : raft_.propose_all(std::move(batch), now);
    if (effects) {
      ++counters_.batches;
      counters_.proposals += end - begin;
      for (std::size_t i = begin; i < end; ++i) {
        proposers_[i].term = raft_.term();
        wait_for(LogIndex(first.value() + i - begin), proposers_[i]);
      }
      absorb(std::move(*effects));
    } else {
      const bool elsewhere = raft_.role() != consensus::Role::kLeader;
      for (std::size_t i = begin; i < end; ++i)
        if (elsewhere)
          answer(proposers_[i].client, not_leader(proposers_[i].request));
        else
          answer_waiting(proposers_[i], Outcome::kRefused, bytes_of(effects.error().message));
    }
    begin = end;
  }
  proposals_.clear();
  proposers_.clear();
}

// Entries that were waited for there, or later, were cut off.
void RaftService::wait_for(LogIndex index, Waiting waiting) {
  for (; !waiting_.empty() && waiting_.back().index >= index; waiting_.pop_back())
    answer_waiting(waiting_.back(), Outcome::kLost);
  waiting.index = index;
  waiting_.push_back(waiting);
}

Answer RaftService::not_leader(std::uint64_t request) const {
  Answer answer{request, Outcome::kNotLeader, raft_.leader(), {}, {}};
  for (const GroupLinks::Peer& peer : links_->peers())
    if (peer.node == raft_.leader()) answer.bytes = bytes_of(peer.address());
  return answer;
}

void RaftService::begin_reads(Instant now) {
  if (reads_.empty()) return;
  counters_.reads += reads_.size();
  const consensus::ReadId id(next_read_++);
  std::vector<Reading> readings = std::exchange(reads_, {});
  auto effects = raft_.read(id, now);
  if (!effects) {
    for (const Reading& reading : readings) answer(reading.client, not_leader(reading.request.id));
    return;
  }
  reads_asked_.emplace(id, std::move(readings));
  absorb(std::move(*effects));
}

void RaftService::send_messages(Instant now) {
  for (const consensus::Message& message : sending_) {
    if (share_desk_) share_desk_->sent(message, now);
    links_->send(message.to, FrameKind::kConsensus, encode(message));
  }
  sending_.clear();
}

// ---- what was agreed

void RaftService::restore(const consensus::Snapshot& snapshot) {
  if (!snapshot.withheld) {
    const auto unpacked = unpack_snapshot(snapshot.data);
    if (!unpacked) return fail_with(unpacked.error());
    if (const auto restored = machine_.restore(unpacked->data); !restored) return fail_with(restored.error());
  }
  applied_ = snapshot.last.index;
  if (options_.ledger != nullptr)
    options_.ledger->skip_to(ledger_base(snapshot, log_.head_at(snapshot.last.index)), {});
  taken_.reset();
  log_bytes_ = 0;
  for (; !waiting_.empty() && waiting_.front().index <= applied_; waiting_.pop_front())
    answer_waiting(waiting_.front(), Outcome::kUnknown);
}

void RaftService::apply_commits() {
  if (restored_) restore(*restored_);
  restored_.reset();
  for (const consensus::Entry& entry : committed_) apply(entry);
  enter_ledger(std::exchange(committed_, {}));
}

// Beside the log: when it cannot be written, the node goes on.
void RaftService::enter_ledger(std::vector<consensus::Entry> applied) {
  if (options_.ledger == nullptr) return;
  std::vector<node::Entered> entered;
  entered.reserve(applied.size());
  for (consensus::Entry& entry : applied) {
    const storage::ChainHead head = log_.head_at(entry.index);
    const NodeId leader = entry.term == raft_.term() ? raft_.leader() : kNobody;
    entered.push_back({std::move(entry), head, false, leader});
  }
  if (!entered.empty()) options_.ledger->enter(std::move(entered));
}

void RaftService::apply(const consensus::Entry& entry) {
  ++counters_.applied;
  applied_ = entry.index;
  const bool is_proposal = entry.kind == consensus::EntryKind::kProposal && !entry.payload.empty();
  auto result = is_proposal ? machine_.apply(entry) : std::vector<std::byte>();
  for (; !waiting_.empty() && waiting_.front().index <= entry.index; waiting_.pop_front()) {
    const bool own = waiting_.front().index == entry.index && waiting_.front().term == entry.term;
    answer_waiting(waiting_.front(), own ? Outcome::kDone : Outcome::kLost,
                   own ? std::exchange(result, {}) : std::vector<std::byte>());
  }
}

void RaftService::answer_reads() {
  while (!reads_ready_.empty() && reads_ready_.front().first <= applied_) {
    const auto& [index, readings] = reads_ready_.front();
    for (const Reading& reading : readings)
      answer(reading.client, {reading.request.id, Outcome::kDone, raft_.leader(), applied_,
                              machine_.read(reading.request.bytes)});
    reads_ready_.pop_front();
  }
}

void RaftService::answer_waiting(const Waiting& waiting, Outcome outcome, std::vector<std::byte> bytes) {
  answer(waiting.client, {waiting.request, outcome, raft_.leader(), waiting.index, std::move(bytes)});
}

void RaftService::answer(GroupClient client, const Answer& answer) {
  if (client == GroupClient()) {
    if (on_answer_) on_answer_(answer);
    return;
  }
  const auto bytes = encode(answer);
  if (bytes.size() <= kFrameBytesMax) return links_->answer(client, bytes);
  const std::string why =
      fmt::format("an answer of {} bytes, at most {} can be sent", answer.bytes.size(), kFrameBytesMax);
  links_->answer(client,
                 encode(Answer{answer.id, Outcome::kRefused, answer.leader, answer.index, bytes_of(why)}));
}

// ---- compaction

void RaftService::compact(Instant now) {
  if (!taken_ && log_bytes_ >= options_.compact_bytes && applied_ > raft_.log().base().index) {
    taken_ = TakenSnapshot{applied_, {}};
    if (raft_.keeps_payloads()) taken_->data = pack_snapshot(log_.head_at(applied_), machine_.snapshot());
  }
  if (!taken_) return;
  // Members that are only a little late would need all of the state instead of a few entries.
  const bool urgent = log_bytes_ >= 2 * options_.compact_bytes;
  for (const auto& [member, share] : raft_.shares()) {
    const auto lag = raft_.lag(member);
    if (!urgent && lag && raft_.last_index().value() - *lag < taken_->index.value()) return;
  }
  auto effects = raft_.compact(taken_->index, std::move(taken_->data), now);
  const LogIndex base = taken_->index;
  taken_.reset();
  if (!effects) return on_problem_(effects.error().message);
  ++counters_.snapshots;
  absorb(std::move(*effects));
  log_.begin_write();
  log_bytes_ = 0;
  const auto& log = raft_.log();
  for (const consensus::Entry& entry : log.between(base.next(), log.last_index()))
    log_bytes_ += consensus::cost(entry);
}

std::string RaftService::status() const {
  return fmt::format(
      R"({{"agrees_on":"values",{},"proposals":{},"batches":{},"reads":{},"snapshots":{},"bad_messages":{},)"
      R"("refused_changes":{},"share_reasons":{},{}}})",
      member_status(raft_, options_.links.identity.cluster, applied_, log_, *links_, options_.own_address),
      counters_.proposals, counters_.batches, counters_.reads, counters_.snapshots, counters_.bad_messages,
      counters_.refused_changes,
      reasons_json(share_desk_ ? share_desk_->reasons() : std::span<const consensus::ShareReason>()),
      ledger_status(options_.ledger));
}

}  // namespace skywarden::shell
