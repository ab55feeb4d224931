#include "consensus/bandwidth.h"

#include <algorithm>
#include <vector>

namespace skywarden::consensus {
namespace {

constexpr std::size_t kTransfersMax = 64;
constexpr std::uint64_t kBytesMax = std::uint64_t{1} << 26;  // of one transfer; keeps products in range
constexpr Duration kTookMax = std::chrono::hours(1);
constexpr std::size_t kCutOneOf = 5;
constexpr Duration kMicrosecond = std::chrono::microseconds(1);
constexpr std::uint64_t kBitsOfByteBySecond = 8'000'000;  // and microsecond
constexpr std::uint64_t kEnoughMax = 1'000'000'000'000;

}  // namespace

void Bandwidth::add(std::uint64_t bytes, Duration took, Instant now, const BandwidthOptions& options) {
  took = std::clamp<Duration>(took, kMicrosecond, kTookMax);
  transfers_.push_back({now, std::min(bytes, kBytesMax), took});
  while (transfers_.size() > kTransfersMax || transfers_.front().at + options.window < now)
    transfers_.pop_front();
}

std::optional<std::uint64_t> Bandwidth::bits_per_second(Instant now, const BandwidthOptions& options) const {
  std::vector<Transfer> fresh;
  for (const Transfer& transfer : transfers_)
    if (transfer.at + options.window >= now) fresh.push_back(transfer);
  if (fresh.size() < std::max<std::size_t>(options.transfers_min, 1)) return std::nullopt;
  // Slowest first; bytes a / took a < bytes b / took b, without dividing.
  const auto took = [](const Transfer& t) { return static_cast<std::uint64_t>(t.took / kMicrosecond); };
  std::sort(fresh.begin(), fresh.end(), [&](const Transfer& a, const Transfer& b) {
    const std::uint64_t slower = a.bytes * took(b);
    const std::uint64_t faster = b.bytes * took(a);
    return slower != faster ? slower < faster : a.bytes < b.bytes;
  });
  const std::size_t cut = fresh.size() / kCutOneOf;
  std::uint64_t bytes = 0;
  std::uint64_t microseconds = 0;
  for (std::size_t i = cut; i < fresh.size() - cut; ++i) {
    bytes += fresh[i].bytes;
    microseconds += took(fresh[i]);
  }
  return bytes * kBitsOfByteBySecond / microseconds;
}

Score Bandwidth::score(Instant now, const BandwidthOptions& options) const {
  const auto rate = bits_per_second(now, options);
  if (!rate) return kScoreNeutral;
  const std::uint64_t enough = std::clamp<std::uint64_t>(options.bits_per_second_enough, 1, kEnoughMax);
  if (*rate >= enough) return kScoreMax;
  return static_cast<Score>(*rate * kScoreMax / enough);
}

}  // namespace skywarden::consensus
