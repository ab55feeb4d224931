// What batch.cc and its three compiled kernels agree on: where a satellite's constants lie in memory, which
// homogeneous group it belongs to, and the functions each instruction set offers. Internal to the batch path.
// This header holds plain data only: whatever is inline here would be compiled with wide instructions in one
// file and could be chosen by the linker for all of them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace skywarden::orbit {

// Within a group every satellite takes the same branches.
enum class BatchGroup : std::uint8_t {
  kNear,            // near Earth, all drag terms
  kNearSimplified,  // near Earth, perigee below 220 km
  kDeep,            // deep space without resonance
  kDeepSynchronous,
  kDeepHalfDay,
};
inline constexpr std::size_t kBatchGroups = 5;
inline constexpr std::size_t kBatchWidthMax = 8;

// A block holds the constants of as many satellites as the instruction set has lanes: field after field, and
// in each field lane after lane.
struct BatchField {
  enum Index : std::size_t {
    kEpochDay,
    kEpochFraction,
    kMeanAnomaly,
    kMeanAnomalyRate,
    kPerigee,
    kPerigeeRate,
    kNode,
    kNodeRate,
    kNodeSquare,
    kAxisLinear,          // c1
    kEccentricityLinear,  // B* c4
    kLongitudeSquare,
    kAxis,      // at the epoch, Earth radii
    kAxisRoot,  // its square root
    kEccentricity,
    kMeanMotion,
    kCosInclination,  // at the epoch, as the next three
    kSinInclination,
    kLongPeriodSine,       // J3's effect on e sin ω
    kLongPeriodLongitude,  // and on the mean longitude
    kSimplifiedCount,
    // All drag terms.
    kPerigeeCos = kSimplifiedCount,
    kAnomalyCube,
    kEta,
    kAnomalyCubeEpoch,
    kAnomalySinEpoch,
    kEccentricitySine,  // B* c5
    kAxisSquare,
    kAxisCube,
    kAxisFourth,
    kLongitudeCube,
    kLongitudeFourth,
    kLongitudeFifth,
    kNearCount,
    // Deep space: drifts by the Sun and the Moon, then each body's ThirdBody from kSun and kMoon on.
    kEccentricityDrift = kSimplifiedCount,
    kInclination,
    kInclinationDrift,
    kPerigeeDrift,
    kNodeDrift,
    kMeanAnomalyDrift,
    kSun,
    kMoon = kSun + 15,
    kDeepCount = kMoon + 15,
    // Resonance. Pairs (A cos φ, A sin φ) of the amplitudes follow from kTerms on.
    kResonantLongitude = kDeepCount,
    kResonantRate,
    kSiderealEpoch,
    kTerms,
    kSynchronousCount = kTerms + 2 * 3,
    kHalfDayCount = kTerms + 2 * 8,
  };
  // Of a ThirdBody, counted from kSun or kMoon.
  enum BodyIndex : std::size_t {
    kBodyAnomaly,
    kBodyMotion,
    kBodyEccentricity,
    kBodyE2,
    kBodyE3,
    kBodyI2,
    kBodyI3,
    kBodyL2,
    kBodyL3,
    kBodyL4,
    kBodyGh2,
    kBodyGh3,
    kBodyGh4,
    kBodyH2,
    kBodyH3,
  };
};
inline constexpr std::size_t kBatchFieldsMax = BatchField::kHalfDayCount;

// The eight combinations (turns of ω, turns of λ) of the half-day terms, in the order of their pairs.
struct HalfDayCombination {
  int perigee_turns, longitude_turns;
};
inline constexpr HalfDayCombination kHalfDayCombinations[8] = {{2, 1}, {0, 1}, {1, 1}, {-1, 1},
                                                               {2, 2}, {0, 2}, {1, 2}, {-1, 2}};

struct BatchConstants {  // of the gravity model
  double j2 = 0.0, j3_over_j2 = 0.0;
  double radius_km = 0.0;
  double speed_km_s = 0.0;  // Earth radii per √(radius³/μ)
};

struct BatchBlocks {
  BatchGroup group = BatchGroup::kNear;
  const double* fields = nullptr;
  std::size_t count = 0;                      // blocks
  const std::uint32_t* satellites = nullptr;  // where each lane's result belongs, width numbers a block
};

// Stands for an error in what a kernel writes: this state is left to the reference path.
inline constexpr std::uint8_t kBatchAskReference = 255;

struct BatchTime {  // Julian date, split as in JulianDate
  double day = 0.0, fraction = 0.0;
};

// The state of satellite s at time k goes to index first + s · satellite_stride + k · time_stride.
struct BatchTarget {
  double* x = nullptr;
  double* y = nullptr;
  double* z = nullptr;
  double* vx = nullptr;  // null, as the next two: no velocities
  double* vy = nullptr;
  double* vz = nullptr;
  std::uint8_t* error = nullptr;
  std::size_t first = 0, satellite_stride = 1, time_stride = 1;
};

struct BatchKernel {
  std::size_t width = 0;
  // Every satellite of the blocks at every time.
  void (*propagate)(const BatchConstants&, const BatchBlocks&, const BatchTime* times, std::size_t count,
                    const BatchTarget&) = nullptr;
  // One satellite, the same in every lane of the one block, at many times (minutes since its epoch).
  void (*track)(const BatchConstants&, const BatchBlocks&, const double* minutes, std::size_t count,
                const BatchTarget&) = nullptr;
};
// Null where this build has no such instructions. Whether the processor has them is another question.
[[nodiscard]] const BatchKernel* batch_kernel_baseline();
[[nodiscard]] const BatchKernel* batch_kernel_avx2();
[[nodiscard]] const BatchKernel* batch_kernel_avx512();

}  // namespace skywarden::orbit
