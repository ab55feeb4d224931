#include <algorithm>
#include <array>
#include <map>
#include <pugixml.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "orbit/omm.h"
#include "orbit/omm_message.h"

namespace skywarden::orbit {
namespace {

// "ndm:omm" is "omm": publishers differ in whether they write the namespace.
std::string_view local_name(const pugi::xml_node& node) {
  const std::string_view name = node.name();
  const std::size_t colon = name.find(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

// What the standard prints beside these keys; another unit would be read wrongly without a word.
constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kUnits = {{
    {"MEAN_MOTION", "rev/day"},
    {"INCLINATION", "deg"},
    {"RA_OF_ASC_NODE", "deg"},
    {"ARG_OF_PERICENTER", "deg"},
    {"MEAN_ANOMALY", "deg"},
    {"BSTAR", "1/er"},
    {"MEAN_MOTION_DOT", "rev/day**2"},
    {"MEAN_MOTION_DDOT", "rev/day**3"},
}};

// The keys of one message.
class Message {
 public:
  // Elements that hold text and nothing else; comments and the user's own parameters mean nothing here.
  void add(const pugi::xml_node& element) {
    const std::string key(local_name(element));
    if (key == "COMMENT" || key == "USER_DEFINED") return;
    check_units(key, element.attribute("units").value());
    if (!values_.emplace(key, element.child_value()).second) refuse(key, fmt::format("expected one {}", key));
  }

  void take(std::size_t row, ElementFile& out) const {
    if (problem_.has_value()) {
      out.problems.push_back({row, problem_->first, problem_->second});
      return;
    }
    const OmmLookup lookup = [&](std::string_view key) -> std::optional<std::string> {
      const auto found = values_.find(key);
      if (found == values_.end() || trim(found->second).empty()) return std::nullopt;
      return found->second;
    };
    take_omm_message(lookup, row, out);
  }

 private:
  void check_units(const std::string& key, std::string_view units) {
    for (const auto& [known, expected] : kUnits)
      if (key == known && !units.empty() && lower_ascii(trim(units)) != expected)
        refuse(key, fmt::format("expected the unit {}, found '{}'", expected, printable(units)));
  }
  void refuse(const std::string& key, std::string expected) {
    if (!problem_) problem_.emplace(key, std::move(expected));
  }

  std::map<std::string, std::string, std::less<>> values_;
  std::optional<std::pair<std::string, std::string>> problem_;  // key, what was expected
};

bool is_element(const pugi::xml_node& node) {
  return node.type() == pugi::node_element;
}

bool has_elements(const pugi::xml_node& node) {
  const auto children = node.children();
  return std::any_of(children.begin(), children.end(), is_element);
}

// Walks the document without recursion and gathers what lies inside each <omm>.
class Gatherer : public pugi::xml_tree_walker {
 public:
  explicit Gatherer(std::size_t messages_max) : messages_max_(messages_max) {}

  bool for_each(pugi::xml_node& node) override {
    if (depth() > kOmmXmlDepthMax) return stop("elements nested at most", kOmmXmlDepthMax);
    if (!is_element(node)) return true;
    if (local_name(node) == "omm") {
      if (messages_.size() == messages_max_) return stop("element sets, at most", messages_max_);
      messages_.emplace_back();
      last_ = node;
      last_depth_ = depth();
    } else if (!messages_.empty() && depth() > last_depth_ && !has_elements(node)) {
      messages_.back().add(node);
    }
    return true;
  }

  [[nodiscard]] std::vector<Message>& messages() { return messages_; }
  [[nodiscard]] const pugi::xml_node& last() const { return last_; }
  [[nodiscard]] const std::string& limit() const { return limit_; }

 private:
  template <typename Number>
  bool stop(const char* what, Number most) {
    limit_ = fmt::format("expected {} {}", what, most);
    return false;
  }

  std::size_t messages_max_;
  std::vector<Message> messages_;
  pugi::xml_node last_;
  int last_depth_ = 0;
  std::string limit_;
};

std::string place_in(std::string_view bytes, std::size_t offset) {
  const std::string_view before = bytes.substr(0, offset);
  const auto lines = std::count(before.begin(), before.end(), '\n');
  const std::size_t start = before.rfind('\n') + 1;  // npos + 1 is 0
  return fmt::format("line {}, column {}", lines + 1, before.size() - start + 1);
}

// Whether the bytes up to the break hold the end of the message that was read last.
bool is_complete(std::string_view bytes, const pugi::xml_node& message, std::size_t break_at) {
  const std::ptrdiff_t start = message.offset_debug();
  if (start < 0 || static_cast<std::size_t>(start) > break_at) return false;
  const std::string end = fmt::format("</{}>", message.name());
  return bytes.substr(static_cast<std::size_t>(start), break_at - static_cast<std::size_t>(start))
             .find(end) != std::string_view::npos;
}

}  // namespace

Result<ElementFile> parse_omm_xml(std::string_view bytes, const ElementFileOptions& options) {
  if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
  if (bytes.size() > kOmmXmlBytesMax)
    return fail(Errc::kLimitReached, "expected at most {} bytes of XML, found {}", kOmmXmlBytesMax,
                bytes.size());
  pugi::xml_document document;
  const pugi::xml_parse_result parsed =
      document.load_buffer(bytes.data(), bytes.size(), pugi::parse_default, pugi::encoding_utf8);
  if (parsed.status == pugi::status_out_of_memory)
    return fail(Errc::kLimitReached, "expected XML that fits into memory");
  const std::size_t break_at =
      std::min(static_cast<std::size_t>(std::max<std::ptrdiff_t>(parsed.offset, 0)), bytes.size());
  const auto broken = [&] {
    return fmt::format("expected well-formed XML, found at {}: {}", place_in(bytes, break_at),
                       parsed.description());
  };
  const pugi::xml_node root = document.document_element();
  if (!root)
    return fail(Errc::kMalformed, "{}", parsed ? "expected <ndm> or <omm>, found no element" : broken());
  if (local_name(root) != "ndm" && local_name(root) != "omm")
    return fail(Errc::kMalformed, "expected <ndm> or <omm>, found <{}>", printable(root.name()));
  Gatherer gatherer(options.sets_max);
  document.traverse(gatherer);
  if (!gatherer.limit().empty()) return fail(Errc::kLimitReached, "{}", gatherer.limit());
  std::vector<Message>& messages = gatherer.messages();
  const std::size_t whole =
      messages.size() -
      (!parsed && !messages.empty() && !is_complete(bytes, gatherer.last(), break_at) ? 1 : 0);
  if (!parsed && whole == 0) return fail(Errc::kMalformed, "{}", broken());
  ElementFile out;
  for (std::size_t i = 0; i < whole; ++i) messages[i].take(i + 1, out);
  if (!parsed) out.problems.push_back({whole + 1, "", broken()});
  return out;
}

}  // namespace skywarden::orbit
