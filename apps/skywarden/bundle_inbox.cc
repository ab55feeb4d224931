#include "bundle_inbox.h"

#include <filesystem>

#include "bundle_files.h"
#include "network/bundle_decode.h"
#include "shell/durable_file.h"

namespace skywarden::app {
namespace {

constexpr int kSameNameMax = 1000;
constexpr std::size_t kNameMax = 100;

std::string name_of(const network::BundleView& view) {
  const auto id = network::identity(view);
  std::string name = network::to_string(id.source);
  for (char& c : name)
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.')) c = '_';
  name = fmt::format("{}-{}-{}", name.substr(0, kNameMax), id.created.time_ms, id.created.sequence);
  if (id.fragment_bytes > 0) name += fmt::format("-{}-{}", id.fragment_offset, id.fragment_bytes);
  return name;
}

}  // namespace

Result<BundleInbox::Kept> BundleInbox::keep(const network::BundleView& view,
                                            std::span<const std::byte> bytes) const {
  const std::string stem = name_of(view);
  for (int i = 0; i < kSameNameMax; ++i) {
    const std::string name = stem + (i == 0 ? "" : fmt::format("-{}", i)) + ".bundle";
    auto path = (std::filesystem::path(path_) / name).string();
    if (!std::filesystem::exists(path)) {
      const auto written = shell::write_durably(path_, name, bytes);
      if (!written) return tl::unexpected<Error>(written.error());
      return Kept{std::move(path), true};
    }
    const auto there = read_bundle_bytes(path);
    if (!there) continue;
    const auto other = network::decode_bundle(*there);
    if (other && network::identity(*other) == network::identity(view)) return Kept{std::move(path), false};
  }
  return fail(Errc::kLimitReached, "{}: too many bundles of one name", stem);
}

}  // namespace skywarden::app
