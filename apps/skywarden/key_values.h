// A state for trying a group: names with values, set, compared and set, and read. Commands and answers are
// deterministic CBOR: [version, key, value or null, expected value or null, 1 to compare]; an answer is
// [done, value that is there now or null].
#pragma once

#include <map>
#include <optional>
#include <string>

#include "ledger/agreed_rows.h"
#include "shell/raft_service.h"

namespace skywarden::app {

struct KeyCommand {
  std::string key;
  std::optional<std::string> value;     // nothing: the key goes
  std::optional<std::string> expected;  // when `compares`; nothing: the key must not be there
  bool compares = false;
};
struct KeyAnswer {
  bool done = false;
  std::optional<std::string> value;
};

inline constexpr std::size_t kKeyBytesMax = 1024;

[[nodiscard]] std::vector<std::byte> encode(const KeyCommand& command);
[[nodiscard]] Result<KeyCommand> decode_key_command(std::span<const std::byte> bytes);
[[nodiscard]] std::optional<ledger::AgreedValue> agreed_value(
    std::span<const std::byte> bytes);  // for a ledger
[[nodiscard]] std::vector<std::byte> encode(const KeyAnswer& answer);
[[nodiscard]] Result<KeyAnswer> decode_key_answer(std::span<const std::byte> bytes);

class KeyValues final : public shell::StateMachine {
 public:
  std::vector<std::byte> apply(const consensus::Entry& entry) override;
  [[nodiscard]] std::vector<std::byte> read(std::span<const std::byte> key) const override;
  [[nodiscard]] std::vector<std::byte> snapshot() const override;
  [[nodiscard]] Result<void> restore(std::span<const std::byte> snapshot) override;

 private:
  std::map<std::string, std::string> values_;
};

}  // namespace skywarden::app
