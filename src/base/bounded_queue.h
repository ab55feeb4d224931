// A first-in first-out queue with a limit that is part of its design: a full queue refuses, and the caller
// decides.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <utility>

#include "base/contract.h"

namespace skywarden {

template <typename T>
class BoundedQueue {
 public:
  explicit BoundedQueue(std::size_t limit) : limit_(limit) { EXPECTS(limit > 0); }

  [[nodiscard]] bool push(T item) {  // false: full, the item was not taken
    if (items_.size() >= limit_) return false;
    items_.push_back(std::move(item));
    return true;
  }
  [[nodiscard]] std::optional<T> pop() {
    if (items_.empty()) return std::nullopt;
    std::optional<T> front(std::move(items_.front()));
    items_.pop_front();
    return front;
  }
  [[nodiscard]] std::size_t size() const { return items_.size(); }
  [[nodiscard]] std::size_t limit() const { return limit_; }
  [[nodiscard]] bool empty() const { return items_.empty(); }

 private:
  std::size_t limit_;
  std::deque<T> items_;
};

}  // namespace skywarden
