#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "node/relay_desk.h"

namespace skywarden::node {
namespace {

using std::chrono::minutes;

const Instant kNow = parse_utc("2026-07-01T00:00:00Z").value();
constexpr Duration kInTime = minutes(4);

class Table final : public datum::ArrivalForecast {
 public:
  [[nodiscard]] std::optional<Instant> arrival(NodeId from, NodeId to, Instant t) const override {
    const auto found = after.find({from, to});
    return found == after.end() ? std::nullopt : std::optional(t + found->second);
  }
  std::map<std::pair<NodeId, NodeId>, Duration> after;
};

// Everybody's soonest voters, by looking at all of them at once.
std::set<std::pair<NodeId, NodeId>> slow_feeds(const RelayQuestion& question, const Table& table) {
  std::set<std::pair<NodeId, NodeId>> feeds;
  for (const NodeId listener : question.listeners) {
    const auto told = table.after.find({question.leader, listener});
    if (question.leader != kNobody && told != table.after.end() && told->second <= question.in_time) continue;
    std::vector<std::pair<Duration, NodeId>> by_arrival;
    for (const NodeId voter : question.voters)
      if (const auto found = table.after.find({voter, listener});
          voter != question.leader && found != table.after.end())
        by_arrival.emplace_back(found->second, voter);
    std::sort(by_arrival.begin(), by_arrival.end());
    if (by_arrival.size() > question.feeds) by_arrival.resize(question.feeds);
    for (const auto& [after, voter] : by_arrival) feeds.emplace(voter, listener);
  }
  return feeds;
}

TEST_CASE("each listener the leader does not reach in time has the soonest voters, each chosen by itself") {
  CHECK(rc::check([] {
    const auto count = *rc::gen::inRange<std::uint32_t>(1, 9);
    std::vector<NodeId> voters, listeners;
    for (std::uint32_t id = 1; id <= count; ++id) voters.emplace_back(id);
    const auto listening = *rc::gen::inRange<std::uint32_t>(0, 5);
    for (std::uint32_t id = 20; id < 20 + listening; ++id) listeners.emplace_back(id);
    Table table;
    for (const NodeId voter : voters)
      for (const NodeId listener : listeners)
        if (const int after = *rc::gen::inRange(0, 12); after < 10)
          table.after[{voter, listener}] = minutes(after);
    const NodeId leader = *rc::gen::element(kNobody, NodeId(1), NodeId(2));
    const RelayQuestion question{leader, voters, listeners, kInTime, *rc::gen::inRange<std::size_t>(0, 4)};
    std::set<std::pair<NodeId, NodeId>> feeds;
    for (const NodeId voter : voters) {
      const RelayChoice choice = choose_children(voter, question, &table, kNow);
      Instant last = Instant::min();
      for (const NodeId child : choice.children) {
        feeds.emplace(voter, child);
        last = std::max(last, kNow + table.after.at({voter, child}));
      }
      RC_ASSERT(choice.answered_by == last);
    }
    RC_ASSERT(feeds == slow_feeds(question, table));
  }));
}

TEST_CASE(
    "where the leader reaches everybody at once nobody hands on, and without a leader the first two do") {
  const std::vector<NodeId> voters{NodeId(1), NodeId(2), NodeId(3), NodeId(4)};
  const std::vector<NodeId> listeners{NodeId(8), NodeId(9)};
  for (const NodeId voter : voters) {
    CHECK(choose_children(voter, {NodeId(1), voters, listeners, kInTime, 2}, nullptr, kNow).children.empty());
    const auto alone = choose_children(voter, {kNobody, voters, listeners, kInTime, 2}, nullptr, kNow);
    CHECK(alone.children.size() == (voter <= NodeId(2) ? 2 : 0));
  }
}

}  // namespace
}  // namespace skywarden::node
