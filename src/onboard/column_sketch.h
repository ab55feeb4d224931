// What the cells of one column of an unknown table say about it, gathered in one pass and bounded memory: are
// they numbers, on which grid, from where to where, how many different ones, which of them look like the mark
// of a missing value. It gathers; schema_inference.h decides.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace skywarden::onboard {

class ColumnSketch {
 public:
  static constexpr std::size_t kDistinctMax =
      4096;  // different cells remembered; beyond, only that they are many
  static constexpr std::size_t kDistinctBytesMax =
      64;  // of such a cell; a longer one makes the column "many"
  static constexpr int kDecimalsMax =
      6;  // numbers with more come from a computation, not from a sensor's grid
  // Numbers that publishers write where nothing was measured. Whether one is such a mark shows by how far it
  // stands from the rest of its column.
  static constexpr std::array<double, 12> kMarkNumbers{-999,  -9999, -99999, -99.9, -999.9, -99,
                                                       99999, 9999,  999.9,  999,   99.99,  -1e20};

  // One cell, as in the file; space around it does not count.
  void add(std::string_view cell);

  [[nodiscard]] std::size_t empty_cells() const { return empty_; }
  [[nodiscard]] std::size_t numbers() const { return numbers_; }
  [[nodiscard]] std::size_t words() const {
    return words_;
  }  // neither empty, nor a number, nor a missing word
  [[nodiscard]] std::size_t iso_times() const { return iso_times_; }  // of the words, those that are times
  [[nodiscard]] std::size_t not_utf8() const { return not_utf8_; }
  // Words that always mean "missing" ("NA", "null" …) and how often they came.
  [[nodiscard]] const std::map<std::string, std::size_t, std::less<>>& missing_words() const {
    return missing_words_;
  }
  // Different cells and how often each came, missing ones apart; nothing when there are too many.
  [[nodiscard]] const std::map<std::string, std::size_t, std::less<>>* distinct() const {
    return many_ ? nullptr : &distinct_;
  }
  // Different cells that are no numbers, at most 32, else nothing.
  [[nodiscard]] const std::map<std::string, std::size_t, std::less<>>* distinct_words() const {
    return many_words_ ? nullptr : &distinct_words_;
  }

  struct Numbers {
    double min = 0.0, max = 0.0, deviation = 0.0;  // marks left out
    std::optional<double> step;                    // the grid that all of them are on
    std::map<double, std::size_t> marks;           // of kMarkNumbers, far from the rest
    std::size_t count = 0;                         // marks left out
    bool whole = false;                            // no decimals anywhere
  };
  [[nodiscard]] std::optional<Numbers> numbers_found() const;
  // Each number one more than that of the row before: a counter of rows, no measurement.
  [[nodiscard]] bool counts_rows() const { return counts_ && numbers_ > 2 && words_ == 0 && empty_ == 0; }
  // No number below one before it.
  [[nodiscard]] bool rises() const { return rises_ && numbers_ > 1; }
  [[nodiscard]] std::size_t cell_bytes_max() const { return bytes_max_; }

 private:
  struct Range {
    double min = 0.0, max = 0.0;
    std::size_t count = 0;
    void add(double value);
  };
  void add_number(std::string_view cell, double value);
  void add_to_grid(std::string_view cell, double value);
  void remember(std::string_view cell);

  std::size_t empty_ = 0, numbers_ = 0, words_ = 0, iso_times_ = 0, not_utf8_ = 0, bytes_max_ = 0;
  std::map<std::string, std::size_t, std::less<>> missing_words_, distinct_, distinct_words_;
  bool many_ = false, many_words_ = false;
  Range rest_;                    // of numbers that are no candidates for marks
  double mean_ = 0.0, m2_ = 0.0;  // Welford's sums over the same
  std::array<std::size_t, kMarkNumbers.size()> mark_counts_{};
  int decimals_ = 0;
  std::int64_t divisor_ = 0;  // greatest common divisor of the numbers, in 10^-decimals_
  bool off_grid_ = false;
  std::optional<double> last_;
  bool counts_ = true, rises_ = true;
};

}  // namespace skywarden::onboard
