#include "share_words.h"

#include <fmt/format.h>

#include "base/contract.h"

namespace skywarden::app {

using consensus::part_of_best;
using consensus::ShareWhy;

Bilingual why_words(ShareWhy why) {
  switch (why) {
    case ShareWhy::kNearest:
      return {"it is one of the 2f + 1 nearest that can be counted on", "它是最近且可靠的 2f + 1 个成员之一"};
    case ShareWhy::kFarther:
      return {"enough others are nearer", "已有足够多的成员比它更近"};
    case ShareWhy::kDomainFull:
      return {"its failure domain holds as much as it may", "其故障域（轨道面）的份额已达上限"};
    case ShareWhy::kSilent:
      return {"it does not answer", "它没有应答"};
    case ShareWhy::kNewcomer:
      return {"its probation as a newcomer is not over", "它是新成员，考察期未满"};
    case ShareWhy::kDistrusted:
      return {"it answered too late or not at all too often", "它过于频繁地迟答或不答"};
    case ShareWhy::kBehind:
      return {"it does not hold the log yet", "它尚未持有完整日志"};
    case ShareWhy::kMalicious:
      return {"it contradicted itself, which is proven", "已证实它自相矛盾"};
    case ShareWhy::kWitness:
      return {"it is a witness and keeps no payloads", "它是见证成员，不保存数据"};
  }
  EXPECTS(false);
  return {};
}

Bilingual measured_words(const consensus::ShareReason& r) {
  Bilingual distance{"no distance", "无距离"};
  if (r.standing.distance) {
    const double ms = to_seconds(*r.standing.distance) * 1e3;
    distance = {fmt::format("{:.1f} ms there and back", ms), fmt::format("往返 {:.1f} 毫秒", ms)};
  }
  const double bandwidth = part_of_best(r.standing.bandwidth), trust = part_of_best(r.standing.trust),
               stability = part_of_best(r.standing.stability), blend = part_of_best(r.blend);
  return {fmt::format("{}; bandwidth {:.2f}, trust {:.2f}, stability {:.2f}, together {:.2f}", distance.en,
                      bandwidth, trust, stability, blend),
          fmt::format("{}；带宽 {:.2f}，信任 {:.2f}，稳定 {:.2f}，综合 {:.2f}", distance.zh, bandwidth, trust,
                      stability, blend)};
}

}  // namespace skywarden::app
