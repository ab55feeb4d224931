// What clients may see of a register that is read, written and compared-and-set; see linearizability.h.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "consensus/linearizability.h"

namespace skywarden::consensus {

using RegisterValue = std::optional<std::int64_t>;  // nothing: nothing was written yet

struct RegisterOperation {
  enum class Kind { kRead, kWrite, kCompareAndSet };
  Kind kind = Kind::kRead;
  RegisterValue value;     // what was read, or is to be written
  RegisterValue expected;  // compare-and-set writes only over this
  bool swapped = false;    // the answer of compare-and-set
};

struct RegisterModel {
  using Operation = RegisterOperation;
  using State = RegisterValue;
  using Key = int;  // there is one register

  static Key key(const Operation&) { return 0; }
  static State initial() { return std::nullopt; }
  static std::optional<State> after(const State& state, const Operation& operation, bool answered) {
    switch (operation.kind) {
      case Operation::Kind::kWrite:
        return operation.value;
      case Operation::Kind::kCompareAndSet: {
        const bool swaps = state == operation.expected;
        if (answered && swaps != operation.swapped) return std::nullopt;
        return swaps ? operation.value : state;
      }
      case Operation::Kind::kRead:
        break;
    }
    if (answered && operation.value != state) return std::nullopt;
    return state;
  }
  static bool only_looks(const Operation& operation) {
    return operation.kind == Operation::Kind::kRead ||
           (operation.kind == Operation::Kind::kCompareAndSet && !operation.swapped);
  }
  static std::vector<bool> unseen(const std::vector<Looked<Operation>>& operations) {
    std::set<RegisterValue> seen;
    bool only_writes = true;
    for (const auto& [operation, answered] : operations) {
      if (operation->kind == Operation::Kind::kRead && answered) seen.insert(operation->value);
      only_writes &= operation->kind != Operation::Kind::kCompareAndSet;
    }
    std::vector<bool> which;
    for (const auto& [operation, answered] : operations)
      which.push_back(only_writes && operation->kind == Operation::Kind::kWrite &&
                      !seen.contains(operation->value));
    return which;
  }
  static std::size_t bytes(const State&) { return 0; }
};

}  // namespace skywarden::consensus
