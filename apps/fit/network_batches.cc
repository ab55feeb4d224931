#include "network_batches.h"

#include "base/random.h"

namespace skywarden::fit {

using onboard::kRecurrentRows;
using onboard::NetworkKind;
using onboard::RecordNumbers;

NetworkBatches::NetworkBatches(const RecordExamples& examples, const onboard::NetworkInputs& inputs,
                               NetworkKind kind)
    : examples_(examples), inputs_(inputs), kind_(kind) {
  for (std::size_t s = 0; s < examples.begins.size(); ++s) {
    for (std::size_t r = examples.begins[s]; r < examples.end_of(s); ++r) {
      bool fits = false;
      if (kind == NetworkKind::kRecurrent) fits = r + kRecurrentRows <= examples.end_of(s);
      for (std::size_t n = 0; kind == NetworkKind::kEncoder && n < examples.numbers; ++n)
        fits = fits || examples.asked(r, n);
      if (fits) starts_.push_back(r);
    }
  }
}

void NetworkBatches::add(std::size_t first, NetworkBatch& batch) const {
  const std::size_t records = kind_ == NetworkKind::kEncoder ? 1 : kRecurrentRows;
  for (std::size_t r = first; r < first + records; ++r) {
    const RecordNumbers& record = examples_.records[r];
    const std::size_t before = batch.inputs.size();
    if (kind_ == NetworkKind::kEncoder) {
      batch.inputs.resize(before + inputs_.numbers() * onboard::NetworkInputs::token_width());
      inputs_.write_tokens(record, std::span(batch.inputs).subspan(before));
    } else {
      batch.inputs.resize(before + inputs_.row_width());
      inputs_.write_row(record, std::span(batch.inputs).subspan(before));
    }
    for (std::size_t n = 0; n < examples_.numbers; ++n) {
      const bool asked = examples_.asked(r, n);
      const float unit = inputs_.unit(n, record.numbers[n]);
      const std::size_t at = r * examples_.numbers + n;
      batch.asked.push_back(asked ? 1.0F : 0.0F);
      batch.wanted.push_back(asked ? (examples_.truths[at] - record.numbers[n].estimate) / unit : 0.0F);
      batch.tolerances.push_back(asked ? examples_.tolerances[at] / unit : 1.0F);
    }
  }
}

NetworkBatch NetworkBatches::draw(std::uint64_t seed, std::size_t step, std::size_t sequences) const {
  const bool encoder = kind_ == NetworkKind::kEncoder;
  NetworkBatch out;
  out.sequences = sequences;
  out.tokens = encoder ? examples_.numbers : kRecurrentRows;
  out.answers = encoder ? 1 : examples_.numbers;
  out.width = inputs_.width(kind_);
  Random random = Random(seed).fork(step);
  for (std::size_t i = 0; i < sequences; ++i) add(starts_[random.below(starts_.size())], out);
  return out;
}

}  // namespace skywarden::fit
