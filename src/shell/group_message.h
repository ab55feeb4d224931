// What members of a group and their clients say to each other on a connection, as values and as bytes. A
// frame is 4 bytes, its kind and the length of the rest (3 bytes, big-endian), then one value in
// deterministic CBOR. A connection begins with a Hello of the one who dialled; the other answers with its
// own, or refuses. Consensus messages are consensus/message.h's, signed heads storage/signed_head.h's, and
// what nodes that agree on fires say, consensus included, node/messages.h's; how they fetch observations from
// each other, fire_message.h's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "consensus/message.h"

namespace skywarden::shell {

enum class FrameKind : std::uint8_t {
  kHello,
  kRefusal,
  kConsensus,
  kSignedHead,
  kRequest,
  kAnswer,
  kNode,
  kCatchUp
};

inline constexpr std::size_t kFrameHeadBytes = 4;
inline constexpr std::size_t kFrameBytesMax = consensus::kMessageBytesMax + 64;  // of the value
inline constexpr std::size_t kHelloBytesMax = 512;  // until it is known who is there
inline constexpr std::uint64_t kGroupVersion = 1;

void append_frame(std::vector<std::byte>& out, FrameKind kind, std::span<const std::byte> value);

struct Frame {
  FrameKind kind;
  std::span<const std::byte> value;  // of the input
};
// Nothing: more bytes are needed. kMalformed: no such kind; kLimitReached: longer than `value_max`.
[[nodiscard]] Result<std::optional<Frame>> read_frame(std::span<const std::byte> bytes,
                                                      std::size_t value_max);

struct Hello {
  std::string cluster;
  NodeId from;                    // kNobody: a client
  NodeId to;                      // kNobody: a client does not mind
  std::uint64_t incarnation = 0;  // another one at each start of the program
  friend bool operator==(const Hello&, const Hello&) = default;
};

// Observations are a node/messages.h batch, for groups that agree on fires. Admissions and removals carry a
// statement of admission.h, for groups that agree on values.
enum class RequestKind : std::uint8_t { kPropose, kRead, kStatus, kObserve, kAdmit, kRemove };

struct Request {
  std::uint64_t id = 0;  // the client's own; comes back
  RequestKind kind = RequestKind::kStatus;
  std::vector<std::byte> bytes;
  friend bool operator==(const Request&, const Request&) = default;
};

enum class Outcome : std::uint8_t {
  kDone,
  kNotLeader,  // `leader` may know, and is reached at `bytes` (HOST:PORT) if known; nothing happened here
  kRefused,    // `bytes` say why; nothing happened
  kLost,       // proposed, and certainly not committed
  kUnknown,    // proposed; whether it was committed this node cannot tell
};

struct Answer {
  std::uint64_t id = 0;
  Outcome outcome = Outcome::kDone;
  NodeId leader;   // as far as known
  LogIndex index;  // done: of the entry, or up to where was read
  std::vector<std::byte> bytes;
  friend bool operator==(const Answer&, const Answer&) = default;
};

[[nodiscard]] std::vector<std::byte> bytes_of(std::string_view text);  // as answers carry words

[[nodiscard]] std::vector<std::byte> encode(const Hello& hello);
[[nodiscard]] std::vector<std::byte> encode(const Request& request);
[[nodiscard]] std::vector<std::byte> encode(const Answer& answer);
[[nodiscard]] std::vector<std::byte> encode_refusal(std::string_view why);
[[nodiscard]] Result<Hello> decode_hello(std::span<const std::byte> bytes);
[[nodiscard]] Result<Request> decode_request(std::span<const std::byte> bytes);
[[nodiscard]] Result<Answer> decode_answer(std::span<const std::byte> bytes);
[[nodiscard]] Result<std::string> decode_refusal(std::span<const std::byte> bytes);

}  // namespace skywarden::shell
