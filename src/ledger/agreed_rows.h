// What an entry of the log says, as rows of the ledger's tables (schema.h). Pure: the same entry gives the
// same rows everywhere, so ledgers of two nodes that hold the same entries are equal, `leader` and `gap`
// apart, which are one node's own.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "consensus/configuration.h"
#include "datum/alert.h"
#include "ledger/schema.h"
#include "node/entered.h"

namespace skywarden::ledger {

enum class Kind : std::uint8_t {
  kTerm,   // a leader's term begins
  kEpoch,  // of members and shares
  kAlert,  // told: the first of a fire, what changed, that it was none
  kUpdate,
  kCancel,
  kUntold,  // a proposal that told nothing: it continued no chain, or opened a second one
  kValue,
  kWithheld,  // from a witness, which does not keep what was proposed
  kUnread,    // none of these
};
[[nodiscard]] std::string_view word_for(Kind kind);
[[nodiscard]] std::optional<Kind> kind_named(std::string_view word);

enum class AgreesOn : std::uint8_t { kFires, kValues };
[[nodiscard]] std::string_view word_for(AgreesOn agrees_on);

struct AgreedValue {  // a name and what it shall be; nothing: it goes
  std::string name;
  std::optional<std::string> value, expected;
  bool compares = false;
};
// What an entry proposes, in a group that agrees on values; nothing when it cannot be read.
using ReadValue = std::function<std::optional<AgreedValue>(std::span<const std::byte>)>;

struct TableRow {
  Table table = Table::kEntry;
  Cells cells;  // as its columns
  friend bool operator==(const TableRow&, const TableRow&) = default;
};

// The epoch that rules from the entry on.
[[nodiscard]] std::uint64_t epoch_at(const consensus::Entry& entry, std::uint64_t before);
// `epoch` rules there; without `read_value` proposals are fires.
[[nodiscard]] std::vector<TableRow> rows_of(const node::Entered& entered, std::uint64_t epoch,
                                            const ReadValue& read_value);
// Of an alert that is known, while its entry is not: without epoch and head.
[[nodiscard]] std::vector<TableRow> rows_of(const datum::Alert& alert);

}  // namespace skywarden::ledger
