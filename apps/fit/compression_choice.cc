#include "compression_choice.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "onboard/network_operations.h"
#include "report_svg.h"

namespace skywarden::fit {
namespace {

using nlohmann::ordered_json;

bool beats(const Candidate& a, const Candidate& b) {
  const bool as_good = a.within >= b.within && a.latency_ms <= b.latency_ms && a.memory_mb <= b.memory_mb &&
                       a.energy_mj <= b.energy_mj;
  return as_good && (a.within > b.within || a.latency_ms < b.latency_ms || a.memory_mb < b.memory_mb ||
                     a.energy_mj < b.energy_mj);
}

}  // namespace

Choice choose(const std::vector<Candidate>& candidates, const ChoiceLimits& limits) {
  Choice out;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const Candidate& one = candidates[i];
    out.on_front.push_back(std::none_of(candidates.begin(), candidates.end(),
                                        [&](const Candidate& other) { return beats(other, one); }));
    out.within_limits.push_back(one.latency_ms <= limits.latency_ms && one.memory_mb <= limits.memory_mb &&
                                one.energy_mj <= limits.energy_mj);
    if (!out.within_limits[i]) continue;
    const Candidate* best = out.best ? &candidates[*out.best] : nullptr;
    if (best == nullptr || one.within > best->within ||
        (one.within == best->within && one.latency_ms < best->latency_ms))
      out.best = i;
  }
  return out;
}

std::size_t memory_bytes(const inference::Program& program) {
  return onboard::tensor_bytes(program) + program.arena_bytes;
}

ordered_json to_json(const std::vector<Candidate>& candidates, const ChoiceLimits& limits,
                     const Choice& choice) {
  const auto number = [](double x) { return std::isfinite(x) ? ordered_json(x) : ordered_json(nullptr); };
  ordered_json out{
      {"limits",
       {{"latency_ms", number(limits.latency_ms)},
        {"memory_mb", number(limits.memory_mb)},
        {"energy_mj", number(limits.energy_mj)}}},
      {"best", choice.best ? ordered_json(candidates[*choice.best].name) : ordered_json(nullptr)},
      {"candidates", ordered_json::array()}};
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const Candidate& c = candidates[i];
    out["candidates"].push_back({{"network", c.name},
                                 {"within", c.within},
                                 {"latency_ms", c.latency_ms},
                                 {"memory_mb", c.memory_mb},
                                 {"energy_mj_modelled", c.energy_mj},
                                 {"on_front", static_cast<bool>(choice.on_front[i])},
                                 {"within_limits", static_cast<bool>(choice.within_limits[i])}});
  }
  return out;
}

std::string picture(const std::vector<Candidate>& candidates, const ChoiceLimits& limits,
                    const Choice& choice) {
  constexpr double kWidth = 640, kHeight = 400, kLeft = 64, kRight = kWidth - 120, kTop = 40,
                   kBottom = kHeight - 48;
  double fast = 1e9, slow = 1e-9, worst = 1.0, best = 0.0;
  for (const Candidate& c : candidates) {
    fast = std::min(fast, c.latency_ms);
    slow = std::max(slow, c.latency_ms);
    worst = std::min(worst, c.within);
    best = std::max(best, c.within);
  }
  const double margin = std::max(0.001, 0.1 * (best - worst));
  const app::Scale across(std::log10(fast) - 0.15, std::log10(slow) + 0.15, kLeft, kRight),
      up(worst - margin, best + margin, kBottom, kTop);
  const auto x = [&](double latency) { return across(std::log10(latency)); };
  app::Svg svg(kWidth, kHeight, "Latency of networks against their accuracy");
  svg.raw(
      "<style>text{font:11px sans-serif;fill:#222}</style>\n"
      "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n");
  svg.text(kLeft, 20, "Latency of one record (ms, logarithmic) and share within tolerance");
  for (const app::Tick& tick : app::number_ticks(worst - margin, best + margin, 6)) {
    svg.line(kLeft, up(tick.at), kRight, up(tick.at), "stroke=\"#ddd\"");
    svg.text(kLeft - 6, up(tick.at) + 4, tick.label, "text-anchor=\"end\"");
  }
  for (int power = -4; power <= 5; ++power)
    for (const double factor : {1.0, 2.0, 5.0})
      if (const double at = factor * std::pow(10.0, power); x(at) >= kLeft && x(at) <= kRight) {
        svg.line(x(at), kTop, x(at), kBottom, "stroke=\"#ddd\"");
        svg.text(x(at), kBottom + 16, fmt::format("{:g}", at), "text-anchor=\"middle\"");
      }
  if (std::isfinite(limits.latency_ms) && x(limits.latency_ms) >= kLeft && x(limits.latency_ms) <= kRight)
    svg.line(x(limits.latency_ms), kTop, x(limits.latency_ms), kBottom,
             "stroke=\"#c33\" stroke-dasharray=\"4 3\"");
  std::vector<app::Point2> front;
  for (std::size_t i = 0; i < candidates.size(); ++i)
    if (choice.on_front[i]) front.push_back({x(candidates[i].latency_ms), up(candidates[i].within)});
  std::sort(front.begin(), front.end(), [](const auto& a, const auto& b) { return a.x < b.x; });
  svg.path(app::polyline(front), "fill=\"none\" stroke=\"#888\"");
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const Candidate& c = candidates[i];
    const char* colour = !choice.within_limits[i] ? "fill=\"#bbb\""
                         : choice.best == i       ? "fill=\"#1a7f37\""
                                                  : "fill=\"#2457a6\"";
    svg.circle(x(c.latency_ms), up(c.within), choice.best == i ? 6 : 4, colour,
               fmt::format("{}: {:.3f} ms, {:.4f} within tolerance, {:.3f} MB, {:.5f} mJ modelled", c.name,
                           c.latency_ms, c.within, c.memory_mb, c.energy_mj));
    svg.text(x(c.latency_ms) + 8, up(c.within) + 4, c.name);
  }
  std::string text = std::move(svg).finish();
  text.insert(text.find("<svg") + 4, " xmlns=\"http://www.w3.org/2000/svg\"");
  return text + "\n";
}

}  // namespace skywarden::fit
