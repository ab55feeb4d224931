// Is what clients saw linearizable: could each operation have taken effect at one moment between being asked
// and being answered (Herlihy and Wing 1990)? The search is Wing and Gong's (1993) with Lowe's memory of what
// was tried (2017), key by key (Horn and Kroening 2015), as in Porcupine. It is exponential at worst, for the
// question is NP-complete; in practice it depends on how many operations run at once. A limit on memory ends
// it with kUnknown.
//
// An operation whose outcome nobody learned stays open: it may take effect at any time after it was asked, or
// never. It is placed only where it makes a difference to what comes next. What only looks is placed at once
// where it can be. If nothing is, the next must overwrite the state; what no answer shows is then placed at
// once, too, for just before that it does no harm. Otherwise what lets the earliest answer be given is tried
// first.
//
// A Model says what the clients talk to, as pure functions (register_model.h, key_value_model.h):
//   Operation, with what was asked and answered; State, ordered by <; Key, ordered by <
//   static Key key(const Operation&)                operations with different keys never meet
//   static State initial()
//   static std::optional<State> after(const State&, const Operation&, bool answered)
//                                                   nothing: it is not answered so in this state
//   static bool only_looks(const Operation&)        answered so, it changes nothing in any state
//   static std::vector<bool> unseen(const std::vector<Looked<Operation>>&)
//                                                   of one key's operations: which leave a state that no
//                                                   answer shows, provided that whatever changes a state here
//                                                   leaves the same whatever it was before; else none
//   static std::size_t bytes(const State&)          what it holds beside itself
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <tuple>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/contract.h"
#include "base/time.h"
#include "consensus/operation_set.h"

namespace skywarden::consensus {

// When: any clock that orders the events, such as the simulator's, or the lines of a recording. An operation
// precedes another only when it was answered strictly before the other was asked.
template <typename Operation>
struct Recorded {
  Instant asked{};
  std::optional<Instant> answered;  // nothing: it stays open
  Operation what;
};

template <typename Operation>
using ClientHistory = std::vector<Recorded<Operation>>;

template <typename Operation>
struct Looked {  // what a Model is asked about
  const Operation* operation;
  bool answered;
};

enum class Linearizable { kYes, kNo, kUnknown };

struct LinearizabilityVerdict {
  Linearizable linearizable = Linearizable::kYes;
  // Places in the history, in an order that explains every answer. kYes: of the whole of it, key after key.
  // kNo: of the key that fails, as far as everything answered before `impossible` was.
  std::vector<std::size_t> order;
  // kNo: the operation whose answer no order gets past; everything answered before it can be explained.
  std::optional<std::size_t> impossible;
};

// Looks for an order of the operations of one key.
template <typename Model>
class LinearizationSearch {
 public:
  using History = ClientHistory<typename Model::Operation>;

  // `members`: places in `history`. What is answered at or after `open_from` is taken as open, what is asked
  // after it as never asked.
  LinearizationSearch(const History& history, const std::vector<std::size_t>& members, std::size_t bytes_max,
                      std::optional<Instant> open_from = std::nullopt)
      : bytes_max_(bytes_max) {
    for (const std::size_t place : members)
      if (!open_from || history[place].asked <= *open_from) operations_.push_back({&history[place], place});
    std::sort(operations_.begin(), operations_.end(), [](const Placeable& a, const Placeable& b) {
      return std::pair(a.recorded->asked, a.place) < std::pair(b.recorded->asked, b.place);
    });
    EXPECTS(operations_.size() < UINT32_MAX / 2);
    std::vector<Looked<typename Model::Operation>> looked;
    for (Placeable& one : operations_) {
      one.answered = one.recorded->answered && (!open_from || *one.recorded->answered < *open_from);
      looked.push_back({&one.recorded->what, one.answered});
    }
    unseen_ = Model::unseen(looked);
    for (std::uint32_t i = 0; i < operations_.size(); ++i)
      if (!operations_[i].answered && !unseen_[i]) open_.push_back(i);
    list_events();
  }

  [[nodiscard]] Linearizable run() {
    state_ = Model::initial();
    while (events_[kHead].next != kHead) {
      if (advance()) continue;
      if (bytes_ > bytes_max_) return Linearizable::kUnknown;
      blocked_at_ = std::max(blocked_at_, first_return());
      if (placed_.empty()) return Linearizable::kNo;
      take_back();
    }
    return Linearizable::kYes;
  }

  // After kYes.
  [[nodiscard]] std::vector<std::size_t> order() const {
    std::vector<std::size_t> places;
    for (const Placed& one : placed_) places.push_back(operations_[one.operation].place);
    return places;
  }
  // After kNo: the answer that was never got past.
  [[nodiscard]] std::size_t impossible() const { return operations_[events_[blocked_at_].operation].place; }

 private:
  static constexpr std::uint32_t kHead = 0;
  struct Placeable {
    const Recorded<typename Model::Operation>* recorded;
    std::size_t place;
    bool answered = false;
    std::uint32_t call = 0, answer = 0;  // its events
  };
  struct Happening {
    Instant when{};
    bool is_answer = false;
    std::uint32_t operation = 0;
  };
  struct Event {  // of an answered operation; what is placed leaves the list
    std::uint32_t operation = 0;
    bool is_answer = false;
    std::uint32_t next = kHead, previous = kHead;
  };
  enum class Rank { kIsNext, kEnablesNext, kOpenEnablesNext, kAnswered, kOpen };
  struct Candidate {  // for the next place
    Rank rank;
    std::uint32_t order;  // earlier answers first
    std::uint32_t operation;
    friend auto operator<=>(const Candidate&, const Candidate&) = default;
  };
  struct Placed {
    std::uint32_t operation;
    typename Model::State before;
    std::size_t tried;  // so many of the candidates for this place
  };

  void list_events() {
    std::vector<Happening> all;
    for (std::uint32_t i = 0; i < operations_.size(); ++i) {
      if (!operations_[i].answered) continue;
      all.push_back({operations_[i].recorded->asked, false, i});
      all.push_back({*operations_[i].recorded->answered, true, i});
    }
    std::sort(all.begin(), all.end(), [](const Happening& a, const Happening& b) {
      return std::tuple(a.when, a.is_answer, a.operation) < std::tuple(b.when, b.is_answer, b.operation);
    });
    events_.resize(all.size() + 1);
    for (std::uint32_t i = 0; i < all.size(); ++i) {
      const Happening& one = all[i];
      const std::uint32_t event = i + 1;
      events_[event] = {one.operation, one.is_answer, event == all.size() ? kHead : event + 1, event - 1};
      (one.is_answer ? operations_[one.operation].answer : operations_[one.operation].call) = event;
    }
    events_[kHead].next = all.empty() ? kHead : 1;
    events_[kHead].previous = static_cast<std::uint32_t>(all.size());
  }

  // Places the next operation that can be; false: none can.
  bool advance() {
    const auto candidates = this->candidates();
    for (; tried_here_ < candidates.size(); ++tried_here_) {
      if (place(candidates[tried_here_].operation)) return true;
      if (bytes_ > bytes_max_) return false;
    }
    return false;
  }

  // Everything that may come next, in the order in which to try it.
  [[nodiscard]] std::vector<Candidate> candidates() const {
    std::vector<Candidate> found;
    std::optional<Candidate> free;
    const std::uint32_t next = events_[first_return()].operation;
    for (std::uint32_t event = events_[kHead].next; !events_[event].is_answer; event = events_[event].next) {
      const std::uint32_t operation = events_[event].operation;
      const auto after = try_after(operation);
      if (!after) continue;
      const std::uint32_t answer = operations_[operation].answer;
      if (Model::only_looks(operations_[operation].recorded->what))
        return {{Rank::kIsNext, answer, operation}};
      if (unseen_[operation]) free = {Rank::kIsNext, answer, operation};
      const Rank rank = operation == next      ? Rank::kIsNext
                        : allows(*after, next) ? Rank::kEnablesNext
                                               : Rank::kAnswered;
      found.push_back({rank, answer, operation});
    }
    if (free) return {*free};
    for (std::size_t i = 0; i < open_.size(); ++i) {
      if (operations_[open_[i]].recorded->asked > *operations_[next].recorded->answered) break;
      if (set_.contains(open_[i])) continue;
      if (const auto after = try_after(open_[i]))
        found.push_back({allows(*after, next) ? Rank::kOpenEnablesNext : Rank::kOpen,
                         static_cast<std::uint32_t>(i), open_[i]});
    }
    std::sort(found.begin(), found.end());
    return found;
  }

  [[nodiscard]] bool allows(const typename Model::State& state, std::uint32_t operation) const {
    return Model::after(state, operations_[operation].recorded->what, true).has_value();
  }

  // The state after it; nothing: it cannot, or need not, be placed here.
  [[nodiscard]] std::optional<typename Model::State> try_after(std::uint32_t operation) const {
    const Placeable& one = operations_[operation];
    auto after = Model::after(state_, one.recorded->what, one.answered);
    if (after && ((!one.answered && *after == state_) || makes_last_needless(one, *after))) after.reset();
    return after;
  }

  bool place(std::uint32_t operation) {
    const Placeable& one = operations_[operation];
    auto after = try_after(operation);
    set_.flip(operation);
    if (!is_new(*after)) {
      set_.flip(operation);
      return false;
    }
    placed_.push_back({operation, std::exchange(state_, std::move(*after)), tried_here_ + 1});
    if (one.answered) {
      leave(one.call);
      leave(one.answer);
    }
    tried_here_ = 0;
    return true;
  }

  // An open operation that the next one makes as if it had never been need not be placed: whatever follows
  // can follow without it, too. So it comes directly before what shows it.
  [[nodiscard]] bool makes_last_needless(const Placeable& next, const typename Model::State& after) const {
    if (placed_.empty() || operations_[placed_.back().operation].answered) return false;
    const auto without = Model::after(placed_.back().before, next.recorded->what, next.answered);
    return without && *without == after;
  }

  void take_back() {
    Placed last = std::move(placed_.back());
    placed_.pop_back();
    const Placeable& one = operations_[last.operation];
    if (one.answered) {
      come_back(one.answer);
      come_back(one.call);
    }
    set_.flip(last.operation);
    state_ = std::move(last.before);
    tried_here_ = last.tried;
  }

  void leave(std::uint32_t event) {
    events_[events_[event].previous].next = events_[event].next;
    events_[events_[event].next].previous = events_[event].previous;
  }
  void come_back(std::uint32_t event) {
    events_[events_[event].previous].next = event;
    events_[events_[event].next].previous = event;
  }

  [[nodiscard]] std::uint32_t first_return() const {
    std::uint32_t event = events_[kHead].next;
    while (!events_[event].is_answer) event = events_[event].next;
    return event;
  }

  // These placed and that the state: tried before?
  bool is_new(const typename Model::State& state) {
    constexpr std::size_t kNode = 64;  // what a container adds to an element, about
    const auto [named, is_first] = names_.emplace(state, static_cast<char32_t>(names_.size()));
    if (is_first) bytes_ += kNode + sizeof(state) + Model::bytes(state);
    std::u32string key = set_.ends();
    key.push_back(named->second);
    const std::size_t size = key.size() * sizeof(char32_t);
    if (!tried_.insert(std::move(key)).second) return false;
    bytes_ += kNode + sizeof(std::u32string) + size;
    return true;
  }

  std::size_t bytes_max_;
  std::size_t bytes_ = 0;
  std::vector<Placeable> operations_;  // by when they were asked
  std::vector<bool> unseen_;           // for each of them
  std::vector<std::uint32_t> open_;
  std::vector<Event> events_;
  std::vector<Placed> placed_;
  std::size_t tried_here_ = 0;
  typename Model::State state_{};
  OperationSet set_;
  std::uint32_t blocked_at_ = 0;
  std::map<typename Model::State, char32_t> names_;
  std::unordered_set<std::u32string> tried_;  // asked for membership alone
};

inline constexpr std::size_t kLinearizabilityBytesMax = std::size_t{1} << 30;

// Answers must not precede their questions. `bytes_max` bounds what each key's search remembers.
template <typename Model>
[[nodiscard]] LinearizabilityVerdict check_linearizable(
    const ClientHistory<typename Model::Operation>& history,
    std::size_t bytes_max = kLinearizabilityBytesMax) {
  std::map<typename Model::Key, std::vector<std::size_t>> by_key;
  for (std::size_t i = 0; i < history.size(); ++i) {
    EXPECTS(!history[i].answered || history[i].asked <= *history[i].answered);
    by_key[Model::key(history[i].what)].push_back(i);
  }
  LinearizabilityVerdict verdict;
  for (const auto& [key, members] : by_key) {
    LinearizationSearch<Model> search(history, members, bytes_max);
    const Linearizable found = search.run();
    if (found == Linearizable::kNo) {
      verdict = {Linearizable::kNo, {}, search.impossible()};
      LinearizationSearch<Model> before(history, members, bytes_max, history[*verdict.impossible].answered);
      if (before.run() == Linearizable::kYes) verdict.order = before.order();
      return verdict;
    }
    if (found == Linearizable::kUnknown) verdict = {Linearizable::kUnknown, {}, std::nullopt};
    if (verdict.linearizable != Linearizable::kYes) continue;
    const auto order = search.order();
    verdict.order.insert(verdict.order.end(), order.begin(), order.end());
  }
  return verdict;
}

}  // namespace skywarden::consensus
