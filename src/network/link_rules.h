// From windows in which nodes could see each other to contacts in which they talk. A terminal points at one
// partner at a time and takes a while to find it; links across planes are let go near the poles, where the
// partner sweeps by; a receiver that looks into the Sun hears noise; and the rate follows the distance. Each
// rule is a function from windows to windows, so that rules can be read, tested and left out one by one;
// `usable_contacts` applies them in the order in which they stand here.
//
// Not modelled: slewing limits and blind directions of terminals, interference of neighbours, weather from
// one hour to the next (rain is a margin), the power terminals draw.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "network/contact_windows.h"
#include "network/ephemeris.h"
#include "network/link_budget.h"
#include "network/satellite_links.h"

namespace skywarden::network {

// The windows of these pairs alone.
[[nodiscard]] std::vector<ContactWindow> windows_of_pairs(std::span<const ContactWindow> windows,
                                                          std::span<const std::pair<NodeId, NodeId>> pairs);

// The parts of windows in which a condition holds, looked at every `step` and to a millisecond, rounded
// inward. What comes and goes between two looks is missed.
using LinkCondition = std::function<bool(const ContactWindow& window, Instant t)>;
[[nodiscard]] std::vector<ContactWindow> windows_where(std::span<const ContactWindow> windows,
                                                       const LinkCondition& holds, Duration step);

// Who talks when everybody has few terminals: at every moment of decision the pairs in sight are taken by
// distance, nearest first, as long as both have a terminal free. A pair that talks already counts as
// `held_factor` of its distance, so that terminals are not turned for little. A contact begins at a decision
// and ends with its window or at a decision. Ties by node numbers.
struct TerminalRules {
  Duration decision = std::chrono::seconds(60);  // at least 1 s; moments count from the first start
  double held_factor = 0.5;                      // 0 (kept as long as in sight) … 1 (no preference)
};
[[nodiscard]] std::vector<ContactWindow> nearest_contacts(std::span<const ContactWindow> windows,
                                                          const Ephemeris& ephemeris,
                                                          const std::function<int(NodeId)>& terminals,
                                                          const TerminalRules& rules = {});

// Contacts begin so much later, for each time a terminal turns to a new partner: not where a contact follows
// another of the same pair without a gap. What is shorter is gone.
[[nodiscard]] std::vector<ContactWindow> after_acquisition(std::span<const ContactWindow> windows,
                                                           Duration acquisition);

// Splits contacts where rate or delay change, so that a plan of constants carries what the link does. Within
// a piece the greatest rate is at most `rate_step` times the least, and its own is their mean over time; its
// delay is that at its start, and stays within `delay_step`. Where there is no rate there is no contact.
struct SplitRules {
  Duration look = std::chrono::seconds(10);            // how often the rate is looked at; at least 100 ms
  double rate_step = 1.3;                              // at least 1
  Duration delay_step = std::chrono::milliseconds(2);  // above 0
};
using RateAt = std::function<std::optional<BitsPerSecond>(const ContactWindow& window, Instant t)>;
[[nodiscard]] std::vector<ContactWindow> with_rates(std::span<const ContactWindow> windows,
                                                    const Ephemeris& ephemeris, const RateAt& rate,
                                                    const SplitRules& rules = {});

// All rules of a constellation, as a file gives them (link_rules_file.h).
enum class IslPattern : std::uint8_t { kAll, kNearest, kPlusGrid };

struct SatelliteLinkRules {
  IslPattern pattern = IslPattern::kAll;
  int terminals = 4;  // of a satellite for others; with kNearest
  TerminalRules choice;
  Metres grazing_min = kilometres(80.0);  // the line stays above this height
  Metres range_max = kilometres(5000.0);  // infinity for none
  Duration acquisition{0};
  Degrees polar_latitude{90.0};  // links across planes stay below it; 90: no such rule
  Degrees sun_separation_min{0.0};
  // A constant rate, or a budget.
  std::variant<BitsPerSecond, RadioLink, OpticalLink> rate = BitsPerSecond(10e6);
};

struct GroundLinkRules {
  Degrees elevation_min{10.0};
  int antennas = 0;  // of a station, and one a satellite; 0: as many as there are satellites in sight
  TerminalRules choice;
  Duration acquisition{0};
  Degrees sun_separation_min{0.0};  // as the station sees it
  std::variant<BitsPerSecond, RadioLink> rate = BitsPerSecond(50e6);
  StationAir air;
  bool rain_height_by_latitude = true;  // instead of the climate's own
};

struct LinkRules {
  SatelliteLinkRules satellites;
  GroundLinkRules ground;
  SplitRules split;
  Duration look = std::chrono::seconds(10);  // how often the Sun and the poles are looked at

  [[nodiscard]] Result<bool> validate() const;
};

// Windows from orbits, then all rules. By start, then pair. Errors of contact_windows and Ephemeris;
// kUnsupported when a plus grid is wanted of what has no planes.
[[nodiscard]] Result<std::vector<ContactWindow>> usable_contacts(std::span<const OrbitingNode> satellites,
                                                                 std::span<const GroundNode> stations,
                                                                 Instant start, Instant end,
                                                                 const LinkRules& rules);

}  // namespace skywarden::network
