#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <vector>

#include "base/random.h"
#include "inference/aligned.h"
#include "inference/memory_plan.h"

namespace skywarden::inference {
namespace {

TEST_CASE("nothing alive at the same time overlaps, and the block holds all") {
  CHECK(rc::check("slots", [] {
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    std::vector<Slot> slots(random.below(60));
    for (Slot& s : slots) {
      s.born = random.below(20);
      s.last_used = s.born + random.below(6);
      s.bytes = random.below(3000);
    }
    const std::size_t total = place(slots);
    for (const Slot& a : slots) {
      RC_ASSERT(a.offset % kAlignment == 0 && a.offset + a.bytes <= total);
      for (const Slot& b : slots)
        if (&a != &b && a.born <= b.last_used && b.born <= a.last_used)
          RC_ASSERT(a.offset + a.bytes <= b.offset || b.offset + b.bytes <= a.offset);
    }
  }));
}

TEST_CASE("a chain of equal values needs two places") {
  std::vector<Slot> slots;
  for (std::size_t i = 0; i < 10; ++i) slots.push_back({.born = i, .last_used = i + 1, .bytes = 640});
  CHECK(place(slots) == 1280);
}

}  // namespace
}  // namespace skywarden::inference
