// CCSDS Orbit Mean-elements Messages in the two forms CelesTrak and Space-Track publish: CSV with a header
// row and JSON (an object or an array of them; numbers may be strings). Only SGP4 elements in TEME and UTC.
#pragma once

#include <string_view>

#include "orbit/element_file.h"

namespace skywarden::orbit {

[[nodiscard]] Result<ElementFile> parse_omm_csv(std::string_view bytes,
                                                const ElementFileOptions& options = {});
// In problems of JSON, `row` counts the objects from 1.
[[nodiscard]] Result<ElementFile> parse_omm_json(std::string_view bytes,
                                                 const ElementFileOptions& options = {});

}  // namespace skywarden::orbit
