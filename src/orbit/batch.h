// Many satellites at one time, one satellite at many times, or many at many: SGP4 for several at once with
// the widest instructions the processor has. Deep space is included, error codes are those of sgp4.h, and
// positions stay within 1e-5 m of it: tested over a whole catalogue, a month to either side. After years the
// integration of resonances adds up to more (a millimetre in five years). States far outside what the theory
// was made for are left to the reference path itself, one by one.
//
// Not bit-stable: the last digits depend on the instruction set. Whatever is hashed, voted on or replayed
// between machines uses the reference path, Sgp4. For one instruction set a satellite's result depends on its
// elements and the time alone, never on its neighbours in the batch. Const functions may run in several
// threads at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <string_view>
#include <vector>

#include "orbit/batch_kernel.h"
#include "orbit/elements.h"
#include "orbit/near_earth.h"

namespace skywarden::orbit {

enum class InstructionSet : std::uint8_t {
  kBaseline,  // two lanes of what every 64-bit processor has
  kAvx2,      // four lanes, AVX2 and FMA
  kAvx512,    // eight lanes, AVX-512 F and DQ
};
[[nodiscard]] std::string_view to_string(InstructionSet set);  // "baseline", "avx2", "avx512"
[[nodiscard]] bool is_available(InstructionSet set);           // in this build and on this processor
[[nodiscard]] InstructionSet widest_instruction_set();

// TEME, km and km/s. Where `error` (Sgp4Error's number) is not 0, the rest is NaN. Keep one and pass it
// again: its memory is reused.
struct StateArrays {
  bool with_velocity = true;  // false leaves vx, vy, vz empty and saves their writing
  std::vector<double> x, y, z, vx, vy, vz;
  std::vector<std::uint8_t> error;
};

// Where the state of satellite s (of S) at time k (of K) stands.
enum class BatchLayout : std::uint8_t {
  kTimeAfterTime,            // k · S + s: what a step of a topology reads
  kSatelliteAfterSatellite,  // s · K + k: what a search along one orbit reads
};

class Sgp4Batch {
 public:
  // `set` must be available.
  explicit Sgp4Batch(std::span<const ElementSet> satellites, InstructionSet set = widest_instruction_set(),
                     const GravityModel& gravity = wgs72());

  [[nodiscard]] std::size_t size() const { return places_.size(); }
  [[nodiscard]] InstructionSet instruction_set() const { return set_; }
  [[nodiscard]] std::size_t deep_space_count() const { return deep_space_count_; }

  // States in the order of the satellites given.
  void at(Instant t, StateArrays& out) const;
  void at(std::span<const Instant> times, BatchLayout layout, StateArrays& out) const;

  // One satellite; ascending times spare a resonant orbit the way from its epoch. Times more than 1e9 minutes
  // from the epoch, infinite or NaN are errors.
  void track(std::size_t satellite, std::span<const Instant> times, StateArrays& out) const;
  void track_minutes(std::size_t satellite, std::span<const double> since_epoch, StateArrays& out) const;

 private:
  static constexpr std::align_val_t kLineAlignment{64};  // of a cache line and the widest load
  struct Release {
    void operator()(double* fields) const { ::operator delete[](fields, kLineAlignment); }
  };
  struct Group {
    std::unique_ptr<double[], Release> fields;  // see batch_kernel.h
    std::vector<std::uint32_t> satellites;      // of each lane; the last block repeats its last satellite
    std::size_t field_count = 0;
  };
  struct Place {
    BatchGroup group = BatchGroup::kNear;
    std::uint32_t lane = 0;  // of all lanes of the group
  };

  void pack(BatchGroup group, std::span<const std::vector<double>> fields);

  InstructionSet set_;
  const BatchKernel* kernel_;
  GravityModel gravity_;
  BatchConstants constants_;
  std::vector<ElementSet> elements_;  // without names, for what only the reference path can answer
  Group groups_[kBatchGroups];
  std::vector<Place> places_;
  std::size_t deep_space_count_ = 0;
};

}  // namespace skywarden::orbit
