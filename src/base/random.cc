#include "base/random.h"

#include <bit>
#include <cmath>

#include "base/contract.h"

namespace skywarden {

std::uint64_t splitmix64(std::uint64_t& state) {
  std::uint64_t z = (state += 0x9E3779B97F4A7C15ULL);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

Random::Random(std::uint64_t seed) {
  for (std::uint64_t& word : state_) word = splitmix64(seed);
}

std::uint64_t Random::next() {
  const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const std::uint64_t t = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= t;
  state_[3] = std::rotl(state_[3], 45);
  return result;
}

Random Random::fork(std::uint64_t label) const {
  std::uint64_t mix = state_[0] ^ std::rotl(state_[2], 23) ^ (label * 0x9E3779B97F4A7C15ULL);
  return Random(splitmix64(mix));
}

double Random::uniform() {
  return static_cast<double>(next() >> 11) * 0x1p-53;
}

double Random::uniform(double low, double high) {
  return low + (high - low) * uniform();
}

std::uint64_t Random::below(std::uint64_t bound) {
  EXPECTS(bound > 0);
  const std::uint64_t threshold = (0 - bound) % bound;  // values under it would be drawn once too often
  for (;;) {
    const std::uint64_t value = next();
    if (value >= threshold) return value % bound;
  }
}

bool Random::chance(double probability) {
  return uniform() < probability;
}

double Random::normal(double mean, double deviation) {
  for (;;) {
    const double u = uniform(-1.0, 1.0);
    const double v = uniform(-1.0, 1.0);
    const double s = u * u + v * v;
    if (s > 0.0 && s < 1.0) return mean + deviation * u * std::sqrt(-2.0 * std::log(s) / s);
  }
}

double Random::exponential(double mean) {
  return -mean * std::log(1.0 - uniform());
}

}  // namespace skywarden
