#include "fault_process.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace skywarden::fit {
namespace {

using onboard::Panel;

struct Kind {
  std::string_view name;
  double size;  // standard deviations of the stream's field
  std::size_t slots;
};
// FaultInj-1 of the reference data, as far as sizes and lengths go.
constexpr std::array<Kind, kFaultKinds> kKinds{Kind{"spike", 3.0, 1}, Kind{"stuck", 0.0, 12},
                                               Kind{"offset", 1.0, 24}, Kind{"drift", 1.5, 48},
                                               Kind{"noise", 1.0, 24}};

struct Moments {  // of a stream's field
  double deviation = 0.0;
  double low = std::numeric_limits<double>::infinity();
};

Moments moments_of(const Panel& panel, std::size_t stream, std::size_t field) {
  double sum = 0.0, squares = 0.0, count = 0.0;
  Moments out;
  for (std::size_t slot = 0; slot < panel.slots(); ++slot) {
    const std::size_t cell = panel.at(slot, stream, field);
    if (!panel.observed(cell)) continue;
    const double value = panel.value(cell);
    sum += value;
    squares += value * value;
    count += 1.0;
    out.low = std::min(out.low, value);
  }
  if (count > 1.0) out.deviation = std::sqrt(std::max(0.0, squares / count - (sum / count) * (sum / count)));
  return out;
}

class Drawer {
 public:
  Drawer(const Panel& panel, const datum::Schema& schema, const FaultOptions& options, Random& random)
      : panel_(panel), schema_(schema), options_(options), random_(random) {
    out_.values.reserve(panel.cells());
    for (std::size_t cell = 0; cell < panel.cells(); ++cell)
      out_.values.push_back(panel.observed(cell) ? panel.value(cell) : 0.0);
  }

  Faulty draw() && {
    for (std::size_t s = 0; s < panel_.streams(); ++s) {
      for (std::size_t f = 0; f < panel_.fields(); ++f) {
        if (schema_.fields[f].kind != datum::FieldKind::kNumber) continue;
        const Moments moments = moments_of(panel_, s, f);
        for (std::size_t week = 0; week < panel_.slots(); week += options_.week_slots)
          if (random_.chance(options_.chance)) put(s, f, week, moments);
      }
    }
    return std::move(out_);
  }

 private:
  void put(std::size_t s, std::size_t f, std::size_t week, const Moments& moments) {
    Fault fault;
    fault.kind = static_cast<FaultKind>(random_.below(kFaultKinds));
    const Kind& kind = kKinds[static_cast<std::size_t>(fault.kind)];
    fault.stream = s;
    fault.field = f;
    const double stretch = options_.varied ? random_.uniform(0.6, 1.5) : 1.0;
    std::size_t length =
        fault.kind == FaultKind::kSpike
            ? 1 + random_.below(2)
            : static_cast<std::size_t>(std::lround(stretch * static_cast<double>(kind.slots)));
    fault.first = week + random_.below(options_.week_slots * 5 / 7);
    fault.last = std::min(panel_.slots(), fault.first + length);
    const double size = kind.size * moments.deviation * (options_.varied ? random_.uniform(0.7, 1.5) : 1.0) *
                        (random_.chance(0.5) ? 1.0 : -1.0);
    bool any = false;
    double held = 0.0;
    for (std::size_t slot = fault.first; slot < fault.last; ++slot) {
      const std::size_t cell = panel_.at(slot, s, f);
      if (!panel_.observed(cell)) continue;
      double& value = out_.values[cell];
      if (!any) held = value;
      any = true;
      const double grown = static_cast<double>(slot - fault.first + 1) / static_cast<double>(length);
      switch (fault.kind) {
        case FaultKind::kStuck:
          value = held;
          continue;
        case FaultKind::kDrift:
          value += size * grown;
          break;
        case FaultKind::kNoise:
          value += std::abs(size) * std::sqrt(3.0) * random_.uniform(-1.0, 1.0);
          break;
        case FaultKind::kSpike:
        case FaultKind::kOffset:
          value += size;
          break;
      }
      value = printed(f, value, moments.low);
    }
    if (any) out_.faults.push_back(fault);
  }

  [[nodiscard]] double printed(std::size_t f, double value, double low) const {
    const datum::FieldSpec& spec = schema_.fields[f];
    if (spec.min && *spec.min == 0.0) value = std::max(value, low);
    if (spec.max) value = std::min(value, *spec.max);
    if (!spec.resolution) return value;
    // The nearest multiple as a decimal, as a printed number is read.
    const double step = *spec.resolution, per_unit = std::round(1.0 / step);
    return step < 1.0 ? std::round(value * per_unit) / per_unit : std::round(value / step) * step;
  }

  const Panel& panel_;
  const datum::Schema& schema_;
  FaultOptions options_;
  Random& random_;
  Faulty out_;
};

}  // namespace

std::string_view to_string(FaultKind kind) {
  return kKinds[static_cast<std::size_t>(kind)].name;
}

Faulty draw_faults(const Panel& panel, const datum::Schema& schema, const FaultOptions& options,
                   Random& random) {
  return Drawer(panel, schema, options, random).draw();
}

}  // namespace skywarden::fit
