// Hotspots into fire events, as they arrive and the same whatever their order.
//
// Two pixels belong to one event when their footprints (footprint.h) come within a distance and their times
// within a window; an event is a connected component of that relation. It is named by its earliest
// observation, so nodes that saw the same pixels in different order agree on its name; when a late pixel or a
// merge gives it an older name, the change is reported. What is known of it follows from the set of its
// pixels alone: union of footprints as area, convex hull as outline, the newest pass's radiative power, and
// evidence by sensor.
//
// Evidence is not gated by danger (danger.h) and says nothing of who relayed it. How it is scored is
// described at `evidence`; the numbers are ours, chosen from the published commission errors of MODIS
// Collection 6 (Giglio, Schroeder and Justice, Remote Sens. Environ. 178, 2016) and VIIRS 375 m (Schroeder et
// al., Remote Sens. Environ. 143, 2014), not fitted to data.
//
// State is bounded: an event closes when nothing can join it any more, and pixels that arrive later than
// `lateness` are left out and counted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "base/units.h"
#include "datum/evidence.h"
#include "datum/hotspot.h"
#include "wildfire/footprint.h"
#include "wildfire/heat_sites.h"

namespace skywarden::wildfire {

struct DetectorOptions {
  Metres link_distance{1000.0};  // between the edges of two footprints
  Duration link_window = std::chrono::hours(48);
  Duration lateness = std::chrono::hours(24);       // a pixel may arrive so long after it was seen
  Duration clock_skew = std::chrono::minutes(10);   // a pixel from further in the future is left out
  Duration pass_length = std::chrono::minutes(15);  // one satellite's pixels within this are one pass
  std::size_t hotspots_max = 200'000;  // held in open events; beyond, the longest silent event closes
  std::size_t closed_max = 0;          // closed events kept for take_closed(); beyond, the oldest go
  HeatSiteOptions sites;

  [[nodiscard]] Result<void> validate() const;
};

struct Renamed {  // an event that merged into another, or got an older first pixel
  EventId from, to;
  friend bool operator==(const Renamed&, const Renamed&) = default;
};

// An event with what a list or a map shows of it.
struct EventRecord {
  datum::FireEvent event;
  std::vector<datum::Evidence> evidence;
  std::size_t passes = 0;
  Watts peak_power;              // of a pass
  std::vector<GeoPoint> pixels;  // centres, by time
};

struct DetectorCounts {
  std::uint64_t taken = 0, repeated = 0, late = 0, future = 0, unusable = 0;
  std::uint64_t closed_early = 0;  // events closed by the limit on hotspots
};

class Detector {
 public:
  explicit Detector(const DetectorOptions& options = {});
  Detector(Detector&&) = default;
  Detector& operator=(Detector&&) = default;

  // The open events that the batch created or changed, ascending. Events that grew quiet are closed first.
  std::vector<EventId> add(std::span<const datum::Hotspot> hotspots, Instant now);
  void advance(Instant now);  // closes what grew quiet; add does the same

  [[nodiscard]] std::vector<EventId> open_events() const;  // ascending
  [[nodiscard]] bool is_open(EventId id) const { return events_.contains(id); }
  // The name an event goes by now; the id itself when it never changed or is unknown.
  [[nodiscard]] EventId current_name(EventId id) const;
  // Expect is_open(id). The reference holds until the next add or advance.
  [[nodiscard]] const datum::FireEvent& event(EventId id) const;
  // One piece a sensor, in the order of their names, from its pixels of the last link_window that are not
  // from after `now`. The best pixel gives the start (confidence 0…1 to probability 0.60…0.97: every pixel
  // has passed its product's own tests); more pixels in a pass, more passes, more power and more contrast
  // with the background add log-odds. Reliability is the sensor's, lower for a lone daytime pixel of little
  // contrast, which may be sunglint or a hot roof.
  [[nodiscard]] std::vector<datum::Evidence> evidence(EventId id, Instant now) const;
  [[nodiscard]] EventRecord record(EventId id, Instant now) const;

  // Since the last call, in the order they happened.
  [[nodiscard]] std::vector<Renamed> take_renamed();
  [[nodiscard]] std::vector<EventRecord> take_closed();

  // Whether most of these places are persistent heat sources, by all that was seen so far.
  [[nodiscard]] bool mostly_persistent(std::span<const GeoPoint> places) const;
  [[nodiscard]] const DetectorCounts& counts() const { return counts_; }
  [[nodiscard]] std::size_t hotspots() const { return held_; }

 private:
  using Order = std::pair<Instant, ObservationId>;  // of observations, everywhere
  struct Pixel {
    datum::Hotspot seen;
    Footprint box;
    std::uint64_t cluster = 0;
  };
  struct Cluster {
    std::vector<std::uint32_t> members;  // slots
    Order first;                         // the earliest observation names the event
    Instant last{};
    std::vector<EventId>
        names;  // by which it was known, in the order they were given up; its own is the last
    mutable std::optional<datum::FireEvent> view;
    mutable std::uint64_t view_sites = 0;  // the revision of the sites it was made with
  };
  using CellKey = std::uint64_t;

  void place(const datum::Hotspot& hotspot, const Footprint& box, std::set<std::uint64_t>& touched);
  [[nodiscard]] std::vector<std::uint32_t> candidates(const Footprint& box) const;  // perhaps near enough
  std::uint64_t merge(std::uint64_t a, std::uint64_t b);  // the cluster that remains
  [[nodiscard]] bool linked(std::uint32_t a, std::uint32_t b) const;
  void rename(std::uint64_t cluster);
  void close(std::uint64_t cluster);
  void unlink(std::uint32_t slot);
  [[nodiscard]] Order order_of(std::uint32_t slot) const;
  [[nodiscard]] std::vector<std::uint32_t> ordered_members(const Cluster& cluster) const;
  [[nodiscard]] const Cluster& cluster_of(EventId id) const;
  [[nodiscard]] const datum::FireEvent& view_of(const Cluster& cluster) const;
  [[nodiscard]] std::vector<datum::Evidence> evidence_of(const Cluster& cluster, Instant now) const;
  [[nodiscard]] EventRecord record_of(const Cluster& cluster, Instant now) const;

  DetectorOptions options_;
  HeatSites sites_;
  std::vector<Pixel> pixels_;  // by slot
  std::vector<std::uint32_t> free_slots_;
  std::size_t held_ = 0;
  // Pixels that another may still link to; never iterated in their own order.
  std::unordered_map<CellKey, std::vector<std::uint32_t>> cells_;
  std::unordered_set<ObservationId> known_;
  std::set<std::pair<Order, std::uint32_t>> linkable_;  // by age
  double radius_max_m_ = 0.0;                           // of the footprints seen
  std::map<std::uint64_t, Cluster> clusters_;
  std::set<std::pair<Instant, std::uint64_t>> by_last_;  // clusters by their newest pixel
  std::uint64_t next_cluster_ = 1;
  std::map<EventId, std::uint64_t> events_;
  std::map<EventId, std::uint64_t> former_;  // names that open clusters had
  std::vector<Renamed> renamed_;
  std::vector<EventRecord> closed_;
  DetectorCounts counts_;
};

// Several sensors together: their log-odds added, each by its reliability. What detection alone says, before
// any prior.
[[nodiscard]] Probability pooled(std::span<const datum::Evidence> evidence);

}  // namespace skywarden::wildfire
