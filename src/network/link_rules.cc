#include "network/link_rules.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numbers>
#include <set>
#include <tuple>

#include "base/contract.h"
#include "network/link_geometry.h"
#include "orbit/eclipse.h"
#include "orbit/sun.h"

namespace skywarden::network {
namespace {

constexpr double kLightKms = 299792.458;
constexpr Duration kEdgeGrid = std::chrono::milliseconds(1);
constexpr Duration kDelayGrid = std::chrono::microseconds(1);
constexpr double kSamePlane = std::numbers::pi / 180.0;
constexpr int kTerminalsMax = 1000;

using Pair = std::pair<NodeId, NodeId>;

Pair pair_of(const ContactWindow& window) {
  return {window.a, window.b};
}

std::optional<double> distance_km(const Ephemeris& ephemeris, const ContactWindow& window, Instant t) {
  const auto a = ephemeris.position(window.a, t);
  const auto b = ephemeris.position(window.b, t);
  if (!a || !b) return std::nullopt;
  return (*a - *b).norm();
}

// In whole microseconds, so that the last bits of a mathematics library decide nothing.
Duration delay_at(const Ephemeris& ephemeris, const ContactWindow& window, Instant t) {
  const auto km = distance_km(ephemeris, window, t);
  if (!km) return window.contact.delay;
  return (from_seconds(*km / kLightKms) + kDelayGrid / 2) / kDelayGrid * kDelayGrid;
}

ContactWindow part_of(const ContactWindow& window, Instant start, Instant end) {
  ContactWindow part = window;
  part.contact.start = start;
  part.contact.end = end;
  return part;
}

// Between two moments of which the condition holds at one: the last moment, or the first, at which it does.
Instant edge_between(const std::function<bool(Instant)>& holds, Instant low, Instant high) {
  const bool at_low = holds(low);
  while (high - low > kEdgeGrid) {
    const Instant middle = low + std::max(kEdgeGrid, (high - low) / 2 / kEdgeGrid * kEdgeGrid);
    (holds(middle) == at_low ? low : high) = middle;
  }
  return at_low ? low : high;
}

// Windows of terminals: who is open now, nearest first, held pairs as if nearer.
class TerminalSearch {
 public:
  TerminalSearch(const Ephemeris& ephemeris, const std::function<int(NodeId)>& terminals,
                 const TerminalRules& rules)
      : ephemeris_(ephemeris), terminals_(terminals), rules_(rules) {}

  std::vector<ContactWindow> run(std::vector<ContactWindow> windows) {
    std::stable_sort(windows.begin(), windows.end());
    std::size_t next = 0;
    if (windows.empty()) return {};
    for (Instant t = windows.front().contact.start; next < windows.size() || !open_.empty();
         t += rules_.decision) {
      for (; next < windows.size() && windows[next].contact.start <= t; ++next)
        open_.push_back(windows[next]);
      drop_ended(t);
      decide(t);
    }
    std::sort(chosen_.begin(), chosen_.end());
    return std::move(chosen_);
  }

 private:
  struct Candidate {
    std::int64_t metres = 0;  // held pairs: of their share
    const ContactWindow* window = nullptr;
  };

  void drop_ended(Instant t) {
    std::erase_if(open_, [&](const ContactWindow& window) {
      if (window.contact.end > t) return false;
      const auto held = held_.find(pair_of(window));
      if (held != held_.end() && held->second >= window.contact.start)
        close(window, held->second, window.contact.end);
      return true;
    });
  }

  void close(const ContactWindow& window, Instant since, Instant until) {
    held_.erase(pair_of(window));
    if (since >= until) return;
    ContactWindow part = part_of(window, since, until);
    part.contact.delay = delay_at(ephemeris_, part, since);
    chosen_.push_back(part);
  }

  void decide(Instant t) {
    std::vector<Candidate> candidates;
    for (const ContactWindow& window : open_) {
      const auto km = distance_km(ephemeris_, window, t);
      if (!km) continue;
      const double factor = held_.contains(pair_of(window)) ? rules_.held_factor : 1.0;
      candidates.push_back({std::llround(*km * 1000.0 * factor), &window});
    }
    std::ranges::sort(candidates, {}, [](const Candidate& c) {
      return std::tuple(c.metres, c.window->a, c.window->b, c.window->contact.start);
    });
    std::map<NodeId, int> taken;
    std::map<Pair, Instant> now;
    for (const auto& [metres, window] : candidates) {
      int& of_a = taken[window->a];
      int& of_b = taken[window->b];
      if (of_a >= terminals_(window->a) || of_b >= terminals_(window->b)) continue;
      const auto held = held_.find(pair_of(*window));
      if (!now.emplace(pair_of(*window), held == held_.end() ? t : held->second).second) continue;
      ++of_a;
      ++of_b;
    }
    for (const ContactWindow& window : open_) {
      const auto held = held_.find(pair_of(window));
      if (held != held_.end() && !now.contains(held->first)) close(window, held->second, t);
    }
    held_ = std::move(now);
  }

  const Ephemeris& ephemeris_;
  const std::function<int(NodeId)>& terminals_;
  TerminalRules rules_;
  std::vector<ContactWindow> open_;
  std::map<Pair, Instant> held_;  // since when
  std::vector<ContactWindow> chosen_;
};

// One contact cut to pieces.
class Splitter {
 public:
  Splitter(const Ephemeris& ephemeris, const RateAt& rate, const SplitRules& rules,
           std::vector<ContactWindow>& pieces)
      : ephemeris_(ephemeris), rate_(rate), rules_(rules), pieces_(pieces) {}

  void split(const ContactWindow& window) {
    Instant from = window.contact.start;
    auto rate_from = rate_(window, from);
    while (from < window.contact.end) {
      const Instant to = std::min(from + rules_.look, window.contact.end);
      const auto rate_to = rate_(window, to);
      if (rate_from && rate_to)
        add(window, from, *rate_from, to, *rate_to);
      else
        finish(window, from);
      from = to;
      rate_from = rate_to;
    }
    finish(window, from);
  }

 private:
  void add(const ContactWindow& window, Instant from, BitsPerSecond rate_from, Instant to,
           BitsPerSecond rate_to) {
    const double low = std::min(rate_from.value(), rate_to.value());
    const double high = std::max(rate_from.value(), rate_to.value());
    const Duration delay = delay_at(ephemeris_, window, to);
    const bool fits = open_ && std::max(high, high_) <= rules_.rate_step * std::min(low, low_) &&
                      std::chrono::abs(delay - delay_) <= rules_.delay_step;
    if (!fits) {
      finish(window, from);
      open_ = true;
      since_ = from;
      delay_ = delay_at(ephemeris_, window, from);
      low_ = low;
      high_ = high;
      bits_ = 0.0;
    }
    low_ = std::min(low_, low);
    high_ = std::max(high_, high);
    bits_ += 0.5 * (low + high) * to_seconds(to - from);
  }

  void finish(const ContactWindow& window, Instant until) {
    if (!open_) return;
    open_ = false;
    ContactWindow piece = part_of(window, since_, until);
    piece.contact.delay = delay_;
    piece.contact.rate = BitsPerSecond(std::round(bits_ / to_seconds(until - since_)));
    pieces_.push_back(piece);
  }

  const Ephemeris& ephemeris_;
  const RateAt& rate_;
  SplitRules rules_;
  std::vector<ContactWindow>& pieces_;
  bool open_ = false;
  Instant since_{};
  Duration delay_{};
  double low_ = 0.0, high_ = 0.0, bits_ = 0.0;
};

bool same_plane(const orbit::ElementSet& a, const orbit::ElementSet& b) {
  return std::abs(std::remainder(a.node - b.node, 2.0 * std::numbers::pi)) < kSamePlane &&
         std::abs(a.inclination - b.inclination) < kSamePlane;
}

bool looks_past_the_sun(const Ephemeris& ephemeris, NodeId receiver, NodeId sender, Instant t,
                        Degrees separation_min) {
  const auto here = ephemeris.position(receiver, t);
  const auto there = ephemeris.position(sender, t);
  if (!here || !there) return false;
  const Position<Teme> sun = orbit::sun_position(t);
  if (sun_separation(*here, *there, sun) >= separation_min) return true;
  return ephemeris.station(receiver) == nullptr && orbit::in_cylindrical_shadow(*here, sun);
}

template <typename... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};

// The constellation of one call: nodes by number, and the rules one after the other.
class Rules {
 public:
  Rules(std::span<const OrbitingNode> satellites, const Ephemeris& ephemeris, const LinkRules& rules)
      : ephemeris_(ephemeris), rules_(rules) {
    for (const OrbitingNode& satellite : satellites) elements_.emplace(satellite.node, &satellite.elements);
  }

  std::vector<ContactWindow> between_satellites(std::vector<ContactWindow> windows) const {
    const SatelliteLinkRules& r = rules_.satellites;
    if (r.polar_latitude.value() < 90.0)
      windows = windows_where(
          windows, [&](const ContactWindow& w, Instant t) { return below_poles(w, t); }, rules_.look);
    if (r.sun_separation_min.value() > 0.0)
      windows = windows_where(
          windows,
          [&](const ContactWindow& w, Instant t) {
            return looks_past_the_sun(ephemeris_, w.a, w.b, t, r.sun_separation_min) &&
                   looks_past_the_sun(ephemeris_, w.b, w.a, t, r.sun_separation_min);
          },
          rules_.look);
    if (r.pattern == IslPattern::kNearest)
      windows = nearest_contacts(windows, ephemeris_, [&](NodeId) { return r.terminals; }, r.choice);
    windows = after_acquisition(windows, r.acquisition);
    return with_rates(
        windows, ephemeris_, [&](const ContactWindow& w, Instant t) { return satellite_rate(w, t); },
        rules_.split);
  }

  std::vector<ContactWindow> to_the_ground(std::vector<ContactWindow> windows) const {
    const GroundLinkRules& r = rules_.ground;
    if (r.sun_separation_min.value() > 0.0)
      windows = windows_where(
          windows,
          [&](const ContactWindow& w, Instant t) {
            const auto [station, satellite] = ends(w);
            return looks_past_the_sun(ephemeris_, station, satellite, t, r.sun_separation_min);
          },
          rules_.look);
    if (r.antennas > 0)
      windows = nearest_contacts(
          windows, ephemeris_,
          [&](NodeId node) { return ephemeris_.station(node) != nullptr ? r.antennas : 1; }, r.choice);
    windows = after_acquisition(windows, r.acquisition);
    return with_rates(
        windows, ephemeris_, [&](const ContactWindow& w, Instant t) { return ground_rate(w, t); },
        rules_.split);
  }

 private:
  [[nodiscard]] Pair ends(const ContactWindow& window) const {  // station, satellite
    return ephemeris_.station(window.a) != nullptr ? Pair(window.a, window.b) : Pair(window.b, window.a);
  }

  [[nodiscard]] bool below_poles(const ContactWindow& window, Instant t) const {
    if (same_plane(*elements_.at(window.a), *elements_.at(window.b))) return true;
    return std::ranges::all_of(std::array{window.a, window.b}, [&](NodeId node) {
      const auto position = ephemeris_.position(node, t);
      return position &&
             std::abs(geocentric_latitude(*position).value()) < rules_.satellites.polar_latitude.value();
    });
  }

  [[nodiscard]] std::optional<BitsPerSecond> satellite_rate(const ContactWindow& window, Instant t) const {
    const auto km = distance_km(ephemeris_, window, t);
    if (!km) return std::nullopt;
    const Metres distance = kilometres(std::max(*km, 1e-3));
    return std::visit(Overloaded{[](BitsPerSecond rate) { return std::optional(rate); },
                                 [&](const RadioLink& link) { return radio_rate(link, distance); },
                                 [&](const OpticalLink& link) { return optical_rate(link, distance); }},
                      rules_.satellites.rate);
  }

  [[nodiscard]] std::optional<BitsPerSecond> ground_rate(const ContactWindow& window, Instant t) const {
    const auto* constant = std::get_if<BitsPerSecond>(&rules_.ground.rate);
    const auto km = distance_km(ephemeris_, window, t);
    if (!km) return std::nullopt;
    if (constant != nullptr) return *constant;
    const auto [station, satellite] = ends(window);
    const auto& place = ephemeris_.station(station)->place;
    const auto elevation = ephemeris_.elevation(station, satellite, t);
    if (!elevation) return std::nullopt;
    const auto& link = std::get<RadioLink>(rules_.ground.rate);
    StationAir air = rules_.ground.air;
    if (rules_.ground.rain_height_by_latitude)
      air.rain.rain_height = typical_rain_height(Degrees(place.point.lat_deg));
    return radio_rate(
        link, kilometres(*km),
        air_loss(air, link.frequency, *elevation, Degrees(place.point.lat_deg), place.altitude));
  }

  const Ephemeris& ephemeris_;
  const LinkRules& rules_;
  std::map<NodeId, const orbit::ElementSet*> elements_;
};

Result<bool> check_choice(const TerminalRules& choice) {
  if (choice.decision < std::chrono::seconds(1) || choice.decision > std::chrono::hours(24))
    return fail(Errc::kOutOfRange, "time between decisions: expected 1…86400 s, found {}",
                to_seconds(choice.decision));
  if (!(choice.held_factor >= 0.0 && choice.held_factor <= 1.0))
    return fail(Errc::kOutOfRange, "held factor: expected 0…1, found {}", choice.held_factor);
  return true;
}

Result<bool> check_acquisition(Duration acquisition) {
  if (acquisition < Duration(0) || acquisition > std::chrono::hours(1))
    return fail(Errc::kOutOfRange, "acquisition: expected 0…3600 s, found {}", to_seconds(acquisition));
  return true;
}

Result<bool> check_sun(Degrees separation) {
  if (!(separation.value() >= 0.0 && separation.value() <= 90.0))
    return fail(Errc::kOutOfRange, "angle from the Sun: expected 0…90 degrees, found {}", separation.value());
  return true;
}

Result<bool> check_rate(BitsPerSecond rate) {
  if (!(rate.value() > 0.0 && rate.value() <= 1e15))
    return fail(Errc::kOutOfRange, "rate: expected above 0, at most 1e15 bit/s, found {}", rate.value());
  return true;
}

ContactOptions options_of(const LinkRules& rules) {
  ContactOptions options;
  options.atmosphere = rules.satellites.grazing_min;
  options.satellite_range_max = rules.satellites.range_max;
  options.elevation_min = rules.ground.elevation_min;
  return options;
}

Result<bool> first_failure(std::initializer_list<Result<bool>> checks) {
  for (const auto& check : checks)
    if (!check) return check;
  return true;
}

}  // namespace

std::vector<ContactWindow> windows_of_pairs(std::span<const ContactWindow> windows,
                                            std::span<const std::pair<NodeId, NodeId>> pairs) {
  std::set<Pair> wanted;
  for (const auto& [a, b] : pairs) wanted.insert(std::minmax(a, b));
  std::vector<ContactWindow> kept;
  std::ranges::copy_if(windows, std::back_inserter(kept),
                       [&](const ContactWindow& w) { return wanted.contains(std::minmax(w.a, w.b)); });
  return kept;
}

std::vector<ContactWindow> windows_where(std::span<const ContactWindow> windows, const LinkCondition& holds,
                                         Duration step) {
  EXPECTS(step >= kEdgeGrid);
  std::vector<ContactWindow> parts;
  for (const ContactWindow& window : windows) {
    const auto holds_at = [&](Instant t) { return holds(window, t); };
    Instant from = window.contact.start;
    bool before = holds_at(from);
    Instant since = from;
    while (from < window.contact.end) {
      const Instant to = std::min(from + step, window.contact.end);
      const bool after = holds_at(to);
      if (after != before) {
        const Instant edge = edge_between(holds_at, from, to);
        if (before && since < edge) parts.push_back(part_of(window, since, edge));
        since = edge;
      }
      before = after;
      from = to;
    }
    if (before && since < from) parts.push_back(part_of(window, since, from));
  }
  std::sort(parts.begin(), parts.end());
  return parts;
}

std::vector<ContactWindow> nearest_contacts(std::span<const ContactWindow> windows,
                                            const Ephemeris& ephemeris,
                                            const std::function<int(NodeId)>& terminals,
                                            const TerminalRules& rules) {
  EXPECTS(rules.decision >= std::chrono::seconds(1));
  EXPECTS(rules.held_factor >= 0.0 && rules.held_factor <= 1.0);
  return TerminalSearch(ephemeris, terminals, rules).run({windows.begin(), windows.end()});
}

std::vector<ContactWindow> after_acquisition(std::span<const ContactWindow> windows, Duration acquisition) {
  EXPECTS(acquisition >= Duration(0));
  struct Track {
    Instant found, end;  // when the partner is found, and until when it is held
  };
  std::vector<ContactWindow> sorted(windows.begin(), windows.end());
  std::stable_sort(sorted.begin(), sorted.end());
  std::map<Pair, Track> tracks;
  std::vector<ContactWindow> kept;
  for (const ContactWindow& window : sorted) {
    const auto track = tracks.find(pair_of(window));
    const bool follows = track != tracks.end() && track->second.end >= window.contact.start;
    const Instant found = follows ? track->second.found : window.contact.start + acquisition;
    const Instant end = follows ? std::max(track->second.end, window.contact.end) : window.contact.end;
    tracks[pair_of(window)] = {found, end};
    const Instant start = std::max(window.contact.start, found);
    if (start < window.contact.end) kept.push_back(part_of(window, start, window.contact.end));
  }
  std::sort(kept.begin(), kept.end());
  return kept;
}

std::vector<ContactWindow> with_rates(std::span<const ContactWindow> windows, const Ephemeris& ephemeris,
                                      const RateAt& rate, const SplitRules& rules) {
  EXPECTS(rules.look >= std::chrono::milliseconds(100));
  EXPECTS(rules.rate_step >= 1.0 && rules.delay_step > Duration(0));
  const auto closing = windows_where(
      windows, [&](const ContactWindow& w, Instant t) { return rate(w, t).has_value(); }, rules.look);
  std::vector<ContactWindow> pieces;
  for (const ContactWindow& window : closing) Splitter(ephemeris, rate, rules, pieces).split(window);
  std::sort(pieces.begin(), pieces.end());
  return pieces;
}

Result<bool> LinkRules::validate() const {
  const SatelliteLinkRules& s = satellites;
  const GroundLinkRules& g = ground;
  if (s.terminals < 1 || s.terminals > kTerminalsMax)
    return fail(Errc::kOutOfRange, "terminals: expected 1…{}, found {}", kTerminalsMax, s.terminals);
  if (g.antennas < 0 || g.antennas > kTerminalsMax)
    return fail(Errc::kOutOfRange, "antennas: expected 0…{}, found {}", kTerminalsMax, g.antennas);
  if (!(s.polar_latitude.value() > 0.0 && s.polar_latitude.value() <= 90.0))
    return fail(Errc::kOutOfRange, "polar latitude: expected above 0, at most 90 degrees, found {}",
                s.polar_latitude.value());
  if (split.look < std::chrono::milliseconds(100) || split.look > std::chrono::minutes(10) ||
      look < std::chrono::milliseconds(100) || look > std::chrono::minutes(10))
    return fail(Errc::kOutOfRange, "looks: expected one every 0.1…600 s, found {} and {} s",
                to_seconds(split.look), to_seconds(look));
  if (!(split.rate_step >= 1.0 && split.rate_step <= 1e6))
    return fail(Errc::kOutOfRange, "rate step: expected 1 or more, found {}", split.rate_step);
  if (split.delay_step <= Duration(0))
    return fail(Errc::kOutOfRange, "delay step: expected above 0, found {} s", to_seconds(split.delay_step));
  const auto check = Overloaded{[](BitsPerSecond rate) { return check_rate(rate); },
                                [](const auto& link) { return link.validate(); }};
  return first_failure({options_of(*this).validate(), check_choice(s.choice), check_choice(g.choice),
                        check_acquisition(s.acquisition), check_acquisition(g.acquisition),
                        check_sun(s.sun_separation_min), check_sun(g.sun_separation_min),
                        std::visit(check, s.rate), std::visit(check, g.rate), g.air.validate()});
}

Result<std::vector<ContactWindow>> usable_contacts(std::span<const OrbitingNode> satellites,
                                                   std::span<const GroundNode> stations, Instant start,
                                                   Instant end, const LinkRules& rules) {
  if (auto valid = rules.validate(); !valid) return tl::unexpected(valid.error());
  const ContactOptions options = options_of(rules);
  auto windows = contact_windows(satellites, stations, start, end, options);
  if (!windows) return tl::unexpected(windows.error());
  const auto ephemeris = Ephemeris::make(satellites, stations, start, end, options.step);
  if (!ephemeris) return tl::unexpected(ephemeris.error());
  std::vector<ContactWindow> above;
  std::vector<ContactWindow> down;
  for (const ContactWindow& window : *windows) {
    const bool ground = ephemeris->station(window.a) != nullptr || ephemeris->station(window.b) != nullptr;
    (ground ? down : above).push_back(window);
  }
  if (rules.satellites.pattern == IslPattern::kPlusGrid) {
    std::vector<orbit::ElementSet> sets;
    for (const OrbitingNode& satellite : satellites) sets.push_back(satellite.elements);
    const auto grid = plus_grid(sets);
    if (!grid) return tl::unexpected(grid.error());
    std::vector<Pair> pairs;
    for (const SatelliteLink& link : *grid)
      pairs.emplace_back(satellites[link.a].node, satellites[link.b].node);
    above = windows_of_pairs(above, pairs);
  }
  const Rules apply(satellites, *ephemeris, rules);
  std::vector<ContactWindow> contacts = apply.between_satellites(std::move(above));
  const auto ground = apply.to_the_ground(std::move(down));
  contacts.insert(contacts.end(), ground.begin(), ground.end());
  std::sort(contacts.begin(), contacts.end());
  return contacts;
}

}  // namespace skywarden::network
