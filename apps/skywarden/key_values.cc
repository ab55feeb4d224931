#include "key_values.h"

#include "consensus/snapshot.h"
#include "wire/cbor.h"

namespace skywarden::app {
namespace {

using wire::CborReader;
using wire::CborWriter;

constexpr std::uint64_t kVersion = 1;
constexpr std::uint64_t kCommandFields = 5, kAnswerFields = 2;

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void write(CborWriter& out, const std::optional<std::string>& value) {
  if (value)
    out.bytes(bytes_of(*value));
  else
    out.null();
}

std::optional<std::string> read_value(CborReader& in) {
  const auto kind = in.peek();
  if (kind && *kind == wire::CborKind::kNull) {
    (void)in.null();
    return std::nullopt;
  }
  const auto bytes = in.bytes();
  return bytes ? text_of(*bytes) : std::string();
}

}  // namespace

std::vector<std::byte> encode(const KeyCommand& command) {
  CborWriter out;
  out.array(kCommandFields).unsigned_integer(kVersion).bytes(bytes_of(command.key));
  write(out, command.value);
  write(out, command.expected);
  out.boolean(command.compares);
  return out.take();
}

Result<KeyCommand> decode_key_command(std::span<const std::byte> bytes) {
  CborReader in(bytes, consensus::kPayloadBytesMax);
  const auto fields = in.array();
  const auto version = in.unsigned_integer();
  if (version && *version != kVersion)
    return fail(Errc::kUnsupported, "command of version {}, this build knows {}", *version, kVersion);
  KeyCommand command;
  const auto key = in.bytes();
  command.value = read_value(in);
  command.expected = read_value(in);
  command.compares = in.boolean().value_or(false);
  if (const auto end = in.finish(); !end) return tl::unexpected<Error>(end.error());
  if (*fields != kCommandFields || key->empty() || key->size() > kKeyBytesMax)
    return fail(Errc::kMalformed, "command with {} fields, or with a key of {} bytes", *fields, key->size());
  command.key = text_of(*key);
  return command;
}

std::optional<ledger::AgreedValue> agreed_value(std::span<const std::byte> bytes) {
  auto command = decode_key_command(bytes);
  if (!command) return std::nullopt;
  return ledger::AgreedValue{std::move(command->key), std::move(command->value), std::move(command->expected),
                             command->compares};
}

std::vector<std::byte> encode(const KeyAnswer& answer) {
  CborWriter out;
  out.array(kAnswerFields).boolean(answer.done);
  write(out, answer.value);
  return out.take();
}

Result<KeyAnswer> decode_key_answer(std::span<const std::byte> bytes) {
  CborReader in(bytes, shell::kFrameBytesMax);
  const auto fields = in.array();
  KeyAnswer answer;
  answer.done = in.boolean().value_or(false);
  answer.value = read_value(in);
  if (const auto end = in.finish(); !end) return tl::unexpected<Error>(end.error());
  if (*fields != kAnswerFields) return fail(Errc::kMalformed, "answer with {} fields", *fields);
  return answer;
}

std::vector<std::byte> KeyValues::apply(const consensus::Entry& entry) {
  const auto command = decode_key_command(entry.payload);
  if (!command) return encode(KeyAnswer{});
  const auto found = values_.find(command->key);
  const std::optional<std::string> before =
      found == values_.end() ? std::nullopt : std::optional(found->second);
  if (command->compares && before != command->expected) return encode(KeyAnswer{false, before});
  if (command->value)
    values_[command->key] = *command->value;
  else
    values_.erase(command->key);
  return encode(KeyAnswer{true, command->value});
}

std::vector<std::byte> KeyValues::read(std::span<const std::byte> key) const {
  const auto found = values_.find(text_of(key));
  if (found == values_.end()) return encode(KeyAnswer{false, std::nullopt});
  return encode(KeyAnswer{true, found->second});
}

std::vector<std::byte> KeyValues::snapshot() const {
  CborWriter out;
  out.array(1 + 2 * values_.size()).unsigned_integer(kVersion);
  for (const auto& [key, value] : values_) out.bytes(bytes_of(key)).bytes(bytes_of(value));
  return out.take();
}

Result<void> KeyValues::restore(std::span<const std::byte> snapshot) {
  CborReader in(snapshot, consensus::kSnapshotBytesMax);
  const std::uint64_t items = in.array().value_or(0);
  const std::uint64_t version = in.unsigned_integer().value_or(0);
  std::map<std::string, std::string> values;
  for (std::uint64_t i = 1; i + 1 < items; i += 2) {
    const auto key = in.bytes();
    const auto value = in.bytes();
    if (!key || !value) break;
    values[text_of(*key)] = text_of(*value);
  }
  if (const auto end = in.finish(); !end) return tl::unexpected<Error>(end.error());
  if (version != kVersion) return fail(Errc::kUnsupported, "key values of version {}", version);
  values_ = std::move(values);
  return {};
}

}  // namespace skywarden::app
