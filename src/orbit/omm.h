// CCSDS Orbit Mean-elements Messages in the forms CelesTrak and Space-Track publish: CSV with a header row,
// JSON (an object or an array of them; numbers may be strings) and XML (CCSDS 502.0-B, 505.0-B: <omm>, or
// many in <ndm>). Only SGP4 elements in TEME and UTC.
#pragma once

#include <string_view>

#include "orbit/element_file.h"

namespace skywarden::orbit {

[[nodiscard]] Result<ElementFile> parse_omm_csv(std::string_view bytes,
                                                const ElementFileOptions& options = {});
// In problems of JSON and XML, `row` counts the objects or messages from 1.
[[nodiscard]] Result<ElementFile> parse_omm_json(std::string_view bytes,
                                                 const ElementFileOptions& options = {});

inline constexpr std::size_t kOmmXmlBytesMax = std::size_t{256} << 20;
inline constexpr int kOmmXmlDepthMax = 16;  // a message in an <ndm> needs 7

// Where the XML breaks off, the messages before that place are kept and the rest is one problem. Entities
// other than XML's own five are not expanded, nothing outside the bytes is read. kLimitReached past the
// limits above.
[[nodiscard]] Result<ElementFile> parse_omm_xml(std::string_view bytes,
                                                const ElementFileOptions& options = {});

}  // namespace skywarden::orbit
