#include "network/contact_graph.h"

#include <algorithm>
#include <cmath>
#include <tuple>

namespace skywarden::network {
namespace {

std::string fault_of(const PlannedContact& contact, std::uint32_t vertices) {
  if (contact.from.value() >= vertices || contact.to.value() >= vertices) return "names an unknown node";
  if (contact.from == contact.to) return "joins a node with itself";
  if (contact.end < contact.start) return "ends before it starts";
  if (contact.start < -ContactGraph::kTimeMax || contact.end > ContactGraph::kTimeMax)
    return "lies more than 50 years from the epoch";
  if (contact.light_time < Duration::zero() || contact.light_time > ContactGraph::kTimeMax)
    return "has a light time that is negative or too long";
  if (!(contact.rate.value() > 0.0) || !std::isfinite(contact.rate.value())) return "has no rate";
  return {};
}

}  // namespace

Duration transmission_time(std::uint64_t bytes, BitsPerSecond rate) {
  const double ns = static_cast<double>(bytes) * 8e9 / rate.value();
  if (!(ns < static_cast<double>(ContactGraph::kTimeMax.count()))) return ContactGraph::kTimeMax;
  const auto whole = static_cast<std::int64_t>(ns);  // std::ceil is a call on machines of the common sort
  return Duration(static_cast<double>(whole) < ns ? whole + 1 : whole);
}

Result<ContactGraph> ContactGraph::make(std::uint32_t vertices, std::vector<PlannedContact> contacts) {
  if (vertices > kVerticesMax)
    return fail(Errc::kLimitReached, "expected at most {} nodes, found {}", kVerticesMax, vertices);
  if (contacts.size() > kContactsMax)
    return fail(Errc::kLimitReached, "expected at most {} contacts, found {}", kContactsMax, contacts.size());
  for (std::size_t i = 0; i < contacts.size(); ++i)
    if (const std::string fault = fault_of(contacts[i], vertices); !fault.empty())
      return fail(Errc::kOutOfRange, "contact {} {}", i, fault);

  const auto key = [](const PlannedContact& c) {
    return std::tuple(c.from, c.to, c.start, c.end, c.light_time, c.rate.value());
  };
  std::ranges::sort(contacts, {}, key);
  ContactGraph graph;
  graph.vertices_ = vertices;
  graph.contacts_ = std::move(contacts);
  graph.end_so_far_.resize(graph.contacts_.size());
  graph.out_.assign(vertices + 1, 0);
  graph.in_.assign(vertices + 1, 0);
  for (std::uint32_t i = 0; i < graph.contacts_.size(); ++i) {
    const PlannedContact& contact = graph.contacts_[i];
    const bool same = !graph.edges_.empty() && graph.edges_.back().from == contact.from &&
                      graph.edges_.back().to == contact.to;
    if (!same) {
      graph.edges_.push_back({contact.from, contact.to, i, i, contact.light_time});
      ++graph.out_[contact.from.value() + 1];
      ++graph.in_[contact.to.value() + 1];
    }
    Edge& edge = graph.edges_.back();
    edge.last = i + 1;
    edge.light_time_min = std::min(edge.light_time_min, contact.light_time);
    graph.end_so_far_[i] = same ? std::max(graph.end_so_far_[i - 1], contact.end) : contact.end;
  }
  if (!graph.edges_.empty())
    graph.light_time_min_ = std::ranges::min(graph.edges_, {}, &Edge::light_time_min).light_time_min;
  for (std::uint32_t v = 0; v < vertices; ++v) {
    graph.out_[v + 1] += graph.out_[v];
    graph.in_[v + 1] += graph.in_[v];
  }
  graph.in_edges_.resize(graph.edges_.size());
  std::vector<std::uint32_t> next(graph.in_.begin(), graph.in_.end() - 1);
  for (std::uint32_t e = 0; e < graph.edges_.size(); ++e)
    graph.in_edges_[next[graph.edges_[e].to.value()]++] = e;
  return graph;
}

std::span<const ContactGraph::Edge> ContactGraph::edges_from(Vertex vertex) const {
  const std::uint32_t v = vertex.value();
  return std::span(edges_).subspan(out_[v], out_[v + 1] - out_[v]);
}

std::span<const std::uint32_t> ContactGraph::edges_to(Vertex vertex) const {
  const std::uint32_t v = vertex.value();
  return std::span(in_edges_).subspan(in_[v], in_[v + 1] - in_[v]);
}

}  // namespace skywarden::network
