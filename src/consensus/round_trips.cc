#include "consensus/round_trips.h"

#include <algorithm>

namespace skywarden::consensus {
namespace {

constexpr Duration kNever = Duration::max();
constexpr std::uint64_t kProbeBytes = 48;  // with its frame
constexpr std::size_t kEntriesMax = 8;     // of one member, remembered

Duration median(std::deque<Duration> samples) {
  const auto middle = samples.begin() + static_cast<std::ptrdiff_t>(samples.size() / 2);
  std::nth_element(samples.begin(), middle, samples.end());
  return *middle;
}

}  // namespace

RoundTrips::RoundTrips(NodeId self, ProbeOptions options, Random random, Instant now)
    : self_(self), options_(options), random_(random), now_(now) {}

// Most often nobody came or went.
void RoundTrips::follow(std::span<const NodeId> members, Instant now) {
  const auto is_known = [&](NodeId node) { return node == self_ || peers_.contains(node); };
  const auto others =
      members.size() - static_cast<std::size_t>(std::count(members.begin(), members.end(), self_));
  if (others == peers_.size() && std::all_of(members.begin(), members.end(), is_known)) return;
  std::map<NodeId, Peer> kept;
  for (const NodeId node : members) {
    if (node == self_) continue;
    if (auto peer = peers_.extract(node)) {
      kept.insert(std::move(peer));
    } else {  // not all at once
      Peer fresh(now + Duration(static_cast<std::int64_t>(
                           random_.below(static_cast<std::uint64_t>(options_.every.count()) / 4 + 1))));
      kept.emplace(node, std::move(fresh));
    }
  }
  peers_ = std::move(kept);
}

std::vector<Message> RoundTrips::probe(std::span<const NodeId> members, Instant now) {
  follow(members, now);
  const auto elapsed = static_cast<std::uint64_t>(std::max(now - now_, Duration::zero()).count());
  constexpr std::uint64_t kSecond = 1'000'000'000;
  budget_ = std::min(budget_ + std::min(elapsed, kSecond) * options_.bytes_per_second_max / kSecond,
                     options_.bytes_per_second_max);
  now_ = std::max(now_, now);

  std::vector<std::pair<Instant, NodeId>> due;
  for (auto& [node, peer] : peers_) {
    for (; !peer.asked.empty() && peer.asked.front().at + options_.answer_within <= now;
         peer.asked.pop_front())
      missed(peer, now);
    for (; !peer.entries.empty() && peer.entries.front().second + options_.answer_within <= now;
         peer.entries.pop_front())
      missed(peer, now);
    if (peer.due <= now) due.emplace_back(peer.due, node);
  }
  std::sort(due.begin(), due.end());
  std::vector<Message> probes;
  for (const auto& [since, node] : due) {
    const bool is_long = options_.long_one_of > 0 && random_.below(options_.long_one_of) == 0;
    const std::size_t padding = is_long ? options_.padding : 0;
    if (budget_ < kProbeBytes + padding) break;
    budget_ -= kProbeBytes + padding;
    Peer& peer = peers_.at(node);
    peer.due = now + options_.every;
    peer.asked.push_back({random_.next(), now, padding});
    probes.push_back({self_, node, Term(), Probe{peer.asked.back().nonce, Payload(padding)}});
  }
  return probes;
}

void RoundTrips::answered(const Message& message, Instant now) {
  const auto* reply = std::get_if<ProbeReply>(&message.body);
  const auto found = peers_.find(message.from);
  if (reply == nullptr || found == peers_.end()) return;
  Peer& peer = found->second;
  const auto asked = std::find_if(peer.asked.begin(), peer.asked.end(),
                                  [&](const Asked& each) { return each.nonce == reply->nonce; });
  if (asked == peer.asked.end()) return;
  const Duration took = now - asked->at;
  const std::size_t padding = asked->padding;
  peer.asked.erase(asked);
  if (padding > 0) {
    if (const auto usual = distance(message.from))
      peer.bandwidth.add(padding, took - *usual, now, bandwidth_options);
    return;
  }
  sample(peer, took);
  judge(peer, took, now);
}

void RoundTrips::entry_sent(NodeId to, LogIndex index, Instant now) {
  const auto found = peers_.find(to);
  if (found == peers_.end()) return;
  auto& entries = found->second.entries;
  if (entries.size() < kEntriesMax) entries.emplace_back(index, now);
}

void RoundTrips::entry_acknowledged(NodeId from, LogIndex index, Instant now) {
  const auto found = peers_.find(from);
  if (found == peers_.end()) return;
  Peer& peer = found->second;
  Duration took{};
  for (; !peer.entries.empty() && peer.entries.front().first <= index; peer.entries.pop_front())
    took = now - peer.entries.front().second;
  const auto usual = distance(from);
  if (!usual || took <= *usual) return;  // a quick one proves nothing
  sample(peer, took);
  judge(peer, took, now);
}

void RoundTrips::missed(Peer& peer, Instant now) {
  sample(peer, kNever);
  peer.trust.observe(Trust::Answer::kMissing, now, trust_options);
}

void RoundTrips::sample(Peer& peer, Duration took) {
  peer.samples.push_back(took);
  if (peer.samples.size() > options_.samples) peer.samples.pop_front();
}

// Late is what takes much longer than is usual for this member: distance itself is no fault.
void RoundTrips::judge(Peer& peer, Duration took, Instant now) {
  constexpr std::int64_t kCreep = 256;
  if (!peer.usual || took < *peer.usual)
    peer.usual = took;
  else
    *peer.usual += (took - *peer.usual) / kCreep;
  const bool timely = took <= *peer.usual + options_.late_beyond;
  peer.trust.observe(timely ? Trust::Answer::kTimely : Trust::Answer::kLate, now, trust_options);
}

std::optional<Duration> RoundTrips::distance(NodeId node) const {
  const auto found = peers_.find(node);
  if (found == peers_.end() || found->second.samples.empty()) return std::nullopt;
  const Duration took = median(found->second.samples);
  if (took == kNever) return std::nullopt;
  return took;
}

std::optional<Duration> RoundTrips::latest(NodeId node) const {
  const auto found = peers_.find(node);
  if (found == peers_.end() || found->second.samples.empty()) return std::nullopt;
  const Duration took = found->second.samples.back();
  if (took == kNever) return std::nullopt;
  return took;
}

const Trust* RoundTrips::trust(NodeId node) const {
  const auto found = peers_.find(node);
  return found == peers_.end() ? nullptr : &found->second.trust;
}

const Bandwidth* RoundTrips::bandwidth(NodeId node) const {
  const auto found = peers_.find(node);
  return found == peers_.end() ? nullptr : &found->second.bandwidth;
}

void RoundTrips::proven_malicious(NodeId node, Instant now) {
  peers_.try_emplace(node, now).first->second.trust.proven_malicious();
}

}  // namespace skywarden::consensus
