// Link rules as a TOML file; its keys are in docs/formats.md. Every mistake is one line that names its key.
#pragma once

#include <string_view>

#include "base/result.h"
#include "network/link_rules.h"

namespace skywarden::network {

// What the file does not say stays as in `defaults`. kMalformed for what is no TOML, unknown keys and values
// of a wrong kind, kOutOfRange for values out of range, kConflict for a rate given twice.
[[nodiscard]] Result<LinkRules> parse_link_rules(std::string_view toml_text, std::string_view file_name,
                                                 const LinkRules& defaults = {});

}  // namespace skywarden::network
