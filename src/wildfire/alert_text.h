// What an alert says to people, in English and Chinese: where (nearest place, distance, direction), how large
// (hectares and acres), how dangerous the day, how sure and why, and what to do. The words follow the numbers
// of the committed alert; both languages come from one table, so neither says more than the other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/geodesy.h"
#include "datum/alert.h"
#include "reasoning/wording.h"

namespace skywarden::wildfire {

using reasoning::Language;

struct Place {
  std::string name, name_zh;  // name_zh empty: the name serves both
  GeoPoint centre;
  std::int64_t population = 0;  // 0: unknown
};

struct TextOptions {
  bool exercise = true;                    // every text then begins by saying so
  std::optional<int> utc_offset_min = {};  // local time beside UTC
  Metres place_max = kilometres(200.0);    // places beyond are not named
};

struct AlertText {
  std::string event;        // "Wildfire"
  std::string headline;     // one line, at most 160 characters with ordinary place names (CAP §3.2.2)
  std::string description;  // where, how large, how sure, who is near, why
  std::string instruction;  // what to do
  std::string area;         // where, in a few words
};

inline constexpr std::size_t kPlacesTold =
    4;  // in the description: the nearest, and the largest within 50 km
inline constexpr std::size_t kReasonsTold = 5;

[[nodiscard]] AlertText text_of(const datum::Alert& alert, std::span<const Place> places, Language language,
                                const TextOptions& options = {});

// "1,240 ha (3,060 acres)", "1,240公顷（3,060英亩）": three significant digits.
[[nodiscard]] std::string area_words(std::uint64_t area_m2, Language language);
// "3 km (2 mi) north-east of Calistoga"; coordinates when no place is near.
[[nodiscard]] std::string location_words(GeoPoint where, std::span<const Place> places, Language language,
                                         Metres place_max = kilometres(200.0));

}  // namespace skywarden::wildfire
