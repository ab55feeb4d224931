#include "shell/fire_service.h"

#include <algorithm>
#include <utility>

#include "base/contract.h"
#include "shell/group_member.h"
#include "wildfire/footprint.h"

namespace skywarden::shell {
namespace {

static_assert(node::kNodeMessageBytesMax <= kFrameBytesMax);

// Whom a message says it is from, where it says so.
NodeId speaker(const node::Message& message, NodeId member) {
  if (const auto* raft = std::get_if<consensus::Message>(&message)) return raft->from;
  if (const auto* report = std::get_if<node::Report>(&message)) return report->finding.by;
  return member;
}

std::vector<datum::Hotspot> read_observations(const storage::Journal::Opened* journal,
                                              const FireService::OnProblem& on_problem) {
  std::vector<datum::Hotspot> observations;
  if (journal == nullptr) return observations;
  for (const auto& record : journal->records) {
    auto hotspot = decode_observation(record);
    if (hotspot)
      observations.push_back(std::move(*hotspot));
    else
      on_problem("an observation in the journal cannot be read: " + hotspot.error().message);
  }
  return observations;
}

node::CatchUpOptions catch_up_options(const FireService::Options& options) {
  node::CatchUpOptions catch_up = options.catch_up;
  catch_up.lateness = options.node.pipeline.detect.lateness;
  catch_up.clock_skew = options.node.pipeline.detect.clock_skew;
  catch_up.held_max = options.node.journal_max;
  return catch_up;
}

}  // namespace

std::vector<std::byte> encode_observation(const datum::Hotspot& hotspot) {
  return node::encode(node::ObservationBatch{0, {hotspot}});
}

Result<datum::Hotspot> decode_observation(std::span<const std::byte> bytes) {
  auto message = node::decode(bytes);
  if (!message) return tl::unexpected<Error>(message.error());
  auto* batch = std::get_if<node::ObservationBatch>(&*message);
  if (batch == nullptr || batch->hotspots.size() != 1)
    return fail(Errc::kMalformed, "expected one observation");
  return std::move(batch->hotspots.front());
}

Result<std::unique_ptr<FireService>> FireService::make(Options options, storage::LogStore::Opened* log,
                                                       storage::Journal::Opened* observations,
                                                       AlertFolder& alerts, OnProblem on_problem) {
  if (const auto valid = options.node.raft.validate(); !valid) return tl::unexpected<Error>(valid.error());
  if (!options.founding.empty())
    if (const auto valid = consensus::validate(options.founding); !valid)
      return tl::unexpected<Error>(valid.error());
  options.node.cluster = options.links.identity.cluster;
  auto stored = read_observations(observations, on_problem);
  std::unique_ptr<FireService> service(new FireService(std::move(options), log, observations,
                                                       std::move(stored), alerts, std::move(on_problem)));
  if (const auto resumed = service->resume(log); !resumed) return tl::unexpected<Error>(resumed.error());
  auto links = GroupLinks::make(service->options_.links, *service);
  if (!links) return tl::unexpected<Error>(links.error());
  service->links_ = std::move(*links);
  for (const GroupLinks::Peer& peer : service->options_.peers) service->links_->add_peer(peer);
  return service;
}

FireService::FireService(Options options, storage::LogStore::Opened* log,
                         storage::Journal::Opened* observations, std::vector<datum::Hotspot> stored,
                         AlertFolder& alerts, OnProblem on_problem)
    : options_(std::move(options)),
      clock_(options_.clock_behind),
      on_problem_(std::move(on_problem)),
      log_(options_.links.identity.cluster, log, std::move(options_.keys), [] {}),
      observations_(observations == nullptr ? nullptr : &observations->journal),
      alerts_(alerts),
      node_(options_.links.identity.node, options_.founding, options_.node,
            {log == nullptr ? consensus::Persisted{} : log->contents.persisted, stored},
            Random(options_.seed), clock_.now()),
      catch_up_(catch_up_options(options_)) {
  catch_up_.hold(stored, clock_.now());
}

FireService::~FireService() = default;

// The ledger as it was saved. A crash may have come before the last message of a chain in it was told.
Result<void> FireService::resume(const storage::LogStore::Opened* log) {
  if (!node_.stopped().empty()) return fail(Errc::kMalformed, "{}", node_.stopped());
  const LogIndex applied = node_.ledger().applied();
  if (applied != LogIndex() && node_.ledger().head() != log_.head_at(applied))
    return fail(Errc::kConflict, "the ledger saved at entry {} is not that of this log", applied.value());
  std::vector<datum::Alert> last;
  for (const datum::Alert* alert : node_.ledger().policy().last_alerts()) last.push_back(as_agreed(*alert));
  std::sort(last.begin(), last.end(),
            [](const datum::Alert& a, const datum::Alert& b) { return a.index < b.index; });
  if (auto told = alerts_.tell(last); !told) return told;
  if (options_.ledger != nullptr && log != nullptr)
    options_.ledger->resume(
        ledger_base(log->contents.persisted.snapshot, log_), node_.raft().last_index(),
        [&](LogIndex index) { return log_.head_at(index); }, alerts_.told());
  return {};
}

Result<void> FireService::run() {
  links_->wake_at(clock_.steady(node_.next_deadline()));
  links_->run();
  if (failed_) return tl::unexpected<Error>(*failed_);
  return log_.end();
}

// What must not go on: nothing leaves the node any more.
void FireService::fail_with(Error error) {
  if (failed_) return;
  failed_ = std::move(error);
  links_->stop();
}

// ---- what arrives

Result<void> FireService::from_member(NodeId member, const Frame& frame) {
  if (failed_) return {};
  if (frame.kind == FrameKind::kSignedHead) return hear_head(log_, member, frame.value, node_.raft().term());
  if (frame.kind == FrameKind::kCatchUp) {
    const auto message = decode_catch_up(frame.value);
    if (!message) ++counters_.bad_messages;
    if (!message) return tl::unexpected<Error>(message.error());
    const Instant now = clock_.now();
    follow(catch_up_.receive(member, *message, now), now);
    return {};
  }
  auto message = frame.kind == FrameKind::kNode ? node::decode(frame.value)
                                                : fail(Errc::kMalformed, "a frame of kind {} from a member",
                                                       static_cast<unsigned>(frame.kind));
  if (!message || speaker(*message, member) != member) {
    ++counters_.bad_messages;
    if (!message) return tl::unexpected<Error>(message.error());
    return fail(Errc::kMalformed, "a message from {} on the connection of node {}",
                speaker(*message, member).value(), member.value());
  }
  absorb(node_.receive(member, std::move(*message), clock_.now()));
  return {};
}

Result<void> FireService::from_client(GroupClient client, const Frame& frame) {
  if (failed_) return {};
  if (frame.kind != FrameKind::kRequest)
    return fail(Errc::kMalformed, "a frame of kind {} from a client", static_cast<unsigned>(frame.kind));
  const auto request = decode_request(frame.value);
  if (!request) return tl::unexpected<Error>(request.error());
  switch (request->kind) {
    case RequestKind::kObserve:
      observe(client, *request);
      break;
    case RequestKind::kRead:
      ask(client, *request);
      break;
    case RequestKind::kPropose:
      refuse(client, *request, "this group agrees on fires, not on values");
      break;
    case RequestKind::kAdmit:
    case RequestKind::kRemove:
      refuse(client, *request, "members come and go only in a group that agrees on values");
      break;
    case RequestKind::kStatus:
      answering_.emplace_back(client, Answer{request->id, Outcome::kDone, node_.raft().leader(),
                                             node_.ledger().applied(), bytes_of(status())});
      break;
  }
  return {};
}

void FireService::refuse(GroupClient client, const Request& request, std::string_view why) {
  answering_.emplace_back(client,
                          Answer{request.id, Outcome::kRefused, node_.raft().leader(), {}, bytes_of(why)});
}

// What the detector would leave out is told to the client instead, and may be handed in again when its time
// has come.
void FireService::observe(GroupClient client, const Request& request) {
  auto message = node::decode(request.bytes);
  auto* batch = message ? std::get_if<node::ObservationBatch>(&*message) : nullptr;
  if (batch == nullptr)
    return refuse(client, request,
                  message ? "these are no observations" : "observations: " + message.error().message);
  const Instant now = clock_.now();
  const wildfire::DetectorOptions& detect = options_.node.pipeline.detect;
  ObservationsTaken taken;
  taken.clock = now;
  std::erase_if(batch->hotspots, [&](const datum::Hotspot& hotspot) {
    std::uint64_t* left_out = !wildfire::footprint(hotspot)            ? &taken.unusable
                              : hotspot.time > now + detect.clock_skew ? &taken.future
                              : hotspot.time < now - detect.lateness   ? &taken.late
                                                                       : nullptr;
    if (left_out != nullptr) ++*left_out;
    return left_out != nullptr;
  });
  node::Effects effects = node_.observe(batch->hotspots, now);
  taken.taken = effects.persist.observations.size();
  taken.known = batch->hotspots.size() - taken.taken;
  counters_.handed_in += taken.taken;
  absorb(std::move(effects));
  answering_.emplace_back(client,
                          Answer{request.id, Outcome::kDone, node_.raft().leader(), {}, encode(taken)});
}

void FireService::ask(GroupClient client, const Request& request) {
  const auto question = decode_alerts_question(request.bytes);
  if (!question) return refuse(client, request, question.error().message);
  reads_.push_back({client, request.id, *question});
}

// ---- one turn

void FireService::turn() {
  if (failed_) return;
  const Instant now = clock_.now();
  if (now >= node_.next_deadline()) absorb(node_.tick(now));
  begin_reads(now);
  catch_up(now);
  carry_out();
  if (failed_) return;
  answer_reads();
  if (const auto same = log_.check_heard(node_.raft()); !same) fail_with(same.error());
  send_head(log_, node_.raft(), *links_, now);
  links_->wake_at(clock_.steady(
      std::min({node_.next_deadline(), catch_up_.next_deadline(), log_.sign_due(node_.raft())})));
}

void FireService::begin_reads(Instant now) {
  if (reads_.empty()) return;
  const consensus::ReadId id(next_read_++);
  std::vector<Reading> readings = std::exchange(reads_, {});
  auto effects = node_.read(id, now);
  if (!effects) {
    for (const Reading& reading : readings)
      answering_.emplace_back(reading.client,
                              Answer{reading.request, Outcome::kNotLeader, node_.raft().leader(), {}, {}});
    return;
  }
  reads_asked_.emplace(id, std::move(readings));
  absorb(std::move(*effects));
}

// Whoever judges asks; everybody answers.
void FireService::catch_up(Instant now) {
  const bool judges = consensus::has_vote(node_.raft().configuration().shares, node_.self());
  follow(catch_up_.tick(judges ? links_->connected() : std::vector<NodeId>(), now), now);
}

void FireService::follow(node::CatchUp::Step step, Instant now) {
  for (const auto& [member, message] : step.send) catching_up_.emplace_back(member, encode(message));
  if (!step.fetched.empty()) absorb(node_.catch_up(step.fetched, now));
  if (step.ended)
    on_problem_(fmt::format("fetched {} observations from node {} that were lacking here",
                            step.ended->fetched, step.ended->with.value()));
}

void FireService::absorb(node::Effects effects) {
  if (failed_) return;
  if (!node_.stopped().empty()) return fail_with({Errc::kMalformed, node_.stopped()});
  for (const consensus::Persist& step : effects.persist.raft) {
    storage::ChainHead base_head{};
    if (step.snapshot) {
      EXPECTS(&step == &effects.persist.raft.back());  // the log would be written with entries of later steps
      // What it contains is not handed out again after a restart: it must have been told before.
      carry_out();
      if (failed_) return;
      base_head = effects.restored ? *effects.restored : log_.head_at(step.snapshot->last.index);
    }
    if (step.snapshot && effects.restored) restored_ = ledger_base(*step.snapshot, base_head);
    log_.take(step, {}, node_.raft(), base_head, effects.restored.has_value());
  }
  if (observations_ != nullptr)
    for (const datum::Hotspot& hotspot : effects.persist.observations)
      observations_->add(encode_observation(hotspot));
  catch_up_.hold(effects.persist.observations, clock_.now());
  std::move(effects.send.begin(), effects.send.end(), std::back_inserter(sending_));
  if (options_.ledger != nullptr)
    std::move(effects.entered.begin(), effects.entered.end(), std::back_inserter(entering_));
  for (datum::Alert& alert : effects.alerts) telling_.push_back(as_agreed(std::move(alert)));
  for (const consensus::ReadAnswer& read : effects.reads) {
    const auto asked = reads_asked_.extract(read.id);
    if (asked.empty()) continue;
    if (read.index) {
      reads_ready_.emplace_back(*read.index, std::move(asked.mapped()));
      continue;
    }
    for (const Reading& reading : asked.mapped())
      answering_.emplace_back(reading.client,
                              Answer{reading.request, Outcome::kNotLeader, node_.raft().leader(), {}, {}});
  }
}

// Everything so far is made durable, and then it leaves.
void FireService::carry_out() {
  if (failed_) return;
  if (const auto synced = sync(); !synced) return fail_with(synced.error());
  for (const node::Outgoing& message : sending_) links_->send(message.to, FrameKind::kNode, message.bytes);
  sending_.clear();
  for (const auto& [member, bytes] : catching_up_) links_->send(member, FrameKind::kCatchUp, bytes);
  catching_up_.clear();
  if (const auto told = alerts_.tell(telling_); !told) return fail_with(told.error());
  telling_.clear();
  enter_ledger();
  for (const auto& [client, answer] : answering_) links_->answer(client, encode(answer));
  answering_.clear();
}

void FireService::enter_ledger() {
  const auto restored = std::exchange(restored_, std::nullopt);
  if (options_.ledger == nullptr) return;
  if (restored) options_.ledger->skip_to(*restored, alerts_.told());
  if (!entering_.empty()) options_.ledger->enter(std::exchange(entering_, {}));
}

Result<void> FireService::sync() {
  if (auto synced = log_.sync(); !synced) return synced;
  return observations_ == nullptr ? Result<void>() : observations_->sync();
}

void FireService::answer_reads() {
  while (!reads_ready_.empty() && reads_ready_.front().first <= node_.ledger().applied()) {
    for (const Reading& reading : reads_ready_.front().second)
      links_->answer(reading.client, encode(Answer{reading.request, Outcome::kDone, node_.raft().leader(),
                                                   node_.ledger().applied(),
                                                   encode(answer_to(reading.question, alerts_.told()))}));
    reads_ready_.pop_front();
  }
}

// Who held the entry when it was committed only the leader knows; that more than half of the shares did,
// everybody.
datum::Alert FireService::as_agreed(datum::Alert alert) const {
  alert.held_by.clear();
  alert.shares_total = consensus::total_shares(node_.raft().shares());
  alert.shares_for = alert.shares_total / 2 + 1;
  return alert;
}

std::string FireService::status() const {
  return fmt::format(
      R"({{"agrees_on":"fires","clock":"{}",{},"handed_in":{},"held":{},"missing":{},"fetched":{},"alerts":{},)"
      R"("bad_messages":{},"share_reasons":{},{}}})",
      format_utc(clock_.now()),
      member_status(node_.raft(), options_.links.identity.cluster, node_.ledger().applied(), log_, *links_,
                    options_.own_address),
      counters_.handed_in, catch_up_.held().size(), catch_up_.missing(), catch_up_.fetched(),
      alerts_.told().size(), counters_.bad_messages, reasons_json(node_.share_reasons()),
      ledger_status(options_.ledger));
}

}  // namespace skywarden::shell
