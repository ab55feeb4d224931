#include "network/route_search.h"

#include <algorithm>
#include <functional>

#include "base/contract.h"

namespace skywarden::network {
namespace {

constexpr Duration kNever = Duration::max();
constexpr Duration kNoTime = Duration::min();

// The first place in [first, last) that is not `before`, all those before it being so. Looked for near
// `hint`, the answer to a like question, before anywhere else: plans are long and what is far away in memory
// is slow.
template <typename Before>
std::uint32_t partition_near(std::uint32_t first, std::uint32_t last, std::uint32_t& hint, Before before) {
  constexpr std::uint32_t kNear = 4;
  std::uint32_t at = std::clamp(hint, first, last);
  if (at == first || before(at - 1)) {
    first = at;
    for (const std::uint32_t near = std::min(last, at + kNear); at < near; ++at)
      if (!before(at)) return hint = at;
    first = at;
  } else {
    last = --at;
  }
  while (first < last) {
    const std::uint32_t middle = first + (last - first) / 2;
    if (before(middle))
      first = middle + 1;
    else
      last = middle;
  }
  return hint = first;
}

}  // namespace

// How one bundle gets across an edge.
class RouteSearch::Transmission {
 public:
  Transmission(const ContactGraph& graph, const RouteQuery& query, const PlanState& state, Hints& hints)
      : graph_(graph), bytes_(query.bytes), state_(state), hints_(hints) {}

  [[nodiscard]] bool may_visit(Vertex vertex) const {
    return state_.excluded.empty() || state_.excluded[vertex.value()] == 0;
  }

  struct Crossing {
    Duration arrival = kNever;
    std::uint32_t contact = 0;
  };

  // The earliest arrival over the edge of a bundle that is there at t, if before `limit`, using contacts that
  // end at `end_min` or later.
  [[nodiscard]] Crossing earliest(const ContactGraph::Edge& edge, Duration t, Duration limit,
                                  Duration end_min = kNoTime) const {
    Crossing best{limit, 0};
    bool found = false;
    for (std::uint32_t i = first_ending_from(edge, t); i < edge.last; ++i) {
      const PlannedContact& contact = graph_.contacts()[i];
      if (contact.start + edge.light_time_min >= best.arrival) break;
      if (contact.end < end_min) continue;
      const Duration sent = std::max({t, contact.start, busy_until(i)}) + sending(contact);
      if (sent > contact.end || sent + contact.light_time >= best.arrival) continue;
      best = {sent + contact.light_time, i};
      found = true;
    }
    return found ? best : Crossing{};
  }

  // The latest time to be at the edge's sender so that the bundle is at its receiver by t; kNoTime for none.
  [[nodiscard]] Duration latest(const ContactGraph::Edge& edge, Duration t, Duration end_min) const {
    Duration best = kNoTime;
    for (std::uint32_t i = first_starting_after(edge, t - edge.light_time_min); i-- > edge.first;) {
      if (graph_.end_so_far(i) <= best) break;
      const PlannedContact& contact = graph_.contacts()[i];
      if (contact.end < end_min || contact.start + contact.light_time > t) continue;
      const Duration leave = std::min(contact.end, t - contact.light_time) - sending(contact);
      if (leave >= std::max(contact.start, busy_until(i))) best = std::max(best, leave);
    }
    return best;
  }

 private:
  // Contacts before it have all ended by t.
  [[nodiscard]] std::uint32_t first_ending_from(const ContactGraph::Edge& edge, Duration t) const {
    return partition_near(edge.first, edge.last, hints_.ending[place(edge)],
                          [&](std::uint32_t i) { return graph_.end_so_far(i) < t; });
  }
  // It and all after it start later than t.
  [[nodiscard]] std::uint32_t first_starting_after(const ContactGraph::Edge& edge, Duration t) const {
    return partition_near(edge.first, edge.last, hints_.starting[place(edge)],
                          [&](std::uint32_t i) { return graph_.contacts()[i].start <= t; });
  }
  [[nodiscard]] std::size_t place(const ContactGraph::Edge& edge) const {
    return static_cast<std::size_t>(&edge - graph_.edges().data());
  }
  [[nodiscard]] Duration sending(const PlannedContact& contact) const {
    if (contact.rate != rate_) {  // plans have few
      rate_ = contact.rate;
      sending_ = transmission_time(bytes_, rate_);
    }
    return sending_;
  }
  [[nodiscard]] Duration busy_until(std::uint32_t contact) const { return state_.busy_until[contact]; }

  const ContactGraph& graph_;
  std::uint64_t bytes_;
  const PlanState& state_;
  Hints& hints_;
  mutable BitsPerSecond rate_{};  // of the contact asked about last
  mutable Duration sending_{};    // at that rate
};

RouteSearch::RouteSearch(const ContactGraph& graph)
    : graph_(&graph),
      hints_{std::vector<std::uint32_t>(graph.edges().size()),
             std::vector<std::uint32_t>(graph.edges().size())},
      arrivals_(graph.vertices(), kNever) {}

void RouteSearch::find_arrivals(const Transmission& transmission, const RouteQuery& query) {
  for (const Vertex vertex : touched_) arrivals_[vertex.value()] = kNever;
  touched_.clear();
  queue_.clear();
  const auto later = [](const Reached& a, const Reached& b) {
    return a.at != b.at ? a.at > b.at : a.vertex > b.vertex;
  };
  const auto reach = [&](Vertex vertex, Duration at) {
    Duration& known = arrivals_[vertex.value()];
    if (known == kNever) touched_.push_back(vertex);
    known = at;
    queue_.push_back({at, vertex});
    std::ranges::push_heap(queue_, later);
  };
  reach(query.from, query.at);
  const Duration& goal = arrivals_[query.to.value()];
  // From a relay reached later than this nothing arrives at the destination as early as is known already.
  const auto relay_limit = [&] {
    return goal == kNever ? kNever : goal - graph_->light_time_min() + Duration(1);
  };
  while (!queue_.empty()) {
    std::ranges::pop_heap(queue_, later);
    const Reached here = queue_.back();
    queue_.pop_back();
    if (here.at >= relay_limit()) break;
    if (here.at > arrivals_[here.vertex.value()]) continue;  // reached earlier since
    for (const ContactGraph::Edge& edge : graph_->edges_from(here.vertex)) {
      const Duration limit = edge.to == query.to ? goal : std::min(arrivals_[edge.to.value()], relay_limit());
      if (here.at + edge.light_time_min >= limit || !transmission.may_visit(edge.to)) continue;
      const auto crossing = transmission.earliest(edge, here.at, limit);
      if (crossing.arrival < limit) reach(edge.to, crossing.arrival);
    }
  }
}

// Whether the source is one hop before the layer: asked of its edges alone, which are fewer than those into
// all of the frontier.
bool RouteSearch::source_reaches(const Transmission& transmission, const RouteQuery& query, std::size_t layer,
                                 Duration end_min) const {
  return std::ranges::any_of(graph_->edges_from(query.from), [&](const ContactGraph::Edge& edge) {
    const Duration by = latest(layer, edge.to);
    return by != kNoTime && by - edge.light_time_min >= query.at &&
           transmission.latest(edge, by, end_min) >= query.at;
  });
}

std::optional<std::size_t> RouteSearch::find_layers(const Transmission& transmission, const RouteQuery& query,
                                                    Duration arrival, Duration end_min,
                                                    std::size_t hops_max) {
  const std::size_t width = graph_->vertices();
  layers_.assign(width, kNoTime);
  layers_[query.to.value()] = arrival;
  frontier_.assign(1, query.to);
  for (std::size_t hops = 1; hops <= hops_max && !frontier_.empty(); ++hops) {
    if (source_reaches(transmission, query, hops - 1, end_min)) return hops;
    layers_.resize((hops + 1) * width);
    const auto previous = layers_.begin() + static_cast<std::ptrdiff_t>((hops - 1) * width);
    const auto row = previous + static_cast<std::ptrdiff_t>(width);
    std::copy(previous, row, row);
    next_frontier_.clear();
    // Who has most time first: it mostly leaves the senders nothing to gain from the others.
    std::ranges::sort(frontier_, std::greater(), [&](Vertex each) { return previous[each.value()]; });
    for (const Vertex receiver : frontier_) {
      const Duration by = previous[receiver.value()];
      for (const std::uint32_t place : graph_->edges_to(receiver)) {
        const ContactGraph::Edge& edge = graph_->edges()[place];
        const Duration reached = arrivals_[edge.from.value()];
        Duration& known = row[edge.from.value()];
        // Not in time here, or nothing to gain.
        if (reached == kNever || by - edge.light_time_min < reached || by - edge.light_time_min <= known)
          continue;
        const Duration leave = transmission.latest(edge, by, end_min);
        if (leave < reached || leave <= known) continue;
        if (known == previous[edge.from.value()]) next_frontier_.push_back(edge.from);
        known = leave;
      }
    }
    frontier_.swap(next_frontier_);
  }
  return std::nullopt;
}

Route RouteSearch::follow_layers(const Transmission& transmission, const RouteQuery& query, std::size_t hops,
                                 Duration end_min) const {
  Route route;
  route.arrival = query.at;
  route.end = kNever;
  Vertex here = query.from;
  for (; hops > 0; --hops) {
    const Duration at = route.arrival;
    bool moved = false;
    for (const ContactGraph::Edge& edge : graph_->edges_from(here)) {
      const Duration by = latest(hops - 1, edge.to);
      if (by == kNoTime || at + edge.light_time_min > by) continue;
      const auto crossing = transmission.earliest(edge, at, kNever, end_min);
      if (crossing.arrival > by) continue;
      route.contacts.emplace_back(crossing.contact);
      route.arrival = crossing.arrival;
      route.end = std::min(route.end, graph_->contacts()[crossing.contact].end);
      here = edge.to;
      moved = true;
      break;
    }
    ENSURES(moved);
  }
  ENSURES(here == query.to);
  return route;
}

bool RouteSearch::can_be_asked(const RouteQuery& query) const {
  return query.from.value() < graph_->vertices() && query.to.value() < graph_->vertices() &&
         query.at >= -ContactGraph::kTimeMax && query.at <= ContactGraph::kTimeMax;
}

std::optional<Route> RouteSearch::best(const RouteQuery& query, const PlanState& state) {
  if (!can_be_asked(query)) return std::nullopt;
  if (query.from == query.to) return Route{query.at, ContactGraph::kTimeMax, {}};
  const Transmission transmission(*graph_, query, state, hints_);
  find_arrivals(transmission, query);
  const Duration arrival = arrivals_[query.to.value()];
  if (arrival == kNever) return std::nullopt;
  const auto hops = find_layers(transmission, query, arrival, kNoTime, graph_->vertices());
  ENSURES(hops.has_value());
  // Raise the end while as few hops still arrive as early. Of the routes with the last end that was possible
  // this is the first by its nodes: it is so among more.
  Route route = follow_layers(transmission, query, *hops, kNoTime);
  for (;;) {
    const Duration end_min = route.end + Duration(1);
    // The layers at hand, which are of earlier ends, have all that those of later ends could: mostly the
    // source is seen at once to have no such contact.
    if (!source_reaches(transmission, query, *hops - 1, end_min)) return route;
    if (!find_layers(transmission, query, arrival, end_min, *hops)) return route;
    route = follow_layers(transmission, query, *hops, end_min);
  }
}

std::optional<Duration> RouteSearch::earliest_arrival(const RouteQuery& query, const PlanState& state) {
  if (!can_be_asked(query)) return std::nullopt;
  find_arrivals(Transmission(*graph_, query, state, hints_), query);
  const Duration arrival = arrivals_[query.to.value()];
  return arrival == kNever ? std::nullopt : std::optional(arrival);
}

}  // namespace skywarden::network
