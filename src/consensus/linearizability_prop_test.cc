#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <string>

#include "consensus/key_value_model.h"
#include "consensus/linearizability.h"
#include "consensus/register_model.h"

namespace skywarden::consensus {
namespace {

using Kind = RegisterOperation::Kind;
using TextKind = KeyValueOperation::Kind;

Instant at(std::int64_t time) {
  return Instant(Duration(time));
}

int below(int bound) {
  return *rc::gen::inRange(0, bound);
}

template <typename Operation>
bool precedes(const Recorded<Operation>& a, const Recorded<Operation>& b) {
  return a.answered && *a.answered < b.asked;
}

// The slow obvious version: every order of everything, of all keys together, is tried until one explains all.
template <typename Model>
bool explains_some_order(const ClientHistory<typename Model::Operation>& history, Instant until,
                         std::vector<bool>& placed,
                         const std::map<typename Model::Key, typename Model::State>& states) {
  bool complete = true;
  for (std::size_t i = 0; i < history.size(); ++i)
    complete &= placed[i] || !history[i].answered || *history[i].answered > until;
  if (complete) return true;
  for (std::size_t i = 0; i < history.size(); ++i) {
    if (placed[i]) continue;
    bool first = true;
    for (std::size_t j = 0; j < history.size(); ++j) first &= placed[j] || !precedes(history[j], history[i]);
    if (!first) continue;
    const auto key = Model::key(history[i].what);
    const auto found = states.find(key);
    auto after = Model::after(found == states.end() ? Model::initial() : found->second, history[i].what,
                              history[i].answered.has_value());
    if (!after) continue;
    auto next = states;
    next[key] = std::move(*after);
    placed[i] = true;
    const bool done = explains_some_order<Model>(history, until, placed, next);
    placed[i] = false;
    if (done) return true;
  }
  return false;
}

// What is answered after `until` need not be explained.
template <typename Model>
bool slowly_linearizable(const ClientHistory<typename Model::Operation>& history,
                         Instant until = Instant::max()) {
  std::vector<bool> placed(history.size(), false);
  return explains_some_order<Model>(history, until, placed, {});
}

// Does this order respect time and explain each answer in it?
template <typename Model>
bool explains(const ClientHistory<typename Model::Operation>& history, const std::vector<std::size_t>& order,
              std::optional<Instant> open_from) {
  std::map<typename Model::Key, typename Model::State> states;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const auto& one = history[order[i]];
    for (std::size_t later = i + 1; later < order.size(); ++later) {
      const auto& other = history[order[later]];
      if (Model::key(one.what) == Model::key(other.what) && precedes(other, one)) return false;
    }
    const bool answered = one.answered && (!open_from || *one.answered < *open_from);
    const auto key = Model::key(one.what);
    if (!states.contains(key)) states[key] = Model::initial();
    auto after = Model::after(states[key], one.what, answered);
    if (!after) return false;
    states[key] = std::move(*after);
  }
  return true;
}

template <typename Model>
void check_verdict(const ClientHistory<typename Model::Operation>& history) {
  const auto verdict = check_linearizable<Model>(history);
  const bool expected = slowly_linearizable<Model>(history);
  RC_CLASSIFY(expected);
  RC_ASSERT((verdict.linearizable == Linearizable::kYes) == expected);
  RC_ASSERT((verdict.linearizable == Linearizable::kNo) == !expected);
  std::optional<Instant> end;
  if (verdict.impossible) end = history[*verdict.impossible].answered;
  RC_ASSERT(end.has_value() == !expected);
  RC_ASSERT(explains<Model>(history, verdict.order, end));
  for (std::size_t i = 0; i < history.size(); ++i) {  // nothing that was answered is missing
    if (!history[i].answered || (end && *history[i].answered >= *end)) continue;
    if (end && Model::key(history[i].what) != Model::key(history[*verdict.impossible].what)) continue;
    RC_ASSERT(std::count(verdict.order.begin(), verdict.order.end(), i) == 1);
  }
  if (end) RC_ASSERT(!slowly_linearizable<Model>(history, *end));  // and nothing gets past that answer
}

RegisterOperation register_operation() {
  const auto value = [] { return RegisterValue(below(3)); };
  switch (below(4)) {
    case 0:
      return {Kind::kRead, below(6) == 0 ? std::nullopt : value(), {}, false};
    case 1:
      return {Kind::kCompareAndSet, value(), value(), below(2) == 0};
    default:
      return {Kind::kWrite, value(), {}, false};
  }
}

KeyValueOperation text_operation() {
  const std::string key(1, static_cast<char>('a' + below(2)));
  const std::string letter(1, static_cast<char>('x' + below(2)));
  switch (below(4)) {
    case 0:
      return {TextKind::kPut, key, letter};
    case 1:
      return {TextKind::kAppend, key, letter};
    default:
      return {TextKind::kGet, key, below(2) == 0 ? letter : letter + "y"};
  }
}

template <typename Operation, typename Make>
ClientHistory<Operation> random_history(const Make& make) {
  ClientHistory<Operation> history(static_cast<std::size_t>(below(8)));
  for (auto& one : history) {
    const int asked = below(12);
    one = {at(asked), at(asked + below(6)), make()};
    if (below(4) == 0) one.answered.reset();
  }
  return history;
}

// What happens at 10, 20, …, one operation after another, is seen by each client up to `stretch` earlier and
// later.
ClientHistory<RegisterOperation> sequential_run(int operations, int stretch) {
  ClientHistory<RegisterOperation> history;
  RegisterValue state;
  for (int i = 1; i <= operations; ++i) {
    RegisterOperation one = register_operation();
    if (one.kind == Kind::kRead) one.value = state;
    if (one.kind == Kind::kCompareAndSet) one.swapped = one.expected == state;
    if (one.kind == Kind::kWrite || one.swapped) state = one.value;
    history.push_back({at(10 * i - below(stretch)), at(10 * i + below(stretch)), one});
    if (one.kind != Kind::kRead && below(10) == 0) history.back().answered.reset();
  }
  return history;
}

RegisterOperation read_or_write() {
  RegisterOperation one = register_operation();
  while (one.kind == Kind::kCompareAndSet) one = register_operation();
  if (one.kind == Kind::kWrite) one.value = below(6);
  return one;
}

TEST_CASE("a register that is read and written: the same verdict as trying every order") {
  CHECK(rc::check([] { check_verdict<RegisterModel>(random_history<RegisterOperation>(read_or_write)); }));
}

TEST_CASE("a register: the same verdict as trying every order") {
  CHECK(
      rc::check([] { check_verdict<RegisterModel>(random_history<RegisterOperation>(register_operation)); }));
}

TEST_CASE("texts by key: the same verdict as trying every order of all keys together") {
  CHECK(rc::check([] { check_verdict<KeyValueModel>(random_history<KeyValueOperation>(text_operation)); }));
}

TEST_CASE("whatever is seen of a sequential run is linearizable, in whatever order it was recorded") {
  CHECK(rc::check([] {
    auto history = sequential_run(below(200), 1 + below(40));
    for (std::size_t i = history.size(); i > 1; --i)
      std::swap(history[i - 1], history[static_cast<std::size_t>(below(static_cast<int>(i)))]);
    const auto verdict = check_linearizable<RegisterModel>(history);
    RC_ASSERT(verdict.linearizable == Linearizable::kYes);
    RC_ASSERT(explains<RegisterModel>(history, verdict.order, std::nullopt));
  }));
}

TEST_CASE("one answer that could not have been given is found, and named when nothing runs at once") {
  CHECK(rc::check([] {
    const bool at_once = below(2) == 0;
    auto history = sequential_run(1 + below(100), at_once ? 30 : 1);
    std::vector<std::size_t> reads;
    for (std::size_t i = 0; i < history.size(); ++i)
      if (history[i].what.kind == Kind::kRead) reads.push_back(i);
    RC_PRE(!reads.empty());
    const std::size_t wrong = reads[static_cast<std::size_t>(below(static_cast<int>(reads.size())))];
    history[wrong].what.value = 99;
    const auto verdict = check_linearizable<RegisterModel>(history);
    RC_ASSERT(verdict.linearizable == Linearizable::kNo);
    RC_ASSERT(verdict.impossible == wrong);
  }));
}

TEST_CASE("a set of operations holds what was put in and not taken out") {
  CHECK(rc::check([] {
    OperationSet set;
    std::vector<bool> expected(20, false);
    for (int flips = below(60); flips > 0; --flips) {
      const auto item = static_cast<std::uint32_t>(below(20));
      set.flip(item);
      expected[item] = !expected[item];
    }
    for (std::uint32_t i = 0; i < 20; ++i) RC_ASSERT(set.contains(i) == expected[i]);
    for (std::size_t i = 1; i < set.ends().size(); ++i) RC_ASSERT(set.ends()[i - 1] < set.ends()[i]);
  }));
}

}  // namespace
}  // namespace skywarden::consensus
