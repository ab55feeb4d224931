#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "consensus/configuration.h"
#include "consensus/message.h"
#include "consensus/withheld.h"

namespace skywarden::consensus {
namespace {

LogPosition any_position(std::uint64_t term_max) {
  const auto term = *rc::gen::inRange<std::uint64_t>(0, term_max + 1);
  if (term == 0) return {};
  return {LogIndex(*rc::gen::inRange<std::uint64_t>(1, kLogIndexMax.value())), Term(term)};
}

std::vector<Entry> any_entries(LogPosition at, Term term_max) {
  std::vector<Entry> entries;
  const auto count = *rc::gen::inRange(0, 20);
  for (int i = 0; i < count; ++i) {
    const auto low = std::max<std::uint64_t>(at.term.value(), 1);
    at = {at.index.next(), Term(*rc::gen::inRange<std::uint64_t>(low, term_max.value() + 1))};
    const auto size = *rc::gen::inRange<std::size_t>(0, 300);
    entries.push_back({at.term, at.index, Payload(size, static_cast<std::byte>(i))});
    if (size % 5 == 0) {
      entries.back().payload.resize(kWithheldBytes);
      entries.back().kind = EntryKind::kWithheld;
    }
    if (size % 7 == 0)
      entries.back() = {at.term, at.index, encode(Configuration{Epoch(size), {{{NodeId(7), 1}}, {}}, {}, 0}),
                        EntryKind::kConfiguration};
  }
  return entries;
}

SnapshotChunk any_chunk(Term term) {
  SnapshotChunk chunk;
  chunk.last = {LogIndex(*rc::gen::inRange<std::uint64_t>(1, 1000)), term};
  chunk.bytes.resize(*rc::gen::inRange<std::size_t>(1, 300));
  chunk.offset = *rc::gen::inRange<std::uint64_t>(0, 1000);
  chunk.size = chunk.offset + chunk.bytes.size() + *rc::gen::inRange<std::uint64_t>(0, 1000);
  return chunk;
}

Message any_message() {
  const auto from = *rc::gen::inRange<std::uint32_t>(1, UINT32_MAX);
  Message message{
      NodeId(from), NodeId(from + 1), Term(*rc::gen::inRange<std::uint64_t>(1, kTermMax.value())), {}};
  switch (*rc::gen::inRange(0, 14)) {
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
      append.entries = any_entries(append.previous, message.term);
      append.round = *rc::gen::inRange<std::uint64_t>(0, 3);
      message.body = append;
      break;
    }
    case 5:
      message.body = any_chunk(message.term);
      break;
    case 6:
      message.body = SnapshotReply{any_position(1000), *rc::gen::inRange<std::uint64_t>(0, 100'000)};
      break;
    case 7:
      message.body = TimeoutNow{LogIndex(*rc::gen::inRange<std::uint64_t>(0, 1000))};
      break;
    case 8: {
      Relayed relayed{any_position(message.term.value()), {}};
      relayed.entries = any_entries(relayed.previous, message.term);
      message.body = relayed;
      break;
    }
    case 9:
      message.body = RelayedChunk{any_chunk(message.term)};
      break;
    case 10:
      message.body =
          RelayReply{LogIndex(*rc::gen::inRange<std::uint64_t>(0, 1000)), *rc::gen::arbitrary<bool>(),
                     any_position(1000), *rc::gen::inRange<std::uint64_t>(0, 100'000)};
      break;
    case 11:
      message.body =
          Probe{*rc::gen::arbitrary<std::uint64_t>(), Payload(*rc::gen::inRange<std::size_t>(0, 300))};
      break;
    case 12:
      message.body = ProbeReply{*rc::gen::arbitrary<std::uint64_t>()};
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
