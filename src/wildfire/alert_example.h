// For tests: one alert as the log would hold it, and places around it.
#pragma once

#include <vector>

#include "base/time.h"
#include "datum/alert.h"
#include "wildfire/alert_text.h"

namespace skywarden::wildfire::example {

inline datum::Alert alert(std::uint32_t sequence = 0,
                          datum::ProposalKind kind = datum::ProposalKind::kAlert) {
  datum::Alert a;
  datum::Proposal& p = a.proposal;
  p.event = EventId(0xab);
  p.sequence = sequence;
  p.kind = kind;
  p.time_ns = (parse_utc("2017-10-09T04:58:12Z").value() + std::chrono::minutes(30 * sequence))
                  .time_since_epoch()
                  .count();
  p.probability_ppm = 968'123;
  p.low_ppm = 871'000;
  p.high_ppm = 994'500;
  p.threshold_ppm = 700'000;
  p.area_m2 = 12'432'000;
  p.power_w = 340'000'000;
  p.danger = 3;
  p.centre = {386'083'000, -1'226'236'000};
  p.outline = {{385'900'000, -1'226'500'000},
               {385'900'000, -1'226'000'000},
               {386'200'000, -1'226'000'000},
               {386'200'000, -1'226'500'000},
               {385'900'000, -1'226'500'000}};
  p.reasons = {{datum::EvidenceKind::kMeasured, 4321, 840'000, "VIIRS N20",
                "VIIRS N20: 12 pixels in 2 passes, 340 MW", "VIIRS N20：12个像元，2次过境，340兆瓦"},
               {datum::EvidenceKind::kModelled, -3200, 18'000'000, "prior",
                "Before any look: chance of fire 3.9 %, danger very high (FWI 44 at Santa Rosa)",
                "观测之前：起火概率3.9%，火险等级很高（FWI 44 at Santa Rosa）"}};
  for (std::uint64_t id = 1; id <= 57; ++id) p.observations.emplace_back(id);
  for (std::uint32_t node = 1; node <= 12; ++node) p.merged.emplace_back(node);
  a.index = LogIndex(17);
  a.term = Term(3);
  a.shares_for = 30;
  a.shares_total = 33;
  return a;
}

inline std::vector<Place> places() {
  return {{"Santa Rosa", "圣罗莎", {38.4405, -122.7144}, 167'800},
          {"Windsor", "温莎", {38.5471, -122.8164}, 26'800},
          {"Calistoga", "卡利斯托加", {38.5788, -122.5797}, 5'200},
          {"Franz Valley", "", {38.605, -122.63}, 0},
          {"St. Helena", "圣赫勒拿", {38.5052, -122.4703}, 5'800},
          {"Larkfield-Wikiup", "拉克菲尔德-威基厄普", {38.5116, -122.7498}, 8'900}};
}

}  // namespace skywarden::wildfire::example
