#include "sim/channels.h"

#include <algorithm>

#include "base/contract.h"

namespace skywarden::sim {
namespace {

constexpr Duration kPacketTime = std::chrono::milliseconds(10);  // how finely spells are told apart

}  // namespace

Channels::Channels(Fraction loss, Duration spell) {
  options_.loss = loss;
  options_.packet_time = kPacketTime;
  options_.burst_packets = std::max(1.0, to_seconds(spell) / to_seconds(kPacketTime));
  EXPECTS(options_.validate().has_value());
}

bool Channels::lost(NodeId from, NodeId to, Random& random, Instant at) {
  return channel(from, to).loss.lost(random, at);
}

Instant Channels::begin(NodeId from, NodeId to, Instant at, Duration takes) {
  Channel& link = channel(from, to);
  const Instant begun = std::max(at, link.free);
  link.free = begun + takes;
  return begun;
}

void Channels::reset(NodeId from) {
  for (auto each = channels_.lower_bound({from, NodeId{}}); each != channels_.end(); ++each) {
    if (each->first.first != from) return;
    each->second.free = {};
  }
}

Channels::Channel& Channels::channel(NodeId from, NodeId to) {
  return channels_.try_emplace({from, to}, Channel{network::BurstLoss(options_), {}}).first->second;
}

}  // namespace skywarden::sim
