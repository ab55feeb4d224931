// The project's own generator and distributions: the standard ones differ between libraries, and every run
// must be replayable from its seed. xoshiro256** (Blackman and Vigna 2018) seeded by splitmix64.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <utility>

namespace skywarden {

[[nodiscard]] std::uint64_t splitmix64(std::uint64_t& state);

class Random {
 public:
  explicit Random(std::uint64_t seed);

  [[nodiscard]] std::uint64_t next();
  // An independent stream for a named purpose: the same parent state and label give the same child.
  [[nodiscard]] Random fork(std::uint64_t label) const;

  [[nodiscard]] double uniform();                              // [0, 1)
  [[nodiscard]] double uniform(double low, double high);       // [low, high)
  [[nodiscard]] std::uint64_t below(std::uint64_t bound);      // [0, bound), unbiased; bound > 0
  [[nodiscard]] bool chance(double probability);               // true with that probability
  [[nodiscard]] double normal(double mean, double deviation);  // polar method
  [[nodiscard]] double exponential(double mean);

  template <typename T>
  void shuffle(std::span<T> items) {
    for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
  }

 private:
  std::array<std::uint64_t, 4> state_{};
};

}  // namespace skywarden
