#include "node/outbox.h"

#include <algorithm>

namespace skywarden::node {

Outbox::Outbox(std::vector<NodeId> peers, OutboxOptions options)
    : peers_(std::move(peers)), options_(options) {}

void Outbox::put(std::span<const datum::Hotspot> hotspots, Instant now) {
  if (peers_.empty()) return;
  for (std::size_t first = 0; first < hotspots.size(); first += kHotspotsPerBatchMax) {
    const auto part = hotspots.subspan(first, std::min(kHotspotsPerBatchMax, hotspots.size() - first));
    if (batches_.size() >= options_.batches_max) {
      batches_.pop_front();
      ++given_up_;
    }
    Batch batch;
    batch.content = {next_id_++, {part.begin(), part.end()}};
    for (const NodeId peer : peers_) batch.waiting[peer] = {now, options_.retry_first};
    batches_.push_back(std::move(batch));
  }
}

void Outbox::received(NodeId peer, std::uint64_t batch) {
  const auto found =
      std::find_if(batches_.begin(), batches_.end(), [&](const Batch& b) { return b.content.id == batch; });
  if (found == batches_.end()) return;
  found->waiting.erase(peer);
  if (found->waiting.empty()) batches_.erase(found);
}

std::vector<std::pair<NodeId, ObservationBatch>> Outbox::due(Instant now) {
  std::vector<std::pair<NodeId, ObservationBatch>> out;
  for (Batch& batch : batches_) {
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
  for (const Batch& batch : batches_)
    for (const auto& [peer, waiting] : batch.waiting) next = std::min(next, waiting.at);
  return next;
}

}  // namespace skywarden::node
