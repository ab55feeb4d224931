// Whatever is known of whomever, what the policy wants is valid; and no attack ends with more than honesty.
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "consensus/round_trips.h"
#include "consensus/share_policy.h"

namespace skywarden::consensus {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr NodeId kLeader{1};

TEST_CASE("whatever is known, wanted shares keep every cap and give nobody more than a full share") {
  CHECK(rc::check([] {
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    SharePolicy policy({});
    const auto n = static_cast<std::uint32_t>(3 + random.below(40));
    Membership current{{}, {}, static_cast<std::uint32_t>(random.below(n / 2 + 1))};
    for (std::uint32_t id = 1; id <= n; ++id) {
      current.shares[NodeId(id)] = random.chance(0.2) ? 0 : 1 + random.below(3) * random.below(500);
      if (random.chance(0.7))
        current.domains[NodeId(id)] = FailureDomain(static_cast<std::uint32_t>(random.below(8)));
    }
    Instant now{std::chrono::hours(1)};
    for (int round = 0; round < 20; ++round, now += seconds(random.below(60))) {
      std::map<NodeId, Standing> known;
      for (std::uint32_t id = 1; id <= n; ++id) {
        if (random.chance(0.05)) continue;
        Standing& s = known[NodeId(id)];
        if (!random.chance(0.1)) s.distance = Duration(static_cast<std::int64_t>(random.below(400'000'000)));
        if (random.chance(0.01)) s.distance = Duration::max() - Duration(1);
        s.bandwidth = static_cast<Score>(random.below(kScoreMax + 1));
        s.trust = static_cast<Score>(random.below(kScoreMax + 1));
        s.stability = static_cast<Score>(random.below(kScoreMax + 1));
        s.member_since = now - seconds(random.below(600));
        s.caught_up = random.chance(0.9);
        s.malicious = random.chance(0.03);
      }
      const auto wanted = policy.want(current, kLeader, known, now);
      if (!wanted) continue;
      RC_ASSERT(validate(wanted->membership).has_value());
      RC_ASSERT(wanted->membership != current);
      RC_ASSERT(wanted->membership.failures_max == current.failures_max);
      RC_ASSERT(wanted->reasons.size() == current.shares.size());
      std::uint32_t newcomers = 0;
      for (const ShareReason& reason : wanted->reasons) {
        const Duration age = now - reason.standing.member_since;
        if (reason.node != kLeader && reason.why == ShareWhy::kNearest && age < minutes(2)) {
          RC_ASSERT(age >= seconds(30));
          RC_ASSERT(++newcomers <= current.failures_max / 2);
        }
        RC_ASSERT(reason.share == wanted->membership.shares.at(reason.node));
        RC_ASSERT(reason.share <= std::max<std::uint64_t>(1000, current.shares.at(reason.node)));
        if (reason.why == ShareWhy::kMalicious) RC_ASSERT(reason.share == 0);
        if (reason.why != ShareWhy::kNearest && reason.share > 1)  // kept only where too few are known
          RC_ASSERT(reason.share == current.shares.at(reason.node));
      }
      current = wanted->membership;
    }
  }));
}

// ---- attacks

enum class Conduct { kHonest, kBetrays, kOscillates, kRejoins, kGuesses, kHoldsNothing, kSeemsFar };

struct Gain {
  double share_seconds = 0.0;  // of all shares, summed over time
  double largest = 0.0;
  std::uint64_t largest_units = 0;
};

// A group of twelve, f = 2, for forty minutes: a leader measures and follows the policy; one member behaves
// as `conduct` says. Near: honest, it would be among the 2f + 1; else not.
class Trial {
 public:
  Trial(std::uint64_t seed, Conduct conduct, bool near)
      : random_(seed), conduct_(conduct), trips_(kLeader, {}, random_.fork(1), now_), policy_({}) {
    for (std::uint32_t id = 1; id <= 12; ++id) current_.shares[NodeId(id)] = 1;
    current_.failures_max = 2;
    for (std::uint32_t id = 2; id <= 12; ++id) away_[NodeId(id)] = milliseconds(20 + 10 * id);
    attacker_ = NodeId(12);
    away_[attacker_] = near ? milliseconds(15) : milliseconds(500);
    turn_ = seconds(static_cast<std::int64_t>(300 + random_.below(600)));
    period_ = seconds(static_cast<std::int64_t>(15 + random_.below(200)));
  }

  Gain play() {
    for (const Instant end = now_ + minutes(40); now_ < end; now_ += kStep) {
      for (; !under_way_.empty() && under_way_.begin()->first <= now_; under_way_.erase(under_way_.begin()))
        arrive(under_way_.begin()->first, under_way_.begin()->second);
      if (conduct_ == Conduct::kRejoins && (now_ - kBegin) % (2 * period_) == Duration::zero()) rejoin();
      std::vector<NodeId> members;
      for (const auto& [node, share] : current_.shares) members.push_back(node);
      for (const Message& probe : trips_.probe(members, now_)) answer(probe);
      if ((now_ - kBegin) % seconds(1) == Duration::zero()) write(members);
      if (conduct_ == Conduct::kGuesses) guess();
      if (auto wanted = policy_.want(current_, kLeader, standings(), now_)) {
        REQUIRE(validate(wanted->membership));
        current_ = std::move(wanted->membership);
      }
      const std::uint64_t units = share_of(current_.shares, attacker_);
      const double part = static_cast<double>(units) / static_cast<double>(total_shares(current_.shares));
      gain_.share_seconds += part * to_seconds(kStep);
      gain_.largest = std::max(gain_.largest, part);
      gain_.largest_units = std::max(gain_.largest_units, units);
    }
    return gain_;
  }

 private:
  static constexpr Duration kStep = milliseconds(100);
  static constexpr Instant kBegin{std::chrono::hours(1)};

  [[nodiscard]] bool misbehaves() const {
    const Duration since = now_ - kBegin;
    return (conduct_ == Conduct::kBetrays && since > turn_) ||
           (conduct_ == Conduct::kOscillates && since / period_ % 2 == 1) || conduct_ == Conduct::kSeemsFar;
  }

  // How long it takes to answer; some jitter, as links have.
  Duration delay_of(NodeId node) {
    const Duration jitter(static_cast<std::int64_t>(random_.below(5'000'000)));
    return away_.at(node) + jitter +
           (node == attacker_ && misbehaves() ? milliseconds(400) : milliseconds(0));
  }

  void answer(const Message& probe) {
    under_way_.emplace(now_ + delay_of(probe.to),
                       Message{probe.to, kLeader, Term(1), ProbeReply{std::get<Probe>(probe.body).nonce}});
  }

  void write(const std::vector<NodeId>& members) {
    index_ = index_.next();
    for (const NodeId node : members) {
      if (node == kLeader) continue;
      trips_.entry_sent(node, index_, now_);
      if (node == attacker_ && conduct_ == Conduct::kHoldsNothing) continue;
      under_way_.emplace(now_ + delay_of(node),
                         Message{node, kLeader, Term(1), AppendReply{true, index_, {}}});
    }
  }

  void arrive(Instant at, const Message& message) {
    trips_.answered(message, at);
    if (const auto* reply = std::get_if<AppendReply>(&message.body))
      trips_.entry_acknowledged(message.from, reply->index, at);
  }

  void guess() {  // answers and acknowledgements for what it has not heard
    trips_.answered({attacker_, kLeader, Term(1), ProbeReply{random_.next()}}, now_);
    trips_.entry_acknowledged(attacker_, index_, now_);
  }

  void rejoin() {
    const NodeId next(attacker_.value() + 1);
    current_.shares.erase(attacker_);
    current_.shares[next] = 0;
    away_[next] = away_.at(attacker_);
    since_[next] = now_;
    attacker_ = next;
  }

  std::map<NodeId, Standing> standings() {
    std::map<NodeId, Standing> known;
    for (const auto& [node, share] : current_.shares) {
      Standing& standing = known[node];
      standing.distance = trips_.distance(node);
      if (const Trust* trust = trips_.trust(node)) standing.trust = trust->score(now_, trips_.trust_options);
      standing.bandwidth = standing.stability = kScoreMax;
      if (const auto since = since_.find(node); since != since_.end()) standing.member_since = since->second;
    }
    return known;
  }

  Random random_;
  Conduct conduct_;
  Instant now_ = kBegin;
  RoundTrips trips_;
  SharePolicy policy_;
  Membership current_;
  NodeId attacker_;
  Duration turn_{}, period_{};
  LogIndex index_;
  std::map<NodeId, Duration> away_;
  std::map<NodeId, Instant> since_;
  std::multimap<Instant, Message> under_way_;
  Gain gain_;
};

// A full share against the least that the four others beside it may hold.
constexpr double kCap = 1000.0 / (1000.0 + 4 * 833.0);

TEST_CASE("no attack of one that is near gains more than honest behaviour, or exceeds the cap") {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    const Gain honest = Trial(seed, Conduct::kHonest, true).play();
    CHECK(honest.share_seconds > 0.19 * 2300);  // a fifth, nearly all the time
    for (const Conduct conduct : {Conduct::kBetrays, Conduct::kOscillates, Conduct::kRejoins,
                                  Conduct::kGuesses, Conduct::kHoldsNothing, Conduct::kSeemsFar}) {
      CAPTURE(seed);
      CAPTURE(static_cast<int>(conduct));
      const Gain gain = Trial(seed, conduct, true).play();
      CHECK(gain.share_seconds <= honest.share_seconds * 1.001);
      CHECK(gain.largest <= kCap);
      CHECK(gain.largest_units <= 1000);
      if (conduct == Conduct::kGuesses) continue;
      // A new name costs half a minute of what is at least a minute with one, at most seven.
      const double kept = conduct == Conduct::kRejoins ? 0.94 : 0.9;
      CHECK(gain.share_seconds < kept * honest.share_seconds);
    }
  }
}

TEST_CASE("no attack brings one that is far a full share") {
  for (std::uint64_t seed = 1; seed <= 4; ++seed)
    for (const Conduct conduct : {Conduct::kHonest, Conduct::kBetrays, Conduct::kOscillates,
                                  Conduct::kRejoins, Conduct::kGuesses, Conduct::kHoldsNothing}) {
      CAPTURE(seed);
      CAPTURE(static_cast<int>(conduct));
      CHECK(Trial(seed, conduct, false).play().largest_units <= 1);
    }
}

TEST_CASE("who comes again under new names holds less than who stays") {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    const Gain rejoins = Trial(seed, Conduct::kRejoins, true).play();
    const Gain honest = Trial(seed, Conduct::kHonest, true).play();
    CHECK(rejoins.share_seconds < honest.share_seconds);
  }
}

}  // namespace
}  // namespace skywarden::consensus
