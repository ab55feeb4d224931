// What layers may ask about future links without knowing orbits: `network` implements it, `node` passes it
// on.
#pragma once

#include <optional>

#include "base/ids.h"
#include "base/time.h"
#include "base/units.h"

namespace skywarden::datum {

struct Contact {
  Instant start{}, end{};
  Duration delay{};  // one way, at the start
  BitsPerSecond rate;
};

class ContactForecast {
 public:
  virtual ~ContactForecast() = default;
  // The contact between a and b that is open at t, or the next one; nothing when none is predicted.
  [[nodiscard]] virtual std::optional<Contact> next_contact(NodeId a, NodeId b, Instant t) const = 0;
};

class ArrivalForecast {
 public:
  virtual ~ArrivalForecast() = default;
  // When a short message sent at t would be there by any predicted way, waiting between contacts included;
  // nothing when none is predicted.
  [[nodiscard]] virtual std::optional<Instant> arrival(NodeId from, NodeId to, Instant t) const = 0;
};

}  // namespace skywarden::datum
