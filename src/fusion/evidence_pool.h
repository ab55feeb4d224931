// Late fusion: opinions of several sources about one question become one probability, by log-odds pooling
// (statistics/pooling.h) with a learnt share for each source, so that a source which is too sure of itself,
// or repeats what others say, counts less (a logarithmic pool: Genest and Zidek 1986). A source that is
// missing adds nothing. What each one contributed is stated.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "fusion/opinions.h"

namespace skywarden::fusion {

struct Fused {
  double probability = 0.0;
  double low = 0.0, high = 0.0;       // 90 %, from how much of each opinion counts
  double prior = 0.0;                 // log-odds before any source spoke
  std::vector<double> contributions;  // log-odds, of sources; 0 where the source is missing
};

class EvidencePool {
 public:
  // Shares in 0…1 and the prior, by penalised maximum likelihood over the records whose answer is known,
  // leaving out those of fold `without`. Without answers of both kinds: every source counts half, even odds.
  EvidencePool(const std::vector<Opinions>& sources, const Labels& labels,
               std::optional<std::size_t> without = {});

  [[nodiscard]] Fused pool(std::span<const std::optional<double>> opinions) const;
  [[nodiscard]] const std::vector<double>& shares() const { return shares_; }
  [[nodiscard]] double prior() const { return prior_; }

 private:
  std::vector<double> shares_;
  double prior_ = 0.0;
};

// Area under the curve of true against false positives: the chance that a record with yes stands above one
// with no. Ties count half; 0.5 without both.
[[nodiscard]] double area_under_curve(std::span<const double> scores, const std::vector<bool>& yes);

}  // namespace skywarden::fusion
