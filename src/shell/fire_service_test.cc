// Real nodes that find fires, on loopback, each on a thread of its own.
#include "shell/fire_service.h"

#include <doctest/doctest.h>

#include <array>
#include <set>

#include "shell/group_example.h"
#include "storage/signing_example.h"

namespace skywarden::shell {
namespace {

using namespace std::chrono_literals;

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

struct Member : example::MemberBase<FireService> {
  std::optional<storage::LogStore::Opened> log;
  std::optional<storage::Journal::Opened> observations, told;
  std::optional<AlertFolder> alerts;

  ~Member() { service.reset(); }  // before what it stands on

  void open(FireService::Options options) {
    const storage::LogIdentity identity = options.links.identity;
    auto opened = storage::LogStore::open(*disk, identity, {});
    REQUIRE_MESSAGE(opened, (opened ? "" : opened.error().message));
    log.emplace(std::move(*opened));
    observations.emplace(read_observations(identity.node));
    told.emplace(storage::Journal::open(*disk, identity, {"alerts-told", AlertFolder::kToldMax}).value());
    alerts.emplace(AlertFolder::open("", {}, &*told, complain()).value());
    auto made = FireService::make(std::move(options), &*log, &*observations, *alerts, complain());
    REQUIRE_MESSAGE(made, (made ? "" : made.error().message));
    service = std::move(*made);
  }
  [[nodiscard]] storage::Journal::Opened read_observations(NodeId self) const {
    constexpr std::uint64_t kSegmentBytes = 4096;
    return storage::Journal::open(*disk, {"forest", self},
                                  {"observations", node::NodeOptions().journal_max, kSegmentBytes})
        .value();
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

FireService::Options options_for(std::uint32_t size, node::NodeOptions node) {
  FireService::Options options;
  options.node = std::move(node);
  options.keys = keys_of(size);
  return options;
}

class Group : public example::Group<Member> {
 public:
  explicit Group(std::uint32_t size, node::NodeOptions node = quick())
      : example::Group<Member>(size, options_for(size, std::move(node))) {}

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
};

// What was told, as everybody must have it.
std::vector<std::vector<std::byte>> told_by(Member& member) {
  std::vector<std::vector<std::byte>> all;
  for (const datum::Alert& alert : member.alerts->told()) all.push_back(encode(AlertsAnswer{false, {alert}}));
  return all;
}

// Until it is cut off.
void say_as(NodeId member, const GroupLinks::Peer& to, FrameKind kind, std::span<const std::byte> value) {
  example::Stranger stranger(to);
  stranger.say(FrameKind::kHello, encode(Hello{"forest", member, to.node, 99}));
  stranger.say(kind, value);
  stranger.rest();
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
  for (std::uint32_t id = 1; id <= 3; ++id) {
    group.wait([&] { return group.says(id, R"("held":9,)"); });  // an alert may come before them
    group.wait([&] { return group.says(id, R"("alerts":1)"); });
  }
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
    const auto journal = group[id].read_observations(NodeId(id));
    return std::set<std::vector<std::byte>>(journal.records.begin(), journal.records.end());
  };
  group.wait([&] { return group.complained(3, "fetched "); });
  for (std::uint32_t id = 1; id <= 3; ++id) group.stop(id);
  CHECK(seen(3).size() == 189);
  CHECK(seen(3) == seen(1));
  CHECK(seen(2) == seen(1));
}

TEST_CASE("a message about what is held that cannot be read ends the connection") {
  Group group(2);
  (void)group.leader();
  group.stop(1);
  say_as(NodeId(1), group.address(2), FrameKind::kCatchUp, std::array{std::byte{1}});
  group.wait([&] { return group.says(2, R"("bad_messages":1,)"); });
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
    return example::text_of(answer.bytes);
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
  const auto say = [&](std::span<const std::byte> value, FrameKind kind) {
    say_as(NodeId(1), group.address(2), kind, value);
  };
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
