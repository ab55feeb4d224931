// What clients may see of a store of texts by key, which are read, written and appended to; see
// linearizability.h. A key that nobody wrote holds the empty text.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "consensus/linearizability.h"

namespace skywarden::consensus {

struct KeyValueOperation {
  enum class Kind { kGet, kPut, kAppend };
  Kind kind = Kind::kGet;
  std::string key;
  std::string value;  // what was read, or is to be written or appended
};

struct KeyValueModel {
  using Operation = KeyValueOperation;
  using State = std::string;
  using Key = std::string;

  static const Key& key(const Operation& operation) { return operation.key; }
  static State initial() { return {}; }
  static std::optional<State> after(const State& state, const Operation& operation, bool answered) {
    switch (operation.kind) {
      case Operation::Kind::kPut:
        return operation.value;
      case Operation::Kind::kAppend:
        return state + operation.value;
      case Operation::Kind::kGet:
        break;
    }
    if (answered && operation.value != state) return std::nullopt;
    return state;
  }
  static bool only_looks(const Operation& operation) { return operation.kind == Operation::Kind::kGet; }
  static std::vector<bool> unseen(const std::vector<Looked<Operation>>& operations) {
    return std::vector<bool>(operations.size(), false);  // what is appended to shows later
  }
  static std::size_t bytes(const State& state) { return state.capacity(); }
};

}  // namespace skywarden::consensus
