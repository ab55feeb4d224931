#include "formats/ascii_grid.h"

#include <doctest/doctest.h>

using namespace skywarden;
using formats::parse_ascii_grid;

TEST_CASE("an ESRI ASCII grid is read from the north-west, holes kept as holes") {
  const auto grid =
      parse_ascii_grid(
          "ncols 2\nnrows 2\nxllcorner 10\nyllcorner 20\ncellsize 0.5\nNODATA_value -1\n1 2\n3 -1\n")
          .value();
  CHECK(grid.values[0] == 1.0F);
  CHECK_FALSE(grid.values[3].has_value());
  CHECK(grid.north() == 21.0);
  CHECK(formats::looks_like_ascii_grid("  NCOLS 3"));
}

TEST_CASE("a broken grid says what was expected") {
  CHECK(parse_ascii_grid("nrows 2").error().message == "grid: expected 'ncols' in the header");
  CHECK(parse_ascii_grid("ncols 2\nnrows 1\ncellsize 1\n1\n").error().message.find("the file ends") !=
        std::string::npos);
  CHECK(parse_ascii_grid("ncols 1\nnrows 1\ncellsize 1\nx\n").error().message.find("'x'") !=
        std::string::npos);
  CHECK(parse_ascii_grid("ncols 999999\nnrows 999999\ncellsize 1\n1\n").error().code == Errc::kLimitReached);
  CHECK_FALSE(parse_ascii_grid("ncols 1\nnrows 1\ncellsize 1\n1 2\n").has_value());
}
