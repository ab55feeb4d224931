#include "network/connected_routes.h"

#include <algorithm>

#include "base/contract.h"

namespace skywarden::network {
namespace {

constexpr std::uint32_t kNoTree = std::numeric_limits<std::uint32_t>::max();
// A tree that missed more changes than this part of all directed links is grown afresh.
constexpr std::uint64_t kMendPart = 8;
constexpr std::size_t kChangesKeptMin = 1024;
constexpr double kLoadMax = 0.99;

constexpr auto kLater = [](const auto& a, const auto& b) {
  return a.key != b.key ? a.key > b.key : a.vertex > b.vertex;
};

}  // namespace

Result<bool> ConnectedRoutesOptions::validate() const {
  if (forwarding < Duration(0) || forwarding > ConnectedRoutes::kDelayMax)
    return fail(Errc::kOutOfRange, "forwarding: expected 0…3600 s, found {} s", to_seconds(forwarding));
  if (wait_step <= Duration(0))
    return fail(Errc::kOutOfRange, "wait step: expected more than 0 s, found {} s", to_seconds(wait_step));
  if (wait_max < Duration(0) || wait_max > ConnectedRoutes::kDelayMax)
    return fail(Errc::kOutOfRange, "greatest wait: expected 0…3600 s, found {} s", to_seconds(wait_max));
  return true;
}

Duration mean_wait(Fraction load, std::uint64_t packet_bytes, BitsPerSecond rate) {
  EXPECTS(rate.value() > 0.0);
  const double busy = std::clamp(load.value(), 0.0, kLoadMax);
  return from_seconds(busy / (1.0 - busy) * 8.0 * static_cast<double>(packet_bytes) / rate.value());
}

ConnectedRoutes::ConnectedRoutes(std::uint32_t vertices, const ConnectedRoutesOptions& options)
    : options_(options),
      neighbours_(vertices),
      relays_(vertices, 1),
      tree_of_(vertices, kNoTree),
      ahead_(vertices),
      ahead_round_(vertices, 0) {
  EXPECTS(vertices <= kVerticesMax);
  EXPECTS(options.validate().has_value());
}

ConnectedRoutes::Neighbour* ConnectedRoutes::find(std::uint32_t vertex, std::uint32_t neighbour) {
  auto& list = neighbours_[vertex];
  const auto at = std::ranges::lower_bound(list, neighbour, {}, &Neighbour::vertex);
  return at != list.end() && at->vertex == neighbour ? &*at : nullptr;
}

Duration ConnectedRoutes::length_of(const Neighbour& link) const {
  return link.delay + options_.forwarding + std::min(link.load.steps * options_.wait_step, options_.wait_max);
}

void ConnectedRoutes::note_change(std::uint32_t from, std::uint32_t to) {
  if (trees_.empty()) return;
  if (changes_.size() >= std::max(kChangesKeptMin, 2 * links_)) {  // no tree is mended by so many
    changes_forgotten_ += changes_.size();
    changes_.clear();
  }
  changes_.push_back({from, to});
}

// Both directions of a link know both lengths.
void ConnectedRoutes::set_lengths(std::uint32_t a, std::uint32_t b) {
  Neighbour& there = *find(a, b);
  Neighbour& back = *find(b, a);
  const Duration forth = length_of(there);
  const Duration home = length_of(back);
  if (there.there != forth) note_change(a, b);
  if (there.back != home) note_change(b, a);
  there.there = back.back = forth;
  there.back = back.there = home;
}

void ConnectedRoutes::set_link(Vertex a, Vertex b, Duration delay, BitsPerSecond rate) {
  EXPECTS(a.value() < vertices() && b.value() < vertices() && a != b);
  EXPECTS(delay >= Duration(0) && delay <= kDelayMax);
  EXPECTS(rate.value() > 0.0);
  const auto open = [&](std::uint32_t from, std::uint32_t to) {
    auto& list = neighbours_[from];
    auto at = std::ranges::lower_bound(list, to, {}, &Neighbour::vertex);
    const bool fresh = at == list.end() || at->vertex != to;
    // A length no link has makes the new one a change.
    if (fresh) at = list.insert(at, {to, Duration(-1), Duration(-1), {}, {}, {}});
    at->delay = delay;
    at->rate = rate;
    return fresh;
  };
  open(a.value(), b.value());
  if (open(b.value(), a.value())) ++links_;
  set_lengths(a.value(), b.value());
}

bool ConnectedRoutes::remove_link(Vertex a, Vertex b) {
  EXPECTS(a.value() < vertices() && b.value() < vertices());
  const auto close = [&](std::uint32_t from, std::uint32_t to) {
    const Neighbour* link = find(from, to);
    if (link == nullptr) return false;
    neighbours_[from].erase(neighbours_[from].begin() + (link - neighbours_[from].data()));
    note_change(from, to);
    return true;
  };
  if (!close(a.value(), b.value())) return false;
  close(b.value(), a.value());
  --links_;
  return true;
}

void ConnectedRoutes::set_relay(Vertex vertex, bool relays) {
  EXPECTS(vertex.value() < vertices());
  if ((relays_[vertex.value()] != 0) == relays) return;
  relays_[vertex.value()] = relays ? 1 : 0;
  for (const Neighbour& link : neighbours_[vertex.value()]) note_change(vertex.value(), link.vertex);
}

// A link counts one step longer when its wait has grown to the next step, and shorter when it fell half a
// step below its own.
bool ConnectedRoutes::set_load(Vertex from, Vertex to, Duration wait) {
  EXPECTS(from.value() < vertices() && to.value() < vertices());
  EXPECTS(wait >= Duration(0));
  Neighbour* link = find(from.value(), to.value());
  if (link == nullptr) return false;
  Load& load = link->load;
  // Past the greatest wait more of it says nothing, and would take long to be forgotten.
  load.wait = (load.wait + std::min(wait, 2 * options_.wait_max)) / 2;
  const Duration step = options_.wait_step;
  if (load.wait >= (load.steps + 1) * step)
    load.steps = load.wait / step;
  else if (2 * load.wait < (2 * load.steps - 1) * step)
    load.steps = (load.wait + step / 2) / step;
  const Duration before = link->there;
  set_lengths(from.value(), to.value());
  return link->there != before;
}

ConnectedRoutes::Tree& ConnectedRoutes::tree_from(std::uint32_t source) {
  if (tree_of_[source] == kNoTree) {
    make_room();
    tree_of_[source] = static_cast<std::uint32_t>(trees_.size());
    trees_.push_back({source, std::vector<Length>(vertices()), 0, 0});
    grow(trees_.back());
  }
  Tree& tree = trees_[tree_of_[source]];
  tree.asked = ++questions_;
  const std::uint64_t latest = changes_forgotten_ + changes_.size();
  if (tree.as_of == latest) return tree;
  const bool few = (latest - tree.as_of) * kMendPart <= 2 * links_;
  if (tree.as_of >= changes_forgotten_ && few)
    mend(tree);
  else
    grow(tree);
  return tree;
}

void ConnectedRoutes::make_room() {
  if (trees_.empty() || (trees_.size() + 1) * neighbours_.size() <= kLengthsMax) return;
  const auto oldest = std::ranges::min_element(trees_, {}, &Tree::asked);
  tree_of_[oldest->source] = kNoTree;
  if (&*oldest != &trees_.back()) {
    *oldest = std::move(trees_.back());
    tree_of_[oldest->source] = static_cast<std::uint32_t>(oldest - trees_.begin());
  }
  trees_.pop_back();
}

ConnectedRoutes::Length& ConnectedRoutes::ahead(const Tree& tree, std::uint32_t vertex) {
  if (ahead_round_[vertex] != round_) {
    ahead_round_[vertex] = round_;
    ahead_[vertex] = tree.lengths[vertex];
  }
  return ahead_[vertex];
}

void ConnectedRoutes::put(const Tree& tree, std::uint32_t vertex) {
  const Length next = ahead(tree, vertex);
  if (next == tree.lengths[vertex]) return;
  queue_.push_back({std::min(next, tree.lengths[vertex]), vertex});
  std::ranges::push_heap(queue_, kLater);
}

ConnectedRoutes::Length ConnectedRoutes::best_by_neighbours(const Tree& tree, std::uint32_t vertex) const {
  if (vertex == tree.source) return {0, 0};
  Length best;
  for (const Neighbour& link : neighbours_[vertex])
    if (leads_on(tree, link.vertex)) best = std::min(best, tree.lengths[link.vertex].plus(link.back));
  return best;
}

void ConnectedRoutes::grow(Tree& tree) {
  ++work_.grown;
  ++round_;
  std::ranges::fill(tree.lengths, Length{});
  ahead(tree, tree.source) = {0, 0};
  put(tree, tree.source);
  settle_all(tree);
}

void ConnectedRoutes::mend(Tree& tree) {
  ++work_.mended;
  ++round_;
  for (std::size_t i = tree.as_of - changes_forgotten_; i < changes_.size(); ++i) {
    const std::uint32_t vertex = changes_[i].to;
    ahead(tree, vertex) = best_by_neighbours(tree, vertex);
    put(tree, vertex);
  }
  settle_all(tree);
}

// Takes vertices by the smaller of the length they have and the one their neighbours give: no vertex settled
// can become shorter by one settled later.
void ConnectedRoutes::settle_all(Tree& tree) {
  while (!queue_.empty()) {
    const auto [key, vertex] = queue_.front();
    std::ranges::pop_heap(queue_, kLater);
    queue_.pop_back();
    const Length next = ahead(tree, vertex);
    Length& length = tree.lengths[vertex];
    if (next == length || key != std::min(next, length)) continue;  // stale
    ++work_.settled;
    if (next > length) {
      settle_longer(tree, vertex);
      continue;
    }
    length = next;
    if (!leads_on(tree, vertex)) continue;
    for (const Neighbour& link : neighbours_[vertex]) {
      const Length offered = next.plus(link.there);
      Length& theirs = ahead(tree, link.vertex);
      if (offered >= theirs) continue;
      theirs = offered;
      put(tree, link.vertex);
    }
  }
  tree.as_of = changes_forgotten_ + changes_.size();
}

// The old length is gone; who was reached through it asks its neighbours again.
void ConnectedRoutes::settle_longer(Tree& tree, std::uint32_t vertex) {
  const Length before = tree.lengths[vertex];
  tree.lengths[vertex] = {};
  put(tree, vertex);
  if (!leads_on(tree, vertex)) return;
  for (const Neighbour& link : neighbours_[vertex]) {
    Length& theirs = ahead(tree, link.vertex);
    if (theirs != before.plus(link.there)) continue;
    theirs = best_by_neighbours(tree, link.vertex);
    put(tree, link.vertex);
  }
}

const ConnectedRoutes::Neighbour& ConnectedRoutes::step_towards_source(const Tree& tree,
                                                                       std::uint32_t vertex) const {
  const auto& list = neighbours_[vertex];
  const auto at = std::ranges::find_if(list, [&](const Neighbour& link) {
    return leads_on(tree, link.vertex) && tree.lengths[link.vertex].plus(link.back) == tree.lengths[vertex];
  });
  ENSURES(at != list.end());
  return *at;
}

std::optional<ConnectedPath> ConnectedRoutes::path(Vertex from, Vertex to) {
  EXPECTS(from.value() < vertices() && to.value() < vertices());
  const Tree& tree = tree_from(from.value());
  const Length length = tree.lengths[to.value()];
  if (!length.is_finite()) return std::nullopt;
  ConnectedPath path;
  path.rate = BitsPerSecond(std::numeric_limits<double>::infinity());
  path.vertices.resize(static_cast<std::size_t>(length.hops) + 1);
  std::uint32_t here = to.value();
  for (std::size_t i = path.vertices.size(); --i > 0;) {
    path.vertices[i] = Vertex(here);
    const Neighbour& link = step_towards_source(tree, here);
    path.delay += link.delay + options_.forwarding;
    path.rate = std::min(path.rate, link.rate);
    here = link.vertex;
  }
  path.vertices[0] = from;
  path.wait = Duration(length.nanoseconds) - path.delay;
  return path;
}

}  // namespace skywarden::network
