#include "orbit/time_list.h"

#include <doctest/doctest.h>

using namespace skywarden;
using namespace skywarden::orbit;

TEST_CASE("times come one a line, for every satellite, and keep their text") {
  const auto list =
      read_time_list("time\r\n2026-05-08T00:00:00.123456789Z\r\n\r\n# later\r\n2026-05-08 01:00\r\n", "t");
  REQUIRE(list.has_value());
  REQUIRE(list->times.size() == 2);
  CHECK_FALSE(list->times[0].norad.has_value());
  CHECK(list->times[0].text == "2026-05-08T00:00:00.123456789Z");
  CHECK(format_utc(list->times[0].time, 9) == "2026-05-08T00:00:00.123456789Z");
  CHECK(list->times[1].text == "2026-05-08 01:00");
  CHECK(list->times[1].row == 5);
}

TEST_CASE("times come as norad,time rows with or without a header, in either order") {
  const auto plain = read_time_list("25994,2026-05-08T00:00:00Z\nA0001,\"2026-05-08T01:00:00Z\"\n", "t");
  REQUIRE(plain.has_value());
  REQUIRE(plain->times.size() == 2);
  CHECK(plain->times[0].norad == 25994);
  CHECK(plain->times[1].norad == 100001);
  CHECK(plain->times[1].text == "2026-05-08T01:00:00Z");
  const auto headed = read_time_list("norad,time\n25994,2026-05-08T00:00:00Z\n", "t");
  REQUIRE(headed.has_value());
  CHECK(headed->times.size() == 1);
  CHECK(headed->problems.empty());
  const auto turned = read_time_list("utc_time;norad\n2026-05-08T00:00:00Z;25994\n", "t");
  REQUIRE(turned.has_value());
  CHECK(turned->times.at(0).norad == 25994);
}

TEST_CASE("bad rows are named and good ones kept") {
  const auto list = read_time_list("2026-05-08\nyesterday\nx1,2026-05-08\n5,2026-13-08\n7,2026-05-09\n", "t");
  REQUIRE(list.has_value());
  CHECK(list->times.size() == 2);
  REQUIRE(list->problems.size() == 3);
  CHECK(list->problems[0].row == 2);
  CHECK(list->problems[1].column == "norad");
  CHECK(list->problems[2].column == "time");
  CHECK_FALSE(read_time_list("", "t").has_value());
  CHECK_FALSE(read_time_list("time\n", "t").has_value());
  CHECK_FALSE(read_time_list("9 lives\n", "t").has_value());
}
