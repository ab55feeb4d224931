#include "orbit/element_file.h"

#include <string>

#include "base/text.h"
#include "orbit/omm.h"
#include "orbit/tle.h"

namespace skywarden::orbit {
namespace {

enum class Format { kTle, kOmmCsv, kOmmJson, kOmmXml, kOmmKvn, kUnknown };

bool has_element_line(std::string_view bytes) {
  while (!bytes.empty()) {
    if (bytes.starts_with("1 ") || bytes.starts_with("2 ")) return true;
    const std::size_t end = bytes.find('\n');
    if (end == std::string_view::npos) return false;
    bytes.remove_prefix(end + 1);
  }
  return false;
}

Format recognise(std::string_view bytes) {
  if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
  if (bytes.substr(0, 4096).find('\0') != std::string_view::npos) return Format::kUnknown;
  const std::size_t start = bytes.find_first_not_of(" \t\r\n");
  if (start == std::string_view::npos) return Format::kUnknown;
  const std::string_view content = bytes.substr(start);
  if (content.front() == '[' || content.front() == '{') return Format::kOmmJson;
  if (content.front() == '<') return Format::kOmmXml;
  if (content.starts_with("CCSDS_OMM_VERS")) return Format::kOmmKvn;
  const std::string header = lower_ascii(content.substr(0, content.find('\n')));
  if (header.find("mean_motion") != std::string::npos || header.find("norad_cat_id") != std::string::npos)
    return Format::kOmmCsv;
  return has_element_line(content) ? Format::kTle : Format::kUnknown;
}

Result<ElementFile> parse_as(Format format, std::string_view bytes, const ElementFileOptions& options) {
  switch (format) {
    case Format::kTle:
      return parse_tle(bytes, options);
    case Format::kOmmCsv:
      return parse_omm_csv(bytes, options);
    case Format::kOmmJson:
      return parse_omm_json(bytes, options);
    case Format::kOmmXml:
      return parse_omm_xml(bytes, options);
    case Format::kOmmKvn:
      return fail(Errc::kUnsupported,
                  "expected TLE, or OMM as CSV, JSON or XML, found OMM key-value notation");
    case Format::kUnknown:
      break;
  }
  return fail(Errc::kMalformed, "expected TLE, or OMM as CSV, JSON or XML");
}

}  // namespace

Result<ElementFile> read_elements(std::string_view bytes, std::string_view file_name,
                                  const ElementFileOptions& options) {
  auto parsed = parse_as(recognise(bytes), bytes, options);
  if (!parsed) return fail(parsed.error().code, "{}: {}", file_name, parsed.error().message);
  return parsed;
}

}  // namespace skywarden::orbit
