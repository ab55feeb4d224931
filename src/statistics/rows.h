// Observations by rows: a view of numbers that lie row after row, each row as wide as the others. It owns
// nothing.
#pragma once

#include <cstddef>
#include <span>

#include "base/contract.h"

namespace skywarden::statistics {

class Rows {
 public:
  // As many whole rows as the numbers make; `width` at least 1.
  Rows(std::span<const double> numbers, std::size_t width) : numbers_(numbers), width_(width) {
    EXPECTS(width > 0 && numbers.size() % width == 0);
  }
  [[nodiscard]] std::size_t count() const { return numbers_.size() / width_; }
  [[nodiscard]] std::size_t width() const { return width_; }
  [[nodiscard]] std::span<const double> operator[](std::size_t i) const {
    return numbers_.subspan(i * width_, width_);
  }
  [[nodiscard]] std::span<const double> numbers() const { return numbers_; }

 private:
  std::span<const double> numbers_;
  std::size_t width_;
};

}  // namespace skywarden::statistics
