#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "consensus/configuration.h"
#include "consensus/message.h"

namespace skywarden::consensus {
namespace {

LogPosition any_position(std::uint64_t term_max) {
  const auto term = *rc::gen::inRange<std::uint64_t>(0, term_max + 1);
  if (term == 0) return {};
  return {LogIndex(*rc::gen::inRange<std::uint64_t>(1, kLogIndexMax.value())), Term(term)};
}

Message any_message() {
  const auto from = *rc::gen::inRange<std::uint32_t>(1, UINT32_MAX);
  Message message{
      NodeId(from), NodeId(from + 1), Term(*rc::gen::inRange<std::uint64_t>(1, kTermMax.value())), {}};
  switch (*rc::gen::inRange(0, 9)) {
    case 0:
      message.body = PreVoteRequest{any_position(message.term.value() - 1)};
      break;
    case 1:
      message.body = PreVoteReply{*rc::gen::arbitrary<bool>()};
      break;
    case 2:
      message.body = VoteRequest{any_position(message.term.value() - 1), *rc::gen::arbitrary<bool>()};
      break;
    case 3:
      message.body = VoteReply{*rc::gen::arbitrary<bool>()};
      break;
    case 4: {
      AppendRequest append;
      append.previous = any_position(message.term.value());
      append.commit = LogIndex(*rc::gen::inRange<std::uint64_t>(0, kLogIndexMax.value()));
      LogPosition at = append.previous;
      const auto count = *rc::gen::inRange(0, 20);
      for (int i = 0; i < count; ++i) {
        const auto low = std::max<std::uint64_t>(at.term.value(), 1);
        at = {at.index.next(), Term(*rc::gen::inRange<std::uint64_t>(low, message.term.value() + 1))};
        const auto size = *rc::gen::inRange<std::size_t>(0, 300);
        append.entries.push_back({at.term, at.index, Payload(size, static_cast<std::byte>(i))});
        if (size % 7 == 0)
          append.entries.back() = {at.term, at.index,
                                   encode(Configuration{Epoch(size), {{{NodeId(from), 1}}, {}}, {}, 0}),
                                   EntryKind::kConfiguration};
      }
      append.round = *rc::gen::inRange<std::uint64_t>(0, 3);
      message.body = append;
      break;
    }
    case 5: {
      SnapshotChunk chunk;
      chunk.last = {LogIndex(*rc::gen::inRange<std::uint64_t>(1, 1000)), message.term};
      chunk.bytes.resize(*rc::gen::inRange<std::size_t>(1, 300));
      chunk.offset = *rc::gen::inRange<std::uint64_t>(0, 1000);
      chunk.size = chunk.offset + chunk.bytes.size() + *rc::gen::inRange<std::uint64_t>(0, 1000);
      message.body = chunk;
      break;
    }
    case 6:
      message.body = SnapshotReply{any_position(1000), *rc::gen::inRange<std::uint64_t>(0, 100'000)};
      break;
    case 7:
      message.body = TimeoutNow{};
      break;
    default:
      if (*rc::gen::arbitrary<bool>())
        message.body = AppendReply{true, LogIndex(*rc::gen::inRange<std::uint64_t>(0, 1000)), {}};
      else
        message.body = AppendReply{false, LogIndex(*rc::gen::inRange<std::uint64_t>(0, 1000)),
                                   any_position(1000), *rc::gen::inRange<std::uint64_t>(0, 3)};
  }
  return message;
}

TEST_CASE("a message survives its bytes, and has no other bytes") {
  CHECK(rc::check([] {
    const Message message = any_message();
    const auto bytes = encode(message);
    const auto read = decode(bytes);
    RC_ASSERT(read.has_value());
    RC_ASSERT(*read == message);
  }));
}

TEST_CASE("damaged bytes are refused or are another valid message, never half of one") {
  CHECK(rc::check([] {
    auto bytes = encode(any_message());
    const auto at = *rc::gen::inRange<std::size_t>(0, bytes.size());
    bytes[at] = static_cast<std::byte>(*rc::gen::inRange(0, 256));
    const auto read = decode(bytes);
    if (read) RC_ASSERT(encode(*read) == bytes);
    bytes.resize(at);
    RC_ASSERT(!decode(bytes).has_value());
  }));
}

}  // namespace
}  // namespace skywarden::consensus
