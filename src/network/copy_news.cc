#include "network/copy_news.h"

#include <algorithm>
#include <array>
#include <tuple>

#include "base/contract.h"
#include "wire/cbor.h"

namespace skywarden::network {
namespace {

constexpr std::size_t kNewsBytesMax = 32 + kNewsMax * 45;
constexpr std::uint64_t kHeldNumbers = 4, kArrivedNumbers = 5;  // a bundle
constexpr std::uint64_t kLifetimeSecondsMax = 10ULL * 366 * 24 * 3600;

auto place(const BundleId& id) {
  return std::tuple(id.created.time_ms, id.created.sequence, id.source.view().node, id.source.view().service);
}

std::uint64_t lifetime_seconds(const CopyNews::Arrived& arrived) {
  const Instant created = from_dtn_time(arrived.id.created.time_ms).value();
  const Instant latest = created + std::chrono::seconds(kLifetimeSecondsMax);
  const Instant expires = std::clamp(arrived.expires, created, latest);
  return static_cast<std::uint64_t>(std::chrono::ceil<std::chrono::seconds>(expires - created).count());
}

void append_id(wire::CborWriter& out, const BundleId& id, std::uint64_t& before_ms) {
  EXPECTS(can_be_told(id));
  const EndpointView source = id.source.view();
  out.unsigned_integer(source.node).unsigned_integer(source.service);
  out.unsigned_integer(id.created.time_ms - before_ms).unsigned_integer(id.created.sequence);
  before_ms = id.created.time_ms;
}

class NewsReader {
 public:
  explicit NewsReader(std::span<const std::byte> bytes) : in_(bytes, kNewsBytesMax) {}

  Result<CopyNews> read() {
    const auto lists = in_.array();
    if (!lists) return error(lists.error());
    if (*lists != 2) return fail(Errc::kMalformed, "copy news: {} lists, expected 2", *lists);
    CopyNews news;
    const auto held = bundles(kHeldNumbers);
    if (!held) return error(held.error());
    for (std::uint64_t i = 0; i < *held; ++i) {
      auto id = next_id(i == 0);
      if (!id) return error(id.error());
      news.held.push_back(std::move(*id));
    }
    const auto arrived = bundles(kArrivedNumbers);
    if (!arrived) return error(arrived.error());
    if (*held + *arrived > kNewsMax)
      return fail(Errc::kLimitReached, "copy news: {} bundles, {} at most", *held + *arrived, kNewsMax);
    for (std::uint64_t i = 0; i < *arrived; ++i) {
      auto id = next_id(i == 0);
      if (!id) return error(id.error());
      const auto seconds = in_.unsigned_integer();
      if (!seconds) return error(seconds.error());
      if (*seconds > kLifetimeSecondsMax)
        return fail(Errc::kOutOfRange, "copy news: a lifetime of {} s", *seconds);
      const Instant created = from_dtn_time(id->created.time_ms).value();
      news.arrived.push_back({std::move(*id), created + std::chrono::seconds(*seconds)});
    }
    if (const auto finished = in_.finish(); !finished) return error(finished.error());
    return news;
  }

 private:
  static tl::unexpected<Error> error(const Error& error) {
    return error.message.starts_with("copy news") ? tl::unexpected<Error>(error)
                                                  : fail(error.code, "copy news: {}", error.message);
  }

  Result<std::uint64_t> bundles(std::uint64_t numbers_each) {
    const auto numbers = in_.array();
    if (!numbers) return tl::unexpected<Error>(numbers.error());
    if (*numbers % numbers_each != 0)
      return fail(Errc::kMalformed, "copy news: {} numbers, expected {} a bundle", *numbers, numbers_each);
    return *numbers / numbers_each;
  }

  Result<BundleId> next_id(bool first) {
    std::array<std::uint64_t, kHeldNumbers> numbers{};
    for (std::uint64_t& number : numbers) {
      const auto read = in_.unsigned_integer();
      if (!read) return tl::unexpected<Error>(read.error());
      number = *read;
    }
    const std::uint64_t before_ms = first ? 0 : before_.created.time_ms;
    if (numbers[2] > UINT64_MAX - before_ms || !from_dtn_time(before_ms + numbers[2]))
      return fail(Errc::kOutOfRange, "copy news: a creation time {} ms after {}", numbers[2], before_ms);
    BundleId id{EndpointId::ipn(numbers[0], numbers[1]), {before_ms + numbers[2], numbers[3]}};
    if (!can_be_told(id)) return fail(Errc::kMalformed, "copy news: a bundle without creation time");
    if (!first && place(id) <= place(before_))
      return fail(Errc::kMalformed, "copy news: bundles out of order");
    before_ = id;
    return id;
  }

  wire::CborReader in_;
  BundleId before_;
};

}  // namespace

bool can_be_told(const BundleId& id) {
  return id.source.view().scheme == EndpointScheme::kIpn && id.fragment_offset == 0 &&
         id.fragment_bytes == 0 && id.created.time_ms != 0 && from_dtn_time(id.created.time_ms).has_value();
}

std::vector<std::byte> encode_news(CopyNews news) {
  EXPECTS(news.held.size() + news.arrived.size() <= kNewsMax);
  std::ranges::sort(news.held, {}, place);
  std::ranges::sort(news.arrived, {}, [](const CopyNews::Arrived& each) { return place(each.id); });
  wire::CborWriter out;
  out.array(2).array(news.held.size() * kHeldNumbers);
  std::uint64_t before_ms = 0;
  for (const BundleId& id : news.held) append_id(out, id, before_ms);
  out.array(news.arrived.size() * kArrivedNumbers);
  before_ms = 0;
  for (const CopyNews::Arrived& arrived : news.arrived) {
    append_id(out, arrived.id, before_ms);
    out.unsigned_integer(lifetime_seconds(arrived));
  }
  return out.take();
}

Result<CopyNews> decode_news(std::span<const std::byte> bytes) {
  return NewsReader(bytes).read();
}

}  // namespace skywarden::network
