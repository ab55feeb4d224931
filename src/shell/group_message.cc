#include "shell/group_message.h"

#include "base/contract.h"
#include "wire/cbor.h"

namespace skywarden::shell {
namespace {

using wire::CborReader;
using wire::CborWriter;

constexpr std::uint64_t kHelloFields = 5, kRequestFields = 4, kAnswerFields = 6, kRefusalFields = 2;

std::uint64_t number(CborReader& in) {
  return in.unsigned_integer().value_or(0);
}

// Begins with the number of fields and the version.
CborReader begin(std::span<const std::byte> bytes, std::uint64_t fields, Result<void>& fits) {
  CborReader in(bytes, kFrameBytesMax);
  const auto items = in.array();
  const auto version = in.unsigned_integer();
  if (version && *version != kGroupVersion)
    fits = fail(Errc::kUnsupported, "it speaks version {}, this build {}", *version, kGroupVersion);
  else if (items && *items != fields)
    fits = fail(Errc::kMalformed, "a message with {} fields, expected {}", *items, fields);
  return in;
}

std::vector<std::byte> read_bytes(CborReader& in) {
  const auto bytes = in.bytes();
  if (!bytes) return {};
  return {bytes->begin(), bytes->end()};
}

}  // namespace

void append_frame(std::vector<std::byte>& out, FrameKind kind, std::span<const std::byte> value) {
  EXPECTS(value.size() <= kFrameBytesMax);
  out.push_back(static_cast<std::byte>(kind));
  for (const int shift : {16, 8, 0}) out.push_back(static_cast<std::byte>(value.size() >> shift));
  out.insert(out.end(), value.begin(), value.end());
}

Result<std::optional<Frame>> read_frame(std::span<const std::byte> bytes, std::size_t value_max) {
  if (bytes.size() < kFrameHeadBytes) return std::nullopt;
  const auto kind = static_cast<FrameKind>(bytes[0]);
  if (kind > FrameKind::kCatchUp)
    return fail(Errc::kMalformed, "a frame of kind {}", std::to_integer<unsigned>(bytes[0]));
  std::size_t size = 0;
  for (int i = 1; i <= 3; ++i) size = size << 8 | std::to_integer<std::size_t>(bytes[i]);
  if (size > value_max)
    return fail(Errc::kLimitReached, "a frame of {} bytes, at most {} allowed", size, value_max);
  if (bytes.size() - kFrameHeadBytes < size) return std::nullopt;
  return Frame{kind, bytes.subspan(kFrameHeadBytes, size)};
}

std::vector<std::byte> bytes_of(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

std::vector<std::byte> encode(const Hello& hello) {
  CborWriter out;
  out.array(kHelloFields)
      .unsigned_integer(kGroupVersion)
      .text(hello.cluster)
      .unsigned_integer(hello.from.value())
      .unsigned_integer(hello.to.value())
      .unsigned_integer(hello.incarnation);
  return out.take();
}

std::vector<std::byte> encode(const Request& request) {
  CborWriter out;
  out.array(kRequestFields)
      .unsigned_integer(kGroupVersion)
      .unsigned_integer(request.id)
      .unsigned_integer(static_cast<std::uint64_t>(request.kind))
      .bytes(request.bytes);
  return out.take();
}

std::vector<std::byte> encode(const Answer& answer) {
  CborWriter out;
  out.array(kAnswerFields)
      .unsigned_integer(kGroupVersion)
      .unsigned_integer(answer.id)
      .unsigned_integer(static_cast<std::uint64_t>(answer.outcome))
      .unsigned_integer(answer.leader.value())
      .unsigned_integer(answer.index.value())
      .bytes(answer.bytes);
  return out.take();
}

std::vector<std::byte> encode_refusal(std::string_view why) {
  CborWriter out;
  out.array(kRefusalFields).unsigned_integer(kGroupVersion).text(why);
  return out.take();
}

Result<Hello> decode_hello(std::span<const std::byte> bytes) {
  Result<void> fits;
  CborReader in = begin(bytes, kHelloFields, fits);
  if (!fits) return tl::unexpected<Error>(fits.error());
  Hello hello;
  hello.cluster = std::string(in.text().value_or(""));
  const std::uint64_t from = number(in);
  const std::uint64_t to = number(in);
  hello.incarnation = number(in);
  if (const auto end = in.finish(); !end) return tl::unexpected<Error>(end.error());
  if (from > UINT32_MAX || to > UINT32_MAX) return fail(Errc::kOutOfRange, "node id beyond 32 bits");
  hello.from = NodeId(static_cast<std::uint32_t>(from));
  hello.to = NodeId(static_cast<std::uint32_t>(to));
  return hello;
}

Result<Request> decode_request(std::span<const std::byte> bytes) {
  Result<void> fits;
  CborReader in = begin(bytes, kRequestFields, fits);
  if (!fits) return tl::unexpected<Error>(fits.error());
  Request request;
  request.id = number(in);
  const std::uint64_t kind = number(in);
  request.bytes = read_bytes(in);
  if (const auto end = in.finish(); !end) return tl::unexpected<Error>(end.error());
  if (kind > static_cast<std::uint64_t>(RequestKind::kRemove))
    return fail(Errc::kUnsupported, "a request of kind {}", kind);
  request.kind = static_cast<RequestKind>(kind);
  return request;
}

Result<Answer> decode_answer(std::span<const std::byte> bytes) {
  Result<void> fits;
  CborReader in = begin(bytes, kAnswerFields, fits);
  if (!fits) return tl::unexpected<Error>(fits.error());
  Answer answer;
  answer.id = number(in);
  const std::uint64_t outcome = number(in);
  const std::uint64_t leader = number(in);
  answer.index = LogIndex(number(in));
  answer.bytes = read_bytes(in);
  if (const auto end = in.finish(); !end) return tl::unexpected<Error>(end.error());
  if (outcome > static_cast<std::uint64_t>(Outcome::kUnknown) || leader > UINT32_MAX)
    return fail(Errc::kUnsupported, "an answer of outcome {} from node {}", outcome, leader);
  answer.outcome = static_cast<Outcome>(outcome);
  answer.leader = NodeId(static_cast<std::uint32_t>(leader));
  return answer;
}

Result<std::string> decode_refusal(std::span<const std::byte> bytes) {
  Result<void> fits;
  CborReader in = begin(bytes, kRefusalFields, fits);
  if (!fits) return tl::unexpected<Error>(fits.error());
  std::string why(in.text().value_or(""));
  if (const auto end = in.finish(); !end) return tl::unexpected<Error>(end.error());
  return why;
}

}  // namespace skywarden::shell
