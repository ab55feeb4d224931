// What a member's standing is made of: bandwidth, trust, stability, evidence, and voices of many.
#include <doctest/doctest.h>

#include "consensus/bandwidth.h"
#include "consensus/message.h"
#include "consensus/misbehaviour.h"
#include "consensus/score.h"
#include "consensus/stability.h"
#include "consensus/trust.h"

namespace skywarden::consensus {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Instant kStart{hours(1)};

TEST_CASE("bandwidth is what got through, without the fastest and the slowest fifth") {
  const BandwidthOptions options;
  Bandwidth bandwidth;
  CHECK(!bandwidth.bits_per_second(kStart, options));
  CHECK(bandwidth.score(kStart, options) == kScoreNeutral);
  for (const int ms : {100, 100, 100, 1, 9000}) bandwidth.add(1000, milliseconds(ms), kStart, options);
  CHECK(bandwidth.bits_per_second(kStart, options) == 80'000);
  CHECK(bandwidth.score(kStart, options) == 80'000);                // of the million that is enough
  CHECK(!bandwidth.bits_per_second(kStart + minutes(6), options));  // the window is over
}

TEST_CASE("bandwidth beyond what is needed counts no more, and extremes break nothing") {
  const BandwidthOptions options;
  Bandwidth bandwidth;
  for (int i = 0; i < 200; ++i) bandwidth.add(UINT64_MAX, Duration(-5), kStart, options);
  CHECK(bandwidth.score(kStart, options) == kScoreMax);
  Bandwidth slow;
  for (int i = 0; i < 200; ++i) slow.add(0, Duration::max(), kStart, options);
  CHECK(slow.score(kStart, options) == 0);
}

TEST_CASE("trust rises slowly, falls fast, and returns to neutral without news") {
  const TrustOptions options;
  Trust trust(kStart);
  CHECK(trust.score(kStart, options) == kScoreNeutral);
  int good = 0;
  for (; trust.score(kStart, options) < 900'000; ++good)
    trust.observe(Trust::Answer::kTimely, kStart, options);
  int bad = 0;
  for (Trust falls = trust; falls.score(kStart, options) > kScoreNeutral; ++bad)
    falls.observe(Trust::Answer::kMissing, kStart, options);
  CHECK(good > 8 * bad);
  const Score away = trust.score(kStart, options) - kScoreNeutral;
  CHECK(trust.score(kStart + minutes(30), options) == kScoreNeutral + away / 2);
  CHECK(trust.score(kStart + minutes(15), options) < kScoreNeutral + away);
  CHECK(trust.score(kStart + hours(100), options) == kScoreNeutral);
  Trust late(kStart);
  for (int i = 0; i < 50; ++i) late.observe(Trust::Answer::kLate, kStart, options);
  CHECK(late.timeliness(kStart, options) < 10'000);
  CHECK(late.availability(kStart, options) > kScoreNeutral);
  CHECK(late.score(kStart + hours(100), options) == kScoreNeutral);
}

TEST_CASE("what is proven once is not forgotten") {
  const TrustOptions options;
  Trust trust(kStart);
  trust.proven_malicious();
  for (int i = 0; i < 1000; ++i) trust.observe(Trust::Answer::kTimely, kStart, options);
  CHECK(trust.score(kStart + hours(1000), options) == 0);
}

TEST_CASE("stability is the contact that is left, less the breaks nobody predicted") {
  const StabilityOptions options;
  const auto contact = [](Duration from, Duration to) {
    return datum::Contact{kStart + from, kStart + to, milliseconds(5), BitsPerSecond(1e6)};
  };
  CHECK(stability(contact(minutes(-1), hours(9)), 0, kStart, options) == kScoreMax);
  CHECK(stability(contact(minutes(-1), minutes(15)), 0, kStart, options) == kScoreMax / 2);
  CHECK(stability(contact(minutes(-1), hours(9)), 2, kStart, options) == kScoreMax * 3 / 4);
  CHECK(stability(contact(minutes(-1), minutes(1)), INT64_MAX, kStart, options) == 0);
  CHECK(stability(contact(minutes(5), hours(9)), 0, kStart, options) == 0);  // not open yet
  CHECK(stability(std::nullopt, 0, kStart, options) == 0);
  CHECK(stability(datum::Contact{kStart, Instant::max(), {}, {}}, 0, kStart, options) == kScoreMax);
}

TEST_CASE("liars in the minority do not move what is heard beyond what honest members say") {
  const std::vector<Score> honest{700'000, 720'000, 740'000};
  for (const Score lie : {Score{0}, kScoreMax}) {
    std::vector<Score> reports = honest;
    reports.insert(reports.end(), {lie, lie, lie});
    const Score heard = heard_from_many(710'000, reports, 3);  // four honest voices, three liars
    CHECK(heard >= 700'000);
    CHECK(heard <= 740'000);
  }
  CHECK(heard_from_many(600'000, {0, 0}, 3) == 600'000);  // two could be the same liar and its friend
}

datum::Proof proof_of(const Message& first, const Message& second) {
  return {NodeId(2), kStart, encode(first), encode(second)};
}

TEST_CASE("two votes, two entries or two commits prove something; anything honest does not") {
  const auto vote = [](std::uint32_t to, std::uint64_t term, bool granted) {
    return Message{NodeId(2), NodeId(to), Term(term), VoteReply{granted}};
  };
  CHECK(check(proof_of(vote(1, 5, true), vote(3, 5, true))) == Misbehaviour::kTwoVotes);
  CHECK(check(proof_of(vote(1, 5, true), vote(1, 5, true))).error().code == Errc::kConflict);  // said again
  CHECK(check(proof_of(vote(1, 5, true), vote(3, 6, true))).error().code == Errc::kConflict);
  CHECK(check(proof_of(vote(1, 5, true), vote(3, 5, false))).error().code == Errc::kConflict);

  const auto append = [](std::uint64_t term, Payload payload) {
    return Message{NodeId(2), NodeId(1), Term(9),
                   AppendRequest{{}, LogIndex(0), {{Term(term), LogIndex(1), std::move(payload)}}}};
  };
  CHECK(check(proof_of(append(4, Payload(1)), append(4, Payload(2)))) == Misbehaviour::kTwoEntries);
  CHECK(!check(proof_of(append(4, Payload(1)), append(4, Payload(1)))));
  CHECK(!check(proof_of(append(3, Payload(1)), append(4, Payload(2)))));  // a log that was cut

  const auto relayed = [](std::uint64_t term, Payload payload) {
    return Message{NodeId(2), NodeId(1), Term(9),
                   Relayed{{}, {{Term(term), LogIndex(1), std::move(payload)}}}};
  };
  CHECK(check(proof_of(relayed(3, Payload(1)), relayed(4, Payload(1)))) == Misbehaviour::kTwoCommits);
  CHECK(!check(proof_of(relayed(3, Payload(1)), relayed(3, Payload(1)))));

  datum::Proof forged = proof_of(vote(1, 5, true), vote(3, 5, true));
  forged.accused = NodeId(4);
  CHECK(check(forged).error().code == Errc::kMalformed);
  forged.first.resize(3);
  CHECK(!check(forged));
}

}  // namespace
}  // namespace skywarden::consensus
