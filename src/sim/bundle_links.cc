#include "sim/bundle_links.h"

#include <algorithm>
#include <functional>
#include <numeric>

#include "base/contract.h"
#include "network/bundle_decode.h"
#include "network/bundle_encode.h"

namespace skywarden::sim {
namespace {

using network::Forwarder;
using network::PlannedContact;
using network::Vertex;

std::map<NodeId, Vertex> index(const std::vector<NodeId>& nodes) {
  std::map<NodeId, Vertex> out;
  for (std::uint32_t i = 0; i < nodes.size(); ++i) out.emplace(nodes[i], Vertex(i));
  return out;
}

// Windows that opened before the start are in progress then.
std::unique_ptr<const network::ContactGraph> planned_contacts(const std::map<NodeId, Vertex>& vertices,
                                                              std::span<const network::ContactWindow> windows,
                                                              Instant start) {
  std::vector<PlannedContact> contacts;
  contacts.reserve(2 * windows.size());
  for (const network::ContactWindow& window : windows) {
    const auto a = vertices.find(window.a);
    const auto b = vertices.find(window.b);
    if (a == vertices.end() || b == vertices.end() || window.contact.end <= start) continue;
    PlannedContact contact{a->second,
                           b->second,
                           std::max(window.contact.start - start, Duration::zero()),
                           window.contact.end - start,
                           window.contact.delay,
                           window.contact.rate};
    contacts.push_back(contact);
    std::swap(contact.from, contact.to);
    contacts.push_back(contact);
  }
  auto graph = network::ContactGraph::make(static_cast<std::uint32_t>(vertices.size()), std::move(contacts));
  ENSURES(graph.has_value());
  return std::make_unique<const network::ContactGraph>(std::move(*graph));
}

std::vector<std::byte> bundle_of(NodeId from, NodeId to, std::span<const std::byte> message,
                                 const node::Carriage& carriage, Instant now, std::uint64_t sequence) {
  network::Bundle bundle;
  bundle.primary.source = network::EndpointId::ipn(from.value(), 1);
  bundle.primary.destination = network::EndpointId::ipn(to.value(), 1);
  bundle.primary.created = {network::to_dtn_time(now), sequence};
  bundle.primary.lifetime_ms = static_cast<std::uint64_t>(carriage.lifetime / std::chrono::milliseconds(1));
  bundle.blocks.push_back(network::criticality_block(2, carriage.criticality));
  bundle.blocks.push_back(network::payload_block(message));
  return network::encode_bundle(bundle).value();
}

}  // namespace

std::string_view to_string(HopReason reason) {
  switch (reason) {
    case HopReason::kDestination:
      return "destination";
    case HopReason::kRoute:
      return "route";
    case HopReason::kCopy:
      return "copy";
  }
  return "unknown";
}

BundleCounts& BundleCounts::operator+=(const BundleCounts& other) {
  offered += other.offered;
  repeated += other.repeated;
  hopeless += other.hopeless;
  delivered += other.delivered;
  dropped += other.dropped;
  sends += other.sends;
  return *this;
}

BundleLinks::BundleLinks(std::vector<NodeId> nodes, std::span<const network::ContactWindow> windows,
                         BundleOptions options, Channels& channels, Random random, Instant start)
    : nodes_(std::move(nodes)),
      vertices_(index(nodes_)),
      plan_(planned_contacts(vertices_, windows, start)),
      options_(options),
      channels_(&channels),
      random_(random),
      start_(start),
      search_(*plan_),
      arrives_after_(nodes_.size() * nodes_.size(), Duration::min()),
      machines_(nodes_.size()),
      by_start_(plan_->contacts().size()) {
  options_.forwarder.epoch = start;
  for (std::uint32_t v = 0; v < nodes_.size(); ++v) {
    machines_[v].forwarder = std::make_unique<Forwarder>(*plan_, Vertex(v), options_.forwarder);
    reschedule(Vertex(v));
  }
  std::iota(by_start_.begin(), by_start_.end(), 0U);
  std::ranges::sort(by_start_, {}, [&](std::uint32_t i) { return std::pair(planned(i).start, i); });
}

std::optional<Vertex> BundleLinks::vertex_of(NodeId node) const {
  const auto found = vertices_.find(node);
  return found == vertices_.end() ? std::nullopt : std::optional(found->second);
}

// ---- from and to the nodes

bool BundleLinks::repeats(Machine& machine, NodeId to, std::uint64_t subject, Instant now) const {
  if (machine.under_way.size() >= options_.under_way_max)
    std::erase_if(machine.under_way, [&](const auto& each) { return each.second.over(now); });
  if (machine.under_way.size() >= options_.under_way_max) machine.under_way.clear();
  const auto found = machine.under_way.find({to, subject});
  return found != machine.under_way.end() && !found->second.over(now);
}

// The source has given it away; the same may be sent again when this one could have been answered.
void BundleLinks::taken_over(const Origin& origin, Vertex by, std::uint64_t bytes) {
  Machine& machine = machines_[vertices_.at(origin.from).value()];
  const auto found = machine.under_way.find({origin.to, origin.subject});
  if (found == machine.under_way.end()) return;
  const auto arrival = machines_[by.value()].forwarder->expected_arrival(vertices_.at(origin.to), bytes,
                                                                         origin.criticality, now_);
  const Duration there = arrival ? *arrival - now_ : Duration::zero();
  found->second.here = false;
  const Instant now = instant(now_);
  found->second.answer_by = now + std::max(2 * there + options_.reply_margin, now - found->second.first);
}

// Whoever starts later arrives no earlier: most answers need no search. The plan decides, not what the source
// makes of contacts that failed: they may come back.
bool BundleLinks::arrives_within(Vertex from, Vertex to, std::uint64_t bytes,
                                 const node::Carriage& carriage) {
  const Duration by = now_ + carriage.lifetime;
  Duration& after = arrives_after_[from.value() * nodes_.size() + to.value()];
  if (after > by) return false;
  const auto known = machines_[from.value()].forwarder->known_arrival(to, bytes, carriage.criticality, now_);
  if (known && *known <= by) return true;
  after = search_.earliest_arrival({from, to, now_, 0}).value_or(Duration::max());
  if (after > by) return false;
  const auto arrival = search_.earliest_arrival({from, to, now_, bytes});
  return arrival && *arrival <= by;
}

std::optional<Instant> BundleLinks::arrival(NodeId from, NodeId to, Instant t) const {
  const auto source = vertex_of(from);
  const auto destination = vertex_of(to);
  if (!source || !destination) return std::nullopt;
  const auto found = search_.earliest_arrival({*source, *destination, std::max(t - start_, Duration()), 0});
  return found ? std::optional(instant(*found)) : std::nullopt;
}

bool BundleLinks::offer(NodeId from, NodeId to, std::span<const std::byte> message,
                        const node::Carriage& carriage, Instant now) {
  const auto source = vertex_of(from);
  const auto destination = vertex_of(to);
  if (!source || !destination) return false;
  now_ = now - start_;
  Machine& machine = machines_[source->value()];
  EXPECTS(machine.up);
  if (repeats(machine, to, carriage.subject, now)) {
    ++counts_.repeated;
    return false;
  }
  if (!arrives_within(*source, *destination, message.size(), carriage)) {
    ++counts_.hopeless;
    return false;
  }
  const std::uint64_t sequence = next_bundle_++;
  origins_.emplace(
      sequence, Origin{from, to, carriage.subject, now, now + carriage.lifetime, carriage.criticality, {}});
  forget_expired();
  network::Acceptance acceptance{};
  act(*source, [&](Forwarder& forwarder, network::Effects& effects) {
    acceptance = forwarder.accept(bundle_of(from, to, message, carriage, now, sequence),
                                  {*destination, {}, 0}, now_, effects);
  });
  if (acceptance != network::Acceptance::kKept) {
    ++counts_.hopeless;
    return false;
  }
  UnderWay& under_way = machine.under_way.try_emplace({to, carriage.subject}, UnderWay{now}).first->second;
  under_way = {under_way.first, true, {}, now + carriage.lifetime};
  ++counts_.offered;
  return true;
}

// What has expired cannot be delivered any more. Looked for when their number has doubled.
void BundleLinks::forget_expired() {
  if (origins_.size() < 2 * origins_checked_ + 1024) return;
  std::erase_if(origins_, [&](const auto& each) { return each.second.expires < instant(now_); });
  origins_checked_ = origins_.size();
}

Delivery BundleLinks::delivery(std::uint64_t bundle, std::vector<BundleHop> hops,
                               std::span<const std::byte> bytes) const {
  const Origin& origin = origins_.at(bundle);
  const auto view = network::decode_bundle(bytes);
  ENSURES(view.has_value());
  const auto payload = view->payload().data;
  return {origin.from,
          origin.to,
          origin.offered,
          instant(now_),
          origin.criticality,
          std::move(hops),
          {payload.begin(), payload.end()}};
}

BundleLinks::Stored BundleLinks::stored(NodeId node) const {
  const auto vertex = vertex_of(node);
  if (!vertex) return {};
  const network::BundleStore& store = machines_[vertex->value()].forwarder->store();
  return {store.count(), store.bytes()};
}

// ---- time

Instant BundleLinks::next_event() const {
  Duration next = Duration::max();
  if (!events_.empty()) next = events_.top().at;
  if (next_start_ < by_start_.size()) next = std::min(next, planned(by_start_[next_start_]).start);
  return next == Duration::max() ? Instant::max() : instant(next);
}

std::vector<Delivery> BundleLinks::play(Instant now, const Cuts& cuts) {
  std::vector<Delivery> delivered;
  const Duration until = now - start_;
  while (next_event() <= now) {
    const Duration start =
        next_start_ < by_start_.size() ? planned(by_start_[next_start_]).start : Duration::max();
    if (events_.empty() || start < events_.top().at) {
      now_ = std::max(now_, start);
      open_windows(cuts);
      continue;
    }
    const Event event = events_.top();
    events_.pop();
    now_ = std::max(now_, event.at);
    handle(event, delivered);
  }
  now_ = std::max(now_, until);
  return delivered;
}

// Those that start now.
void BundleLinks::open_windows(const Cuts& cuts) {
  for (; next_start_ < by_start_.size() && planned(by_start_[next_start_]).start <= now_; ++next_start_) {
    const std::uint32_t contact = by_start_[next_start_];
    in_window_.insert(contact);
    add(planned(contact).end, Kind::kDown, contact);
    if (cuts.open(node_of(planned(contact).from), node_of(planned(contact).to))) set_link(contact, true);
  }
}

void BundleLinks::follow(const Cuts& cuts, Instant now) {
  now_ = std::max(now_, now - start_);
  for (const std::uint32_t contact : in_window_)
    set_link(contact, cuts.open(node_of(planned(contact).from), node_of(planned(contact).to)));
}

void BundleLinks::set_link(std::uint32_t contact, bool up) {
  Radio& radio = radios_[contact];
  if (radio.up == up) return;
  flights_.erase(radio.sending);
  flights_.erase(radio.suspended);
  radio = {up, 0, 0, 0};
  const Vertex from = planned(contact).from;
  if (!machines_[from.value()].up) return;
  act(from, [&](Forwarder& forwarder, network::Effects& effects) {
    if (up)
      forwarder.link_up(PlannedContactId(contact), now_, effects);
    else
      forwarder.link_down(PlannedContactId(contact), now_, effects);
  });
}

void BundleLinks::crash(NodeId node) {
  const auto vertex = vertex_of(node);
  if (!vertex) return;
  Machine& machine = machines_[vertex->value()];
  machine.up = false;
  ++machine.life;
  machine.wake = Duration::max();
  machine.under_way.clear();
}

// What it had in custody is still there; it begins anew to look for ways.
void BundleLinks::restart(NodeId node, Instant now) {
  const auto vertex = vertex_of(node);
  if (!vertex || machines_[vertex->value()].up) return;
  now_ = std::max(now_, now - start_);
  Machine& machine = machines_[vertex->value()];
  network::ForwarderOptions options = options_.forwarder;
  options.born = now_;
  const auto before = std::exchange(machine.forwarder, std::make_unique<Forwarder>(*plan_, *vertex, options));
  machine.up = true;
  for (const std::uint64_t slot : before->store().by_urgency(before->store().count())) {
    network::Passage passage = *before->passage(slot);
    passage.visited.pop_back();  // itself
    act(*vertex, [&](Forwarder& forwarder, network::Effects& effects) {
      (void)forwarder.accept(before->store().find(slot)->bytes, std::move(passage), now_, effects);
    });
  }
}

// ---- events

void BundleLinks::add(Duration at, Kind kind, std::uint32_t subject, std::uint64_t flight,
                      network::Answer answer) {
  events_.push({at, kind, ++serial_, subject, flight, answer});
}

void BundleLinks::handle(const Event& event, std::vector<Delivery>& delivered) {
  switch (event.kind) {
    case Kind::kSent:
      return sent(event);
    case Kind::kArrive:
      return arrive(event.flight, delivered);
    case Kind::kAnswer:
      return answered(event);
    case Kind::kDown:
      set_link(event.subject, false);
      in_window_.erase(event.subject);
      radios_.erase(event.subject);
      return;
    case Kind::kWake: {
      Machine& machine = machines_[event.subject];
      if (machine.wake != event.at) return;
      machine.wake = Duration::max();
      act(Vertex(event.subject),
          [&](Forwarder& forwarder, network::Effects& effects) { forwarder.tick(now_, effects); });
    }
  }
}

void BundleLinks::sent(const Event& event) {
  const auto radio = radios_.find(event.subject);
  if (radio == radios_.end() || radio->second.token != event.flight) return;  // interrupted, or it has ended
  const std::uint64_t flight = radio->second.sending;
  radio->second.token = radio->second.sending = 0;
  const PlannedContact& contact = planned(event.subject);
  if (channels_->lost(node_of(contact.from), node_of(contact.to), random_, instant(now_)))
    flights_.erase(flight);
  else
    add(now_ + contact.light_time, Kind::kArrive, event.subject, flight);
  act(contact.from, [&](Forwarder& forwarder, network::Effects& effects) {
    forwarder.sent(PlannedContactId(event.subject), now_, effects);
  });
}

void BundleLinks::arrive(std::uint64_t id, std::vector<Delivery>& delivered) {
  const auto node = flights_.extract(id);
  if (node.empty()) return;
  Flight& flight = node.mapped();
  const PlannedContact& contact = plan_->contact(flight.contact);
  if (flight.bundle == 0) {
    if (!machines_[contact.to.value()].up) return;
    act(contact.to, [&](Forwarder& forwarder, network::Effects& effects) {
      forwarder.hear(contact.from, flight.bytes, now_, effects);
    });
    return answer(id, std::move(flight), network::Answer::kTaken);
  }
  const auto origin = origins_.find(flight.bundle);
  if (!machines_[contact.to.value()].up || origin == origins_.end()) return;
  network::Acceptance acceptance{};
  act(contact.to, [&](Forwarder& forwarder, network::Effects& effects) {
    acceptance = forwarder.accept(flight.bytes, flight.passage, now_, effects);
  });
  if (acceptance == network::Acceptance::kKept || acceptance == network::Acceptance::kDelivered) {
    Origin& from = origin->second;
    std::vector<BundleHop> hops = from.ways[contact.from];
    BundleHop hop{
        node_of(contact.from),  node_of(contact.to),  hops.empty() ? from.offered : hops.back().arrived,
        instant(contact.start), instant(contact.end), instant(flight.begun),
        instant(now_),          HopReason::kRoute};
    if (hop.to == from.to)
      hop.reason = HopReason::kDestination;
    else if (from.criticality == network::BundleCriticality::kCritical)
      hop.reason = HopReason::kCopy;
    hops.push_back(hop);
    if (hop.from == from.from) taken_over(from, contact.to, flight.bytes.size());
    if (acceptance == network::Acceptance::kDelivered) {
      ++counts_.delivered;
      delivered.push_back(delivery(flight.bundle, std::move(hops), flight.bytes));
    } else {
      from.ways[contact.to] = std::move(hops);
    }
  }
  answer(id, std::move(flight), network::answer_of(acceptance));
}

void BundleLinks::answer(std::uint64_t id, Flight flight, network::Answer answer) {
  const PlannedContactId contact = flight.contact;
  if (channels_->lost(node_of(planned(contact.value()).to), node_of(planned(contact.value()).from), random_,
                      instant(now_)))
    return;
  flight.bytes.clear();
  flights_.emplace(id, std::move(flight));
  add(now_ + planned(contact.value()).light_time, Kind::kAnswer, contact.value(), id, answer);
}

void BundleLinks::answered(const Event& event) {
  const auto flight = flights_.extract(event.flight);
  const Vertex from = planned(event.subject).from;
  if (flight.empty() || flight.mapped().life != machines_[from.value()].life) return;
  act(from, [&](Forwarder& forwarder, network::Effects& effects) {
    if (flight.mapped().bundle == 0) return forwarder.heard(PlannedContactId(event.subject), now_, effects);
    forwarder.answered(PlannedContactId(event.subject), flight.mapped().slot, event.answer, now_, effects);
  });
}

template <typename Action>
void BundleLinks::act(Vertex vertex, const Action& action) {
  Machine& machine = machines_[vertex.value()];
  if (!machine.up) return;
  network::Effects effects;
  action(*machine.forwarder, effects);
  for (const network::Effect& effect : effects)
    std::visit([&](const auto& each) { apply(*machine.forwarder, each); }, effect);
  reschedule(vertex);
}

void BundleLinks::reschedule(Vertex vertex) {
  Machine& machine = machines_[vertex.value()];
  const Duration at = std::max(machine.forwarder->wake_at(), now_);
  if (at >= machine.wake) return;
  machine.wake = at;
  add(at, Kind::kWake, vertex.value());
}

void BundleLinks::apply(Forwarder& node, const network::Send& send) {
  Radio& radio = radios_.at(send.contact.value());
  ENSURES(radio.up && radio.token == 0);
  if (send.resumed) {
    radio.sending = std::exchange(radio.suspended, 0);
  } else {
    const network::StoredBundle* bundle = node.store().find(send.slot);
    ENSURES(bundle != nullptr);
    radio.sending = ++serial_;
    flights_.emplace(
        radio.sending,
        Flight{send.contact, send.slot, machines_[planned(send.contact.value()).from.value()].life,
               bundle->id.created.sequence, bundle->bytes, *node.passage(send.slot), now_});
    ++counts_.sends;
  }
  radio.token = ++serial_;
  add(now_ + send.takes, Kind::kSent, send.contact.value(), radio.token);
}

void BundleLinks::apply(Forwarder&, const network::Tell& tell) {
  Radio& radio = radios_.at(tell.contact.value());
  ENSURES(radio.up && radio.token == 0);
  radio.sending = ++serial_;
  flights_.emplace(radio.sending, Flight{tell.contact,
                                         0,
                                         machines_[planned(tell.contact.value()).from.value()].life,
                                         0,
                                         tell.news,
                                         {},
                                         now_});
  radio.token = ++serial_;
  add(now_ + tell.takes, Kind::kSent, tell.contact.value(), radio.token);
}

void BundleLinks::apply(Forwarder&, const network::Suspend& suspend) {
  Radio& radio = radios_.at(suspend.contact.value());
  radio.token = 0;
  flights_.erase(radio.suspended);  // given up, its rest did not fit
  radio.suspended = std::exchange(radio.sending, 0);
}

void BundleLinks::apply(Forwarder&, const network::Abort& abort) {
  Radio& radio = radios_.at(abort.contact.value());
  flights_.erase(radio.sending);
  radio.token = radio.sending = 0;
}

void BundleLinks::apply(Forwarder&, const network::Drop&) {
  ++counts_.dropped;
}

}  // namespace skywarden::sim
