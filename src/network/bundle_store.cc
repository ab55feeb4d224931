#include "network/bundle_store.h"

#include <array>

#include "base/contract.h"
#include "base/little_endian.h"
#include "network/bundle_decode.h"
#include "wire/cbor.h"
#include "wire/crc32c.h"

namespace skywarden::network {
namespace {

constexpr std::uint64_t kKeptVersion = 1;
constexpr std::size_t kKeptRoom = 64;  // around the bundle

// Of the time of arrival, too: lifetimes of bundles without a clock count from it.
std::uint32_t kept_crc(Instant received, std::span<const std::byte> bundle) {
  const auto time = static_cast<std::uint64_t>(received.time_since_epoch().count());
  std::array<std::byte, sizeof(time)> bytes{};
  put_little_endian(bytes, time);
  return wire::crc32c(bundle, wire::crc32c(bytes));
}

}  // namespace

Result<void> BundleStoreOptions::validate() const {
  if (bytes_max == 0 || count_max == 0)
    return fail(Errc::kOutOfRange, "a bundle store needs room for something");
  if (retention <= Duration::zero()) return fail(Errc::kOutOfRange, "retention must be positive");
  return {};
}

BundleStore::BundleStore(BundleStoreOptions options) : options_(options) {
  EXPECTS(options.validate().has_value());
}

Result<std::vector<std::uint64_t>> BundleStore::victims_for(const StoredBundle& newcomer) const {
  std::vector<std::uint64_t> victims;
  std::size_t bytes_left = bytes_ + newcomer.bytes.size();
  std::size_t count_left = bundles_.size() + 1;
  for (const Worth& each : by_worth_) {
    if (bytes_left <= options_.bytes_max && count_left <= options_.count_max) return victims;
    const std::uint64_t slot = std::get<2>(each);
    const StoredBundle& bundle = bundles_.at(slot);
    if (std::tie(bundle.criticality, bundle.expires) >= std::tie(newcomer.criticality, newcomer.expires))
      break;
    victims.push_back(slot);
    bytes_left -= bundle.bytes.size();
    --count_left;
  }
  if (bytes_left <= options_.bytes_max && count_left <= options_.count_max) return victims;
  return fail(Errc::kLimitReached, "no room for {} bytes beside {} bundles that matter as much",
              newcomer.bytes.size(), bundles_.size() - victims.size());
}

Result<BundleStore::Put> BundleStore::put(std::vector<std::byte> bundle, Instant received) {
  const auto view = decode_bundle(bundle);
  if (!view) return tl::unexpected<Error>(view.error());
  StoredBundle newcomer;
  newcomer.id = identity(*view);
  newcomer.destination = EndpointId(view->primary.destination);
  newcomer.criticality = view->criticality.value_or(BundleCriticality::kNormal);
  newcomer.received = received;
  newcomer.expires = expiry(*view, received).value_or(received + options_.retention);
  newcomer.bytes = std::move(bundle);
  if (newcomer.expires <= received) return fail(Errc::kOutOfRange, "the bundle has expired");
  if (ids_.contains(newcomer.id)) return fail(Errc::kConflict, "the bundle is in the store already");
  auto victims = victims_for(newcomer);
  if (!victims) return tl::unexpected<Error>(victims.error());
  for (const std::uint64_t slot : *victims) take(slot);

  newcomer.slot = next_slot_++;
  const std::uint64_t slot = newcomer.slot;
  bytes_ += newcomer.bytes.size();
  ids_.insert(newcomer.id);
  by_worth_.insert(worth(newcomer));
  by_urgency_.insert(urgency(newcomer));
  by_expiry_.emplace(newcomer.expires, slot);
  bundles_.emplace(slot, std::move(newcomer));
  ENSURES(bytes_ <= options_.bytes_max && bundles_.size() <= options_.count_max);
  return Put{slot, std::move(*victims)};
}

const StoredBundle* BundleStore::find(std::uint64_t slot) const {
  const auto found = bundles_.find(slot);
  return found == bundles_.end() ? nullptr : &found->second;
}

std::optional<StoredBundle> BundleStore::take(std::uint64_t slot) {
  auto node = bundles_.extract(slot);
  if (node.empty()) return std::nullopt;
  StoredBundle& bundle = node.mapped();
  bytes_ -= bundle.bytes.size();
  ids_.erase(bundle.id);
  by_worth_.erase(worth(bundle));
  by_urgency_.erase(urgency(bundle));
  by_expiry_.erase({bundle.expires, slot});
  return std::move(bundle);
}

std::vector<std::uint64_t> BundleStore::expire(Instant now) {
  std::vector<std::uint64_t> slots;
  while (!by_expiry_.empty() && by_expiry_.begin()->first <= now) {
    slots.push_back(by_expiry_.begin()->second);
    take(slots.back());
  }
  return slots;
}

std::vector<std::uint64_t> BundleStore::by_urgency(std::size_t count_max) const {
  std::vector<std::uint64_t> slots;
  for (const Urgency& each : by_urgency_) {
    if (slots.size() == count_max) break;
    slots.push_back(each.second);
  }
  return slots;
}

std::vector<std::byte> write_kept_bundle(const StoredBundle& bundle) {
  wire::CborWriter writer;
  writer.array(4)
      .unsigned_integer(kKeptVersion)
      .signed_integer(bundle.received.time_since_epoch().count())
      .bytes(bundle.bytes)
      .unsigned_integer(kept_crc(bundle.received, bundle.bytes));
  return writer.take();
}

Result<KeptBundle> read_kept_bundle(std::span<const std::byte> bytes) {
  wire::CborReader reader(bytes, kBundleBytesMax + kKeptRoom);
  const auto items = reader.array();
  const auto version = reader.unsigned_integer();
  const auto received = reader.signed_integer();
  const auto bundle = reader.bytes();
  const auto crc = reader.unsigned_integer();
  if (const auto end = reader.finish(); !end) return tl::unexpected<Error>(end.error());
  if (*items != 4 || *version != kKeptVersion)
    return fail(Errc::kMalformed, "not a bundle kept by this version");
  if (*crc != kept_crc(Instant(Duration(*received)), *bundle))
    return fail(Errc::kMalformed, "a kept bundle is damaged");
  return KeptBundle{Instant(Duration(*received)), {bundle->begin(), bundle->end()}};
}

}  // namespace skywarden::network
