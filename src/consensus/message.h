// What members of a consensus group say to each other, as values and as bytes. Messages are input: one that
// decodes may still be stale, duplicated, or a lie; Raft::receive copes with all of them. The bytes are
// deterministic CBOR: [version, kind, from, to, term, fields...]; a last field that is 0 or false is left
// out.
#pragma once

#include <cstddef>
#include <span>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "consensus/log.h"

namespace skywarden::consensus {

inline constexpr std::uint64_t kMessageVersion = 1;
inline constexpr std::size_t kEntriesPerMessageMax = 4096;
inline constexpr std::size_t kPayloadBytesMax = std::size_t{1} << 20;  // of one entry
inline constexpr std::size_t kMessageBytesMax = std::size_t{1} << 21;
inline constexpr std::size_t kProbePaddingMax = std::size_t{1} << 16;
// Beyond what any mission reaches; keeps arithmetic on terms and indices from wrapping, whatever arrives.
inline constexpr Term kTermMax{std::uint64_t{1} << 62};
inline constexpr LogIndex kLogIndexMax{std::uint64_t{1} << 62};

// Would you vote for me? Asked before a term is spent on it (Ongaro 2014, §9.6). Message::term is the term
// the candidate would begin; it binds nobody.
struct PreVoteRequest {
  LogPosition last;
  friend bool operator==(const PreVoteRequest&, const PreVoteRequest&) = default;
};
struct PreVoteReply {  // granted: Message::term repeats the one asked for; refused: it is the voter's own
  bool granted = false;
  friend bool operator==(const PreVoteReply&, const PreVoteReply&) = default;
};
struct VoteRequest {
  LogPosition last;
  bool leader_agrees = false;  // the leader hands over: its protection is no reason to refuse (thesis §3.10)
  friend bool operator==(const VoteRequest&, const VoteRequest&) = default;
};
struct VoteReply {
  bool granted = false;
  friend bool operator==(const VoteReply&, const VoteReply&) = default;
};
struct AppendRequest {  // without entries: a heartbeat, and a question whether `previous` matches
  LogPosition previous;
  LogIndex commit;             // the leader's
  std::vector<Entry> entries;  // follow `previous` without a gap
  std::uint64_t round = 0;     // comes back in the answer; 0: the leader does not ask when it is heard
  friend bool operator==(const AppendRequest&, const AppendRequest&) = default;
};
struct AppendReply {
  bool accepted = false;
  LogIndex index;    // accepted: the logs agree up to here; refused: the `previous` index asked about
  LogPosition hint;  // refused: the last place where the follower's log could still agree
  std::uint64_t round = 0;
  friend bool operator==(const AppendReply&, const AppendReply&) = default;
};

// A piece of the snapshot that stands for entries the leader no longer has (Raft §7, figure 13). Also a
// heartbeat. When the last piece is in place the answer is an AppendReply for `last`.
struct SnapshotChunk {
  LogPosition last;        // of the snapshot, and so its name
  std::uint64_t size = 0;  // bytes of the whole, at most kSnapshotBytesMax
  std::uint64_t offset = 0;
  Payload bytes;  // not empty
  friend bool operator==(const SnapshotChunk&, const SnapshotChunk&) = default;
};
struct SnapshotReply {
  LogPosition last;
  std::uint64_t received = 0;  // so many bytes, from the beginning
  friend bool operator==(const SnapshotReply&, const SnapshotReply&) = default;
};

// Stand for election without a pre-vote, as soon as your log reaches so far: the leader hands over to you.
struct TimeoutNow {
  LogIndex upto = {};  // 0: at once
  friend bool operator==(const TimeoutNow&, const TimeoutNow&) = default;
};

// Committed entries, handed on by any member that knows they are. Message::term binds nobody and makes nobody
// a leader; see raft_relay.cc.
struct Relayed {
  LogPosition previous;        // committed as well
  std::vector<Entry> entries;  // follow it without a gap; none: a question where the other stands
  friend bool operator==(const Relayed&, const Relayed&) = default;
};
struct RelayedChunk {  // instead, where the entries are gone: a piece of a snapshot
  SnapshotChunk chunk;
  friend bool operator==(const RelayedChunk&, const RelayedChunk&) = default;
};
struct RelayReply {
  LogIndex committed;          // by who says it
  bool asks = false;           // for what follows: nothing that came continues it. May come unasked
  LogPosition last = {};       // of the snapshot it has begun to receive; 0, 0: none
  std::uint64_t received = 0;  // bytes of that
  friend bool operator==(const RelayReply&, const RelayReply&) = default;
};

// Comes back at once, to whoever measures: the nonce cannot be known before the probe is heard, so nobody can
// seem nearer than it is. Whatever the role; nothing is changed by it.
struct Probe {
  std::uint64_t nonce = 0;
  Payload padding;  // at most kProbePaddingMax; makes it as long as wanted
  friend bool operator==(const Probe&, const Probe&) = default;
};
struct ProbeReply {
  std::uint64_t nonce = 0;
  friend bool operator==(const ProbeReply&, const ProbeReply&) = default;
};

using MessageBody = std::variant<PreVoteRequest, PreVoteReply, VoteRequest, VoteReply, AppendRequest,
                                 AppendReply, SnapshotChunk, SnapshotReply, TimeoutNow, Relayed, RelayedChunk,
                                 RelayReply, Probe, ProbeReply>;

struct Message {
  NodeId from, to;
  Term term;
  MessageBody body;
  friend bool operator==(const Message&, const Message&) = default;
};

// Limits and inner consistency that hold for every honest message, whoever it is for.
[[nodiscard]] Result<void> validate(const Message& message);

[[nodiscard]] std::vector<std::byte> encode(const Message& message);  // expects a valid message
[[nodiscard]] Result<Message> decode(std::span<const std::byte> bytes);

}  // namespace skywarden::consensus
