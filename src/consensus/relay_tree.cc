#include "consensus/relay_tree.h"

#include <algorithm>
#include <optional>
#include <queue>
#include <tuple>

#include "base/contract.h"

namespace skywarden::consensus {
namespace {

constexpr std::size_t kPassedOnMax = 3;  // words of different members that one satellite in between passes on
constexpr std::uint32_t kNoLink = UINT32_MAX;

// What a member said, on its way: it is at `place` at `at`, and came by `link`.
struct Word {
  Duration at;
  std::uint32_t place;
  std::uint32_t speaker;
  std::uint32_t link;
  Instant until;                                         // the first contact to end of those it came by
  friend bool operator<(const Word& a, const Word& b) {  // a heap's top is the earliest
    return std::tie(a.at, a.place, a.speaker, a.link) > std::tie(b.at, b.place, b.speaker, b.link);
  }
};

struct Member {
  bool learner = false, source = false;
  Duration hears = kNoWay;
  std::vector<std::uint32_t> parents;
  std::uint32_t link = kNoLink;  // by which the first parent's word comes
  std::size_t children = 0;
  std::vector<std::uint32_t> passed_on;  // not a member: whose words
};

std::vector<LinkDelay> lasting(std::span<const LinkDelay> links, Instant needed_until) {
  std::vector<LinkDelay> kept;
  for (const LinkDelay& link : links)
    if (link.until >= needed_until) kept.push_back(link);
  return kept;
}

class Builder {
 public:
  Builder(std::span<const LinkDelay> links, const std::map<NodeId, Duration>& sources,
          const std::set<NodeId>& learners, const RelayOptions& options)
      : options_(options),
        links_(lasting(links, options.needed_until)),
        graph_(links_),
        members_(graph_.nodes().size()) {
    for (const NodeId node : learners)
      if (const auto place = graph_.place(node)) members_[*place].learner = true;
    for (const auto& [node, delay] : sources)
      if (const auto place = graph_.place(node)) {
        members_[*place].learner = false;
        members_[*place].source = true;
        members_[*place].hears = delay;
      }
  }

  RelayTree build() {
    for (std::uint32_t p = 0; p < members_.size(); ++p)
      if (members_[p].source) speak(p);
    spread([&](const Word& word) { return hear_first(word); });
    while (const auto lonely = adopt()) {
      speak(*lonely);
      spread([&](const Word& word) { return hear_first(word); });
    }
    for (std::size_t feeds = 1; feeds < options_.feeds; ++feeds) add_feeds(feeds + 1);
    return tree();
  }

 private:
  // From its place to all its neighbours.
  void forward(const Word& word) {
    for (const DelayGraph::Neighbour& next : graph_.neighbours(word.place))
      words_.push({word.at + next.delay, next.place, word.speaker, next.link,
                   std::min(word.until, links_[next.link].until)});
  }
  void speak(std::uint32_t place) { forward({members_[place].hears, place, place, kNoLink, Instant::max()}); }

  template <typename Hear>
  void spread(const Hear& hear) {
    while (!words_.empty()) {
      const Word word = words_.top();
      words_.pop();
      Member& here = members_[word.place];
      if (here.source || word.place == word.speaker || members_[word.speaker].children >= options_.fan_out)
        continue;
      if (here.learner) {
        if (hear(word)) speak(word.place);
        continue;
      }
      const bool again =
          std::find(here.passed_on.begin(), here.passed_on.end(), word.speaker) != here.passed_on.end();
      if (again || here.passed_on.size() >= kPassedOnMax) continue;
      here.passed_on.push_back(word.speaker);
      forward(word);
    }
    for (Member& member : members_) member.passed_on.clear();
  }

  bool hear_first(const Word& word) {
    Member& here = members_[word.place];
    if (!here.parents.empty()) return false;
    here.hears = word.at;
    take(word);
    here.link = word.link;
    return true;
  }

  void take(const Word& word) {
    members_[word.place].parents.push_back(word.speaker);
    ++members_[word.speaker].children;
    valid_until_ = std::min(valid_until_, word.until);
  }

  // Who hears all it knows from `from`, by first parents, cannot tell it anything.
  [[nodiscard]] bool descends(std::uint32_t place, std::uint32_t from) const {
    while (place != from && !members_[place].parents.empty()) place = members_[place].parents.front();
    return place == from;
  }

  // One more parent for everybody who can have one, over another link than the first one's.
  void add_feeds(std::size_t feeds) {
    for (std::uint32_t p = 0; p < members_.size(); ++p)
      if (members_[p].hears != kNoWay) speak(p);
    spread([&](const Word& word) {
      const Member& here = members_[word.place];
      const bool known =
          std::find(here.parents.begin(), here.parents.end(), word.speaker) != here.parents.end();
      if (here.parents.empty() || here.parents.size() >= feeds || known || word.link == here.link ||
          descends(word.speaker, word.place))
        return false;
      take(word);
      return false;  // it has spoken already
    });
  }

  // Some learner may be surrounded by members that have as many children as they may: the nearest other one
  // that hears and has room takes it. Nothing: everybody hears, or cannot.
  std::optional<std::uint32_t> adopt() {
    for (std::uint32_t p = 0; p < members_.size(); ++p) {
      Member& lonely = members_[p];
      if (!lonely.learner || !lonely.parents.empty()) continue;
      const ShortestWays ways = shortest_ways(graph_, p);
      std::pair<Duration, std::uint32_t> best{kNoWay, kNoPlace};
      for (std::uint32_t q = 0; q < members_.size(); ++q)
        if (members_[q].hears != kNoWay && members_[q].children < options_.fan_out && ways.delay[q] != kNoWay)
          best = std::min(best, {members_[q].hears + ways.delay[q], q});
      if (best.second == kNoPlace) continue;
      lonely.hears = best.first;
      Instant until = Instant::max();
      for (std::uint32_t q = best.second; ways.from[q] != kNoPlace; q = ways.from[q]) {
        until = std::min(until, links_[ways.link[q]].until);
        lonely.link = ways.link[q];
      }
      take({best.first, p, best.second, lonely.link, until});
      return p;
    }
    return std::nullopt;
  }

  [[nodiscard]] RelayTree tree() const {
    RelayTree made;
    made.valid_until = valid_until_;
    for (std::uint32_t p = 0; p < members_.size(); ++p) {
      const Member& member = members_[p];
      if (member.parents.empty()) continue;
      const NodeId node = graph_.nodes()[p];
      made.arrival.emplace(node, member.hears);
      for (const std::uint32_t parent : member.parents) made.parents[node].push_back(graph_.nodes()[parent]);
    }
    return made;
  }

  RelayOptions options_;
  std::vector<LinkDelay> links_;
  DelayGraph graph_;
  std::vector<Member> members_;  // by place
  std::priority_queue<Word> words_;
  Instant valid_until_ = Instant::max();
};

}  // namespace

Result<void> RelayOptions::validate() const {
  if (fan_out == 0 || feeds == 0)
    return fail(Errc::kOutOfRange, "relay tree: fan_out {} and feeds {}, expected 1 or more", fan_out, feeds);
  return {};
}

std::map<NodeId, std::set<NodeId>> RelayTree::children() const {
  std::map<NodeId, std::set<NodeId>> of;
  for (const auto& [node, named] : parents)
    for (const NodeId parent : named) of[parent].insert(node);
  return of;
}

RelayTree make_relay_tree(std::span<const LinkDelay> links, const std::map<NodeId, Duration>& sources,
                          const std::set<NodeId>& learners, const RelayOptions& options) {
  EXPECTS(options.validate());
  return Builder(links, sources, learners, options).build();
}

}  // namespace skywarden::consensus
