// Bundles as JSON: what `bundle decode` prints and `bundle encode --json` reads. Reading takes what is in the
// bundle (numbers, flags, endpoints, hexadecimal data) and passes over what explains it, so that what was
// printed makes the same bundle again.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "base/result.h"
#include "network/bundle.h"

namespace skywarden::app {

[[nodiscard]] nlohmann::ordered_json to_json(const network::BundleView& bundle);
// kMalformed names the key: "primary.lifetime_ms: expected …".
[[nodiscard]] Result<network::Bundle> bundle_from_json(std::string_view text);

[[nodiscard]] std::string to_hex(std::span<const std::byte> bytes);
[[nodiscard]] Result<std::vector<std::byte>> bytes_from_hex(
    std::string_view hex);  // white space is passed over

}  // namespace skywarden::app
