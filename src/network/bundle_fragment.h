// Fragmentation and reassembly (RFC 9171 §5.8, §5.9): a bundle too large for a contact goes in pieces, and
// the pieces become the bundle again wherever they meet. Pure values; the caller decides when to give up.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "network/bundle.h"

namespace skywarden::network {

inline constexpr std::size_t kFragmentsMax = 100'000;

// Pieces that encode to at most `bytes_max` each, in order; the bundle itself where it fits. The first piece
// has all extension blocks, the others those with kReplicate. A fragment can be fragmented again. kConflict
// when the bundle must not be fragmented, kOutOfRange when the blocks alone are larger, kLimitReached beyond
// kFragmentsMax.
[[nodiscard]] Result<std::vector<Bundle>> fragment_bundle(const BundleView& bundle, std::size_t bytes_max);

struct ReassemblyOptions {
  std::size_t bytes_max = std::size_t{64} << 20;  // kept in all, counted as announced totals
  std::size_t bundles_max = 4096;                 // being reassembled at once
};

class Reassembler {
 public:
  explicit Reassembler(ReassemblyOptions options = {}) : options_(options) {}

  // Takes a fragment; gives the bundle when it was the last one missing. Fragments may come in any order,
  // twice and overlapping. kMalformed for a bundle that is no fragment, kConflict when it contradicts what
  // came before (that is kept), kLimitReached when there is no room.
  [[nodiscard]] Result<std::optional<Bundle>> add(const BundleView& fragment, Instant received);
  // Forgets bundles that have expired; how many.
  std::size_t expire(Instant now);

  [[nodiscard]] std::size_t bundles() const { return partial_.size(); }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  struct Key {  // source and creation name the original bundle
    EndpointId source;
    CreationTimestamp created;
    friend auto operator<=>(const Key&, const Key&) = default;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct Partial {
    Bundle first;  // the piece at offset 0 once it is here: it has the extension blocks
    bool has_first = false;
    std::optional<Instant> expires;
    std::vector<std::byte> payload;
    std::map<std::size_t, std::size_t> covered;  // begin → end, apart from each other
  };
  [[nodiscard]] Result<void> begin(const Key& key, const BundleView& fragment, Instant received);
  [[nodiscard]] static Result<void> put(Partial& partial, const BundleView& fragment);
  [[nodiscard]] Bundle finish(const Key& key);

  ReassemblyOptions options_;
  std::map<Key, Partial> partial_;
  std::size_t bytes_ = 0;
};

}  // namespace skywarden::network
