// Real members on loopback, each on a thread of its own.
#include "shell/raft_service.h"

#include <doctest/doctest.h>

#include <atomic>

#include "shell/group_example.h"
#include "storage/signing_example.h"

namespace skywarden::shell {
namespace {

using namespace std::chrono_literals;
using example::kPatience, example::Stranger, example::text_of;

// Everything that was agreed, one after the other.
class Lines final : public StateMachine {
 public:
  std::vector<std::byte> apply(const consensus::Entry& entry) override {
    const std::scoped_lock lock(mutex_);
    text_ += text_of(entry.payload) + "\n";
    return bytes_of(std::to_string(text_.size()));
  }
  std::vector<std::byte> read(std::span<const std::byte>) const override { return bytes_of(text()); }
  std::vector<std::byte> snapshot() const override { return bytes_of(text()); }
  Result<void> restore(std::span<const std::byte> snapshot) override {
    const std::scoped_lock lock(mutex_);
    text_ = text_of(snapshot);
    return {};
  }
  std::string text() const {
    const std::scoped_lock lock(mutex_);
    return text_;
  }

 private:
  mutable std::mutex mutex_;
  std::string text_;
};

// A disk that takes its time, from when it is told.
class SlowDisk final : public storage::Disk {
 public:
  explicit SlowDisk(storage::Disk& disk) : disk_(disk) {}
  void set_pause(std::chrono::milliseconds pause) { pause_ = pause; }

  Result<std::vector<std::string>> names() override { return disk_.names(); }
  Result<std::vector<std::byte>> read(const std::string& name) override { return disk_.read(name); }
  Result<std::unique_ptr<storage::DiskFile>> create(const std::string& name, std::uint64_t size) override {
    return slow(disk_.create(name, size));
  }
  Result<std::unique_ptr<storage::DiskFile>> open(const std::string& name) override {
    return slow(disk_.open(name));
  }
  Result<void> rename(const std::string& from, const std::string& to) override {
    return disk_.rename(from, to);
  }
  Result<void> remove(const std::string& name) override { return disk_.remove(name); }
  Result<void> sync_names() override { return disk_.sync_names(); }

 private:
  struct File final : storage::DiskFile {
    File(std::unique_ptr<storage::DiskFile> below, const SlowDisk& above)
        : file(std::move(below)), disk(above) {}
    Result<void> write(std::uint64_t offset, std::span<const std::byte> bytes) override {
      return file->write(offset, bytes);
    }
    Result<void> sync() override {
      std::this_thread::sleep_for(disk.pause_.load());
      return file->sync();
    }
    std::unique_ptr<storage::DiskFile> file;
    const SlowDisk& disk;
  };
  Result<std::unique_ptr<storage::DiskFile>> slow(Result<std::unique_ptr<storage::DiskFile>> file) {
    if (file) *file = std::make_unique<File>(std::move(*file), *this);
    return file;
  }

  storage::Disk& disk_;
  std::atomic<std::chrono::milliseconds> pause_{};
};

struct Member : example::MemberBase<RaftService> {
  Lines lines;
  std::optional<SlowDisk> slow;
  std::optional<storage::LogStore::Opened> log;

  ~Member() { service.reset(); }  // before what it stands on

  void open(RaftService::Options options) {
    auto opened = storage::LogStore::open(slow.emplace(*disk), options.links.identity, {});
    REQUIRE_MESSAGE(opened, (opened ? "" : opened.error().message));
    log.emplace(std::move(*opened));
    auto made = RaftService::make(std::move(options), lines, &*log, complain());
    REQUIRE_MESSAGE(made, (made ? "" : made.error().message));
    service = std::move(*made);
  }
};

class Group : public example::Group<Member> {
 public:
  using example::Group<Member>::Group;

  Answer propose(std::string_view text) {
    Answer answer = call(RequestKind::kPropose, bytes_of(text));
    REQUIRE(answer.outcome == Outcome::kDone);
    return answer;
  }
  std::string read() { return text_of(call(RequestKind::kRead, {}).bytes); }
  Answer remove(std::uint32_t id, const storage::SigningKey& key) {
    Removal removal{"forest", NodeId(id), {}};
    sign(removal, key);
    return call(RequestKind::kRemove, encode(removal));
  }
};

}  // namespace

TEST_CASE("three members agree, each crashes in turn while it leads, and all have the same in the end") {
  Group group(3);
  Random random(7);
  std::string expected;
  int next = 0;
  const auto propose_some = [&] {
    for (int i = 0; i < 8; ++i) {
      const std::string line = "line " + std::to_string(next++);
      group.propose(line);
      expected += line + "\n";
    }
  };
  for (int crash = 0; crash < 3; ++crash) {
    propose_some();
    const std::uint32_t leader = group.leader();
    group.stop(leader);
    propose_some();
    CHECK(group.read() == expected);
    group.restart(leader, random);
  }
  for (std::uint32_t id = 1; id <= 3; ++id) group.wait([&] { return group[id].lines.text() == expected; });
}

TEST_CASE("who belongs to another cluster, looks for another node or is unknown is refused in words") {
  Group group(3);
  group.propose("first");
  const auto refusal = [&](const Hello& hello) {
    Stranger stranger(group.address(2));
    stranger.say(FrameKind::kHello, encode(hello));
    return stranger.refusal();
  };
  CHECK(refusal({"desert", kNobody, kNobody, 1}) == "it belongs to cluster 'desert', this is 'forest'");
  CHECK(refusal({"forest", NodeId(1), NodeId(3), 1}) == "it looks for node 3, this is node 2");
  CHECK(refusal({"forest", NodeId(9), NodeId(2), 1}) == "node 9 is not one of the members");
  CHECK(refusal({"forest", NodeId(2), NodeId(2), 1}) == "node 2 is this one: two nodes with one identity");
  group.wait([&] { return group.says(2, R"("connected":[1,3])"); });
  CHECK(refusal({"forest", NodeId(1), NodeId(2), 99})
            .starts_with("node 1 is connected already, from 127.0.0.1:"));
  CHECK(group.says(2, R"("refused_hello":3,"refused_identity":2)"));
  group.wait([&] { return group.complained(2, "two nodes with one identity"); });
  group.propose("still there");
  CHECK(group.read() == "first\nstill there\n");
}

TEST_CASE("what cannot be read ends its own connection and nothing else") {
  Group group(3);
  group.propose("first");
  const Hello client{"forest", kNobody, kNobody, 1};
  SUBCASE("noise") {
    Stranger stranger(group.address(1));
    stranger.say(bytes_of("GET / HTTP/1.1\r\n\r\n"));
    CHECK(stranger.rest().empty());
    group.wait([&] { return group.says(1, R"("malformed":1)"); });
  }
  SUBCASE("a hello of a later version") {
    auto hello = encode(client);
    hello[1] = std::byte{9};
    Stranger stranger(group.address(1));
    stranger.say(FrameKind::kHello, hello);
    CHECK(stranger.refusal() == "it speaks version 9, this build 1");
  }
  SUBCASE("a request before the hello") {
    Stranger stranger(group.address(1));
    stranger.say(FrameKind::kRequest, encode(Request{1, RequestKind::kPropose, bytes_of("forged")}));
    CHECK(stranger.rest().empty());
  }
  SUBCASE("a frame that is longer than anything allowed") {
    Stranger stranger(group.address(1));
    stranger.say(FrameKind::kHello, encode(client));
    stranger.say(std::vector<std::byte>{std::byte{4}, std::byte{0xff}, std::byte{0xff}, std::byte{0xff}});
    stranger.rest();
    group.wait([&] { return group.complained(1, "a frame of 16777215 bytes, at most 2097216 allowed"); });
    CHECK(group.says(1, R"("malformed":1)"));
  }
  SUBCASE("a client that speaks for a member") {
    Stranger stranger(group.address(1));
    stranger.say(FrameKind::kHello, encode(client));
    stranger.say(FrameKind::kConsensus,
                 encode(consensus::Message{NodeId(2), NodeId(1), Term(1000), consensus::TimeoutNow{}}));
    stranger.rest();
    group.wait([&] { return group.complained(1, "from a client"); });
  }
  SUBCASE("half a frame") {
    Stranger stranger(group.address(1));
    stranger.say(std::vector<std::byte>{std::byte{0}, std::byte{0}});
  }
  group.propose("still there");
  CHECK(group.read() == "first\nstill there\n");
}

TEST_CASE("a proposal that is empty or too large is refused, and says so") {
  Group group(1);
  for (const std::size_t size : {std::size_t{0}, consensus::RaftOptions{}.bytes_per_message_max + 1}) {
    const auto answer =
        call_group(group.addresses(), {1, RequestKind::kPropose, std::vector<std::byte>(size)}, kPatience);
    REQUIRE(answer);
    CHECK(answer->outcome == Outcome::kRefused);
    CHECK(text_of(answer->bytes).find("bytes, expected 1…262144") != std::string::npos);
  }
}

TEST_CASE("a member whose disk is full stops with one line, and the others go on with everything") {
  Group group(3);
  std::string expected;
  const std::string line(100'000, 'x');
  const std::uint32_t leader = group.leader();
  const std::uint32_t follower = leader % 3 + 1;
  group[follower].disk->set_bytes_max(group[follower].disk->bytes());  // no further segment
  for (int i = 0; i < 100; ++i) {                                      // more than one segment of 8 MiB
    group.propose(line);
    expected += line + "\n";
  }
  group[follower].thread.join();
  REQUIRE(!group[follower].ended);
  CHECK(group[follower].ended.error().code == Errc::kLimitReached);
  CHECK(group[follower].ended.error().message.find("the disk is full") != std::string::npos);
  group.wait([&] { return group[group.leader()].lines.text() == expected; });
  const auto read = call_group(group.addresses(), {1, RequestKind::kRead, {}}, kPatience);
  REQUIRE(read);  // ten megabytes are no answer
  CHECK(read->outcome == Outcome::kRefused);
}

TEST_CASE(
    "a follower takes the head that its leader signed, refuses a forged one, and stops at another log's") {
  const auto own = storage::SigningKey::read_private(storage::example::kPrivateKey).value();
  const auto known = storage::SigningKey::read_public(storage::example::kPublicKey).value();
  RaftService::Options options;
  options.links.identity = {"forest", NodeId(2)};
  options.founding = {{NodeId(1), 1}, {NodeId(2), 1}, {NodeId(3), 1}};
  options.peers = {{NodeId(1), "127.0.0.1", 1}, {NodeId(3), "127.0.0.1", 1}};
  options.raft.election_timeout_min = 30s;  // it only follows
  options.raft.election_timeout_max = 60s;
  options.keys = storage::SigningKeys{own, {{NodeId(1), known}, {NodeId(2), known}}};
  Lines lines;
  auto made = RaftService::make(options, lines, nullptr, [](const std::string&) {});
  REQUIRE(made);
  RaftService& service = **made;
  Result<void> ended;
  std::thread thread([&] { ended = service.run(); });

  // This test is the leader: one entry, and its head.
  const consensus::Entry entry{Term(5), LogIndex(1), bytes_of("first")};
  storage::EntryChain chain("forest");
  chain.append(entry);
  storage::SignedHead head{NodeId(1), Term(5), {LogIndex(1), Term(5)}, chain.head(), {}};
  bool stops = false;
  SUBCASE("its own") {}
  SUBCASE("forged: the signature is of something else") {
    head.signature[3] = std::byte{1};
  }
  SUBCASE("of another log") {
    head.head[0] ^= std::byte{1};
    stops = true;
  }
  const bool forged = head.signature[3] == std::byte{1};
  if (!forged) own.sign(head, "forest");
  Stranger leader({NodeId(2), "127.0.0.1", service.port()});
  leader.say(FrameKind::kHello, encode(Hello{"forest", NodeId(1), NodeId(2), 1}));
  const consensus::AppendRequest append{{}, LogIndex(1), {entry}};
  leader.say(FrameKind::kConsensus, encode(consensus::Message{NodeId(1), NodeId(2), Term(5), append}));
  leader.say(FrameKind::kSignedHead, encode(head));
  const GroupAddresses group{"forest", {{NodeId(2), {NodeId(2), "127.0.0.1", service.port()}}}, {}};
  const auto says = [&](std::string_view part) {
    const auto status = call_member(group, NodeId(2), {1, RequestKind::kStatus, {}}, kPatience);
    return status && text_of(status->bytes).find(part) != std::string::npos;
  };
  if (!stops) {
    const std::string_view expected =
        forged ? R"("heads_verified":0,"bad_signatures":1)" : R"("heads_verified":1,"bad_signatures":0)";
    for (int i = 0; i < 1000 && !says(expected); ++i) std::this_thread::sleep_for(10ms);
    CHECK(says(expected));
    service.stop();
  }
  thread.join();
  CHECK(lines.text() == "first\n");
  CHECK(ended.has_value() != stops);
  if (stops) CHECK(ended.error().message == "the log up to entry 1 is not the one that leader 1 has signed");
}

// Its promises leave when its disk is done, later than it goes; what it must still say and hear does not
// wait.
TEST_CASE("a follower and a leader that are removed while their disks are slow hear of it, and end") {
  RaftService::Options options;
  const auto key = storage::SigningKey::read_private(storage::example::kPrivateKey).value();
  options.admission_key = storage::SigningKey::read_public(storage::example::kPublicKey).value();
  Group group(4, options);
  group.propose("first");
  for (const bool leads : {false, true}) {
    std::uint32_t leaves = group.leader();
    if (!leads) leaves = leaves % 4 + 1;
    group[leaves].slow->set_pause(2s);
    group.propose("on its way to a slow disk");
    const Answer answer = group.remove(leaves, key);
    CHECK_MESSAGE(answer.outcome == Outcome::kDone, text_of(answer.bytes));
    group.wait([&] { return group.complained(leaves, "has left the group and ends"); });
    group[leaves].thread.join();
    CHECK(group[leaves].ended);
  }
  group.propose("last");
  const std::string expected = "first\non its way to a slow disk\non its way to a slow disk\nlast\n";
  for (std::uint32_t id = 1; id <= 4; ++id)
    if (group.runs(id)) group.wait([&] { return group[id].lines.text() == expected; });
}

TEST_CASE("a member that was away gets a snapshot of what is compacted, and its log is sound") {
  RaftService::Options options;
  options.compact_bytes = 20'000;
  Group group(3, options);
  Random random(3);
  std::string expected;
  const std::string line(1000, 'y');
  const std::uint32_t away = group.leader() % 3 + 1;
  group.stop(away);
  for (int i = 0; i < 120; ++i) {
    group.propose(line);
    expected += line + "\n";
  }
  group.restart(away, random);
  group.wait([&] { return group[away].lines.text() == expected; });
  group.propose("last");
  group.wait([&] { return group[away].lines.text() == expected + "last\n"; });
  for (std::uint32_t id = 1; id <= 3; ++id) group.stop(id);
  std::optional<storage::ChainHead> head;
  for (std::uint32_t id = 1; id <= 3; ++id) {
    const auto log = storage::read_log(*group[id].disk);
    REQUIRE_MESSAGE(log, (log ? "" : log.error().message));
    CHECK(log->persisted.snapshot);
    const auto& last =
        log->persisted.log.empty() ? log->persisted.snapshot->last.index : log->persisted.log.back().index;
    CHECK(log->chain.last() == last);
    if (head) CHECK(log->chain.head() == *head);
    head = log->chain.head();
  }
}

}  // namespace skywarden::shell
