#include "serving/power_budget.h"

#include <algorithm>

#include "base/contract.h"
#include "base/time.h"

namespace skywarden::serving {

Result<void> PowerOptions::validate() const {
  const auto fits = [](Watts watts) { return watts >= Watts(0.0) && watts <= kModule; };
  if (!fits(budget)) return fail(Errc::kOutOfRange, "watts: expected 0…{:g}", kModule.value());
  if (!fits(reserve)) return fail(Errc::kOutOfRange, "reserve: expected 0…{:g} W", kModule.value());
  if (!(kept >= 0.0 && kept <= 0.5)) return fail(Errc::kOutOfRange, "kept: expected 0…0.5");
  if (window < std::chrono::milliseconds(1)) return fail(Errc::kOutOfRange, "window: expected 1 ms or more");
  return {};
}

PowerBudget::PowerBudget(const PowerOptions& options)
    : options_(options),
      budget_(options.budget),
      governor_({.window = options.window, .module = PowerOptions::kModule}) {
  EXPECTS(options.validate().has_value());
}

Result<void> PowerBudget::set(Watts budget) {
  if (!(budget >= Watts(0.0) && budget <= options_.budget))
    return fail(Errc::kOutOfRange, "\"watts\": expected 0…{:g}, what was given at the start",
                options_.budget.value());
  const std::lock_guard lock(mutex_);
  budget_ = budget;
  return {};
}

Watts PowerBudget::budget() const {
  const std::lock_guard lock(mutex_);
  return budget_;
}

onboard::PowerGrant PowerBudget::grant(std::span<const onboard::PowerChoice> choices, Instant now,
                                       std::size_t wanted) {
  EXPECTS(!choices.empty());
  const std::lock_guard lock(mutex_);
  onboard::PowerGovernor tried = governor_;
  const onboard::PowerGrant dearer = tried.grant(choices, now, for_dearer(), wanted);
  if (dearer.choice + 1 < choices.size()) {
    governor_ = tried;
    return dearer;
  }
  onboard::PowerGrant out = governor_.grant(choices.last(1), now, budget_, wanted);
  out.choice = choices.size() - 1;
  return out;
}

void PowerBudget::promise(onboard::Joules energy) {
  const std::lock_guard lock(mutex_);
  promised_ += energy.value();
}

void PowerBudget::take_back(onboard::Joules energy) {
  const std::lock_guard lock(mutex_);
  promised_ = std::max(0.0, promised_ - energy.value());
}

Watts PowerBudget::spread(onboard::Joules energy) const {
  return Watts(energy.value() / to_seconds(options_.window));
}

Watts PowerBudget::drawn(Instant now) const {
  const std::lock_guard lock(mutex_);
  return spread(governor_.spent(now));
}

Watts PowerBudget::spare(Instant now) const {
  const std::lock_guard lock(mutex_);
  return std::max(Watts(0.0), spread(governor_.left(now, for_dearer()) - onboard::Joules(promised_)));
}

Watts PowerBudget::spare_for_others(Instant now) const {
  return std::max(Watts(0.0), spare(now) - options_.reserve);
}

}  // namespace skywarden::serving
