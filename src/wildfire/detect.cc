#include "wildfire/detect.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "base/contract.h"
#include "onboard/firms.h"

namespace skywarden::wildfire {
namespace {

constexpr double kCellM = 8000.0;
constexpr std::size_t kRenamedMax = 4096;  // reports kept when nobody takes them; the oldest go first

// How evidence is scored; see `Detector::evidence`.
constexpr double kPixelFloor = 0.60,
                 kPixelSpan = 0.37;          // probability at confidence 0, and what is added to 1
constexpr double kLogOddsPerPixels = 0.5;    // times ln of the pixels of the best pass
constexpr double kLogOddsPerPasses = 0.7;    // times ln of the passes: nearly independent looks
constexpr double kLogOddsPerPower = 0.3;     // times log10 of the best pass over 10 MW, -1…2
constexpr double kLogOddsPerContrast = 0.3;  // times (K over background - 20) / 20, -1…1
constexpr double kLogOddsMin = -1.0, kLogOddsMax = 5.5;  // 0.27…0.996: no sensor is certain alone
constexpr double kLowContrastK = 10.0;
constexpr double kLoneDaytimeFactor = 0.7;

std::uint64_t cell_key(std::int64_t x, std::int64_t y, std::int64_t z) {
  constexpr std::int64_t kOffset = 1 << 20;  // cells are within ±800
  const auto part = [](std::int64_t v) { return static_cast<std::uint64_t>(v + kOffset); };
  return part(x) << 42 | part(y) << 21 | part(z);
}

std::array<std::int64_t, 3> cell_of(const Direction& d) {
  const auto cell = [](double v) {
    return static_cast<std::int64_t>(std::floor(v * kEarthMeanRadiusM / kCellM));
  };
  return {cell(d.x), cell(d.y), cell(d.z)};
}

// False only when the circles around two boxes are farther apart; a cheap first look.
bool near(const Footprint& a, const Footprint& b, double limit_m) {
  const double x = a.centre.x - b.centre.x, y = a.centre.y - b.centre.y, z = a.centre.z - b.centre.z;
  const double reach_m = 1.01 * (limit_m + std::hypot(a.half_scan_m, a.half_track_m) +
                                 std::hypot(b.half_scan_m, b.half_track_m));
  return kEarthMeanRadiusM * kEarthMeanRadiusM * (x * x + y * y + z * z) <= reach_m * reach_m;
}

std::string sensor_name(const datum::Hotspot& seen) {
  return fmt::format("{} {}", seen.instrument, onboard::satellite_name(seen.satellite));
}

double reliability_of(const std::string& instrument) {
  if (instrument == "VIIRS") return 0.95;
  if (instrument == "MODIS") return 0.90;
  return 0.70;
}

struct Pass {
  Instant start{};
  std::size_t pixels = 0;
  double power_w = 0.0;
};

// One sensor's pixels, by time, cut into passes.
std::vector<Pass> passes_of(std::span<const datum::Hotspot* const> seen, Duration length) {
  std::vector<Pass> passes;
  for (const datum::Hotspot* hotspot : seen) {
    if (passes.empty() || hotspot->time - passes.back().start > length) passes.push_back({hotspot->time});
    ++passes.back().pixels;
    if (hotspot->radiative_power) passes.back().power_w += hotspot->radiative_power->value();
  }
  return passes;
}

using BySensor = std::map<std::string, std::vector<const datum::Hotspot*>>;

double pixel_log_odds(const datum::Hotspot& seen) {
  const double confidence = std::clamp(seen.confidence.value(), 0.0, 1.0);
  return log_odds(Probability(kPixelFloor + kPixelSpan * confidence));
}

std::optional<double> contrast_k(const datum::Hotspot& seen) {
  if (!seen.background) return std::nullopt;
  return seen.brightness.value() - seen.background->value();
}

datum::Evidence score(EventId event, const std::string& sensor, std::span<const datum::Hotspot* const> seen,
                      Duration pass_length) {
  const std::vector<Pass> passes = passes_of(seen, pass_length);
  double best = -1e9, power_w = 0.0, contrast = -1e9;
  std::size_t most = 0;
  for (const datum::Hotspot* hotspot : seen) {
    best = std::max(best, pixel_log_odds(*hotspot));
    contrast = std::max(contrast, contrast_k(*hotspot).value_or(-1e9));
  }
  for (const Pass& pass : passes) {
    most = std::max(most, pass.pixels);
    power_w = std::max(power_w, pass.power_w);
  }
  const bool contrast_known = contrast > -1e8;
  double sum = best + kLogOddsPerPixels * std::log(static_cast<double>(most)) +
               kLogOddsPerPasses * std::log(static_cast<double>(passes.size()));
  if (power_w > 0.0) sum += kLogOddsPerPower * std::clamp(std::log10(power_w / 10e6), -1.0, 2.0);
  if (contrast_known) sum += kLogOddsPerContrast * std::clamp((contrast - 20.0) / 20.0, -1.0, 1.0);
  const datum::Hotspot& newest = *seen.back();
  const bool doubtful = seen.size() == 1 && newest.daytime && newest.confidence.value() < 0.5 &&
                        (!contrast_known || contrast < kLowContrastK);
  datum::Evidence evidence;
  evidence.event = event;
  evidence.kind = datum::EvidenceKind::kMeasured;
  evidence.time = newest.time;
  evidence.probability = from_log_odds(std::clamp(sum, kLogOddsMin, kLogOddsMax));
  evidence.reliability = Fraction(reliability_of(newest.instrument) * (doubtful ? kLoneDaytimeFactor : 1.0));
  evidence.source = sensor;
  evidence.detail = fmt::format("{} pixel{} in {} pass{}", seen.size(), seen.size() == 1 ? "" : "s",
                                passes.size(), passes.size() == 1 ? "" : "es");
  if (power_w > 0.0) evidence.detail += fmt::format(", {:.0f} MW", power_w / 1e6);
  if (contrast_known) evidence.detail += fmt::format(", {:.0f} K over background", contrast);
  if (doubtful) evidence.detail += ", may be sunglint";
  for (const datum::Hotspot* hotspot : seen) evidence.observations.push_back(hotspot->id);
  std::sort(evidence.observations.begin(), evidence.observations.end());
  return evidence;
}

}  // namespace

Result<void> DetectorOptions::validate() const {
  if (!(link_distance.value() >= 0.0 && link_distance.value() <= 20'000.0))
    return fail(Errc::kOutOfRange, "detect.link_distance: expected 0…20000 m");
  constexpr Duration kYear = std::chrono::hours(24 * 366);
  if (link_window < Duration::zero() || link_window > kYear || lateness < Duration::zero() ||
      lateness > kYear)
    return fail(Errc::kOutOfRange, "detect: expected link_window and lateness of 0…366 days");
  if (clock_skew < Duration::zero() || pass_length < Duration::zero())
    return fail(Errc::kOutOfRange, "detect: expected clock_skew and pass_length of 0 or more");
  if (hotspots_max < 1 || hotspots_max > 0xffff'fff0)
    return fail(Errc::kOutOfRange, "detect.hotspots_max: expected 1…4294967280");
  return sites.validate();
}

Detector::Detector(const DetectorOptions& options) : options_(options), sites_(options.sites) {
  EXPECTS(options_.validate().has_value());
}

std::vector<EventId> Detector::add(std::span<const datum::Hotspot> hotspots, Instant now) {
  advance(now);
  std::set<std::uint64_t> touched;
  for (const datum::Hotspot& hotspot : hotspots) {
    const std::optional<Footprint> box = footprint(hotspot);
    if (!box) {
      ++counts_.unusable;
    } else if (hotspot.time > now + options_.clock_skew) {
      ++counts_.future;
    } else if (hotspot.time < now - options_.lateness) {
      ++counts_.late;
    } else if (!known_.insert(hotspot.id).second) {
      ++counts_.repeated;
    } else {
      place(hotspot, *box, touched);
    }
  }
  std::vector<EventId> ids;
  for (const std::uint64_t cluster : touched) {
    rename(cluster);
    ids.push_back(clusters_.at(cluster).names.back());
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

void Detector::advance(Instant now) {
  sites_.advance(now);
  // Nothing accepted from now on can lie within the window of what is older than this.
  const Instant horizon = now - options_.lateness - options_.link_window;
  while (!by_last_.empty() && by_last_.begin()->first < horizon) close(by_last_.begin()->second);
  while (!linkable_.empty() && linkable_.begin()->first.first < horizon) unlink(linkable_.begin()->second);
}

void Detector::place(const datum::Hotspot& hotspot, const Footprint& box, std::set<std::uint64_t>& touched) {
  if (held_ >= options_.hotspots_max) {
    const std::uint64_t oldest = by_last_.begin()->second;
    rename(oldest);  // it may have joined in this very batch
    touched.erase(oldest);
    close(oldest);
    ++counts_.closed_early;
  }
  ++counts_.taken;
  ++held_;
  sites_.add(box.centre, hotspot.time);
  std::uint32_t slot = 0;
  if (free_slots_.empty()) {
    slot = static_cast<std::uint32_t>(pixels_.size());
    pixels_.emplace_back();
  } else {
    slot = free_slots_.back();
    free_slots_.pop_back();
  }
  std::uint64_t mine = next_cluster_++;
  pixels_[slot] = {hotspot, box, mine};
  Cluster& single = clusters_[mine];
  single.members = {slot};
  single.first = order_of(slot);
  single.last = hotspot.time;
  by_last_.insert({hotspot.time, mine});
  radius_max_m_ = std::max(radius_max_m_, std::hypot(box.half_scan_m, box.half_track_m));
  for (const std::uint32_t other : candidates(box)) {
    if (pixels_[other].cluster == mine || !linked(slot, other)) continue;
    touched.erase(mine);
    touched.erase(pixels_[other].cluster);
    mine = merge(mine, pixels_[other].cluster);
  }
  touched.insert(mine);
  const auto [x, y, z] = cell_of(box.centre);
  cells_[cell_key(x, y, z)].push_back(slot);
  linkable_.insert({order_of(slot), slot});
}

std::vector<std::uint32_t> Detector::candidates(const Footprint& box) const {
  std::vector<std::uint32_t> found;
  const double reach_m =
      options_.link_distance.value() + std::hypot(box.half_scan_m, box.half_track_m) + radius_max_m_;
  const auto reach = static_cast<std::int64_t>(std::ceil(reach_m / kCellM));
  const auto [x, y, z] = cell_of(box.centre);
  for (std::int64_t i = x - reach; i <= x + reach; ++i)
    for (std::int64_t j = y - reach; j <= y + reach; ++j)
      for (std::int64_t k = z - reach; k <= z + reach; ++k) {
        const auto cell = cells_.find(cell_key(i, j, k));
        if (cell != cells_.end()) found.insert(found.end(), cell->second.begin(), cell->second.end());
      }
  return found;
}

bool Detector::linked(std::uint32_t a, std::uint32_t b) const {
  // In one order, so that rounding cannot make the relation depend on who came first.
  const bool swapped = order_of(b) < order_of(a);
  const Pixel& early = pixels_[swapped ? b : a];
  const Pixel& late = pixels_[swapped ? a : b];
  if (late.seen.time - early.seen.time > options_.link_window) return false;
  const double limit_m = options_.link_distance.value();
  return near(early.box, late.box, limit_m) && gap_m(early.box, late.box) <= limit_m;
}

std::uint64_t Detector::merge(std::uint64_t a, std::uint64_t b) {
  // The larger keeps its key: a pixel changes cluster at most log2 n times.
  if (clusters_.at(a).members.size() < clusters_.at(b).members.size()) std::swap(a, b);
  Cluster& kept = clusters_.at(a);
  Cluster& gone = clusters_.at(b);
  by_last_.erase({kept.last, a});
  by_last_.erase({gone.last, b});
  for (const std::uint32_t slot : gone.members) pixels_[slot].cluster = a;
  kept.members.insert(kept.members.end(), gone.members.begin(), gone.members.end());
  kept.first = std::min(kept.first, gone.first);
  kept.last = std::max(kept.last, gone.last);
  kept.names.insert(kept.names.end(), gone.names.begin(), gone.names.end());
  clusters_.erase(b);
  by_last_.insert({kept.last, a});
  return a;
}

// After a change: the name of the earliest observation, and what of it differs from before.
void Detector::rename(std::uint64_t key) {
  Cluster& cluster = clusters_.at(key);
  cluster.view.reset();
  const EventId id(cluster.first.second.value());
  std::sort(cluster.names.begin(), cluster.names.end());
  cluster.names.erase(std::unique(cluster.names.begin(), cluster.names.end()), cluster.names.end());
  std::erase(cluster.names, id);
  for (const EventId name : cluster.names) {
    former_[name] = key;
    if (events_.erase(name) == 0) continue;  // given up before
    if (renamed_.size() >= kRenamedMax) renamed_.erase(renamed_.begin());
    renamed_.push_back({name, id});
  }
  cluster.names.push_back(id);
  former_.erase(id);
  events_[id] = key;
}

void Detector::unlink(std::uint32_t slot) {
  const auto [x, y, z] = cell_of(pixels_[slot].box.centre);
  const auto cell = cells_.find(cell_key(x, y, z));
  std::erase(cell->second, slot);
  if (cell->second.empty()) cells_.erase(cell);
  known_.erase(pixels_[slot].seen.id);
  linkable_.erase({order_of(slot), slot});
}

void Detector::close(std::uint64_t key) {
  const auto it = clusters_.find(key);
  const Cluster& cluster = it->second;
  if (options_.closed_max > 0) {
    if (closed_.size() >= options_.closed_max) closed_.erase(closed_.begin());
    closed_.push_back(record_of(cluster, cluster.last));
  }
  for (const EventId name : cluster.names) former_.erase(name);
  events_.erase(cluster.names.back());
  for (const std::uint32_t slot : cluster.members) {
    if (linkable_.contains({order_of(slot), slot})) unlink(slot);
    free_slots_.push_back(slot);
  }
  held_ -= cluster.members.size();
  by_last_.erase({cluster.last, key});
  clusters_.erase(it);
}

Detector::Order Detector::order_of(std::uint32_t slot) const {
  return {pixels_[slot].seen.time, pixels_[slot].seen.id};
}

std::vector<std::uint32_t> Detector::ordered_members(const Cluster& cluster) const {
  std::vector<std::uint32_t> members = cluster.members;
  std::sort(members.begin(), members.end(),
            [&](std::uint32_t a, std::uint32_t b) { return order_of(a) < order_of(b); });
  return members;
}

std::vector<EventId> Detector::open_events() const {
  std::vector<EventId> ids;
  for (const auto& [id, key] : events_) ids.push_back(id);
  return ids;
}

EventId Detector::current_name(EventId id) const {
  const auto it = former_.find(id);
  return it == former_.end() ? id : clusters_.at(it->second).names.back();
}

const Detector::Cluster& Detector::cluster_of(EventId id) const {
  const auto it = events_.find(id);
  EXPECTS(it != events_.end());
  return clusters_.at(it->second);
}

const datum::FireEvent& Detector::event(EventId id) const {
  return view_of(cluster_of(id));
}

const datum::FireEvent& Detector::view_of(const Cluster& cluster) const {
  if (cluster.view && cluster.view_sites == sites_.revision()) return *cluster.view;
  std::vector<GeoPoint> places;
  for (const std::uint32_t slot : cluster.members) places.push_back(pixels_[slot].seen.centre);
  const bool persistent = mostly_persistent(places);  // may change without a new pixel of this event
  cluster.view_sites = sites_.revision();
  if (cluster.view) {
    cluster.view->persistent_source = persistent;
    return *cluster.view;
  }
  const std::vector<std::uint32_t> members = ordered_members(cluster);
  datum::FireEvent event;
  event.id = cluster.names.back();
  event.first_seen = cluster.first.first;
  event.last_seen = cluster.last;
  event.persistent_source = persistent;
  const datum::Hotspot& newest = pixels_[members.back()].seen;
  const std::string sensor = sensor_name(newest);
  std::vector<Footprint> boxes;
  double power_w = 0.0;
  for (const std::uint32_t slot : members) {
    const datum::Hotspot& seen = pixels_[slot].seen;
    boxes.push_back(pixels_[slot].box);
    event.observations.push_back(seen.id);
    if (newest.time - seen.time <= options_.pass_length && seen.radiative_power &&
        sensor_name(seen) == sensor)
      power_w += seen.radiative_power->value();
  }
  std::sort(event.observations.begin(), event.observations.end());
  event.centre = centre_of(boxes);
  event.outline = hull(boxes);
  event.area = union_area(boxes);
  event.radiative_power = Watts(power_w);
  cluster.view = std::move(event);
  return *cluster.view;
}

std::vector<datum::Evidence> Detector::evidence(EventId id, Instant now) const {
  return evidence_of(cluster_of(id), now);
}

std::vector<datum::Evidence> Detector::evidence_of(const Cluster& cluster, Instant now) const {
  BySensor sensors;
  for (const std::uint32_t slot : ordered_members(cluster)) {
    const datum::Hotspot& seen = pixels_[slot].seen;
    if (seen.time <= now + options_.clock_skew) sensors[sensor_name(seen)].push_back(&seen);
  }
  std::vector<datum::Evidence> pieces;
  for (auto& [sensor, seen] : sensors) {
    const Instant oldest = seen.back()->time - options_.link_window;
    std::erase_if(seen, [&](const datum::Hotspot* hotspot) { return hotspot->time < oldest; });
    pieces.push_back(score(cluster.names.back(), sensor, seen, options_.pass_length));
  }
  return pieces;
}

EventRecord Detector::record(EventId id, Instant now) const {
  return record_of(cluster_of(id), now);
}

EventRecord Detector::record_of(const Cluster& cluster, Instant now) const {
  EventRecord record;
  record.event = view_of(cluster);
  record.evidence = evidence_of(cluster, now);
  BySensor sensors;
  for (const std::uint32_t slot : ordered_members(cluster)) {
    const datum::Hotspot& seen = pixels_[slot].seen;
    sensors[sensor_name(seen)].push_back(&seen);
    record.pixels.push_back(seen.centre);
  }
  for (const auto& [sensor, seen] : sensors) {
    const std::vector<Pass> passes = passes_of(seen, options_.pass_length);
    record.passes += passes.size();
    for (const Pass& pass : passes) record.peak_power = std::max(record.peak_power, Watts(pass.power_w));
  }
  return record;
}

std::vector<Renamed> Detector::take_renamed() {
  return std::exchange(renamed_, {});
}

std::vector<EventRecord> Detector::take_closed() {
  return std::exchange(closed_, {});
}

bool Detector::mostly_persistent(std::span<const GeoPoint> places) const {
  std::size_t others = 0;
  for (const GeoPoint& place : places) {
    if (2 * others > places.size()) return false;
    if (!sites_.persistent_at(to_direction(place))) ++others;
  }
  return 2 * others <= places.size() && !places.empty();
}

Probability pooled(std::span<const datum::Evidence> evidence) {
  double sum = 0.0;
  for (const datum::Evidence& piece : evidence)
    sum += piece.reliability.value() * log_odds(piece.probability);
  return from_log_odds(sum);
}

}  // namespace skywarden::wildfire
