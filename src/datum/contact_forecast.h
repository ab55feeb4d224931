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

}  // namespace skywarden::datum
