#include "consensus/linearizability.h"

#include <doctest/doctest.h>

#include "consensus/register_model.h"

namespace skywarden::consensus {
namespace {

using Kind = RegisterOperation::Kind;

Instant at(std::int64_t time) {
  return Instant(Duration(time));
}

Recorded<RegisterOperation> write(std::int64_t asked, std::optional<std::int64_t> answered, int value) {
  return {
      at(asked), answered ? std::optional(at(*answered)) : std::nullopt, {Kind::kWrite, value, {}, false}};
}
Recorded<RegisterOperation> read(std::int64_t asked, std::int64_t answered, RegisterValue value) {
  return {at(asked), at(answered), {Kind::kRead, value, {}, false}};
}

LinearizabilityVerdict check(const ClientHistory<RegisterOperation>& history) {
  return check_linearizable<RegisterModel>(history);
}

TEST_CASE("nothing, or nothing that was answered, is linearizable") {
  CHECK(check({}).linearizable == Linearizable::kYes);
  CHECK(check({write(1, std::nullopt, 7)}).linearizable == Linearizable::kYes);
}

TEST_CASE("a stale read is named, with an order of what came before it") {
  const auto verdict = check({write(1, 2, 7), write(3, 4, 8), read(5, 6, 7), read(7, 8, 8)});
  CHECK(verdict.linearizable == Linearizable::kNo);
  CHECK(verdict.impossible == std::size_t{2});
  CHECK(verdict.order == std::vector<std::size_t>{0, 1});
}

TEST_CASE("a read beside a write may see it or not, but not first so and then otherwise") {
  CHECK(check({write(1, 10, 7), read(2, 3, std::nullopt), read(4, 5, 7)}).linearizable == Linearizable::kYes);
  CHECK(check({write(1, 10, 7), read(2, 3, 7), read(4, 5, std::nullopt)}).linearizable == Linearizable::kNo);
}

TEST_CASE("who is answered when another asks runs beside it") {
  CHECK(check({write(1, 5, 7), read(5, 6, std::nullopt)}).linearizable == Linearizable::kYes);
  CHECK(check({write(1, 5, 7), read(6, 7, std::nullopt)}).linearizable == Linearizable::kNo);
}

TEST_CASE("what nobody was told of may take effect late, or never, but not before it was asked, nor twice") {
  CHECK(check({write(3, std::nullopt, 7), read(4, 5, std::nullopt), read(6, 7, 7)}).linearizable ==
        Linearizable::kYes);
  CHECK(check({read(1, 2, 7), write(3, std::nullopt, 7)}).linearizable == Linearizable::kNo);
  CHECK(check({write(1, std::nullopt, 7), read(2, 3, 7), write(4, 5, 8), read(6, 7, 7)}).linearizable ==
        Linearizable::kNo);
}

// A leader that hears nobody for a while takes proposals and commits them all at once.
TEST_CASE("thirty writes at once that nobody reads do not hide a wrong answer") {
  ClientHistory<RegisterOperation> history;
  for (int i = 0; i < 30; ++i) history.push_back(write(i, 100, i));
  history.push_back(read(50, 60, 7));
  history.push_back(read(61, 70, 9));
  CHECK(check_linearizable<RegisterModel>(history, 1'000'000).linearizable == Linearizable::kYes);
  history.push_back(read(71, 80, 7));
  CHECK(check_linearizable<RegisterModel>(history, 1'000'000).linearizable == Linearizable::kNo);
}

TEST_CASE("a search that needs more than its memory says that it does not know") {
  ClientHistory<RegisterOperation> history;  // any of twenty writes may be the last before any read
  for (int i = 0; i < 20; ++i) history.push_back(write(i, 29, i));
  for (int i = 0; i < 20; ++i) history.push_back(read(i, 29, i));
  history.push_back(read(30, 31, 99));
  CHECK(check_linearizable<RegisterModel>(history, 100'000).linearizable == Linearizable::kUnknown);
  history.pop_back();
  history.push_back(read(30, 31, 19));
  CHECK(check_linearizable<RegisterModel>(history, 100'000).linearizable == Linearizable::kYes);
}

TEST_CASE("a hundred writes of unknown outcome do not hide one wrong answer") {
  ClientHistory<RegisterOperation> history;
  for (int i = 0; i < 100; ++i) {
    history.push_back(write(10 * i, std::nullopt, i));
    if (i % 3 == 2) history.push_back(read(10 * i + 1, 10 * i + 2, i - 1));
  }
  CHECK(check_linearizable<RegisterModel>(history, 1'000'000).linearizable == Linearizable::kYes);
  history.push_back(read(2000, 2001, 500));
  CHECK(check_linearizable<RegisterModel>(history, 1'000'000).linearizable == Linearizable::kNo);
}

TEST_CASE("two thousand operations, eight at a time, take a moment") {
  ClientHistory<RegisterOperation> history;
  for (int i = 0; i < 2'000; ++i)
    history.push_back(i % 2 == 0 ? write(i, i + 8, i) : read(i, i + 8, RegisterValue(i - 1)));
  CHECK(check(history).linearizable == Linearizable::kYes);
  history.back().what.value = -1;
  const auto verdict = check_linearizable<RegisterModel>(history, std::size_t{1} << 28);
  CHECK(verdict.linearizable == Linearizable::kNo);
  CHECK(verdict.impossible == history.size() - 1);
}

}  // namespace
}  // namespace skywarden::consensus
