// Where a piece of work runs: on this satellite, on a neighbour that has power and a contact, on the ground,
// or here with a cheaper method. A pure policy over what is known now; who carries the work out is another
// matter.
//
// In this order:
// 1. Work that asks for the ground's deeper model waits for it, if its answer is back by the deadline.
// 2. Here, when the power that is spare bears it and it is done by the deadline.
// 3. At the neighbour whose answer is back first (of equals the lowest identity): it has power to spare
// beyond its own
//    reserve, and one contact carries the work there and the answer back.
// 4. On the ground, if its answer is back by the deadline.
// 5. Here with a cheaper method.
// A neighbour's own word of its power and its queue is taken as told; a wrong one costs time, never the
// answer: the work is kept here until the answer has come.
#pragma once

#include <optional>
#include <span>

#include "base/ids.h"
#include "base/time.h"
#include "base/units.h"

namespace skywarden::serving {

struct Work {
  Duration compute{};       // with the method asked for, on any satellite
  Watts power{0.0};         // while it computes
  double bits_there = 0.0;  // what must be sent for another to do it
  double bits_back = 0.0;
  Instant deadline{};   // by which the answer must be here
  bool deeper = false;  // the ground's model is wanted
};

struct Contact {
  Instant begin{}, end{};
  BitsPerSecond rate{0.0};
  Duration delay{};  // of light and relays, one way
};

struct Offer {  // of a satellite, as it told
  NodeId node = kNobody;
  Watts spare{0.0};
  Duration queue{};  // until it would begin
  Contact contact;
};

enum class Place : std::uint8_t { kHere, kNeighbour, kGround, kHereCheaper };

struct Placement {
  Place place = Place::kHere;
  NodeId node = kNobody;  // of kNeighbour
  Instant done{};         // when the answer is here; of kHereCheaper not known
};

struct PlacementOptions {
  Watts reserve{2.0};         // that a neighbour keeps
  Duration ground_compute{};  // the ground is never short of power
};

// When the answer is back over this contact; nothing when it cannot be.
[[nodiscard]] std::optional<Instant> answer_back(const Work& work, const Contact& contact, Duration queue,
                                                 Duration compute, Instant now);

[[nodiscard]] Placement place(const Work& work, Watts spare_here, Duration queue_here,
                              std::span<const Offer> offers, const std::optional<Contact>& ground,
                              Instant now, const PlacementOptions& options = {});

}  // namespace skywarden::serving
