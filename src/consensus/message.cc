#include "consensus/message.h"

#include <algorithm>
#include <utility>

#include "base/contract.h"
#include "consensus/configuration.h"
#include "consensus/snapshot.h"
#include "consensus/withheld.h"
#include "wire/cbor.h"

namespace skywarden::consensus {
namespace {

using wire::CborReader;
using wire::CborWriter;

// The kind on the wire is the alternative's index in Message::body; new kinds go to the end.
// Without the one that may be left out.
constexpr std::uint64_t kFieldsOf[] = {2, 1, 2, 1, 4, 4, 5, 3, 0, 3, 5, 5, 2, 1};
constexpr std::uint64_t kHeadFields = 5;  // version, kind, from, to, term

bool in_range(LogPosition position) {
  return position.index <= kLogIndexMax && position.term <= kTermMax &&
         (position.index == LogIndex()) == (position.term == Term());
}

Result<void> check_entries(LogPosition previous, std::span<const Entry> entries, Term term) {
  if (!in_range(previous)) return fail(Errc::kOutOfRange, "append: position out of range");
  if (previous.term > term)
    return fail(Errc::kMalformed, "append: an entry before the first is from a later term");
  if (entries.size() > kEntriesPerMessageMax)
    return fail(Errc::kLimitReached, "append: {} entries, at most {} allowed", entries.size(),
                kEntriesPerMessageMax);
  if (!is_contiguous(entries, previous))
    return fail(Errc::kMalformed, "append: entries do not follow each other");
  if (!entries.empty() && entries.back().term > term)
    return fail(Errc::kMalformed, "append: an entry is from a later term");
  std::size_t bytes = 0;
  for (const Entry& entry : entries) {
    bytes += entry.payload.size();
    if (entry.kind == EntryKind::kConfiguration)
      if (const auto read = decode_configuration(entry.payload); !read) return tl::unexpected(read.error());
    if (entry.kind == EntryKind::kWithheld && entry.payload.size() != kWithheldBytes)
      return fail(Errc::kMalformed, "append: a withheld entry of {} bytes, expected {}", entry.payload.size(),
                  kWithheldBytes);
    if (entry.payload.size() > kPayloadBytesMax || bytes > kPayloadBytesMax)
      return fail(Errc::kLimitReached, "append: more than {} bytes of payload", kPayloadBytesMax);
  }
  return {};
}

Result<void> check(const AppendRequest& append, Term term) {
  if (term == Term()) return fail(Errc::kMalformed, "append: nobody leads in term 0");
  if (append.commit > kLogIndexMax) return fail(Errc::kOutOfRange, "append: position out of range");
  return check_entries(append.previous, append.entries, term);
}

Result<void> check(const SnapshotChunk& chunk, Term term) {
  if (term == Term() || !in_range(chunk.last) || chunk.last.term > term || chunk.last.index == LogIndex())
    return fail(Errc::kMalformed, "snapshot chunk: position out of range");
  if (chunk.size > kSnapshotBytesMax || chunk.bytes.size() > kPayloadBytesMax)
    return fail(Errc::kLimitReached, "snapshot chunk: {} of {} bytes", chunk.bytes.size(), chunk.size);
  if (chunk.bytes.empty() || chunk.offset > chunk.size || chunk.bytes.size() > chunk.size - chunk.offset)
    return fail(Errc::kMalformed, "snapshot chunk: {} bytes at {} of {}", chunk.bytes.size(), chunk.offset,
                chunk.size);
  return {};
}

Result<void> check_body(const Message& message) {
  if (const auto* ask = std::get_if<PreVoteRequest>(&message.body)) {
    if (!in_range(ask->last) || ask->last.term >= message.term)
      return fail(Errc::kMalformed, "pre-vote: log out of range");
  } else if (const auto* vote = std::get_if<VoteRequest>(&message.body)) {
    if (!in_range(vote->last) || vote->last.term >= message.term)
      return fail(Errc::kMalformed, "vote: log out of range");
  } else if (const auto* append = std::get_if<AppendRequest>(&message.body)) {
    return check(*append, message.term);
  } else if (const auto* reply = std::get_if<AppendReply>(&message.body)) {
    if (reply->index > kLogIndexMax || !in_range(reply->hint))
      return fail(Errc::kOutOfRange, "append reply: position out of range");
    if (reply->accepted && reply->hint != LogPosition{})
      return fail(Errc::kMalformed, "append reply: a hint where none belongs");
  } else if (const auto* now = std::get_if<TimeoutNow>(&message.body)) {
    if (now->upto > kLogIndexMax) return fail(Errc::kOutOfRange, "hand-over: position out of range");
  } else if (const auto* chunk = std::get_if<SnapshotChunk>(&message.body)) {
    return check(*chunk, message.term);
  } else if (const auto* received = std::get_if<SnapshotReply>(&message.body)) {
    if (!in_range(received->last) || received->received > kSnapshotBytesMax)
      return fail(Errc::kOutOfRange, "snapshot reply: out of range");
  } else if (const auto* relayed = std::get_if<Relayed>(&message.body)) {
    return check_entries(relayed->previous, relayed->entries, message.term);
  } else if (const auto* piece = std::get_if<RelayedChunk>(&message.body)) {
    return check(piece->chunk, message.term);
  } else if (const auto* state = std::get_if<RelayReply>(&message.body)) {
    if (state->committed > kLogIndexMax || !in_range(state->last) || state->received > kSnapshotBytesMax)
      return fail(Errc::kOutOfRange, "relay reply: out of range");
  } else if (const auto* probe = std::get_if<Probe>(&message.body)) {
    if (probe->padding.size() > kProbePaddingMax)
      return fail(Errc::kLimitReached, "probe: {} bytes, at most {} allowed", probe->padding.size(),
                  kProbePaddingMax);
  }
  return {};
}

void write(CborWriter& to, LogPosition position) {
  to.unsigned_integer(position.index.value()).unsigned_integer(position.term.value());
}

void write(CborWriter& to, const PreVoteRequest& body) {
  write(to, body.last);
}

void write(CborWriter& to, const PreVoteReply& body) {
  to.boolean(body.granted);
}

void write(CborWriter& to, const VoteRequest& body) {
  write(to, body.last);
  if (body.leader_agrees) to.boolean(true);
}

void write(CborWriter& to, const VoteReply& body) {
  to.boolean(body.granted);
}

// Term, payload; the index follows from the place. A payload that is no proposal comes with its kind.
void write(CborWriter& to, std::span<const Entry> entries) {
  to.array(2 * entries.size());
  for (const Entry& entry : entries) {
    to.unsigned_integer(entry.term.value());
    if (entry.kind != EntryKind::kProposal)
      to.array(2).unsigned_integer(static_cast<std::uint64_t>(entry.kind));
    to.bytes(entry.payload);
  }
}

void write(CborWriter& to, const AppendRequest& body) {
  write(to, body.previous);
  to.unsigned_integer(body.commit.value());
  write(to, std::span(body.entries));
  if (body.round > 0) to.unsigned_integer(body.round);
}

void write(CborWriter& to, const AppendReply& body) {
  to.boolean(body.accepted).unsigned_integer(body.index.value());
  write(to, body.hint);
  if (body.round > 0) to.unsigned_integer(body.round);
}

void write(CborWriter& to, const SnapshotChunk& body) {
  write(to, body.last);
  to.unsigned_integer(body.size).unsigned_integer(body.offset).bytes(body.bytes);
}

void write(CborWriter& to, const SnapshotReply& body) {
  write(to, body.last);
  to.unsigned_integer(body.received);
}

void write(CborWriter& to, const TimeoutNow& body) {
  if (body.upto > LogIndex()) to.unsigned_integer(body.upto.value());
}

void write(CborWriter& to, const Relayed& body) {
  write(to, body.previous);
  write(to, std::span(body.entries));
}

void write(CborWriter& to, const RelayedChunk& body) {
  write(to, body.chunk);
}

void write(CborWriter& to, const RelayReply& body) {
  to.unsigned_integer(body.committed.value()).boolean(body.asks);
  write(to, body.last);
  to.unsigned_integer(body.received);
}

void write(CborWriter& to, const Probe& body) {
  to.unsigned_integer(body.nonce).bytes(body.padding);
}

void write(CborWriter& to, const ProbeReply& body) {
  to.unsigned_integer(body.nonce);
}

bool has_last_field(const MessageBody& body) {
  if (const auto* vote = std::get_if<VoteRequest>(&body)) return vote->leader_agrees;
  if (const auto* append = std::get_if<AppendRequest>(&body)) return append->round > 0;
  if (const auto* reply = std::get_if<AppendReply>(&body)) return reply->round > 0;
  if (const auto* now = std::get_if<TimeoutNow>(&body)) return now->upto > LogIndex();
  return false;
}

// The reader's first failure sticks, so values read after it are placeholders that decode() never returns.
std::uint64_t number(CborReader& from) {
  return from.unsigned_integer().value_or(0);
}

LogPosition read_position(CborReader& from) {
  const LogIndex index(number(from));
  return {index, Term(number(from))};
}

bool read_flag(CborReader& from) {
  return from.boolean().value_or(false);
}

Result<EntryKind> read_entry_kind(CborReader& from) {
  const auto next = from.peek();
  if (!next) return tl::unexpected<Error>(next.error());
  if (*next != wire::CborKind::kArray) return EntryKind::kProposal;
  const auto items = from.array();
  const auto kind = from.unsigned_integer();
  if (!kind) return tl::unexpected<Error>(kind.error());
  const bool known = *kind == static_cast<std::uint64_t>(EntryKind::kConfiguration) ||
                     *kind == static_cast<std::uint64_t>(EntryKind::kWithheld);
  if (*items != 2 || !known)
    return fail(Errc::kUnsupported, "append: an entry of kind {} with {} items", *kind, *items);
  return static_cast<EntryKind>(*kind);
}

Result<Entry> read_entry(CborReader& from, LogIndex index) {
  const Term term(number(from));
  const auto kind = read_entry_kind(from);
  if (!kind) return tl::unexpected<Error>(kind.error());
  const auto payload = from.bytes();
  if (!payload) return tl::unexpected<Error>(payload.error());
  return Entry{term, index, Payload(payload->begin(), payload->end()), *kind};
}

Result<std::vector<Entry>> read_entries(CborReader& from, LogIndex previous) {
  std::vector<Entry> entries;
  const std::uint64_t items = from.array().value_or(0);
  LogIndex index(std::min(previous, kLogIndexMax));
  entries.reserve(std::min<std::uint64_t>(items / 2, kEntriesPerMessageMax));
  for (std::uint64_t i = 0; i + 1 < items; i += 2) {
    index = index.next();
    auto entry = read_entry(from, index);
    if (!entry) return tl::unexpected<Error>(entry.error());
    entries.push_back(std::move(*entry));
  }
  return entries;
}

Result<AppendRequest> read_append(CborReader& from, bool with_round) {
  AppendRequest append;
  append.previous = read_position(from);
  append.commit = LogIndex(number(from));
  auto entries = read_entries(from, append.previous.index);
  if (!entries) return tl::unexpected<Error>(entries.error());
  append.entries = std::move(*entries);
  if (with_round) append.round = number(from);
  return append;
}

Result<Relayed> read_relayed(CborReader& from) {
  Relayed relayed{read_position(from), {}};
  auto entries = read_entries(from, relayed.previous.index);
  if (!entries) return tl::unexpected<Error>(entries.error());
  relayed.entries = std::move(*entries);
  return relayed;
}

AppendReply read_append_reply(CborReader& from, bool with_round) {
  AppendReply reply;
  reply.accepted = read_flag(from);
  reply.index = LogIndex(number(from));
  reply.hint = read_position(from);
  if (with_round) reply.round = number(from);
  return reply;
}

SnapshotChunk read_snapshot_chunk(CborReader& from) {
  SnapshotChunk chunk;
  chunk.last = read_position(from);
  chunk.size = number(from);
  chunk.offset = number(from);
  if (const auto bytes = from.bytes()) chunk.bytes.assign(bytes->begin(), bytes->end());
  return chunk;
}

SnapshotReply read_snapshot_reply(CborReader& from) {
  SnapshotReply reply;
  reply.last = read_position(from);
  reply.received = number(from);
  return reply;
}

RelayReply read_relay_reply(CborReader& from) {
  RelayReply reply;
  reply.committed = LogIndex(number(from));
  reply.asks = read_flag(from);
  reply.last = read_position(from);
  reply.received = number(from);
  return reply;
}

Probe read_probe(CborReader& from) {
  Probe probe{number(from), {}};
  if (const auto bytes = from.bytes()) probe.padding.assign(bytes->begin(), bytes->end());
  return probe;
}

VoteRequest read_vote(CborReader& from, bool with_flag) {
  VoteRequest vote{read_position(from)};
  if (with_flag) vote.leader_agrees = read_flag(from);
  return vote;
}

Result<MessageBody> read_body(CborReader& from, std::uint64_t kind, bool with_last) {
  switch (kind) {
    case 0:
      return PreVoteRequest{read_position(from)};
    case 1:
      return PreVoteReply{read_flag(from)};
    case 2:
      return read_vote(from, with_last);
    case 3:
      return VoteReply{read_flag(from)};
    case 4:
      return read_append(from, with_last);
    case 5:
      return read_append_reply(from, with_last);
    case 6:
      return read_snapshot_chunk(from);
    case 7:
      return read_snapshot_reply(from);
    case 8:
      return TimeoutNow{with_last ? LogIndex(number(from)) : LogIndex()};
    case 9:
      return read_relayed(from);
    case 10:
      return RelayedChunk{read_snapshot_chunk(from)};
    case 11:
      return read_relay_reply(from);
    case 12:
      return read_probe(from);
    default:
      return ProbeReply{number(from)};
  }
}

}  // namespace

Result<void> validate(const Message& message) {
  if (message.from == kNobody || message.to == kNobody || message.from == message.to)
    return fail(Errc::kMalformed, "message from {} to {}", message.from.value(), message.to.value());
  if (message.term > kTermMax) return fail(Errc::kOutOfRange, "message of term {}", message.term.value());
  return check_body(message);
}

std::vector<std::byte> encode(const Message& message) {
  EXPECTS(validate(message));
  CborWriter writer;
  const std::uint64_t kind = message.body.index();
  writer.array(kHeadFields + kFieldsOf[kind] + (has_last_field(message.body) ? 1 : 0))
      .unsigned_integer(kMessageVersion)
      .unsigned_integer(kind)
      .unsigned_integer(message.from.value())
      .unsigned_integer(message.to.value())
      .unsigned_integer(message.term.value());
  std::visit([&](const auto& body) { write(writer, body); }, message.body);
  return writer.take();
}

Result<Message> decode(std::span<const std::byte> bytes) {
  CborReader reader(bytes, kMessageBytesMax);
  const auto fields = reader.array();
  const auto version = reader.unsigned_integer();
  if (version && *version != kMessageVersion)
    return fail(Errc::kUnsupported, "message version {}, this build knows {}", *version, kMessageVersion);
  const auto kind = reader.unsigned_integer();
  if (kind && *kind >= std::variant_size_v<MessageBody>)
    return fail(Errc::kUnsupported, "message kind {}", *kind);
  const std::uint64_t from = number(reader);
  const std::uint64_t to = number(reader);
  const Term term(number(reader));
  if (!kind) return tl::unexpected<Error>(kind.error());
  const std::uint64_t usual = kHeadFields + kFieldsOf[*kind];
  auto body = read_body(reader, *kind, fields.value_or(0) == usual + 1);
  if (!body) return tl::unexpected<Error>(body.error());
  if (const auto end = reader.finish(); !end) return tl::unexpected<Error>(end.error());
  if (*fields != usual + (has_last_field(*body) ? 1 : 0))
    return fail(Errc::kMalformed, "message of kind {} with {} fields", *kind, *fields);
  if (from > UINT32_MAX || to > UINT32_MAX) return fail(Errc::kOutOfRange, "node id beyond 32 bits");
  Message message{NodeId(static_cast<std::uint32_t>(from)), NodeId(static_cast<std::uint32_t>(to)), term,
                  std::move(*body)};
  if (const auto valid = validate(message); !valid) return tl::unexpected<Error>(valid.error());
  return message;
}

}  // namespace skywarden::consensus
