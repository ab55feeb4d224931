// Critical bundles that wait to be copied over one contact, most pressing first: by rank, then by when the
// copy is due, then longest here. A slot is in it once.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <set>

#include "base/time.h"

namespace skywarden::network {

struct WaitingCopy {
  int rank = 0;  // smaller goes first
  Duration due{};
  std::uint64_t slot = 0;
  friend auto operator<=>(const WaitingCopy&, const WaitingCopy&) = default;
};

class CopyQueue {
 public:
  void insert(const WaitingCopy& copy) {
    erase(copy.slot);
    order_.insert(copy);
    by_slot_.emplace(copy.slot, copy);
  }
  void erase(std::uint64_t slot) {
    const auto found = by_slot_.find(slot);
    if (found == by_slot_.end()) return;
    order_.erase(found->second);
    by_slot_.erase(found);
  }
  void clear() {
    order_.clear();
    by_slot_.clear();
  }
  [[nodiscard]] bool empty() const { return order_.empty(); }
  [[nodiscard]] std::size_t size() const { return order_.size(); }
  [[nodiscard]] const WaitingCopy& front() const { return *order_.begin(); }  // expects one

 private:
  std::set<WaitingCopy> order_;
  std::map<std::uint64_t, WaitingCopy> by_slot_;
};

}  // namespace skywarden::network
