// How a node fetches from the others the observations it lacks: because it was away when they were handed in,
// because a link dropped them, or because its journal was damaged. As pure values: messages, members that are
// connected and the time in; messages and fetched observations out.
//
// One comparison at a time, with one member after the other: this node says what it holds of the hours that
// can still be judged, as one span (held_observations.h); the member opens spans in which it holds something
// else; keys that are lacking here are asked for. Everybody answers, nobody pushes, and who answers remembers
// nothing.
//
// What a member that lies can do. Only what was asked for by its key is taken, and of that only what could
// be handed in now, so it gains nothing over bringing the same unasked. Every message is bounded; a
// comparison takes at most `questions_max` questions; one that brings nothing though it should doubles the
// wait for the next with that member; what is asked of one member in any time t is at most held_max (1 + t /
// lateness) observations; who asks faster than nodes do is not answered.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <variant>
#include <vector>

#include "node/held_observations.h"

namespace skywarden::node {

inline constexpr std::size_t kSpansPerQuestionMax = 16;
inline constexpr std::size_t kSpansPerAnswerMax = kSpansPerQuestionMax * kPartsOfSpanMax;
inline constexpr std::size_t kKeysPerAnswerMax = kSpansPerQuestionMax * kKeysOfSpanMax;
inline constexpr std::size_t kKeysPerFetchMax = 64;

// `number` is of the asker's choosing and comes back. Spans and keys ascend and lie apart.
struct CompareHeld {
  std::uint64_t number = 0;
  std::vector<HeldSpan> spans;
  friend bool operator==(const CompareHeld&, const CompareHeld&) = default;
};
struct HeldCompared {  // empty: nothing that the asker does not hold
  std::uint64_t number = 0;
  HeldParts parts;
  friend bool operator==(const HeldCompared&, const HeldCompared&) = default;
};
struct FetchObservations {
  std::uint64_t number = 0;
  std::vector<ObservationKey> keys;
  friend bool operator==(const FetchObservations&, const FetchObservations&) = default;
};
struct ObservationsFetched {
  std::uint64_t number = 0;
  std::vector<datum::Hotspot> hotspots;
};
using CatchUpMessage = std::variant<CompareHeld, HeldCompared, FetchObservations, ObservationsFetched>;

struct CatchUpOptions {
  Duration lateness = std::chrono::hours(24);  // as wildfire::DetectorOptions: what is older is not judged
  Duration clock_skew = std::chrono::minutes(10);  // nor what is from so far in the future
  std::size_t held_max = 50'000;
  Duration compare_every = std::chrono::seconds(30);   // with each member
  Duration retry_first = std::chrono::seconds(1);      // with one that did not answer, then ever more slowly
  Duration compare_rarest = std::chrono::minutes(10);  // with one that answers nothing, or nothing of use
  Duration pause = std::chrono::milliseconds(50);      // from an answer to the next question
  Duration patience = std::chrono::seconds(5);         // for an answer
  std::size_t questions_max = 1024;                    // of one comparison
};

class CatchUp {
 public:
  struct Ended {  // a comparison that brought something
    NodeId with;
    std::size_t fetched = 0;
  };
  struct Step {
    std::vector<std::pair<NodeId, CatchUpMessage>> send;
    std::vector<datum::Hotspot> fetched;
    std::optional<Ended> ended;
  };

  explicit CatchUp(const CatchUpOptions& options) : options_(options), held_(options.held_max) {}

  // What this node has from now on, wherever it came from. Left out: what cannot be judged now.
  void hold(std::span<const datum::Hotspot> hotspots, Instant now);
  [[nodiscard]] Step receive(NodeId from, const CatchUpMessage& message, Instant now);
  // `connected`: whom to ask, ascending; nobody: it only answers.
  [[nodiscard]] Step tick(std::span<const NodeId> connected, Instant now);
  [[nodiscard]] Instant next_deadline() const;  // Instant::max() when nobody is connected

  [[nodiscard]] const HeldObservations& held() const { return held_; }
  // As far as the comparison under way has shown: what the member has more than this node.
  [[nodiscard]] std::size_t missing() const;
  [[nodiscard]] std::uint64_t fetched() const { return fetched_; }  // since the start

 private:
  struct Partner {
    bool connected = false;
    bool broke_off = false;                    // instead of answering, the last time
    Instant due{};                             // of the next comparison
    Duration wait{};                           // before it, when the last was of no use
    Instant asked_until = Instant::min();      // each key that was asked for takes up a part of lateness
    Instant not_answered_to = Instant::min();  // before then it gets no answer
  };
  struct Comparison {
    NodeId with;
    std::vector<HeldSpan> open;          // the member's, which differ; ascending
    std::vector<ObservationKey> wanted;  // not asked for yet
    std::vector<HeldSpan> asked_spans;   // of the last question
    std::vector<ObservationKey> asked_keys;
    std::uint64_t number = 0;  // of the last question
    bool waiting = false;      // for the answer to it
    Instant next_at{};         // the next question, or the end of patience
    std::size_t questions = 0, fetched = 0;
    bool differs = false;
  };

  [[nodiscard]] bool fits(const datum::Hotspot& hotspot, Instant now) const;
  [[nodiscard]] std::size_t may_fetch(const Partner& partner, Instant now) const;
  [[nodiscard]] Duration cost() const;  // of one key, in a partner's asked_until
  void begin(NodeId with, Instant now);
  void ask(Instant now, Step& out);
  void end(Instant now, bool of_use, Step& out);
  [[nodiscard]] bool is_answer(NodeId from, std::uint64_t number) const;
  [[nodiscard]] bool may_answer(NodeId from, Instant now);

  void on(NodeId from, const CompareHeld& message, Instant now, Step& out);
  void on(NodeId from, const HeldCompared& message, Instant now, Step& out);
  void on(NodeId from, const FetchObservations& message, Instant now, Step& out);
  void on(NodeId from, const ObservationsFetched& message, Instant now, Step& out);

  CatchUpOptions options_;
  HeldObservations held_;
  std::map<NodeId, Partner> partners_;
  std::optional<Comparison> comparison_;
  std::uint64_t last_number_ = 0;
  std::uint64_t fetched_ = 0;
};

}  // namespace skywarden::node
