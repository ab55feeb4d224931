// Any bytes as a FIRMS file, streamed through detection and written out: the counts must add up.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "onboard/firms.h"
#include "wildfire/detect.h"
#include "wildfire/event_export.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace skywarden;
  const auto file = onboard::read_firms({reinterpret_cast<const char*>(data), size});
  if (!file) return 0;
  wildfire::DetectorOptions options;
  options.hotspots_max = 50;
  options.closed_max = 100'000;
  wildfire::Detector detector(options);
  std::vector<wildfire::EventRecord> records;
  Instant now{};
  for (const auto& hotspot : file->hotspots) {
    now = std::max(now, hotspot.time);
    detector.add({&hotspot, 1}, now);
    for (auto& record : detector.take_closed()) records.push_back(std::move(record));
  }
  for (const EventId id : detector.open_events()) records.push_back(detector.record(id, now));
  std::size_t held = 0;
  for (const auto& record : records) held += record.event.observations.size();
  if (held != detector.counts().taken) std::abort();
  (void)wildfire::events_geojson(records);
  (void)wildfire::events_csv(records);
  return 0;
}
