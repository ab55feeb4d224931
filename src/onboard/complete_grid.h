// The grid a field is printed on (whole numbers, tenths, hundreds …), learnt from the values themselves, so
// that an estimate looks like the sensor's own output and promises no digit that the sensor does not have.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "datum/schema.h"
#include "onboard/panel.h"

namespace skywarden::onboard {

class GridFinder {
 public:
  GridFinder(const datum::Schema& schema, std::size_t streams);

  void learn(const Panel& panel, std::size_t slot, std::size_t stream);
  void move_streams(StreamMoves moves);
  // Digits behind the point; negative for tens, hundreds, thousands.
  [[nodiscard]] std::int8_t decimals(std::size_t stream, std::size_t field) const;
  [[nodiscard]] double step(std::size_t stream, std::size_t field) const;
  [[nodiscard]] double round(std::size_t stream, std::size_t field, double value) const;

 private:
  static constexpr int kFewest = -3, kMost = 6;
  static constexpr double kShare = 0.98;  // of the values lie on the grid
  struct Counts {
    std::array<std::uint32_t, kMost - kFewest + 1> of{};
    std::uint32_t total = 0;
  };
  std::vector<std::uint8_t> is_number_;
  std::vector<double> resolutions_;  // stated by the schema, or 0
  std::vector<Counts> counts_;       // stream × field
};

// The value with so many decimals, without a trailing exponent: "12.30", "400".
[[nodiscard]] std::string format_on_grid(double value, int decimals);

}  // namespace skywarden::onboard
