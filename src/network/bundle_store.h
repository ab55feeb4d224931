// Bundles that wait for a contact: bounded in bytes and number, critical ones first out, least critical ones
// first thrown away. A plain value without files: every change names the slots that came and went, and an
// entry can be written as bytes and put back, so that a shell can keep a copy on disk.
#pragma once

#include <compare>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <vector>

#include "network/bundle.h"

namespace skywarden::network {

struct BundleStoreOptions {
  std::size_t bytes_max = std::size_t{256} << 20;
  std::size_t count_max = 100'000;
  Duration retention = std::chrono::hours(24);  // of bundles whose expiry cannot be told

  [[nodiscard]] Result<void> validate() const;
};

struct StoredBundle {
  std::uint64_t slot = 0;  // ascending in order of arrival
  BundleId id;
  EndpointId destination;
  BundleCriticality criticality = BundleCriticality::kNormal;
  Instant received{};
  Instant expires{};
  std::vector<std::byte> bytes;  // the encoded bundle
};

class BundleStore {
 public:
  explicit BundleStore(BundleStoreOptions options);  // expects valid options

  struct Put {
    std::uint64_t slot = 0;
    std::vector<std::uint64_t> evicted;  // slots that made room
  };
  // Room is made by throwing away what is less critical than the newcomer, or equally critical and expires
  // earlier: least critical first, and of those the first to expire. Where that is not enough nothing
  // changes. kConflict: it is here already; kOutOfRange: expired; kLimitReached: no room; and what
  // decode_bundle says.
  [[nodiscard]] Result<Put> put(std::vector<std::byte> bundle, Instant received);

  [[nodiscard]] const StoredBundle* find(std::uint64_t slot) const;
  std::optional<StoredBundle> take(std::uint64_t slot);  // sent or delivered
  std::vector<std::uint64_t> expire(Instant now);        // the slots thrown away, first to expire first
  // Slots in the order in which they should be sent: most critical first, then longest here.
  [[nodiscard]] std::vector<std::uint64_t> by_urgency(std::size_t count_max) const;

  [[nodiscard]] std::size_t count() const { return bundles_.size(); }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  using Worth = std::tuple<BundleCriticality, Instant, std::uint64_t>;  // criticality, expiry, slot
  using Urgency = std::pair<int, std::uint64_t>;                        // −criticality, slot
  [[nodiscard]] static Worth worth(const StoredBundle& bundle) {
    return {bundle.criticality, bundle.expires, bundle.slot};
  }
  [[nodiscard]] static Urgency urgency(const StoredBundle& bundle) {
    return {-static_cast<int>(bundle.criticality), bundle.slot};
  }
  [[nodiscard]] Result<std::vector<std::uint64_t>> victims_for(const StoredBundle& newcomer) const;

  BundleStoreOptions options_;
  std::map<std::uint64_t, StoredBundle> bundles_;  // by slot
  std::set<BundleId> ids_;
  std::set<Worth> by_worth_;
  std::set<Urgency> by_urgency_;
  std::set<std::pair<Instant, std::uint64_t>> by_expiry_;
  std::size_t bytes_ = 0;
  std::uint64_t next_slot_ = 1;
};

// An entry as bytes with a checksum, for a disk, and back. What else an entry holds is in the bundle itself:
// give both to put() again.
struct KeptBundle {
  Instant received{};
  std::vector<std::byte> bytes;
};
[[nodiscard]] std::vector<std::byte> write_kept_bundle(const StoredBundle& bundle);
[[nodiscard]] Result<KeptBundle> read_kept_bundle(
    std::span<const std::byte> bytes);  // kMalformed when damaged

}  // namespace skywarden::network
