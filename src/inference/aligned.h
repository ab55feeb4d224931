// Runs of numbers that begin on a cache line, as wide instructions like them.
#pragma once

#include <cstddef>
#include <new>
#include <vector>

namespace skywarden::inference {

inline constexpr std::size_t kAlignment = 64;  // bytes

template <typename T>
struct AlignedAllocator {
  using value_type = T;
  AlignedAllocator() = default;
  template <typename U>
  explicit AlignedAllocator(const AlignedAllocator<U>&) {}
  [[nodiscard]] T* allocate(std::size_t n) {
    return static_cast<T*>(::operator new(n * sizeof(T), std::align_val_t{kAlignment}));
  }
  void deallocate(T* p, std::size_t) { ::operator delete(p, std::align_val_t{kAlignment}); }
  bool operator==(const AlignedAllocator&) const { return true; }
};

template <typename T>
using Aligned = std::vector<T, AlignedAllocator<T>>;

}  // namespace skywarden::inference
