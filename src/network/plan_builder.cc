#include "network/plan_builder.h"

#include <algorithm>
#include <tuple>

#include "base/text.h"

namespace skywarden::network {
namespace {

constexpr double kRateMaxBps = 1e15;

// Whole numbers before names, each in their order.
std::tuple<bool, std::int64_t, std::string> order_of(const std::string& node) {
  const auto number = parse_integer(node);
  return {!number.has_value(), number.value_or(0), node};
}

std::string fault_of(const std::string& node) {
  if (node.empty()) return "expected a node, found nothing";
  if (node.size() > kNodeNameBytesMax)
    return fmt::format("expected a node of at most {} bytes, found {}", kNodeNameBytesMax, node.size());
  if (printable(node) != node && node.size() <= 60) return "expected a node of printable text";
  return {};
}

}  // namespace

void PlanBuilder::refuse(std::size_t row, std::string column, std::string expected) {
  plan_.problems.push_back({row, std::move(column), std::move(expected)});
}

void PlanBuilder::add(NamedContact contact) {
  const double limit = to_seconds(ContactGraph::kTimeMax);
  const auto in_time = [&](double s) { return s >= -limit && s <= limit; };
  for (const auto* node : {&contact.from, &contact.to})
    if (std::string fault = fault_of(*node); !fault.empty()) return refuse(contact.row, "", std::move(fault));
  if (contact.from == contact.to)
    return refuse(contact.row, "", fmt::format("expected two nodes, found {} twice", contact.from));
  if (!in_time(contact.start_s) || !in_time(contact.end_s))
    return refuse(contact.row, "", "expected a contact within 50 years of the epoch");
  if (contact.end_s < contact.start_s)
    return refuse(
        contact.row, "",
        fmt::format("expected an end after the start at {} s, found {} s", contact.start_s, contact.end_s));
  if (!(contact.rate_bps > 0.0 && contact.rate_bps <= kRateMaxBps))
    return refuse(contact.row, "", fmt::format("expected a rate above 0, found {} bit/s", contact.rate_bps));
  if (!(contact.light_s >= 0.0 && contact.light_s <= limit))
    return refuse(contact.row, "",
                  fmt::format("expected a light time of 0 s or more, found {}", contact.light_s));
  contacts_.push_back(std::move(contact));
}

PlanFile PlanBuilder::finish() && {
  std::vector<std::string>& nodes = plan_.nodes;
  for (const NamedContact& contact : contacts_) {
    nodes.push_back(contact.from);
    nodes.push_back(contact.to);
  }
  std::ranges::sort(nodes);
  nodes.erase(std::ranges::unique(nodes).begin(), nodes.end());
  std::ranges::sort(nodes, {}, order_of);
  std::vector<std::uint32_t> by_name(nodes.size());
  for (std::uint32_t i = 0; i < nodes.size(); ++i) by_name[i] = i;
  std::ranges::sort(by_name, {}, [&](std::uint32_t i) -> const std::string& { return nodes[i]; });
  const auto vertex = [&](const std::string& node) {
    return Vertex(*std::ranges::lower_bound(by_name, node, {},
                                            [&](std::uint32_t i) -> const std::string& { return nodes[i]; }));
  };
  plan_.contacts.reserve(contacts_.size());
  for (const NamedContact& contact : contacts_)
    plan_.contacts.push_back({vertex(contact.from), vertex(contact.to), from_seconds(contact.start_s),
                              from_seconds(contact.end_s), from_seconds(contact.light_s),
                              BitsPerSecond(contact.rate_bps)});
  std::ranges::stable_sort(plan_.problems, {}, &datum::RowProblem::row);
  return std::move(plan_);
}

}  // namespace skywarden::network
