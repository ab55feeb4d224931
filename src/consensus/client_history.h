// Recorded histories of clients as Jepsen (jepsen.io) writes them, for linearizability.h:
//   - lines of its log about one register:  INFO  jepsen.util - 3 <tab> :ok <tab> :cas <tab> [2 4]
//     with :read, :write and :cas; a failed :cas says that the register held something else;
//   - EDN maps, one a line, about texts by key:  {:process 0, :type :ok, :f :append, :key "7", :value "x"}
//     with :get, :put and :append.
// Each process invokes, then learns :ok, :fail (it did not happen) or :info (nobody knows); what a process
// never learns stays open. Lines of the nemesis are passed over. Instants count lines: line 1 is at 1 ns.
#pragma once

#include <string_view>
#include <variant>

#include "base/result.h"
#include "consensus/key_value_model.h"
#include "consensus/linearizability.h"
#include "consensus/register_model.h"

namespace skywarden::consensus {

inline constexpr std::size_t kClientOperationsMax = 1'000'000;

using RecordedHistory = std::variant<ClientHistory<RegisterOperation>, ClientHistory<KeyValueOperation>>;

// Which of the two it is, is told by the first line. kMalformed, naming the line: something else, or a
// process that answers what it was not asked; kLimitReached: more than kClientOperationsMax operations.
[[nodiscard]] Result<RecordedHistory> read_client_history(std::string_view text);

[[nodiscard]] std::size_t line_of(Instant when);  // of an operation that was read

}  // namespace skywarden::consensus
