// Examples as batches: records by themselves for an encoder, stretches of a stream's records for a recurrent
// network.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "network_trainer.h"
#include "record_examples.h"

namespace skywarden::fit {

class NetworkBatches {
 public:
  // All must outlive it.
  NetworkBatches(const RecordExamples& examples, const onboard::NetworkInputs& inputs,
                 onboard::NetworkKind kind);

  [[nodiscard]] onboard::NetworkKind kind() const { return kind_; }
  // Records to begin with: with holes (encoder), or with enough records behind them (recurrent).
  [[nodiscard]] std::size_t size() const { return starts_.size(); }
  // `sequences` of them, drawn anew for each step from the seed, so that an interrupted training goes on as
  // if it had not been.
  [[nodiscard]] NetworkBatch draw(std::uint64_t seed, std::size_t step, std::size_t sequences) const;

 private:
  void add(std::size_t first, NetworkBatch& batch) const;

  const RecordExamples& examples_;
  const onboard::NetworkInputs& inputs_;
  onboard::NetworkKind kind_;
  std::vector<std::size_t> starts_;
};

}  // namespace skywarden::fit
