// Critical bundles that wait to be copied over one contact, most pressing first: by rank, then by when the
// copy is due, then by when it were due if no contact ended, then longest here. A slot is in it once.
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
  Duration otherwise{};  // due if no contact ended: first the young ones, of which few copies are elsewhere
  std::uint64_t slot = 0;
  Duration leave{};  // at the latest, so as not to come late; only where the contact is best for it
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
  [[nodiscard]] auto begin() const { return order_.begin(); }
  [[nodiscard]] auto end() const { return order_.end(); }

 private:
  std::set<WaitingCopy> order_;
  std::map<std::uint64_t, WaitingCopy> by_slot_;
};

}  // namespace skywarden::network
