#include "consensus/group_message.h"

#include <utility>

#include "wire/cbor.h"

namespace skywarden::consensus {

std::vector<std::byte> encode(const GroupMessage& message) {
  auto bytes = encode(message.message);
  if (message.group == GroupId{}) return bytes;
  wire::CborWriter writer;
  writer.array(3).unsigned_integer(kGroupMessageVersion).unsigned_integer(message.group.value()).bytes(bytes);
  return writer.take();
}

Result<GroupMessage> decode_group_message(std::span<const std::byte> bytes) {
  wire::CborReader reader(bytes, kGroupMessageBytesMax);
  const auto fields = reader.array();
  const auto version = reader.unsigned_integer();
  if (!version || *version != kGroupMessageVersion) {
    auto only = decode(bytes);
    if (!only) return tl::unexpected<Error>(only.error());
    return GroupMessage{{}, std::move(*only)};
  }
  const std::uint64_t group = reader.unsigned_integer().value_or(0);
  const auto inside = reader.bytes();
  if (!inside) return tl::unexpected<Error>(inside.error());
  if (const auto end = reader.finish(); !end) return tl::unexpected<Error>(end.error());
  if (*fields != 3 || group == 0 || group > UINT32_MAX)
    return fail(Errc::kMalformed, "group message: {} fields, group {}; expected 3 and a group of 1…{}",
                *fields, group, UINT32_MAX);
  auto message = decode(*inside);
  if (!message) return tl::unexpected<Error>(message.error());
  return GroupMessage{GroupId(static_cast<std::uint32_t>(group)), std::move(*message)};
}

}  // namespace skywarden::consensus
