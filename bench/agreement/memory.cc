#include "agreement/memory.h"

#include <fmt/format.h>

#include <deque>
#include <fstream>
#include <string>

#include "consensus/raft.h"
#include "consensus/round_trips.h"
#include "consensus/share_policy.h"

namespace skywarden::agreement {
namespace {

using namespace consensus;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint32_t kMembers = 1000;
constexpr std::uint32_t kSilentOneOf = 20;
constexpr Duration kThereAndBack = milliseconds(60);
constexpr std::size_t kWriteBytes = 256;
constexpr std::size_t kStateBytes = std::size_t{1} << 20;  // of the application, in each snapshot
constexpr std::uint64_t kCompactAfter = 256, kCompactKeeps = 64;

// A line of /proc/self/status, in MB; 0 where there is none.
double process_mb(const std::string& name) {
  std::ifstream status("/proc/self/status");
  std::string word;
  while (status >> word)
    if (word == name + ":") {
      double kib = 0.0;
      status >> kib;
      return kib * 1024.0 / 1e6;
    }
  return 0.0;
}

// What an obedient member says to that.
struct Obedience {
  MessageBody operator()(const PreVoteRequest&) const { return PreVoteReply{true}; }
  MessageBody operator()(const VoteRequest&) const { return VoteReply{true}; }
  MessageBody operator()(const AppendRequest& request) const {
    const LogIndex agreed(request.previous.index.value() + request.entries.size());
    return AppendReply{true, agreed, {}, request.round};
  }
  MessageBody operator()(const Probe& probe) const { return ProbeReply{probe.nonce}; }
  template <typename Other>
  MessageBody operator()(const Other&) const {
    return TimeoutNow{};  // is not sent, see Lone::answer
  }
};

class Lone {
 public:
  Lone()
      : raft_(NodeId(1), founding(0).shares, {}, options(), Random(1), now_),
        trips_(NodeId(1), {}, Random(2), now_),
        policy_({}) {}

  void live(Duration length) {
    const Instant end = now_ + length;
    for (std::uint64_t tenth = 0; now_ < end; ++tenth) {
      now_ += milliseconds(100);
      hear();
      perform(raft_.tick(now_));
      if (raft_.role() != Role::kLeader) continue;
      measure();
      if (tenth % 10 == 0) write();
      if (tenth % 50 == 0) follow_policy();
      if (tenth % 600 == 0)
        if (auto effects = raft_.change_membership(founding(tenth / 600), now_)) perform(std::move(*effects));
    }
  }

  [[nodiscard]] std::uint64_t committed() const { return raft_.commit_index().value(); }
  [[nodiscard]] std::uint64_t epochs() const { return raft_.configuration().epoch.value(); }

 private:
  static RaftOptions options() {
    RaftOptions options;
    options.heartbeat = milliseconds(500);
    options.election_timeout_min = milliseconds(2000);
    options.election_timeout_max = milliseconds(4000);
    return options;
  }

  // One member has two shares, another one each time.
  static Membership founding(std::uint64_t turn) {
    Membership all{{}, {}, 100};
    for (std::uint32_t i = 1; i <= kMembers; ++i) {
      all.shares[NodeId(i)] = i == turn % kMembers ? 2 : 1;
      all.domains[NodeId(i)] = FailureDomain(i % 72 + 1);
    }
    return all;
  }

  void hear() {
    while (!answers_.empty() && answers_.front().first <= now_) {
      const Message message = std::move(answers_.front().second);
      answers_.pop_front();
      trips_.answered(message, now_);
      if (const auto* reply = std::get_if<AppendReply>(&message.body))
        trips_.entry_acknowledged(message.from, reply->index, now_);
      perform(raft_.receive(message, now_));
    }
  }

  void answer(const Message& question) {
    if (question.to.value() % kSilentOneOf == 0) return;
    MessageBody said = std::visit(Obedience{}, question.body);
    if (std::holds_alternative<TimeoutNow>(said)) return;
    answers_.emplace_back(now_ + kThereAndBack,
                          Message{question.to, question.from, question.term, std::move(said)});
  }

  void perform(RaftEffects effects) {
    for (const Message& message : effects.send) {
      if (const auto* append = std::get_if<AppendRequest>(&message.body); append && !append->entries.empty())
        trips_.entry_sent(message.to, append->entries.back().index, now_);
      answer(message);
    }
    if (raft_.commit_index().value() > raft_.log().base().index.value() + kCompactAfter)
      static_cast<void>(
          raft_.compact(LogIndex(raft_.commit_index().value() - kCompactKeeps), Payload(kStateBytes), now_));
  }

  void write() {
    if (auto effects = raft_.propose(Payload(kWriteBytes), now_)) perform(std::move(*effects));
  }

  void measure() {
    std::vector<NodeId> peers;
    for (const auto& [node, share] : raft_.shares()) peers.push_back(node);
    for (const Message& probe : trips_.probe(peers, now_)) answer(probe);
  }

  void follow_policy() {
    std::map<NodeId, Standing> known;
    for (const auto& [node, share] : raft_.shares()) {
      known[node].distance = trips_.distance(node);
      known[node].caught_up = raft_.lag(node).value_or(0) <= kCompactKeeps;
    }
    static_cast<void>(policy_.want(membership_of(raft_.configuration()), NodeId(1), known, now_));
  }

  Instant now_{};
  Raft raft_;
  RoundTrips trips_;
  SharePolicy policy_;
  std::deque<std::pair<Instant, Message>> answers_;
};

}  // namespace

bool memory(const Ask& ask) {
  const double before = process_mb("VmRSS");
  Lone leader;
  leader.live(ask.length);
  fmt::print(R"({{"figure":"memory","voters":{},"silent":{},"committed":{},"epochs":{},"rss_mb":{:.1f},)"
             R"("rss_most_mb":{:.1f},"rss_before_mb":{:.1f},"snapshot_mb":{:.1f}}})"
             "\n",
             kMembers, kMembers / kSilentOneOf, leader.committed(), leader.epochs(), process_mb("VmRSS"),
             process_mb("VmHWM"), before, static_cast<double>(kStateBytes) / 1e6);
  return true;
}

}  // namespace skywarden::agreement
