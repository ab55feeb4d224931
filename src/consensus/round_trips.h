// How far away members are, measured by the one who asks. Probes carry a nonce that cannot be guessed, so an
// answer cannot come before the question did: a member can seem farther than it is, never nearer. What is
// sent anyway counts too, but one way only: an acknowledgement can be guessed and sent early, so a quick one
// proves nothing, and a slow one does. A relay on the way can delay the probes of those behind it, no more:
// their distance by that way is what it makes of it. It could answer in their name unless messages are
// authenticated, which is the caller's business.
//
// Probes keep to a budget of bytes. Some are long: what they take beyond short ones measures bandwidth.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "base/ids.h"
#include "base/random.h"
#include "base/time.h"
#include "consensus/bandwidth.h"
#include "consensus/message.h"
#include "consensus/trust.h"

namespace skywarden::consensus {

struct ProbeOptions {
  Duration every = std::chrono::seconds(1);          // to each member
  Duration answer_within = std::chrono::seconds(1);  // later is missing
  std::size_t samples = 5;                           // the median of so many is the distance
  std::uint64_t bytes_per_second_max = 16 << 10;     // of all probes together
  std::size_t padding = 1024;                        // of the long ones
  std::uint32_t long_one_of = 16;
  Duration late_beyond = std::chrono::milliseconds(40);  // the usual distance: no timely answer
};

class RoundTrips {
 public:
  RoundTrips(NodeId self, ProbeOptions options, Random random, Instant now);

  // Those that are due, as far as the budget goes; who waited longest comes first. Forgets who is not named.
  [[nodiscard]] std::vector<Message> probe(std::span<const NodeId> members, Instant now);
  void answered(const Message& reply, Instant now);  // a ProbeReply; others are ignored

  // An entry was sent to a member; it acknowledges up to an index.
  void entry_sent(NodeId to, LogIndex index, Instant now);
  void entry_acknowledged(NodeId from, LogIndex index, Instant now);

  [[nodiscard]] std::optional<Duration> distance(
      NodeId node) const;  // round trip; nothing: it does not answer
  // The last answer alone: one may be late, but not those of all members, unless it is the asker that is
  // slow.
  [[nodiscard]] std::optional<Duration> latest(NodeId node) const;
  [[nodiscard]] const Trust* trust(NodeId node) const;  // nullptr: never asked
  [[nodiscard]] const Bandwidth* bandwidth(NodeId node) const;
  void proven_malicious(NodeId node, Instant now);

  TrustOptions trust_options;
  BandwidthOptions bandwidth_options;

 private:
  struct Asked {
    std::uint64_t nonce;
    Instant at;
    std::size_t padding;
  };
  struct Peer {
    explicit Peer(Instant now) : due(now), trust(now) {}
    Instant due;
    std::deque<Asked> asked;
    std::deque<Duration> samples;   // latest last; kNever: no answer
    std::optional<Duration> usual;  // the least seen, creeping up: what an answer is late against
    std::deque<std::pair<LogIndex, Instant>> entries;  // sent, not acknowledged
    Bandwidth bandwidth;
    Trust trust;
  };

  void follow(std::span<const NodeId> members, Instant now);
  void missed(Peer& peer, Instant now);
  void sample(Peer& peer, Duration took);
  void judge(Peer& peer, Duration took, Instant now);

  NodeId self_;
  ProbeOptions options_;
  Random random_;
  Instant now_;
  std::uint64_t budget_ = 0;  // bytes
  std::map<NodeId, Peer> peers_;
};

}  // namespace skywarden::consensus
