// Real nodes that find fires, on loopback, each on a thread of its own.
#include "shell/fire_service.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <mutex>
#include <set>
#include <thread>

#include "shell/group_call.h"
#include "storage/memory_disk.h"
#include "storage/signing_example.h"

namespace skywarden::shell {
namespace {

using namespace std::chrono_literals;

constexpr Duration kPatience = 20s;  // a loaded machine may be slow; nothing waits that long otherwise

// A fire of nine pixels, seen just now.
std::vector<datum::Hotspot> fire_at(double lat, double lon, Instant seen = utc_now() - 60s) {
  std::vector<datum::Hotspot> all;
  for (int i = 0; i < 9; ++i) {
    datum::Hotspot hotspot;
    hotspot.time = seen;
    hotspot.centre = {lat + 0.004 * (i % 3), lon + 0.004 * (i / 3)};
    hotspot.scan = Metres(400.0);
    hotspot.track = Metres(400.0);
    hotspot.brightness = Kelvin(367.0);
    hotspot.background = Kelvin(295.0);
    hotspot.radiative_power = Watts(30e6);
    hotspot.confidence = Probability(0.95);
    hotspot.satellite = "N";
    hotspot.instrument = "VIIRS";
    hotspot.id = datum::observation_id(hotspot);
    all.push_back(hotspot);
  }
  return all;
}

struct Member {
  std::unique_ptr<storage::MemoryDisk> disk = std::make_unique<storage::MemoryDisk>();
  std::optional<storage::LogStore::Opened> log;
  std::optional<storage::Journal::Opened> observations, told;
  std::optional<AlertFolder> alerts;
  std::unique_ptr<FireService> service;
  std::thread thread;
  Result<void> ended;
  std::mutex mutex;
  std::vector<std::string> problems;

  void complain(const std::string& why) {
    const std::scoped_lock lock(mutex);
    problems.push_back(why);
  }
  bool complained(std::string_view beginning) {
    const std::scoped_lock lock(mutex);
    return std::any_of(problems.begin(), problems.end(),
                       [&](const std::string& problem) { return problem.starts_with(beginning); });
  }
};

node::NodeOptions quick() {
  node::NodeOptions options;
  options.merge_wait = 100ms;
  options.merge_gap = 200ms;
  return options;
}

// One pair for everybody.
storage::SigningKeys keys_of(std::uint32_t size) {
  storage::SigningKeys keys{storage::SigningKey::read_private(storage::example::kPrivateKey).value(), {}};
  for (std::uint32_t id = 1; id <= size; ++id)
    keys.members.emplace(NodeId(id), storage::SigningKey::read_public(storage::example::kPublicKey).value());
  return keys;
}

class Group {
 public:
  explicit Group(std::uint32_t size, node::NodeOptions options = quick()) : size_(size), options_(options) {
    for (std::uint32_t id = 1; id <= size; ++id) make(id, true, nullptr);
    for (std::uint32_t id = 1; id <= size; ++id) begin(id);
  }
  ~Group() {
    for (auto& [id, member] : members_) stop(id);
  }
  Member& operator[](std::uint32_t id) { return *members_.at(id); }
  [[nodiscard]] GroupAddresses addresses() const { return {"forest", addresses_, {}}; }

  void stop(std::uint32_t id) {
    Member& member = (*this)[id];
    if (!member.thread.joinable()) return;
    member.service->stop();
    member.thread.join();
  }
  // With its disk as a crash leaves it.
  void restart(std::uint32_t id, Random& random) {
    stop(id);
    auto disk = std::move((*this)[id].disk);
    members_.erase(id);
    disk->crash(random);
    make(id, false, std::move(disk));
    begin(id);
  }
  ObservationsTaken observe(const std::vector<datum::Hotspot>& hotspots) {
    const auto answer = call(RequestKind::kObserve, node::encode(node::ObservationBatch{0, hotspots}));
    REQUIRE(answer.outcome == Outcome::kDone);
    return decode_observations_taken(answer.bytes).value();
  }
  std::vector<datum::Alert> alerts() {
    const auto answer = call(RequestKind::kRead, encode(AlertsQuestion{}));
    REQUIRE(answer.outcome == Outcome::kDone);
    return decode_alerts_answer(answer.bytes).value().alerts;
  }
  Answer call(RequestKind kind, std::vector<std::byte> bytes) {
    auto answer = call_group(addresses(), {next_++, kind, std::move(bytes)}, kPatience);
    REQUIRE_MESSAGE(answer, (answer ? "" : answer.error().message));
    return std::move(*answer);
  }
  std::string status(std::uint32_t id) {
    const auto answer = call_member(addresses(), NodeId(id), {next_++, RequestKind::kStatus, {}}, kPatience);
    if (!answer) return "";
    return {reinterpret_cast<const char*>(answer->bytes.data()), answer->bytes.size()};
  }
  bool says(std::uint32_t id, std::string_view part) { return status(id).find(part) != std::string::npos; }
  std::uint32_t leader() {
    for (int tries = 0; tries < 1000; ++tries, std::this_thread::sleep_for(10ms))
      for (auto& [id, member] : members_)
        if (member->thread.joinable() && says(id, R"("role":"leader")")) return id;
    FAIL("nobody leads");
    return 0;
  }
  // Until it is cut off.
  void say(std::uint32_t from, std::uint32_t to, FrameKind kind, std::span<const std::byte> value) {
    boost::asio::io_context context;
    boost::asio::ip::tcp::socket socket(context);
    const auto peer = addresses_.at(NodeId(to));
    socket.connect({boost::asio::ip::make_address(peer.host), peer.port});
    std::vector<std::byte> out;
    append_frame(out, FrameKind::kHello, encode(Hello{"forest", NodeId(from), NodeId(to), 99}));
    append_frame(out, kind, value);
    boost::asio::write(socket, boost::asio::buffer(out.data(), out.size()));
    std::array<char, 4096> in{};
    boost::system::error_code error;
    while (!error) socket.read_some(boost::asio::buffer(in), error);
  }
  template <typename Condition>
  void wait(Condition condition) {
    for (int i = 0; i < 1000 && !condition(); ++i) std::this_thread::sleep_for(20ms);
    CHECK(condition());
  }

 private:
  void make(std::uint32_t id, bool first, std::unique_ptr<storage::MemoryDisk> disk) {
    auto member = std::make_unique<Member>();
    if (disk) member->disk = std::move(disk);
    FireService::Options options;
    options.node = options_;
    options.links.identity = {"forest", NodeId(id)};
    options.links.incarnation = ++incarnation_;
    if (const auto known = addresses_.find(NodeId(id)); known != addresses_.end())
      options.links.port = known->second.port;
    for (std::uint32_t each = 1; each <= size_; ++each) options.founding[NodeId(each)] = 1;
    options.seed = id;
    options.keys = keys_of(size_);
    const auto& identity = options.links.identity;
    if (first) REQUIRE(storage::LogStore::found(*member->disk, identity, {}));
    auto log = storage::LogStore::open(*member->disk, identity, {});
    REQUIRE_MESSAGE(log, (log ? "" : log.error().message));
    member->log.emplace(std::move(*log));
    member->observations.emplace(
        storage::Journal::open(*member->disk, identity, {"observations", options.node.journal_max, 4096})
            .value());
    member->told.emplace(
        storage::Journal::open(*member->disk, identity, {"alerts-told", AlertFolder::kToldMax}).value());
    Member* place = member.get();
    const auto complain = [place](const std::string& why) { place->complain(why); };
    member->alerts.emplace(AlertFolder::open("", {}, &*member->told, complain).value());
    auto service =
        FireService::make(options, &*member->log, &*member->observations, *member->alerts, complain);
    REQUIRE_MESSAGE(service, (service ? "" : service.error().message));
    member->service = std::move(*service);
    addresses_[NodeId(id)] = {NodeId(id), "127.0.0.1", member->service->port()};
    members_[id] = std::move(member);
  }
  void begin(std::uint32_t id) {
    Member& member = (*this)[id];
    for (const auto& [node, peer] : addresses_)
      if (node != NodeId(id)) member.service->add_peer(peer);
    member.thread = std::thread([&member] { member.ended = member.service->run(); });
  }

  std::uint32_t size_;
  node::NodeOptions options_;
  std::uint64_t incarnation_ = 0, next_ = 1;
  std::map<NodeId, GroupLinks::Peer> addresses_;
  std::map<std::uint32_t, std::unique_ptr<Member>> members_;
};

// What was told, as everybody must have it.
std::vector<std::vector<std::byte>> told_by(Member& member) {
  std::vector<std::vector<std::byte>> all;
  for (const datum::Alert& alert : member.alerts->told()) all.push_back(encode(AlertsAnswer{false, {alert}}));
  return all;
}

}  // namespace

TEST_CASE("a fire is told by all, the leader dies, another fire is told, and who comes back tells it too") {
  Group group(3);
  CHECK(group.observe(fire_at(38.6, -122.6)).taken == 9);
  group.wait([&] { return group.alerts().size() == 1; });
  const datum::Alert first = group.alerts().front();
  CHECK(first.proposal.observations.size() == 9);
  CHECK(first.shares_for == 2);
  CHECK(first.shares_total == 3);

  const std::uint32_t dead = group.leader();
  group.stop(dead);
  CHECK(group.observe(fire_at(40.0, -120.0)).taken == 9);
  group.wait([&] { return group.alerts().size() == 2; });
  Random random(7);
  group.restart(dead, random);
  for (std::uint32_t id = 1; id <= 3; ++id) group.wait([&] { return group.says(id, R"("alerts":2)"); });
  for (std::uint32_t id = 1; id <= 3; ++id) group.stop(id);
  for (std::uint32_t id = 1; id <= 3; ++id) {
    CHECK(group[id].ended);
    CHECK(told_by(group[id]) == told_by(group[1]));
    CHECK(group[id].service->counters().bad_messages == 0);
  }
}

TEST_CASE("nobody is told twice, and observations survive a crash of everybody") {
  Group group(3);
  const auto fire = fire_at(38.6, -122.6);
  (void)group.observe(fire);
  for (std::uint32_t id = 1; id <= 3; ++id) group.wait([&] { return group.says(id, R"("alerts":1)"); });
  const auto before = told_by(group[1]);
  Random random(3);
  for (std::uint32_t id = 1; id <= 3; ++id) group.restart(id, random);
  group.wait([&] { return group.alerts().size() == 1; });
  CHECK(group.observe(fire).known == 9);
  for (std::uint32_t id = 1; id <= 3; ++id) {
    group.stop(id);
    CHECK(group[id].observations->records.size() == 9);
    CHECK(told_by(group[id]).front() == before.front());
    CHECK(group[id].told->records.size() == 1);  // as its journal was at the start
  }
}

TEST_CASE("a node that took observations and died before it could hand them on does so when it is back") {
  Group group(3);
  (void)group.leader();
  group.stop(2);
  group.stop(3);
  CHECK(group.observe(fire_at(38.6, -122.6)).taken == 9);  // node 1 alone has them
  Random random(5);
  group.stop(1);
  group.restart(2, random);
  group.restart(3, random);
  group.restart(1, random);
  group.wait([&] { return group.alerts().size() == 1; });
  CHECK(group.alerts().front().proposal.merged.size() >= 2);
}

TEST_CASE("a node that was down while observations were handed in fetches them from who has them") {
  Group group(3);
  (void)group.leader();
  CHECK(group.observe(fire_at(38.6, -122.6)).taken == 9);
  for (std::uint32_t id = 1; id <= 3; ++id) group.wait([&] { return group.says(id, R"("held":9,)"); });
  group.stop(3);
  for (int i = 0; i < 20; ++i) CHECK(group.observe(fire_at(40.0 + i, -120.0)).taken == 9);
  for (const std::uint32_t id : {1U, 2U}) group.wait([&] { return group.says(id, R"("held":189,)"); });
  Random random(9);
  group.restart(1, random);  // both forget what they were to bring to node 3
  group.restart(2, random);
  group.restart(3, random);
  group.wait([&] { return group.says(3, R"("held":189,"missing":0,"fetched":180,)"); });
  const auto seen = [&](std::uint32_t id) {
    const auto journal = storage::Journal::open(*group[id].disk, {"forest", NodeId(id)},
                                                {"observations", node::NodeOptions().journal_max, 4096});
    return std::set<std::vector<std::byte>>(journal->records.begin(), journal->records.end());
  };
  group.wait([&] { return group[3].complained("fetched "); });
  for (std::uint32_t id = 1; id <= 3; ++id) group.stop(id);
  CHECK(seen(3).size() == 189);
  CHECK(seen(3) == seen(1));
  CHECK(seen(2) == seen(1));
}

TEST_CASE("a message about what is held that cannot be read ends the connection") {
  Group group(2);
  (void)group.leader();
  group.stop(1);
  group.say(1, 2, FrameKind::kCatchUp, std::array{std::byte{1}});
  group.wait([&] { return group.says(2, R"("bad_messages":1})"); });
}

TEST_CASE("what a client hands in is taken, or it is told why not") {
  Group group(1);
  auto mixed = fire_at(38.6, -122.6);
  mixed[0].time = utc_now() - 25h;
  mixed[1].time = utc_now() + 1h;
  mixed[2].scan = Metres(0.0);
  for (datum::Hotspot& hotspot : mixed) hotspot.id = datum::observation_id(hotspot);
  const ObservationsTaken taken = group.observe(mixed);
  CHECK(taken.late == 1);
  CHECK(taken.future == 1);
  CHECK(taken.unusable == 1);
  CHECK(taken.taken == 6);
  CHECK(group.observe({mixed.begin() + 3, mixed.end()}).known == 6);
  const auto refused = [&](RequestKind kind, std::vector<std::byte> bytes) {
    const Answer answer = group.call(kind, std::move(bytes));
    CHECK(answer.outcome == Outcome::kRefused);
    return std::string(reinterpret_cast<const char*>(answer.bytes.data()), answer.bytes.size());
  };
  CHECK(refused(RequestKind::kPropose, {std::byte{1}}) == "this group agrees on fires, not on values");
  CHECK(refused(RequestKind::kObserve, {std::byte{1}}).starts_with("observations: "));
  CHECK(refused(RequestKind::kObserve, node::encode(node::BatchReceived{1})) == "these are no observations");
  CHECK(refused(RequestKind::kRead, {}).size() > 0);
}

TEST_CASE("many fires make snapshots; a node that was away is brought up to date, with a chain that fits") {
  node::NodeOptions options = quick();
  options.log_bytes = 4096;
  Group group(3, options);
  const auto tell = [&](int first, int last) {
    for (int i = first; i < last; ++i) (void)group.observe(fire_at(30.0 + 0.5 * i, -120.0));
    const auto alerts = fmt::format(R"("alerts":{},)", last);
    for (const std::uint32_t id : {1U, 2U}) group.wait([&] { return group.says(id, alerts); });
  };
  tell(0, 5);
  group.stop(3);
  tell(5, 60);
  CHECK(group[1].service->node().raft().log().base().index > LogIndex());
  Random random(11);
  group.restart(3, random);
  group.wait([&] { return group.says(3, R"("alerts":60,)"); });
  (void)group.observe(fire_at(70.0, -120.0));  // the first entry behind the snapshot, and its head
  for (const std::uint32_t id : {1U, 2U, 3U}) {
    group.wait([&] { return group.says(id, R"("alerts":61,)"); });
    group.wait([&] { return group.leader() == id || !group.says(id, R"("heads_verified":0,)"); });
    CHECK(group.says(id, R"("bad_signatures":0,)"));
  }
  for (const std::uint32_t id : {1U, 2U, 3U}) {
    group.stop(id);
    CHECK(group[id].ended);
    CHECK(told_by(group[id]).size() == 61);
  }
  // All of the chain is checked when a log is read.
  std::map<LogIndex, storage::ChainHead> heads;
  for (const std::uint32_t id : {1U, 2U, 3U}) {
    const auto log = storage::read_log(*group[id].disk);
    REQUIRE_MESSAGE(log, (log ? "" : log.error().message));
    CHECK(log->persisted.snapshot);
    const auto [place, is_new] = heads.emplace(log->chain.last(), log->chain.head());
    if (!is_new) CHECK(place->second == log->chain.head());
  }
  group.restart(3, random);
  group.restart(1, random);
  group.restart(2, random);
  CHECK(group.alerts().size() == 61);
}

TEST_CASE("a node whose disk fails ends and says why, and the others go on") {
  Group group(3);
  (void)group.observe(fire_at(38.6, -122.6));
  for (std::uint32_t id = 1; id <= 3; ++id) group.wait([&] { return group.says(id, R"("alerts":1)"); });
  group[3].disk->set_bytes_max(1);  // full: the journal's next segment has no room, the log's present one has
  for (int i = 0; i < 5; ++i) (void)group.observe(fire_at(40.0 + i, -120.0));
  group.wait([&] { return group.status(3).empty(); });
  group[3].thread.join();
  REQUIRE_FALSE(group[3].ended);
  CHECK(group[3].ended.error().code == Errc::kLimitReached);
  CHECK_FALSE(group.alerts().empty());
}

// A member that lies is cut off, and what it said has no effect.
TEST_CASE("a message that cannot be read, or that speaks for another node, ends its connection") {
  Group group(2);
  (void)group.leader();
  group.stop(1);  // whoever has the smaller id dials
  const auto say = [&](std::span<const std::byte> value, FrameKind kind) { group.say(1, 2, kind, value); };
  const auto bad = [&](int count) { return group.says(2, fmt::format(R"("bad_messages":{})", count)); };
  say(std::array{std::byte{1}, std::byte{2}}, FrameKind::kNode);
  group.wait([&] { return bad(1); });
  datum::Finding finding;
  finding.by = NodeId(2);
  say(node::encode(node::Report{finding}), FrameKind::kNode);
  group.wait([&] { return bad(2); });
  consensus::Message forged;
  forged.from = NodeId(3);
  forged.to = NodeId(2);
  forged.term = Term(7);
  forged.body = consensus::VoteRequest{};
  say(node::encode(node::Message{forged}), FrameKind::kNode);
  group.wait([&] { return bad(3); });
  say(consensus::encode(forged), FrameKind::kConsensus);  // as nodes that agree on values speak
  group.wait([&] { return bad(4); });
}

TEST_CASE("a ledger of another log is not begun from") {
  storage::MemoryDisk disk;
  const storage::LogIdentity identity{"forest", NodeId(1)};
  auto store = storage::LogStore::found(disk, identity, {}).value();
  node::Ledger ledger({}, "desert");
  (void)ledger.apply({Term(1), LogIndex(1), {}});
  consensus::Persist step;
  step.state = consensus::HardState{Term(1), NodeId(1)};
  consensus::Snapshot snapshot;
  snapshot.last = {LogIndex(1), Term(1)};
  snapshot.configuration.shares.incoming = {{NodeId(1), 1}};
  snapshot.data = ledger.save();
  step.snapshot = snapshot;
  storage::EntryChain chain("forest");
  chain.append({Term(1), LogIndex(1), {}});
  REQUIRE(store.checkpoint(step, {}, chain.head(), chain.head()));
  auto log = storage::LogStore::open(disk, identity, {}).value();
  auto observations = storage::Journal::open(disk, identity, {"observations", 10}).value();
  auto alerts = AlertFolder::open("", {}, nullptr, {}).value();
  FireService::Options options;
  options.links.identity = identity;
  options.founding = {{NodeId(1), 1}};
  const auto service = FireService::make(options, &log, &observations, alerts, [](const std::string&) {});
  REQUIRE_FALSE(service);
  CHECK(service.error().code == Errc::kConflict);
  CHECK(service.error().message == "the ledger saved at entry 1 is not that of this log");
}

}  // namespace skywarden::shell
