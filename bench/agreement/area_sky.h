// Satellites with two Raft machines each, in virtual time over the ways of the shell: what carries letters,
// wakes whoever is due, and checks at every step what must never happen.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agreement/one_history.h"
#include "agreement/satellite.h"
#include "agreement/slots.h"
#include "agreement/ways.h"

namespace skywarden::agreement {

class AreaSky {
 public:
  AreaSky(std::uint64_t seed, Ways ways, const Division& division);

  void run_until(Instant end);  // or until something is broken
  void at(Instant time, std::function<void()> action);
  void crash(NodeId node);
  void restart(NodeId node);
  void perform(NodeId node, Step step);

  [[nodiscard]] Instant now() const { return now_; }
  [[nodiscard]] Satellite& satellite(NodeId node) { return *hosts_.at(node).satellite; }
  [[nodiscard]] NodeId leader(GroupId group) const;  // of the highest term, if it is up; kNobody
  [[nodiscard]] const Ways& ways() const { return ways_; }
  [[nodiscard]] std::uint64_t decisions() const { return prints_.size() - 1; }
  [[nodiscard]] std::uint64_t handled() const { return handled_; }
  [[nodiscard]] const std::string& violation() const { return violation_; }
  // Everybody who is up knows everything decided.
  [[nodiscard]] bool everybody_knows() const;

  std::function<void(GroupId, NodeId)> on_leader;           // who began to lead
  std::function<void(NodeId)> on_step;                      // after each step of that satellite
  std::function<void(const agents::Decision&)> on_decided;  // once each, as soon as anybody knows
  std::function<void(NodeId, std::uint64_t)> on_known;      // a member's cluster log holds the decision now
  std::size_t area_epochs = 0;

 private:
  enum class What : std::uint32_t { kLetter, kTimer, kAction };
  struct Event {
    Instant at;
    std::uint64_t sequence;
    What what;
    std::uint32_t which;
    friend bool operator<(const Event& a, const Event& b) {  // a heap's top is the earliest
      return std::pair(a.at, a.sequence) > std::pair(b.at, b.sequence);
    }
  };
  struct Host {
    std::unique_ptr<Satellite> satellite;
    Instant timer = Instant::max();
    std::uint64_t knew = 0;  // decisions by its cluster's log, since it started
    std::uint64_t decided = 0;
  };
  struct Group {
    OneHistory history;
    NodeId leader;
    Term term;
  };

  void push(Instant at, What what, std::uint32_t which);
  void arm(NodeId node, Host& host);
  void post(Letter letter);
  void watch(NodeId node, const Step::Traced& traced);
  void check_ledgers(NodeId node, Host& host);
  void decided(const agents::Decision& decision, std::uint64_t print);
  void violated(std::string_view what);

  Random random_;
  Ways ways_;
  Instant now_{};
  std::map<NodeId, Host> hosts_;
  std::map<GroupId, Group> groups_;
  std::vector<Event> heap_;
  std::uint64_t sequence_ = 0;
  Slots<Letter> letters_;
  Slots<std::function<void()>> actions_;
  std::vector<std::uint64_t> prints_{0};  // by number: the fingerprint of everything decided up to there
  std::map<agents::MatterId, std::uint64_t> matters_;
  std::uint64_t handled_ = 0;
  std::string violation_;
};

}  // namespace skywarden::agreement
