#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <vector>

#include "statistics/quantile.h"
#include "statistics/weighted.h"

namespace skywarden::statistics {
namespace {

using Item = Weighted<double>;

std::vector<Item> items_from(const std::vector<std::pair<int, std::uint8_t>>& raw) {
  std::vector<Item> items;
  for (const auto& [value, weight] : raw) items.push_back({static_cast<double>(value), weight});
  return items;
}

TEST_CASE("weighted medians by hand") {
  // Cormen et al., "Introduction to Algorithms", problem 9-2: weights .1 .35 .05 .1 .15 .05 .2, median .2.
  const std::vector<Item> items = {{0.1, 10},  {0.35, 35}, {0.05, 5}, {0.1, 10},
                                   {0.15, 15}, {0.05, 5},  {0.2, 20}};
  CHECK(lower_weighted_median(items) == 0.2);
  CHECK(weighted_median(items) == 0.2);
  CHECK(lower_weighted_median<double>({{1, 1}, {2, 1}}) == 1.0);
  CHECK(upper_weighted_median<double>({{1, 1}, {2, 1}}) == 2.0);
  CHECK(lower_weighted_median<double>({{1, 0}, {2, 1}, {3, 0}}) == 2.0);
}

TEST_CASE("weighted medians agree with repetition, and with equal weights with the median") {
  CHECK(rc::check("repetition", [](const std::vector<std::pair<int, std::uint8_t>>& raw) {
    const std::vector<Item> items = items_from(raw);
    std::vector<double> repeated;
    for (const Item& item : items) repeated.insert(repeated.end(), item.weight, item.value);
    RC_PRE(!repeated.empty());
    RC_ASSERT(weighted_median(items) == median(repeated));
    std::sort(repeated.begin(), repeated.end());
    RC_ASSERT(lower_weighted_median(items) == repeated[(repeated.size() - 1) / 2]);
    RC_ASSERT(upper_weighted_median(items) == repeated[repeated.size() / 2]);
  }));
}

TEST_CASE("less than half of the weight cannot move the median out of the range of the rest") {
  CHECK(rc::check("breakdown", [](const std::vector<std::pair<int, std::uint8_t>>& honest_raw,
                                  const std::vector<std::pair<int, std::uint8_t>>& lying_raw) {
    const std::vector<Item> honest = items_from(honest_raw), lying = items_from(lying_raw);
    RC_PRE(total_weight<double>(honest) > total_weight<double>(lying));
    std::vector<Item> all = honest;
    all.insert(all.end(), lying.begin(), lying.end());
    const auto by_value = [](const Item& a, const Item& b) { return a.value < b.value; };
    const double low = std::min_element(honest.begin(), honest.end(), by_value)->value;
    const double high = std::max_element(honest.begin(), honest.end(), by_value)->value;
    RC_ASSERT(lower_weighted_median(all) >= low && lower_weighted_median(all) <= high);
  }));
}

}  // namespace
}  // namespace skywarden::statistics
