#include <limits>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "network/plan_builder.h"

namespace skywarden::network {
namespace {

using Json = nlohmann::json;

// Reads the keys of one contact until the first that is wrong.
class ContactReader {
 public:
  explicit ContactReader(const Json& contact) : contact_(contact) {}

  std::string node(const char* key) {
    const Json* value = find(key);
    if (value == nullptr) return {};
    if (const auto* name = value->get_ptr<const std::string*>()) return std::string(trim(*name));
    if (value->is_number_integer()) return value->dump();
    refuse(key, "a node's number or name", *value);
    return {};
  }
  double number(const char* key) {
    const Json* value = find(key);
    if (value == nullptr) return 0.0;
    if (value->is_number()) return value->get<double>();
    refuse(key, "a number", *value);
    return 0.0;
  }
  [[nodiscard]] const std::string& column() const { return column_; }
  [[nodiscard]] const std::string& expected() const { return expected_; }

 private:
  const Json* find(const char* key) {
    const auto at = contact_.find(key);
    if (at != contact_.end()) return &*at;
    if (expected_.empty()) column_ = key, expected_ = "expected this key, found nothing";
    return nullptr;
  }
  void refuse(const char* key, const char* expected, const Json& found) {
    if (!expected_.empty()) return;
    column_ = key;
    expected_ = fmt::format("expected {}, found {}", expected, found.type_name());
  }

  const Json& contact_;
  std::string column_, expected_;
};

void take_contact(const Json& json, std::size_t row, PlanBuilder& plan) {
  if (!json.is_object()) return plan.refuse(row, "", "expected an object");
  ContactReader read(json);
  NamedContact contact;
  contact.row = row;
  contact.from = read.node("source");
  contact.to = read.node("dest");
  contact.start_s = read.number("startTime");
  contact.end_s = read.number("endTime");
  contact.rate_bps = read.number("rateBitsPerSec");
  contact.light_s = read.number("owlt");
  if (!read.expected().empty()) return plan.refuse(row, read.column(), read.expected());
  plan.add(std::move(contact));
}

// Names tell people more and routes nothing: what is wrong with them is passed over.
void take_names(const Json& document, PlanFile& plan) {
  const auto nodes = document.find("nodes");
  if (nodes == document.end() || !nodes->is_array()) return;
  for (const Json& entry : *nodes) {
    if (!entry.is_object()) continue;
    ContactReader read(entry);
    const auto vertex = plan.find(read.node("node"));
    const std::string name = read.node("name");
    if (!vertex || !read.expected().empty() || name.empty() || name.size() > kNodeNameBytesMax) continue;
    plan.names.resize(plan.nodes.size());
    plan.names[vertex->value()] = printable(name);
  }
}

Json number_or_text(const std::string& node) {
  const auto number = parse_integer(node);
  return number && std::to_string(*number) == node ? Json(*number) : Json(node);
}

Json seconds(Duration t) {
  if (t.count() % 1'000'000'000 == 0) return t.count() / 1'000'000'000;
  return to_seconds(t);
}

Json rate(BitsPerSecond rate) {
  constexpr double kWholeMax = 9e15;
  const double value = rate.value();
  if (value < kWholeMax && value == static_cast<double>(static_cast<std::int64_t>(value)))
    return static_cast<std::int64_t>(value);
  return value;
}

}  // namespace

Result<PlanFile> read_plan_json(std::string_view bytes) {
  const Json document = Json::parse(bytes.begin(), bytes.end(), nullptr, /*allow_exceptions=*/false);
  if (document.is_discarded())
    return fail(Errc::kMalformed, "expected JSON, found something that breaks off or is not");
  const Json* list = &document;
  PlanBuilder plan;
  if (document.is_object()) {
    const auto contacts = document.find("contacts");
    if (contacts == document.end()) return fail(Errc::kMalformed, "expected the key contacts");
    list = &*contacts;
    if (const auto epoch = document.find("epoch"); epoch != document.end()) {
      const auto* text = epoch->get_ptr<const std::string*>();
      const auto time =
          text != nullptr ? parse_utc(*text) : fail(Errc::kMalformed, "expected a time as text");
      if (!time) return fail(time.error().code, "epoch: {}", time.error().message);
      plan.set_epoch(*time);
    }
  }
  if (!list->is_array()) return fail(Errc::kMalformed, "contacts: expected a list");
  if (list->size() > ContactGraph::kContactsMax)
    return fail(Errc::kLimitReached, "expected at most {} contacts, found {}", ContactGraph::kContactsMax,
                list->size());
  for (std::size_t i = 0; i < list->size(); ++i) take_contact((*list)[i], i + 1, plan);
  PlanFile made = std::move(plan).finish();
  if (document.is_object()) take_names(document, made);
  return made;
}

std::string to_hdtn_json(const PlanFile& plan) {
  std::string out = "{\n";
  if (plan.epoch) out += fmt::format("\"epoch\": \"{}\",\n", format_utc(*plan.epoch, 9));
  if (!plan.names.empty()) {
    out += "\"nodes\": [\n";
    for (std::size_t i = 0; i < plan.nodes.size(); ++i) {
      out += nlohmann::ordered_json{{"node", number_or_text(plan.nodes[i])}, {"name", plan.names[i]}}.dump();
      out += i + 1 < plan.nodes.size() ? ",\n" : "\n";
    }
    out += "],\n";
  }
  out += "\"contacts\": [\n";
  for (std::size_t i = 0; i < plan.contacts.size(); ++i) {
    const PlannedContact& c = plan.contacts[i];
    nlohmann::ordered_json line{{"contact", i},
                                {"source", number_or_text(plan.nodes[c.from.value()])},
                                {"dest", number_or_text(plan.nodes[c.to.value()])},
                                {"startTime", seconds(c.start)},
                                {"endTime", seconds(c.end)},
                                {"rateBitsPerSec", rate(c.rate)},
                                {"owlt", seconds(c.light_time)}};
    out += line.dump();
    out += i + 1 < plan.contacts.size() ? ",\n" : "\n";
  }
  return out + "]\n}\n";
}

}  // namespace skywarden::network
