// Things that wait for their event, in numbered places that are used again.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace skywarden::agreement {

template <typename T>
class Slots {
 public:
  std::uint32_t put(T thing) {
    if (free_.empty()) {
      things_.push_back(std::move(thing));
      return static_cast<std::uint32_t>(things_.size() - 1);
    }
    const std::uint32_t place = free_.back();
    free_.pop_back();
    things_[place] = std::move(thing);
    return place;
  }
  T take(std::uint32_t place) {  // that was put there
    free_.push_back(place);
    return std::move(things_[place]);
  }

 private:
  std::vector<T> things_;
  std::vector<std::uint32_t> free_;
};

}  // namespace skywarden::agreement
