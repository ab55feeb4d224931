#include "consensus/message.h"

#include <doctest/doctest.h>

#include "wire/cbor.h"

namespace skywarden::consensus {
namespace {

Message from_leader(AppendRequest append) {
  return {NodeId(1), NodeId(2), Term(5), std::move(append)};
}

TEST_CASE("the bytes are the documented ones") {
  const Message message{NodeId(1), NodeId(2), Term(3), VoteRequest{{LogIndex(7), Term(2)}}};
  std::string hex;
  for (const std::byte b : encode(message)) hex += fmt::format("{:02x}", static_cast<unsigned>(b));
  CHECK(hex ==
        "87010201020307"
        "02");  // [1, 2, 1, 2, 3, 7, 2]
}

TEST_CASE("messages no honest node sends are refused") {
  const Message good =
      from_leader({{LogIndex(3), Term(2)}, LogIndex(3), {{Term(4), LogIndex(4), Payload(3)}}});
  CHECK(validate(good));
  const auto refuses = [&](auto&& change) {
    Message bad = good;
    change(bad, std::get<AppendRequest>(bad.body));
    return !validate(bad);
  };
  CHECK(refuses([](Message& m, AppendRequest&) { m.from = kNobody; }));
  CHECK(refuses([](Message& m, AppendRequest&) { m.to = kNobody; }));
  CHECK(refuses([](Message& m, AppendRequest&) { m.to = m.from; }));
  CHECK(refuses([](Message& m, AppendRequest&) { m.term = kTermMax.next(); }));
  CHECK(refuses([](Message& m, AppendRequest&) { m.term = Term(3); }));  // older than its entry
  CHECK(refuses([](Message& m, AppendRequest&) { m.term = Term(0); }));
  CHECK(refuses([](Message&, AppendRequest& a) { a.previous.term = Term(6); }));
  CHECK(refuses([](Message&, AppendRequest& a) { a.previous.term = Term(0); }));
  CHECK(refuses([](Message&, AppendRequest& a) { a.previous.index = LogIndex(UINT64_MAX); }));
  CHECK(refuses([](Message&, AppendRequest& a) { a.commit = LogIndex(UINT64_MAX); }));
  CHECK(refuses([](Message&, AppendRequest& a) { a.entries[0].index = LogIndex(5); }));
  CHECK(refuses([](Message&, AppendRequest& a) { a.entries[0].term = Term(1); }));
  CHECK(refuses([](Message&, AppendRequest& a) { a.entries[0].payload.resize(kPayloadBytesMax + 1); }));
  CHECK(refuses([](Message&, AppendRequest& a) {
    for (std::size_t i = a.entries.size(); i <= kEntriesPerMessageMax; ++i)
      a.entries.push_back({Term(4), LogIndex(4 + i), {}});
  }));
  CHECK(!validate({NodeId(1), NodeId(2), Term(2), VoteRequest{{LogIndex(7), Term(2)}}}));
  CHECK(!validate({NodeId(1), NodeId(2), Term(2), PreVoteRequest{{LogIndex(7), Term(2)}}}));
  CHECK(!validate({NodeId(1), NodeId(2), Term(2), AppendReply{true, LogIndex(1), {LogIndex(1), Term(1)}}}));
  CHECK(!validate({NodeId(1), NodeId(2), Term(2), AppendReply{false, LogIndex(UINT64_MAX), {}}}));
}

TEST_CASE("another version or kind is unsupported, which is not the same as malformed") {
  const auto code_of = [](wire::CborWriter& writer) {
    const auto read = decode(writer.take());
    REQUIRE(!read);
    return read.error().code;
  };
  wire::CborWriter version;
  version.array(6).unsigned_integer(2).unsigned_integer(1).unsigned_integer(1).unsigned_integer(2);
  CHECK(code_of(version.unsigned_integer(3).boolean(true)) == Errc::kUnsupported);
  wire::CborWriter kind;
  kind.array(6).unsigned_integer(1).unsigned_integer(14).unsigned_integer(1).unsigned_integer(2);
  CHECK(code_of(kind.unsigned_integer(3).boolean(true)) == Errc::kUnsupported);
  wire::CborWriter too_many_fields;
  too_many_fields.array(7).unsigned_integer(1).unsigned_integer(1).unsigned_integer(1).unsigned_integer(2);
  CHECK(code_of(too_many_fields.unsigned_integer(3).boolean(true).boolean(true)) == Errc::kMalformed);
  wire::CborWriter wide_node;
  wide_node.array(6).unsigned_integer(1).unsigned_integer(1).unsigned_integer(UINT64_MAX).unsigned_integer(2);
  CHECK(code_of(wide_node.unsigned_integer(3).boolean(true)) == Errc::kOutOfRange);
  CHECK(!decode({}));
  CHECK(!decode(std::vector<std::byte>(kMessageBytesMax + 1)));
}

// Found by fuzzing: an empty array in the place of an entry's payload ended the message's last array, so that
// nothing was left over to complain about, and the entry was dropped silently.
TEST_CASE("an append whose entry is an empty array is refused, not read as one without entries") {
  for (const std::uint64_t items : {0, 1, 2, 3}) {
    CAPTURE(items);
    wire::CborWriter append;
    append.array(9).unsigned_integer(kMessageVersion).unsigned_integer(4);
    append.unsigned_integer(1).unsigned_integer(2).unsigned_integer(10);  // from, to, term
    append.unsigned_integer(2).unsigned_integer(10).unsigned_integer(2);  // previous, commit
    append.array(2).unsigned_integer(10).array(items);
    for (std::uint64_t i = 0; i < items; ++i) append.unsigned_integer(1);
    CHECK(!decode(append.take()));
  }
}

}  // namespace
}  // namespace skywarden::consensus
