// A set of small numbers as the ends of its runs: {0, 1, 2, 5} is 0 3 5 6. In a search for a linearization
// the operations placed so far are nearly all of a prefix, so that a handful of numbers says which they are,
// however long the history.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

namespace skywarden::consensus {

class OperationSet {
 public:
  // Puts `item` in, or takes it out.
  void flip(std::uint32_t item) {
    toggle(item);
    toggle(item + 1);
  }
  [[nodiscard]] bool contains(std::uint32_t item) const {
    const auto above = std::upper_bound(ends_.begin(), ends_.end(), static_cast<char32_t>(item));
    return (above - ends_.begin()) % 2 == 1;
  }
  // Ascending, equal for equal sets: a string because the standard library can hash it.
  [[nodiscard]] const std::u32string& ends() const { return ends_; }

 private:
  void toggle(std::uint32_t end) {
    const auto found = std::lower_bound(ends_.begin(), ends_.end(), static_cast<char32_t>(end));
    if (found != ends_.end() && *found == end)
      ends_.erase(found);
    else
      ends_.insert(found, static_cast<char32_t>(end));
  }

  std::u32string ends_;
};

}  // namespace skywarden::consensus
