// Just enough XML 1.0 to write a CAP message: elements with text, indented, escaped.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace skywarden::wildfire {

// & < > " ' as entities; bytes that are not UTF-8 and characters that XML 1.0 forbids become '?'.
[[nodiscard]] std::string xml_escaped(std::string_view text);

class XmlWriter {
 public:
  XmlWriter();
  void open(std::string_view name, std::string_view attributes = {});
  void close();
  void element(std::string_view name, std::string_view text);
  [[nodiscard]] std::string take();  // expects all closed

 private:
  void indent();
  std::string out_;
  std::vector<std::string> open_;
};

}  // namespace skywarden::wildfire
