#include "network/satellite_links.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/text.h"

namespace skywarden::network {
namespace {

constexpr double kPlaneSpread = std::numbers::pi / 180.0;
constexpr std::size_t kPlaneMin = 3;
constexpr std::size_t kLinksMax = 10'000'000;

bool one_plane(std::span<const orbit::ElementSet> block) {
  return std::ranges::all_of(block, [&](const orbit::ElementSet& set) {
    return std::abs(std::remainder(set.node - block.front().node, 2.0 * std::numbers::pi)) < kPlaneSpread;
  });
}

// Satellites a plane; 0 when the file has no such order.
std::size_t plane_size(std::span<const orbit::ElementSet> satellites) {
  std::size_t size = 1;
  while (size < satellites.size() && one_plane(satellites.first(size + 1))) ++size;
  if (size < kPlaneMin || satellites.size() % size != 0 || satellites.size() / size < kPlaneMin) return 0;
  for (std::size_t i = 0; i < satellites.size(); i += size)
    if (!one_plane(satellites.subspan(i, size))) return 0;
  return size;
}

SatelliteLink ordered(std::size_t a, std::size_t b) {
  return {static_cast<std::uint32_t>(std::min(a, b)), static_cast<std::uint32_t>(std::max(a, b))};
}

}  // namespace

Result<std::vector<SatelliteLink>> plus_grid(std::span<const orbit::ElementSet> satellites) {
  const std::size_t size = plane_size(satellites);
  if (size == 0)
    return fail(Errc::kUnsupported,
                "plus_grid: expected satellites plane by plane, at least {0} planes of {0} and all of one "
                "size; give a "
                "file of links instead",
                kPlaneMin);
  const std::size_t planes = satellites.size() / size;
  std::vector<SatelliteLink> links;
  for (std::size_t plane = 0; plane < planes; ++plane)
    for (std::size_t slot = 0; slot < size; ++slot) {
      const std::size_t here = plane * size + slot;
      links.push_back(ordered(here, plane * size + (slot + 1) % size));
      links.push_back(ordered(here, (plane + 1) % planes * size + slot));
    }
  std::ranges::sort(links);
  return links;
}

SatelliteLinkFile read_satellite_links(std::string_view bytes, std::uint32_t satellites) {
  SatelliteLinkFile file;
  if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
  for (std::size_t row = 1; !bytes.empty(); ++row) {
    std::string_view line = take_line(bytes);
    line = trim(line.substr(0, line.find('#')));
    if (line.empty()) continue;
    const std::size_t gap = std::min(line.find_first_of(" \t,"), line.size());
    const auto a = parse_integer(line.substr(0, gap));
    std::string_view rest = trim(line.substr(gap));
    if (rest.starts_with(',')) rest = trim(rest.substr(1));
    const auto b = parse_integer(rest);
    const auto known = [&](const std::optional<std::int64_t>& n) { return n && *n >= 0 && *n < satellites; };
    if (!known(a) || !known(b) || *a == *b) {
      file.problems.push_back({row, "",
                               fmt::format("expected two satellite numbers of 0…{}, found '{}'",
                                           satellites - 1, printable(line))});
      continue;
    }
    if (file.links.size() >= kLinksMax) {
      file.problems.push_back({row, "", fmt::format("expected at most {} links", kLinksMax)});
      break;
    }
    file.links.push_back(ordered(static_cast<std::size_t>(*a), static_cast<std::size_t>(*b)));
  }
  return file;
}

}  // namespace skywarden::network
