#include "wildfire/cap_xml.h"

#include <utility>

#include "base/contract.h"
#include "base/text.h"

namespace skywarden::wildfire {
namespace {

bool forbidden(unsigned char byte) {
  return byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r';
}

}  // namespace

std::string xml_escaped(std::string_view text) {
  const bool utf8 = is_valid_utf8(text);
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    // U+FFFE and U+FFFF are valid UTF-8 but no XML characters.
    const bool noncharacter = byte == 0xef && i + 2 < text.size() && text[i + 1] == '\xbf' &&
                              (text[i + 2] == '\xbe' || text[i + 2] == '\xbf');
    if (noncharacter) i += 2;
    if (noncharacter || forbidden(byte) || (byte >= 0x80 && !utf8)) {
      out += '?';
      continue;
    }
    switch (byte) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&apos;";
        break;
      default:
        out += text[i];
    }
  }
  return out;
}

XmlWriter::XmlWriter() : out_("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n") {}

void XmlWriter::indent() {
  out_.append(2 * open_.size(), ' ');
}

void XmlWriter::open(std::string_view name, std::string_view attributes) {
  indent();
  out_ += '<';
  out_ += name;
  if (!attributes.empty()) (out_ += ' ') += attributes;
  out_ += ">\n";
  open_.emplace_back(name);
}

void XmlWriter::close() {
  EXPECTS(!open_.empty());
  const std::string name = std::move(open_.back());
  open_.pop_back();
  indent();
  out_ += "</" + name + ">\n";
}

void XmlWriter::element(std::string_view name, std::string_view text) {
  indent();
  out_ += '<';
  out_ += name;
  out_ += '>';
  out_ += xml_escaped(text);
  out_ += "</";
  out_ += name;
  out_ += ">\n";
}

std::string XmlWriter::take() {
  EXPECTS(open_.empty());
  return std::move(out_);
}

}  // namespace skywarden::wildfire
