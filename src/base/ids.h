// Identities are separate types: no implicit conversion to or from integers, so a term is never a log index.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>

namespace skywarden {

template <typename Tag, typename Int>
class Identity {
 public:
  using value_type = Int;
  constexpr Identity() = default;
  constexpr explicit Identity(Int value) : value_(value) {}
  [[nodiscard]] constexpr Int value() const { return value_; }
  friend constexpr auto operator<=>(Identity, Identity) = default;

 private:
  Int value_ = 0;
};

// A consecutive identity also has a successor and a distance (terms, log indices, versions).
template <typename Tag>
class Ordinal {
 public:
  using value_type = std::uint64_t;
  constexpr Ordinal() = default;
  constexpr explicit Ordinal(std::uint64_t value) : value_(value) {}
  [[nodiscard]] constexpr std::uint64_t value() const { return value_; }
  [[nodiscard]] constexpr Ordinal next() const { return Ordinal(value_ + 1); }
  [[nodiscard]] constexpr Ordinal previous() const { return Ordinal(value_ - 1); }  // value() > 0
  friend constexpr auto operator<=>(Ordinal, Ordinal) = default;

 private:
  std::uint64_t value_ = 0;
};

using NodeId = Identity<struct NodeIdTag, std::uint32_t>;    // a satellite or ground station; 0 is nobody
using GroupId = Identity<struct GroupIdTag, std::uint32_t>;  // of nodes that agree; 0: who has only one
using Term = Ordinal<struct TermTag>;
using LogIndex = Ordinal<struct LogIndexTag>;  // 0 is before the first entry
using ModelVersion = Ordinal<struct ModelVersionTag>;
using CellId = Identity<struct CellIdTag, std::uint64_t>;
using ObservationId =
    Identity<struct ObservationIdTag, std::uint64_t>;  // hash of what was observed, not of who relayed it
using EventId = Identity<struct EventIdTag, std::uint64_t>;  // one fire, from first detection to cancel

inline constexpr NodeId kNobody{};

}  // namespace skywarden

template <typename Tag, typename Int>
struct std::hash<skywarden::Identity<Tag, Int>> {
  std::size_t operator()(skywarden::Identity<Tag, Int> id) const noexcept {
    return std::hash<Int>{}(id.value());
  }
};
template <typename Tag>
struct std::hash<skywarden::Ordinal<Tag>> {
  std::size_t operator()(skywarden::Ordinal<Tag> id) const noexcept {
    return std::hash<std::uint64_t>{}(id.value());
  }
};
