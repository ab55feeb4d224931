#include "consensus/log.h"

#include <doctest/doctest.h>

#include "consensus/persist.h"

namespace skywarden::consensus {
namespace {

std::vector<Entry> entries_of(std::initializer_list<std::uint64_t> terms, std::size_t bytes = 1) {
  std::vector<Entry> entries;
  for (const std::uint64_t term : terms)
    entries.push_back({Term(term), LogIndex(entries.size() + 1), Payload(bytes)});
  return entries;
}

TEST_CASE("an empty log knows its beginning") {
  const Log log;
  CHECK(log.last_index() == LogIndex(0));
  CHECK(log.contains(LogIndex(0)));
  CHECK(log.matches({}));
  CHECK(!log.matches({LogIndex(0), Term(1)}));
  CHECK(!log.matches({LogIndex(1), Term(1)}));
  CHECK(log.last_at_most(LogIndex(9), Term(9)) == LogPosition{});
  CHECK(log.is_no_newer_than({}));
}

TEST_CASE("up to date: the later last term, then the longer log") {
  const Log log(entries_of({1, 1, 3}));
  CHECK(log.is_no_newer_than({LogIndex(3), Term(3)}));
  CHECK(log.is_no_newer_than({LogIndex(1), Term(4)}));
  CHECK(!log.is_no_newer_than({LogIndex(2), Term(3)}));
  CHECK(!log.is_no_newer_than({LogIndex(9), Term(2)}));
}

TEST_CASE("where two logs could still agree") {
  const Log log(entries_of({1, 1, 3, 3, 3, 6}));
  CHECK(log.last_at_most(LogIndex(9), Term(9)) == LogPosition{LogIndex(6), Term(6)});
  CHECK(log.last_at_most(LogIndex(6), Term(5)) == LogPosition{LogIndex(5), Term(3)});
  CHECK(log.last_at_most(LogIndex(4), Term(5)) == LogPosition{LogIndex(4), Term(3)});
  CHECK(log.last_at_most(LogIndex(6), Term(2)) == LogPosition{LogIndex(2), Term(1)});
  CHECK(log.last_at_most(LogIndex(6), Term(0)) == LogPosition{});
  CHECK(log.last_at_most(LogIndex(0), Term(9)) == LogPosition{});
}

TEST_CASE("a batch ends at the count or the bytes, yet is never empty while something is left") {
  const Log log(entries_of({1, 1, 1, 1}, 10));
  CHECK(log.after(LogIndex(0), 9, 1000).size() == 4);
  CHECK(log.after(LogIndex(1), 2, 1000).size() == 2);
  CHECK(log.after(LogIndex(0), 9, 25).size() == 2);
  CHECK(log.after(LogIndex(0), 9, 3).size() == 1);
  CHECK(log.after(LogIndex(4), 9, 1000).empty());
  CHECK(log.between(LogIndex(2), LogIndex(3)).front().index == LogIndex(2));
  CHECK(log.between(LogIndex(2), LogIndex(1)).empty());
}

TEST_CASE("entries follow each other, terms never fall and begin at 1") {
  CHECK(is_contiguous(entries_of({1, 1, 2}), {}));
  CHECK(!is_contiguous(entries_of({2, 1}), {}));
  CHECK(!is_contiguous(entries_of({0}), {}));
  CHECK(!is_contiguous(entries_of({1}), {LogIndex(1), Term(1)}));
  auto gap = entries_of({1, 1, 1});
  gap.erase(gap.begin() + 1);
  CHECK(!is_contiguous(gap, {}));
}

TEST_CASE("a step is stored in order: state, truncation, additions") {
  Persisted stored{{Term(1), kNobody}, entries_of({1, 1, 1})};
  Persist step;
  CHECK(step.empty());
  step.state = HardState{Term(2), NodeId(7)};
  step.truncate_from = LogIndex(2);
  step.append = {{Term(2), LogIndex(2), {}}};
  CHECK(!step.empty());
  apply(step, stored);
  CHECK(stored.state == HardState{Term(2), NodeId(7)});
  CHECK(is_contiguous(stored.log, {}));
  CHECK(stored.log.size() == 2);
  CHECK(stored.log.back().term == Term(2));
}

}  // namespace
}  // namespace skywarden::consensus
