// Places for things that live for a while, so that those alive at the same time never overlap: the memory of
// a run is one block whose size is known when the model is loaded. Greedy by size (Pisarchyk and Lee 2020):
// the largest first, each at the lowest place that is free throughout its life.
#pragma once

#include <cstddef>
#include <span>

namespace skywarden::inference {

struct Slot {
  std::size_t born = 0, last_used = 0;  // steps, inclusive
  std::size_t bytes = 0;
  std::size_t offset = 0;  // the result, a multiple of kAlignment
};

// Fills in the offsets; returns the bytes of the whole block.
[[nodiscard]] std::size_t place(std::span<Slot> slots);

}  // namespace skywarden::inference
