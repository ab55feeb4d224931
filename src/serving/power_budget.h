// The watts that a service may have its completion and inference draw, MODELLED (onboard/power.h), shared by
// all that runs at once: a governor behind a lock, the budget that thermal limits or an eclipse leave, which
// changes while running, and promises of work that was taken in and has not been granted yet. From any
// thread.
#pragma once

#include <mutex>
#include <span>

#include "base/result.h"
#include "onboard/power.h"

namespace skywarden::serving {

struct PowerOptions {
  Watts budget{20.0};  // at the start, and never more later; at most kModule
  Watts reserve{0.0};  // kept from the work of others
  double kept = 0.05;  // of the budget, 0…0.5: for the cheapest way, so that little is better than nothing
  onboard::EnergyTable table = {};
  Duration window = std::chrono::seconds(60);  // over which the budget is kept; at least a millisecond
  static constexpr Watts kModule{20.0};        // of the module: the target of N4
  [[nodiscard]] Result<void> validate() const;
};

class PowerBudget {
 public:
  explicit PowerBudget(const PowerOptions& options);  // options that validate

  // From now on. kOutOfRange: below 0, or more than at the start.
  [[nodiscard]] Result<void> set(Watts budget);
  [[nodiscard]] Watts budget() const;

  // As the governor does, but dearer ways leave the part that is kept.
  [[nodiscard]] onboard::PowerGrant grant(std::span<const onboard::PowerChoice> choices, Instant now,
                                          std::size_t wanted);

  // Work that was taken in draws on the budget before it is granted. Each promise is taken back once.
  void promise(onboard::Joules energy);
  void take_back(onboard::Joules energy);

  [[nodiscard]] Watts drawn(Instant now) const;  // on the mean of the window
  // What is left for other ways than the cheapest, less what was promised, spread over a window; not below 0.
  [[nodiscard]] Watts spare(Instant now) const;
  [[nodiscard]] Watts spread(onboard::Joules energy) const;  // over a window
  // The same for others: less the reserve.
  [[nodiscard]] Watts spare_for_others(Instant now) const;
  [[nodiscard]] const PowerOptions& options() const { return options_; }

 private:
  [[nodiscard]] Watts for_dearer() const { return (1.0 - options_.kept) * budget_; }

  PowerOptions options_;
  mutable std::mutex mutex_;  // guards what follows
  Watts budget_;
  double promised_ = 0.0;  // joules
  onboard::PowerGovernor governor_;
};

}  // namespace skywarden::serving
