#include "inference/memory_plan.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "inference/aligned.h"

namespace skywarden::inference {
namespace {

std::size_t aligned_up(std::size_t n) {
  return (n + kAlignment - 1) / kAlignment * kAlignment;
}

bool meet(const Slot& a, const Slot& b) {
  return a.born <= b.last_used && b.born <= a.last_used;
}

// `placed` ascends by offset.
std::size_t lowest_gap(const Slot& slot, const std::vector<const Slot*>& placed) {
  std::size_t at = 0;
  for (const Slot* other : placed) {
    if (!meet(slot, *other)) continue;
    if (at + slot.bytes <= other->offset) break;
    at = std::max(at, aligned_up(other->offset + other->bytes));
  }
  return at;
}

}  // namespace

std::size_t place(std::span<Slot> slots) {
  std::vector<std::size_t> order(slots.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](auto a, auto b) { return slots[a].bytes > slots[b].bytes; });
  std::vector<const Slot*> placed;
  std::size_t total = 0;
  for (const std::size_t i : order) {
    slots[i].offset = lowest_gap(slots[i], placed);
    total = std::max(total, aligned_up(slots[i].offset + slots[i].bytes));
    const auto behind = std::upper_bound(placed.begin(), placed.end(), &slots[i],
                                         [](const Slot* a, const Slot* b) { return a->offset < b->offset; });
    placed.insert(behind, &slots[i]);
  }
  return total;
}

}  // namespace skywarden::inference
