#include "consensus/group_message.h"

#include <doctest/doctest.h>

#include "wire/cbor.h"

namespace skywarden::consensus {
namespace {

const Message kVote{NodeId(3), NodeId(4), Term(7), VoteReply{true}};

TEST_CASE("who has only one group says and reads the same bytes as ever") {
  const auto bytes = encode(GroupMessage{{}, kVote});
  CHECK(bytes == encode(kVote));
  CHECK(decode_group_message(bytes) == GroupMessage{{}, kVote});
}

TEST_CASE("a message of another group survives its bytes and is none of the only group") {
  const GroupMessage of_area{GroupId(900), kVote};
  const auto bytes = encode(of_area);
  CHECK(decode_group_message(bytes) == of_area);
  CHECK(decode(bytes).error().code == Errc::kUnsupported);
}

TEST_CASE("bytes that are cut, or changed into what nobody writes, are refused") {
  const auto bytes = encode(GroupMessage{GroupId(900), kVote});
  for (std::size_t size = 0; size < bytes.size(); ++size)
    CHECK(!decode_group_message(std::span(bytes).first(size)));
  for (std::size_t at = 0; at < bytes.size(); ++at)
    for (int value = 0; value < 256; ++value) {
      auto changed = bytes;
      changed[at] = static_cast<std::byte>(value);
      if (const auto read = decode_group_message(changed)) CHECK(encode(*read) == changed);
    }
  wire::CborWriter only;
  only.array(3).unsigned_integer(kGroupMessageVersion).unsigned_integer(0).bytes(encode(kVote));
  CHECK(decode_group_message(only.take()).error().code == Errc::kMalformed);
}

}  // namespace
}  // namespace skywarden::consensus
