#include "games/preference_file.h"

#include <algorithm>
#include <map>
#include <pugixml.hpp>
#include <set>

#include "base/text.h"

namespace skywarden::games {
namespace {

Result<double> number_of(const pugi::xml_node& node, const char* attribute) {
  const std::string_view text = node.attribute(attribute).value();
  const auto value = parse_number(trim(text));
  if (!value || *value < 0)
    return fail(Errc::kMalformed, "<{} {}>: expected a number from 0, found '{}'", node.name(), attribute,
                printable(text));
  return *value;
}

struct Read {
  Issue issue;
  std::vector<double> evaluations;
};

Result<Read> read_issue(const pugi::xml_node& node) {
  Read read;
  read.issue.name = node.attribute("name").value();
  const std::string_view type = node.attribute("type").value();
  if (!type.empty() && type != "discrete")
    return fail(Errc::kUnsupported, "issue '{}': expected the type discrete, found '{}'",
                printable(read.issue.name), printable(type));
  double largest = 0;
  for (const pugi::xml_node& item : node.children("item")) {
    if (read.issue.values.size() == kIssueValuesMax)
      return fail(Errc::kLimitReached, "issue '{}': expected at most {} values", printable(read.issue.name),
                  kIssueValuesMax);
    const auto evaluation = number_of(item, "evaluation");
    if (!evaluation) return tl::unexpected(evaluation.error());
    if (const auto cost = parse_number(item.attribute("cost").as_string("0")); cost != 0.0)
      return fail(Errc::kUnsupported, "issue '{}': expected a cost of 0", printable(read.issue.name));
    read.issue.values.emplace_back(item.attribute("value").value());
    read.evaluations.push_back(*evaluation);
    largest = std::max(largest, *evaluation);
  }
  if (read.issue.values.empty())
    return fail(Errc::kMalformed, "issue '{}': expected an item", printable(read.issue.name));
  if (std::set(read.issue.values.begin(), read.issue.values.end()).size() != read.issue.values.size())
    return fail(Errc::kMalformed, "issue '{}': expected each value once", printable(read.issue.name));
  for (double& evaluation : read.evaluations) evaluation = largest > 0 ? evaluation / largest : 0;
  return read;
}

Result<std::map<std::string, double>> read_weights(const pugi::xml_node& objective) {
  std::map<std::string, double> weights;
  for (const pugi::xml_node& node : objective.children("weight")) {
    const auto weight = number_of(node, "value");
    if (!weight) return tl::unexpected(weight.error());
    if (!weights.emplace(node.attribute("index").value(), *weight).second)
      return fail(Errc::kMalformed, "<weight index=\"{}\">: expected once",
                  printable(node.attribute("index").value()));
  }
  return weights;
}

Result<double> read_or(const pugi::xml_node& space, const char* element, double otherwise) {
  const pugi::xml_node node = space.child(element);
  return node ? number_of(node, "value") : Result<double>(otherwise);
}

// The same preferences with issues and values in the order of `order`.
Result<Preferences> reordered(const PreferenceFile& party, const std::vector<Issue>& order) {
  const auto conflict = [](const std::string& name) {
    return fail(Errc::kConflict, "issue '{}': expected the same issues and values of all parties",
                printable(name));
  };
  if (party.issues.size() != order.size()) return conflict(order.front().name);
  Preferences preferences = party.preferences;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const auto own = std::find_if(party.issues.begin(), party.issues.end(),
                                  [&](const Issue& issue) { return issue.name == order[i].name; });
    if (own == party.issues.end() || own->values.size() != order[i].values.size())
      return conflict(order[i].name);
    const auto at = static_cast<std::size_t>(own - party.issues.begin());
    preferences.weights[i] = party.preferences.weights[at];
    preferences.evaluations[i].clear();
    for (const std::string& value : order[i].values) {
      const auto found = std::find(own->values.begin(), own->values.end(), value);
      if (found == own->values.end()) return conflict(order[i].name);
      preferences.evaluations[i].push_back(
          party.preferences.evaluations[at][static_cast<std::size_t>(found - own->values.begin())]);
    }
  }
  return preferences;
}

}  // namespace

Result<PreferenceFile> parse_preferences(std::string_view xml) {
  if (xml.size() > kPreferenceBytesMax)
    return fail(Errc::kLimitReached, "expected at most {} bytes of XML, found {}", kPreferenceBytesMax,
                xml.size());
  pugi::xml_document document;
  const auto parsed = document.load_buffer(xml.data(), xml.size(), pugi::parse_default, pugi::encoding_utf8);
  if (!parsed)
    return fail(Errc::kMalformed, "expected well-formed XML, found at byte {}: {}", parsed.offset,
                parsed.description());
  const pugi::xml_node space = document.child("utility_space");
  const pugi::xml_node objective = space.child("objective");
  if (!objective) return fail(Errc::kMalformed, "expected <utility_space> with an <objective>");
  const auto weights = read_weights(objective);
  if (!weights) return tl::unexpected(weights.error());
  PreferenceFile file;
  for (const pugi::xml_node& node : objective.children("issue")) {
    if (file.issues.size() == kIssuesMax)
      return fail(Errc::kLimitReached, "expected at most {} issues", kIssuesMax);
    auto read = read_issue(node);
    if (!read) return tl::unexpected(read.error());
    if (std::any_of(file.issues.begin(), file.issues.end(),
                    [&](const Issue& known) { return known.name == read->issue.name; }))
      return fail(Errc::kMalformed, "issue '{}': expected once", printable(read->issue.name));
    const auto weight = weights->find(node.attribute("index").value());
    file.issues.push_back(std::move(read->issue));
    file.preferences.evaluations.push_back(std::move(read->evaluations));
    file.preferences.weights.push_back(weight == weights->end() ? 1.0 : weight->second);
  }
  const auto reservation = read_or(space, "reservation", 0);
  if (!reservation) return tl::unexpected(reservation.error());
  const auto discount = read_or(space, "discount_factor", 1);
  if (!discount) return tl::unexpected(discount.error());
  file.preferences.reservation = *reservation;
  file.preferences.discount = *discount;
  if (const auto sound = validate(Domain{file.issues, {file.preferences}}); !sound)
    return tl::unexpected(sound.error());
  return file;
}

Result<Domain> join(const std::vector<PreferenceFile>& parties) {
  if (parties.empty()) return fail(Errc::kOutOfRange, "expected a party");
  Domain domain{parties.front().issues, {}};
  for (const PreferenceFile& party : parties) {
    auto preferences = reordered(party, domain.issues);
    if (!preferences) return tl::unexpected(preferences.error());
    domain.parties.push_back(std::move(*preferences));
  }
  if (const auto sound = validate(domain); !sound) return tl::unexpected(sound.error());
  return domain;
}

}  // namespace skywarden::games
