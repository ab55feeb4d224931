#include "node/outbox.h"

#include <algorithm>
#include <set>

namespace skywarden::node {

Outbox::Outbox(std::vector<NodeId> peers, OutboxOptions options)
    : peers_(std::move(peers)), options_(options) {}

void Outbox::set_peers(std::vector<NodeId> peers, Instant now) {
  const std::set<NodeId> before(peers_.begin(), peers_.end());
  const std::set<NodeId> after(peers.begin(), peers.end());
  peers_ = std::move(peers);
  make_room(now);
  Batches all = std::move(kept_);
  all.merge(open_);
  kept_.clear();
  open_.clear();
  for (auto& [id, batch] : all) {
    std::erase_if(batch.waiting, [&](const auto& waiting) { return !after.contains(waiting.first); });
    for (const NodeId peer : peers_)
      if (!before.contains(peer)) batch.waiting[peer] = {now, options_.retry_first};
    (batch.waiting.empty() ? kept_ : open_).emplace(id, std::move(batch));
  }
}

void Outbox::put(std::span<const datum::Hotspot> hotspots, Instant now) {
  for (std::size_t first = 0; first < hotspots.size(); first += kHotspotsPerBatchMax) {
    const auto part = hotspots.subspan(first, std::min(kHotspotsPerBatchMax, hotspots.size() - first));
    make_room(now);
    Batch batch;
    batch.content = {next_id_++, {part.begin(), part.end()}};
    batch.put = now;
    for (const NodeId peer : peers_) batch.waiting[peer] = {now, options_.retry_first};
    (peers_.empty() ? kept_ : open_).emplace(batch.content.id, std::move(batch));
  }
}

void Outbox::make_room(Instant now) {
  while (!kept_.empty() &&
         (kept_.size() >= options_.batches_max || kept_.begin()->second.put + options_.keep <= now))
    kept_.erase(kept_.begin());
  while (open_.size() >= options_.batches_max) {
    open_.erase(open_.begin());
    ++given_up_;
  }
}

void Outbox::received(NodeId peer, std::uint64_t id) {
  const auto found = open_.find(id);
  if (found == open_.end()) return;
  found->second.waiting.erase(peer);
  if (found->second.waiting.empty()) kept_.insert(open_.extract(found));
}

std::vector<std::pair<NodeId, ObservationBatch>> Outbox::due(Instant now) {
  std::vector<std::pair<NodeId, ObservationBatch>> out;
  for (auto& [id, batch] : open_) {
    for (auto& [peer, waiting] : batch.waiting) {
      if (waiting.at > now) continue;
      out.emplace_back(peer, batch.content);
      waiting.at = now + waiting.pause;
      waiting.pause = std::min(waiting.pause * 2, options_.retry_longest);
    }
  }
  return out;
}

Instant Outbox::next_deadline() const {
  Instant next = Instant::max();
  for (const auto& [id, batch] : open_)
    for (const auto& [peer, waiting] : batch.waiting) next = std::min(next, waiting.at);
  return next;
}

}  // namespace skywarden::node
