// Counts what a benchmark allocates, by standing in for the global operator new: of this program only, all
// threads together. Included by one source file of a program.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace skywarden {

inline std::atomic<std::uint64_t> allocations_made = 0;

[[nodiscard]] inline std::uint64_t allocations() {
  return allocations_made.load(std::memory_order_relaxed);
}

inline void* counted_allocation(std::size_t bytes, std::size_t alignment) {
  allocations_made.fetch_add(1, std::memory_order_relaxed);
  if (bytes == 0) bytes = 1;
  void* got = alignment <= alignof(std::max_align_t)
                  ? std::malloc(bytes)
                  : std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
  if (got == nullptr) throw std::bad_alloc();
  return got;
}

}  // namespace skywarden

// The other forms of the library end in these. Inlined alone, one of a pair looks to gcc like a mismatch.
[[gnu::noinline]] void* operator new(std::size_t bytes) {
  return skywarden::counted_allocation(bytes, alignof(std::max_align_t));
}
[[gnu::noinline]] void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return skywarden::counted_allocation(bytes, static_cast<std::size_t>(alignment));
}
[[gnu::noinline]] void operator delete(void* at) noexcept {
  std::free(at);
}
[[gnu::noinline]] void operator delete(void* at, std::size_t) noexcept {
  std::free(at);
}
[[gnu::noinline]] void operator delete(void* at, std::align_val_t) noexcept {
  std::free(at);
}
[[gnu::noinline]] void operator delete(void* at, std::size_t, std::align_val_t) noexcept {
  std::free(at);
}
