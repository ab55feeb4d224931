#include "orbit/batch.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "base/contract.h"
#include "orbit/deep_space.h"
#include "orbit/resonance.h"
#include "orbit/sgp4.h"

namespace skywarden::orbit {
namespace {

constexpr double kTwoThirds = 2.0 / 3.0;

const BatchKernel* kernel_of(InstructionSet set) {
  switch (set) {
    case InstructionSet::kBaseline:
      return batch_kernel_baseline();
    case InstructionSet::kAvx2:
      return batch_kernel_avx2();
    case InstructionSet::kAvx512:
      return batch_kernel_avx512();
  }
  return nullptr;
}

bool processor_has(InstructionSet set) {
#if defined(__x86_64__)
  switch (set) {
    case InstructionSet::kBaseline:
      return true;
    case InstructionSet::kAvx2:
      return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    case InstructionSet::kAvx512:
      return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq");
  }
  return false;
#else
  return set == InstructionSet::kBaseline;
#endif
}

std::size_t field_count_of(BatchGroup group) {
  switch (group) {
    case BatchGroup::kNear:
      return BatchField::kNearCount;
    case BatchGroup::kNearSimplified:
      return BatchField::kSimplifiedCount;
    case BatchGroup::kDeep:
      return BatchField::kDeepCount;
    case BatchGroup::kDeepSynchronous:
      return BatchField::kSynchronousCount;
    case BatchGroup::kDeepHalfDay:
      return BatchField::kHalfDayCount;
  }
  return 0;
}

BatchGroup group_of(const Sgp4& satellite) {
  if (!satellite.is_deep_space())
    return satellite.near_earth().simplified ? BatchGroup::kNearSimplified : BatchGroup::kNear;
  switch (satellite.resonance()->kind) {
    case ResonanceKind::kSynchronous:
      return BatchGroup::kDeepSynchronous;
    case ResonanceKind::kHalfDay:
      return BatchGroup::kDeepHalfDay;
    case ResonanceKind::kNone:
      break;
  }
  return BatchGroup::kDeep;
}

// Rounds of Kepler's equation grow with the eccentricity; neighbours should need equally many.
int eccentricity_class(double e) {
  constexpr std::array kBounds = {0.0025, 0.02, 0.3};
  return static_cast<int>(std::lower_bound(kBounds.begin(), kBounds.end(), e) - kBounds.begin());
}

void fill_common(const Sgp4& satellite, const GravityModel& gravity, std::vector<double>& out) {
  using f = BatchField;
  const NearEarthModel& model = satellite.near_earth();
  const Drag& drag = model.drag;
  const ElementSet& elements = satellite.elements();
  out[f::kEpochDay] = elements.epoch_jd.day;
  out[f::kEpochFraction] = elements.epoch_jd.fraction;
  out[f::kMeanAnomaly] = model.epoch.mean_anomaly;
  out[f::kMeanAnomalyRate] = model.rates.mean_anomaly;
  out[f::kPerigee] = model.epoch.perigee_argument;
  out[f::kPerigeeRate] = model.rates.perigee_argument;
  out[f::kNode] = model.epoch.node;
  out[f::kNodeRate] = model.rates.node;
  out[f::kNodeSquare] = drag.node_t2;
  out[f::kAxisLinear] = drag.c1;
  out[f::kEccentricityLinear] = drag.bstar * drag.c4;
  out[f::kLongitudeSquare] = drag.t2;
  out[f::kAxis] = std::pow(gravity.root_mu() / model.epoch.mean_motion, kTwoThirds);
  out[f::kAxisRoot] = std::sqrt(out[f::kAxis]);
  out[f::kEccentricity] = model.epoch.eccentricity;
  out[f::kMeanMotion] = model.epoch.mean_motion;
  const double cos_i = std::cos(model.epoch.inclination);
  const double sin_i = std::sin(model.epoch.inclination);
  out[f::kCosInclination] = cos_i;
  out[f::kSinInclination] = sin_i;
  const LongPeriodFactors factors = long_period_factors(sin_i, cos_i, gravity);
  out[f::kLongPeriodSine] = factors.sine;
  out[f::kLongPeriodLongitude] = factors.longitude;
}

void fill_drag(const Drag& drag, std::vector<double>& out) {
  using f = BatchField;
  out[f::kPerigeeCos] = drag.perigee_cos;
  out[f::kAnomalyCube] = drag.anomaly_cube;
  out[f::kEta] = drag.eta;
  out[f::kAnomalyCubeEpoch] = drag.anomaly_cube_epoch;
  out[f::kAnomalySinEpoch] = drag.anomaly_sin_epoch;
  out[f::kEccentricitySine] = drag.bstar * drag.c5;
  out[f::kAxisSquare] = drag.d2;
  out[f::kAxisCube] = drag.d3;
  out[f::kAxisFourth] = drag.d4;
  out[f::kLongitudeCube] = drag.t3;
  out[f::kLongitudeFourth] = drag.t4;
  out[f::kLongitudeFifth] = drag.t5;
}

void fill_body(const ThirdBody& b, std::span<double> out) {
  using f = BatchField;
  out[f::kBodyAnomaly] = b.mean_anomaly_epoch;
  out[f::kBodyMotion] = b.mean_motion;
  out[f::kBodyEccentricity] = b.eccentricity;
  out[f::kBodyE2] = b.e2;
  out[f::kBodyE3] = b.e3;
  out[f::kBodyI2] = b.i2;
  out[f::kBodyI3] = b.i3;
  out[f::kBodyL2] = b.l2;
  out[f::kBodyL3] = b.l3;
  out[f::kBodyL4] = b.l4;
  out[f::kBodyGh2] = b.gh2;
  out[f::kBodyGh3] = b.gh3;
  out[f::kBodyGh4] = b.gh4;
  out[f::kBodyH2] = b.h2;
  out[f::kBodyH3] = b.h3;
}

void fill_deep(const LunarSolarModel& model, double inclination, std::vector<double>& out) {
  using f = BatchField;
  out[f::kEccentricityDrift] = model.rates.eccentricity;
  out[f::kInclination] = inclination;
  out[f::kInclinationDrift] = model.rates.inclination;
  out[f::kPerigeeDrift] = model.rates.perigee_argument;
  out[f::kNodeDrift] = model.rates.node;
  out[f::kMeanAnomalyDrift] = model.rates.mean_anomaly;
  const std::span all(out);
  fill_body(model.sun, all.subspan(f::kSun));
  fill_body(model.moon, all.subspan(f::kMoon));
}

// The place among the kernel's terms of one of the model's.
std::size_t term_place(const ResonanceModel& model, const ResonantTerm& term) {
  if (model.kind == ResonanceKind::kSynchronous) return static_cast<std::size_t>(term.longitude_turns) - 1;
  std::size_t i = 0;
  while (kHalfDayCombinations[i].perigee_turns != static_cast<int>(term.perigee_turns) ||
         kHalfDayCombinations[i].longitude_turns != static_cast<int>(term.longitude_turns))
    ++i;
  return i;
}

void fill_resonance(const ResonanceModel& model, std::vector<double>& out) {
  using f = BatchField;
  out[f::kResonantLongitude] = model.longitude_epoch;
  out[f::kResonantRate] = model.longitude_rate;
  out[f::kSiderealEpoch] = model.sidereal_epoch;
  for (std::size_t i = 0; i < model.term_count; ++i) {
    const ResonantTerm& term = model.terms[i];
    const std::size_t at = f::kTerms + 2 * term_place(model, term);
    out[at] += term.amplitude * std::cos(term.phase);
    out[at + 1] += term.amplitude * std::sin(term.phase);
  }
}

std::vector<double> fields_of(const Sgp4& satellite, BatchGroup group, const GravityModel& gravity) {
  std::vector<double> out(field_count_of(group));
  fill_common(satellite, gravity, out);
  if (group == BatchGroup::kNear) fill_drag(satellite.near_earth().drag, out);
  if (!satellite.is_deep_space()) return out;
  fill_deep(*satellite.lunar_solar(), satellite.near_earth().epoch.inclination, out);
  if (group != BatchGroup::kDeep) fill_resonance(*satellite.resonance(), out);
  return out;
}

BatchTarget target_of(std::size_t count, StateArrays& out) {
  for (auto* values : {&out.x, &out.y, &out.z}) values->resize(count);
  for (auto* values : {&out.vx, &out.vy, &out.vz}) values->resize(out.with_velocity ? count : 0);
  out.error.resize(count);
  BatchTarget target;
  target.x = out.x.data();
  target.y = out.y.data();
  target.z = out.z.data();
  if (out.with_velocity) {
    target.vx = out.vx.data();
    target.vy = out.vy.data();
    target.vz = out.vz.data();
  }
  target.error = out.error.data();
  return target;
}

// The places a kernel left to the reference path. A search of bytes: hardly any cost when there are none.
template <typename Answer>
void for_each_asked(const std::vector<std::uint8_t>& errors, const Answer& answer) {
  const std::uint8_t* end = errors.data() + errors.size();
  for (const std::uint8_t* at = errors.data(); at != end; ++at) {
    at = static_cast<const std::uint8_t*>(
        std::memchr(at, kBatchAskReference, static_cast<std::size_t>(end - at)));
    if (at == nullptr) return;
    answer(static_cast<std::size_t>(at - errors.data()));
  }
}

void write_state(const Sgp4& satellite, double minutes, std::size_t at, StateArrays& out) {
  const auto state = satellite.at_minutes(minutes);
  out.error[at] = state ? 0 : static_cast<std::uint8_t>(state.error());
  if (!state) return;  // the kernel has written NaN
  out.x[at] = state->position.x;
  out.y[at] = state->position.y;
  out.z[at] = state->position.z;
  if (!out.with_velocity) return;
  out.vx[at] = state->velocity.x;
  out.vy[at] = state->velocity.y;
  out.vz[at] = state->velocity.z;
}

}  // namespace

std::string_view to_string(InstructionSet set) {
  switch (set) {
    case InstructionSet::kBaseline:
      return "baseline";
    case InstructionSet::kAvx2:
      return "avx2";
    case InstructionSet::kAvx512:
      return "avx512";
  }
  return "unknown";
}

bool is_available(InstructionSet set) {
  return kernel_of(set) != nullptr && processor_has(set);
}

InstructionSet widest_instruction_set() {
  for (const InstructionSet set : {InstructionSet::kAvx512, InstructionSet::kAvx2})
    if (is_available(set)) return set;
  return InstructionSet::kBaseline;
}

Sgp4Batch::Sgp4Batch(std::span<const ElementSet> satellites, InstructionSet set, const GravityModel& gravity)
    : set_(set), kernel_(kernel_of(set)), gravity_(gravity), places_(satellites.size()) {
  EXPECTS(is_available(set));
  constants_ = {gravity.j2, gravity.j3 / gravity.j2, gravity.radius_km,
                gravity.radius_km * gravity.root_mu() / 60.0};
  std::vector<std::vector<double>> fields(satellites.size());
  std::vector<std::uint32_t> order[kBatchGroups];
  for (std::size_t i = 0; i < satellites.size(); ++i) {
    const Sgp4 satellite(satellites[i], gravity);
    const BatchGroup group = group_of(satellite);
    places_[i].group = group;
    elements_.push_back(satellites[i]);
    elements_.back().name.clear();
    elements_.back().designator.clear();
    fields[i] = fields_of(satellite, group, gravity);
    order[static_cast<std::size_t>(group)].push_back(static_cast<std::uint32_t>(i));
    if (satellite.is_deep_space()) ++deep_space_count_;
  }
  for (std::size_t g = 0; g < kBatchGroups; ++g) {
    std::stable_sort(order[g].begin(), order[g].end(), [&](std::uint32_t a, std::uint32_t b) {
      return eccentricity_class(satellites[a].eccentricity) < eccentricity_class(satellites[b].eccentricity);
    });
    groups_[g].satellites = std::move(order[g]);
    pack(static_cast<BatchGroup>(g), fields);
  }
}

void Sgp4Batch::pack(BatchGroup kind, std::span<const std::vector<double>> fields) {
  Group& group = groups_[static_cast<std::size_t>(kind)];
  group.field_count = field_count_of(kind);
  for (std::size_t lane = 0; lane < group.satellites.size(); ++lane)
    places_[group.satellites[lane]].lane = static_cast<std::uint32_t>(lane);
  const std::size_t width = kernel_->width;
  while (group.satellites.size() % width != 0) group.satellites.push_back(group.satellites.back());
  std::vector<double> values;
  values.reserve(group.satellites.size() * group.field_count);
  for (std::size_t first = 0; first < group.satellites.size(); first += width)
    for (std::size_t index = 0; index < group.field_count; ++index)
      for (std::size_t lane = 0; lane < width; ++lane)
        values.push_back(fields[group.satellites[first + lane]][index]);
  group.fields.reset(static_cast<double*>(::operator new[](values.size() * sizeof(double), kLineAlignment)));
  std::copy(values.begin(), values.end(), group.fields.get());
}

void Sgp4Batch::at(Instant t, StateArrays& out) const {
  at(std::span(&t, 1), BatchLayout::kTimeAfterTime, out);
}

void Sgp4Batch::at(std::span<const Instant> times, BatchLayout layout, StateArrays& out) const {
  // So many states at once that what is written stays in the caches.
  constexpr std::size_t kStatesAtOnce = 1 << 16;
  BatchTarget target = target_of(size() * times.size(), out);
  const bool by_time = layout == BatchLayout::kTimeAfterTime;
  target.satellite_stride = by_time ? 1 : times.size();
  target.time_stride = by_time ? size() : 1;
  std::vector<BatchTime> moments;
  moments.reserve(times.size());
  for (const Instant t : times) {
    const JulianDate jd = julian_date_utc(t);
    moments.push_back({jd.day, jd.fraction});
  }
  const std::size_t rows =
      by_time ? std::max<std::size_t>(1, kStatesAtOnce / std::max<std::size_t>(1, size())) : times.size();
  for (std::size_t first = 0; first < times.size(); first += rows) {
    const std::size_t count = std::min(rows, times.size() - first);
    for (std::size_t g = 0; g < kBatchGroups; ++g) {
      const Group& group = groups_[g];
      const BatchBlocks blocks{static_cast<BatchGroup>(g), group.fields.get(),
                               group.satellites.size() / kernel_->width, group.satellites.data()};
      BatchTarget from_here = target;
      from_here.first = first * target.time_stride;
      kernel_->propagate(constants_, blocks, moments.data() + first, count, from_here);
    }
  }
  for_each_asked(out.error, [&](std::size_t at) {
    const std::size_t satellite = at / target.satellite_stride % size();
    const Instant t = times[at / target.time_stride % times.size()];
    write_state(Sgp4(elements_[satellite], gravity_), minutes_since_epoch(elements_[satellite], t), at, out);
  });
}

void Sgp4Batch::track(std::size_t satellite, std::span<const Instant> times, StateArrays& out) const {
  EXPECTS(satellite < size());
  std::vector<double> minutes;
  minutes.reserve(times.size());
  for (const Instant t : times) minutes.push_back(minutes_since_epoch(elements_[satellite], t));
  track_minutes(satellite, minutes, out);
}

void Sgp4Batch::track_minutes(std::size_t satellite, std::span<const double> since_epoch,
                              StateArrays& out) const {
  EXPECTS(satellite < size());
  const Place& place = places_[satellite];
  const Group& group = groups_[static_cast<std::size_t>(place.group)];
  const std::size_t width = kernel_->width;
  const double* lane =
      group.fields.get() + place.lane / width * width * group.field_count + place.lane % width;
  alignas(64) std::array<double, kBatchFieldsMax * kBatchWidthMax> block;
  for (std::size_t index = 0; index < group.field_count; ++index)
    std::fill_n(block.begin() + static_cast<std::ptrdiff_t>(index * width), width, lane[index * width]);
  const BatchTarget target = target_of(since_epoch.size(), out);
  kernel_->track(constants_, {place.group, block.data(), 1, nullptr}, since_epoch.data(), since_epoch.size(),
                 target);
  for_each_asked(out.error, [&](std::size_t at) {
    write_state(Sgp4(elements_[satellite], gravity_), since_epoch[at], at, out);
  });
}

}  // namespace skywarden::orbit
