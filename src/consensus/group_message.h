// A message of one of several groups that a satellite belongs to: its cluster and, while it sits there, the
// area's group. The bytes of group 0, the only group of who has only one, are those of message.h; the others
// are [2, group, a message's bytes], so that a reader knows by the first number which it has before it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "consensus/message.h"

namespace skywarden::consensus {

inline constexpr std::uint64_t kGroupMessageVersion = 2;
inline constexpr std::size_t kGroupMessageBytesMax = kMessageBytesMax + 16;

struct GroupMessage {
  GroupId group;
  Message message;
  friend bool operator==(const GroupMessage&, const GroupMessage&) = default;
};

[[nodiscard]] std::vector<std::byte> encode(const GroupMessage& message);  // expects a valid message
[[nodiscard]] Result<GroupMessage> decode_group_message(std::span<const std::byte> bytes);

}  // namespace skywarden::consensus
