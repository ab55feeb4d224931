// Reading agents and their events out of CBOR: in order, each number against its range. The reader's first
// failure sticks, so a decoder looks once, at the end.
#pragma once

#include <cstddef>
#include <limits>
#include <type_traits>
#include <vector>

#include "agents/agent.h"
#include "wire/cbor.h"

namespace skywarden::agents {

class AgentFields {
 public:
  explicit AgentFields(wire::CborReader& reader) : reader_(reader) {}

  // 0 and a mark when it is larger than `max`.
  std::uint64_t number(std::uint64_t max = std::numeric_limits<std::uint64_t>::max()) {
    const auto value = reader_.unsigned_integer();
    return value ? within(*value, max) : 0;
  }
  template <typename T>  // an enumeration whose last is given, or an identity
  T one_of(T last) {
    return static_cast<T>(number(static_cast<std::uint64_t>(last)));
  }
  template <typename Id>
  Id id() {
    return Id(
        static_cast<typename Id::value_type>(number(std::numeric_limits<typename Id::value_type>::max())));
  }
  std::int64_t signed_number() { return reader_.signed_integer().value_or(0); }
  Instant instant() { return Instant(Duration(signed_number())); }
  std::int32_t microdegrees() {
    const std::int64_t value = signed_number();
    const bool fits = value >= std::numeric_limits<std::int32_t>::min() &&
                      value <= std::numeric_limits<std::int32_t>::max();
    in_range_ = in_range_ && fits;
    return fits ? static_cast<std::int32_t>(value) : 0;
  }
  std::vector<std::byte> bytes(std::size_t max) {
    const auto found = reader_.bytes();
    if (!found) return {};
    in_range_ = in_range_ && found->size() <= max;
    return in_range_ ? std::vector(found->begin(), found->end()) : std::vector<std::byte>{};
  }
  bool flag() { return reader_.boolean().value_or(false); }
  std::size_t array_up_to(std::size_t max) {
    const auto items = reader_.array();
    return items ? static_cast<std::size_t>(within(*items, max)) : 0;
  }
  void array_of(std::uint64_t items) {
    if (const auto got = reader_.array(); got && *got != items) in_range_ = false;
  }
  void expect(bool holds) { in_range_ = in_range_ && holds; }
  [[nodiscard]] bool in_range() const { return in_range_; }

  std::vector<Sensor> sensors() {
    std::vector<Sensor> out;
    for (std::size_t left = array_up_to(kSensorsMax); left > 0; --left) {
      array_of(4);
      Sensor& sensor = out.emplace_back();
      sensor.off_nadir_min = microdegrees();
      sensor.off_nadir_max = microdegrees();
      sensor.elevation_min = microdegrees();
      sensor.yaw_steered = flag();
    }
    return out;
  }

 private:
  std::uint64_t within(std::uint64_t value, std::uint64_t max) {
    if (value <= max) return value;
    in_range_ = false;
    return 0;
  }
  wire::CborReader& reader_;
  bool in_range_ = true;
};

void write_sensors(wire::CborWriter& out, const std::vector<Sensor>& sensors);

}  // namespace skywarden::agents
