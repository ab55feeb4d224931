#include "reasoning/independent.h"

#include <algorithm>
#include <bit>
#include <map>
#include <set>

#include "base/contract.h"

namespace skywarden::reasoning {
namespace {

bool share_observation(std::span<const ObservationId> a, std::span<const ObservationId> b) {
  for (std::size_t i = 0, j = 0; i < a.size() && j < b.size();) {
    if (a[i] == b[j]) return true;
    a[i] < b[j] ? ++i : ++j;
  }
  return false;
}

// For each piece, whether no other source mentions any of its observations.
std::vector<bool> lone_pieces(std::span<const Piece> pieces) {
  std::map<ObservationId, std::string_view> mentioned_by;
  std::set<ObservationId> disputed;
  for (const Piece& piece : pieces)
    for (const ObservationId id : piece.observations)
      if (mentioned_by.try_emplace(id, piece.source).first->second != piece.source) disputed.insert(id);
  std::vector<bool> lone;
  lone.reserve(pieces.size());
  for (const Piece& piece : pieces)
    lone.push_back(std::none_of(piece.observations.begin(), piece.observations.end(),
                                [&](ObservationId id) { return disputed.contains(id); }));
  return lone;
}

// Whatever conflicts with `heavy` conflicts with `light` too, so heavy can always stand in for light.
bool dominates(const Piece& heavy, bool heavy_is_lone, const Piece& light) {
  return heavy.source == light.source &&
         (heavy_is_lone || std::includes(light.observations.begin(), light.observations.end(),
                                         heavy.observations.begin(), heavy.observations.end()));
}

using Mask = std::uint64_t;

class Search {
 public:
  explicit Search(const std::vector<Piece>& pieces)
      : pieces_(pieces), conflicts_(pieces.size(), 0), source_(pieces.size(), 0) {
    std::map<std::string_view, std::size_t> sources;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      source_[i] = sources.try_emplace(pieces[i].source, sources.size()).first->second;
      for (std::size_t j = 0; j < pieces.size(); ++j) {
        if (i == j) continue;
        if (pieces[i].source == pieces[j].source ||
            share_observation(pieces[i].observations, pieces[j].observations))
          conflicts_[i] |= Mask{1} << j;
      }
    }
  }

  Mask run() {
    const std::size_t n = pieces_.size();
    descend(n == 64 ? ~Mask{0} : (Mask{1} << n) - 1, 0, 0);
    return best_;
  }

 private:
  void descend(Mask open, Mask taken, std::int64_t weight) {
    if (weight > best_weight_) {
      best_weight_ = weight;
      best_ = taken;
    }
    if (open == 0 || steps_ >= kSearchStepsMax || weight + bound(open) <= best_weight_) return;
    ++steps_;
    const auto first = static_cast<std::size_t>(std::countr_zero(open));
    const Mask bit = Mask{1} << first;
    descend(open & ~bit & ~conflicts_[first], taken | bit, weight + pieces_[first].weight);
    if ((open & conflicts_[first]) != 0) descend(open & ~bit, taken, weight);
  }

  // At most the heaviest open piece of each source can still be taken.
  std::int64_t bound(Mask open) const {
    std::int64_t sum = 0;
    for (Mask seen = 0; open != 0; open &= open - 1) {
      const auto i = static_cast<std::size_t>(std::countr_zero(open));
      const Mask source = Mask{1} << source_[i];
      if ((seen & source) == 0) sum += pieces_[i].weight;
      seen |= source;
    }
    return sum;
  }

  const std::vector<Piece>& pieces_;
  std::vector<Mask> conflicts_;
  std::vector<std::size_t> source_;
  std::size_t steps_ = 0;
  Mask best_ = 0;
  std::int64_t best_weight_ = 0;
};

}  // namespace

std::vector<std::size_t> heaviest_independent(std::span<const Piece> pieces) {
  const std::vector<bool> lone = lone_pieces(pieces);
  std::vector<std::size_t> kept;
  for (std::size_t i = 0; i < pieces.size() && kept.size() < kSearchPiecesMax; ++i) {
    EXPECTS(pieces[i].weight > 0);
    EXPECTS(i == 0 || pieces[i].weight <= pieces[i - 1].weight);
    const bool dominated = std::any_of(
        kept.begin(), kept.end(), [&](std::size_t k) { return dominates(pieces[k], lone[k], pieces[i]); });
    if (!dominated) kept.push_back(i);
  }
  std::vector<Piece> candidates;
  candidates.reserve(kept.size());
  for (const std::size_t k : kept) candidates.push_back(pieces[k]);
  std::vector<std::size_t> chosen;
  for (Mask mask = Search(candidates).run(); mask != 0; mask &= mask - 1)
    chosen.push_back(kept[static_cast<std::size_t>(std::countr_zero(mask))]);
  return chosen;
}

}  // namespace skywarden::reasoning
