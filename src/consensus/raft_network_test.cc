#include "consensus/raft_network.h"

#include <doctest/doctest.h>

#include <algorithm>

namespace skywarden::consensus {

using std::chrono::milliseconds;
using std::chrono::seconds;

RaftNetwork::RaftNetwork(std::uint64_t seed, Shares shares, RaftOptions raft, NetworkOptions network)
    : random_(seed), shares_(std::move(shares)), options_(raft), network_(network) {
  for (const auto& [node, share] : shares_) {
    hosts_.emplace(node, Host{});
    restart(node);
  }
}

void RaftNetwork::violated(std::string what) {
  if (violation_.empty()) violation_ = std::move(what);
}

void RaftNetwork::crash(NodeId node) {
  hosts_.at(node).raft.reset();
}

void RaftNetwork::restart(NodeId node) {
  Host& host = hosts_.at(node);
  if (host.raft) return;
  host.applied = 0;
  ++host.restarts;
  host.raft.emplace(node, shares_, host.disk, options_,
                    random_.fork(node.value() * 1000003ULL + host.restarts), now_);
}

void RaftNetwork::split(std::set<NodeId> side) {
  side_ = std::move(side);
}

void RaftNetwork::post(const Message& message) {
  if (!violation_.empty()) return;
  // Through the codec, so that whatever a machine says can be said in bytes.
  const auto decoded = decode(encode(message));
  if (!decoded || *decoded != message) violated("a message does not survive its bytes");
  if (side_.contains(message.from) != side_.contains(message.to) || random_.chance(network_.loss)) return;
  const int copies = random_.chance(network_.duplication) ? 2 : 1;
  for (int i = 0; i < copies; ++i) {
    const auto spread = static_cast<std::uint64_t>((network_.delay_max - network_.delay_min).count());
    const Duration delay = network_.delay_min + Duration(random_.below(spread + 1));
    under_way_.emplace(std::pair(now_ + delay, posted_++), message);
  }
}

void RaftNetwork::make_durable(NodeId node, Host& host, const Persist& step) {
  const HardState before = host.disk.state;
  consensus::apply(step, host.disk);
  const HardState& after = host.disk.state;
  const bool second_vote =
      after.term == before.term && before.voted_for != kNobody && after.voted_for != before.voted_for;
  if (second_vote || after.term < before.term)
    violated(fmt::format("node {} takes back a vote or a term", node.value()));
}

void RaftNetwork::apply_commits(NodeId node, Host& host, const std::vector<Entry>& committed) {
  for (const Entry& entry : committed) {
    if (entry.index.value() != host.applied + 1)
      violated(fmt::format("node {} skips or repeats a commit", node.value()));
    host.applied = entry.index.value();
    if (host.disk.log.size() < entry.index.value() || host.disk.log[entry.index.value() - 1] != entry)
      violated(fmt::format("node {} commits what it did not store", node.value()));
    if (entry.index.value() > committed_.size()) {
      committed_.push_back(entry);
      if (!entry.payload.empty()) ++proposals_committed_;
    } else if (committed_[entry.index.value() - 1] != entry) {
      violated(fmt::format("two different entries are committed at index {}", entry.index.value()));
    }
  }
}

void RaftNetwork::watch_leader(const TraceEvent& event, const Host& host) {
  const Term term(event.first);
  if (!leaders_.emplace(term, event.node).second)
    violated(fmt::format("two leaders in term {}", term.value()));
  const auto& log = host.disk.log;
  if (log.size() < committed_.size() || !std::equal(committed_.begin(), committed_.end(), log.begin()))
    violated(fmt::format("the leader of term {} lacks a committed entry", term.value()));
}

// Whatever a message promises must already be durable, for the sender may be gone the next moment.
void RaftNetwork::check_promise(const Host& host, const Message& message) {
  const bool pre_vote = std::holds_alternative<PreVoteRequest>(message.body) ||
                        std::holds_alternative<PreVoteReply>(message.body);
  if (!pre_vote && message.term != host.disk.state.term) violated("a term is sent before it is durable");
  const auto* vote = std::get_if<VoteReply>(&message.body);
  if (vote != nullptr && vote->granted && host.disk.state.voted_for != message.to)
    violated("a vote is sent before it is durable");
  if (std::holds_alternative<VoteRequest>(message.body) && host.disk.state.voted_for != message.from)
    violated("a candidate's own vote is not durable");
  const auto* reply = std::get_if<AppendReply>(&message.body);
  if (reply != nullptr && reply->accepted && reply->index.value() > host.disk.log.size())
    violated("an entry is acknowledged before it is durable");
  const auto* append = std::get_if<AppendRequest>(&message.body);
  if (append != nullptr && append->previous.index.value() + append->entries.size() > host.disk.log.size())
    violated("an entry is sent before it is durable");
}

void RaftNetwork::perform(NodeId node, RaftEffects effects) {
  Host& host = hosts_.at(node);
  if (random_.chance(network_.crash_in_step)) {
    crash(node);
    return;
  }
  make_durable(node, host, effects.persist);
  for (const TraceEvent& event : effects.trace) {
    trace_.add(event);
    if (event.kind == TraceKind::kBecameLeader) watch_leader(event, host);
  }
  apply_commits(node, host, effects.committed);
  for (const Message& message : effects.send) {
    check_promise(host, message);
    post(message);
  }
}

void RaftNetwork::run_for(Duration time) {
  const Instant end = now_ + time;
  while (violation_.empty()) {
    Instant next = under_way_.empty() ? Instant::max() : under_way_.begin()->first.first;
    NodeId due;
    for (const auto& [node, host] : hosts_) {
      if (!host.raft || host.raft->next_deadline() >= next) continue;
      next = host.raft->next_deadline();
      due = node;
    }
    if (next > end) break;
    now_ = std::max(now_, next);
    if (due != kNobody) {
      perform(due, hosts_.at(due).raft->tick(now_));
      if (alive(due) && raft(due).next_deadline() <= now_) violated("a deadline stays due after a tick");
      continue;
    }
    const Message message = std::move(under_way_.begin()->second);
    under_way_.erase(under_way_.begin());
    if (alive(message.to)) perform(message.to, hosts_.at(message.to).raft->receive(message, now_));
  }
  now_ = end;
}

bool RaftNetwork::propose() {
  bool taken = false;
  for (auto& [node, host] : hosts_) {
    if (!host.raft) continue;
    ++proposed_;
    Payload payload(8 + random_.below(24));
    for (int i = 0; i < 8; ++i)
      payload[static_cast<std::size_t>(i)] = static_cast<std::byte>(proposed_ >> (8 * i));
    auto effects = host.raft->propose(std::move(payload), now_);
    if (!effects) continue;
    taken = true;
    perform(node, std::move(*effects));
  }
  return taken;
}

std::optional<NodeId> RaftNetwork::leader() const {
  std::optional<NodeId> found;
  for (const auto& [node, host] : hosts_)
    if (host.raft && host.raft->role() == Role::kLeader &&
        (!found || host.raft->term() > raft(*found).term()))
      found = node;
  return found;
}

void RaftNetwork::check_logs_match() {
  for (const auto& [a, first] : hosts_) {
    for (const auto& [b, second] : hosts_) {
      if (!(a < b)) continue;
      bool same_from_here = false;  // from the last common (index, term) down, everything must be equal
      for (std::size_t i = std::min(first.disk.log.size(), second.disk.log.size()); i-- > 0;) {
        same_from_here |= first.disk.log[i].term == second.disk.log[i].term;
        if (same_from_here && first.disk.log[i] != second.disk.log[i])
          violated(fmt::format("logs of {} and {} differ below a common entry", a.value(), b.value()));
      }
    }
  }
}

namespace {

Shares equal_shares(std::uint32_t nodes) {
  Shares shares;
  for (std::uint32_t id = 1; id <= nodes; ++id) shares[NodeId(id)] = 1;
  return shares;
}

Shares random_shares(Random& random) {
  Shares shares;
  const auto voters = static_cast<std::uint32_t>(1 + random.below(7));
  const auto learners = static_cast<std::uint32_t>(random.below(3));
  for (std::uint32_t id = 1; id <= voters; ++id)
    shares[NodeId(id)] = random.chance(0.5) ? 1 : 1 + random.below(5);
  for (std::uint32_t id = voters + 1; id <= voters + learners; ++id) shares[NodeId(id)] = 0;
  return shares;
}

NodeId any_of(const Shares& shares, Random& random) {
  return std::next(shares.begin(), static_cast<std::ptrdiff_t>(random.below(shares.size())))->first;
}

void random_fault(RaftNetwork& network, const Shares& shares, Random& random) {
  switch (random.below(7)) {
    case 0: {
      std::set<NodeId> side;
      for (const auto& [node, share] : shares)
        if (random.chance(0.4)) side.insert(node);
      network.split(std::move(side));
      break;
    }
    case 1:
      network.heal();
      break;
    case 2:
      network.crash(any_of(shares, random));
      break;
    case 3:
      if (const auto leader = network.leader()) network.crash(*leader);
      break;
    case 4:
      for (const auto& [node, share] : shares) network.restart(node);
      break;
    default:  // a crash too short for anybody else to notice: only what was durable comes back
      const NodeId node = any_of(shares, random);
      network.crash(node);
      network.restart(node);
  }
}

// Faults, then peace: whatever happened, a healed group agrees again, learners included.
std::string run_with_faults(std::uint64_t seed, std::uint64_t* hash = nullptr) {
  Random random(seed);
  const Shares shares = random_shares(random);
  RaftOptions options;
  options.entries_per_message_max = 1 + random.below(4);  // small, so that windows and batches fill
  options.inflight_max = 1 + random.below(4);
  const NetworkOptions harsh{milliseconds(1), milliseconds(1 + random.below(90)), random.uniform(0.0, 0.2),
                             random.uniform(0.0, 0.2), random.chance(0.5) ? 0.005 : 0.0};
  RaftNetwork network(random.next(), shares, options, harsh);
  for (int burst = 0; burst < 60; ++burst) {
    if (random.chance(0.6)) random_fault(network, shares, random);
    for (auto left = random.below(6); left > 0; --left) {
      network.propose();
      network.run_for(milliseconds(random.below(60)));
    }
    network.run_for(milliseconds(random.below(400)));
    network.check_logs_match();
  }
  network.heal();
  for (const auto& [node, share] : shares) network.restart(node);
  network.set_network({milliseconds(5), milliseconds(30), 0.0, 0.0, 0.0});
  network.run_for(seconds(5));
  const std::size_t before = network.proposals_committed();
  if (!network.propose() && network.violation().empty()) return "nobody leads five seconds after healing";
  network.run_for(seconds(2));
  network.check_logs_match();
  if (hash != nullptr) *hash = network.trace_hash();
  if (!network.violation().empty()) return network.violation();
  if (network.proposals_committed() == before) return "no commit after healing";
  for (const auto& [node, share] : shares)
    if (network.raft(node).commit_index() != network.raft(shares.begin()->first).commit_index())
      return fmt::format("node {} did not catch up", node.value());
  return "";
}

TEST_CASE("loss, repeats, reordering, splits and crashes never break a property of Raft") {
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    CAPTURE(seed);
    REQUIRE(run_with_faults(seed) == "");
  }
}

TEST_CASE("the same seed gives the same run") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    std::uint64_t first = 0;
    std::uint64_t second = 0;
    REQUIRE(run_with_faults(seed, &first) == "");
    REQUIRE(run_with_faults(seed, &second) == "");
    CHECK(first == second);
  }
}

// From the death of the leader to the commit of something proposed after it.
Duration recovery(std::uint64_t seed, const Shares& shares, NetworkOptions network_options) {
  RaftNetwork network(seed, shares, RaftOptions{}, network_options);
  network.run_for(seconds(2) + milliseconds(network.random().below(200)));
  network.propose();
  network.run_for(milliseconds(500));
  REQUIRE(network.leader());
  network.crash(*network.leader());
  const Instant killed = network.now();
  const std::size_t before = network.proposals_committed();
  while (network.proposals_committed() == before && network.now() < killed + seconds(20)) {
    network.propose();
    network.run_for(milliseconds(5));
  }
  REQUIRE(network.violation() == "");
  return network.now() - killed;
}

TEST_CASE("a killed leader is replaced and the next commit made within a second at 60 ms round trips") {
  for (const std::uint32_t nodes : {3U, 5U, 7U, 12U, 25U}) {
    Duration slowest{};
    for (std::uint64_t seed = 1; seed <= 60; ++seed)
      slowest = std::max(slowest, recovery(seed, equal_shares(nodes), {}));
    MESSAGE(nodes, " voters, 60 seeds: slowest recovery ", to_seconds(slowest), " s");
    CHECK(slowest < seconds(1));
  }
}

TEST_CASE("loss delays a replacement, on the whole little") {
  constexpr int kRuns = 100;
  const NetworkOptions lossy{milliseconds(30), milliseconds(30), 0.1, 0.0, 0.0};
  int within_a_second = 0;
  for (std::uint64_t seed = 1; seed <= kRuns; ++seed)
    within_a_second += recovery(seed, equal_shares(5), lossy) < seconds(1);
  MESSAGE("5 voters, 10 % loss: ", within_a_second, " of ", kRuns, " recoveries within a second");
  CHECK(within_a_second >= kRuns * 9 / 10);
}

TEST_CASE("a leader stays while messages are lost or late, when the options suit the delay") {
  const struct {
    RaftOptions options;
    NetworkOptions network;
  } cases[] = {
      {RaftOptions{}, {milliseconds(30), milliseconds(30), 0.10, 0.0, 0.0}},
      {RaftOptions::for_delay(milliseconds(150)), {milliseconds(10), milliseconds(150), 0.10, 0.01, 0.0}},
  };
  for (const auto& expected : cases) {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
      RaftNetwork network(seed, equal_shares(7), expected.options, expected.network);
      network.run_for(seconds(10));
      const std::size_t before = network.elections();
      network.run_for(seconds(120));
      CHECK(network.violation() == "");
      CHECK(network.elections() == before);
    }
  }
}

TEST_CASE("a group of more than a hundred voters elects and commits") {
  RaftNetwork network(7, equal_shares(121), RaftOptions{}, {});
  network.run_for(seconds(2));
  for (int i = 0; i < 20; ++i) CHECK(network.propose());
  network.run_for(seconds(1));
  CHECK(network.violation() == "");
  CHECK(network.proposals_committed() == 20);
  for (std::uint32_t id = 1; id <= 121; ++id) CHECK(network.applied(NodeId(id)) == 21);
}

}  // namespace
}  // namespace skywarden::consensus
