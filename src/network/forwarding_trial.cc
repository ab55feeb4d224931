#include "network/forwarding_trial.h"

#include <algorithm>
#include <map>
#include <queue>
#include <tuple>

#include "base/contract.h"
#include "base/hash.h"
#include "base/random.h"
#include "network/bundle_encode.h"

namespace skywarden::network {
namespace {

// In the order in which those of one moment happen: what ends before what begins.
enum class Kind : std::uint8_t { kSent, kArrive, kAnswer, kDown, kUp, kOffer, kWake, kSample };

struct Event {
  Duration at{};
  Kind kind = Kind::kOffer;
  std::uint64_t serial = 0;
  std::uint32_t subject = 0;  // node or contact
  std::uint64_t flight = 0;   // or place in `offered`
  Answer answer = Answer::kTaken;

  friend bool operator>(const Event& a, const Event& b) {
    return std::tie(a.at, a.kind, a.serial) > std::tie(b.at, b.kind, b.serial);
  }
};

struct Flight {
  PlannedContactId contact;
  std::uint64_t slot = 0;
  std::vector<std::byte> bytes;
  Passage passage;
  std::uint64_t sequence = 0;  // 0: news
  BundleCriticality criticality = BundleCriticality::kNormal;
};

class Trial {
 public:
  explicit Trial(const TrialSetup& setup) : setup_(setup), plan_(*setup.plan), random_(setup.seed) {
    for (std::uint32_t v = 0; v < plan_.vertices(); ++v) {
      nodes_.emplace_back(plan_, Vertex(v), setup.options);
      wakes_.push_back(Duration::max());
    }
    radios_.resize(plan_.contacts().size());
    outcome_.delivered.assign(setup.offered.size(), kNotDelivered);
  }

  TrialOutcome run() {
    for (std::uint32_t i = 0; i < plan_.contacts().size(); ++i) {
      if (setup_.fails[i] != 0) continue;
      add(plan_.contacts()[i].start, Kind::kUp, i);
      add(plan_.contacts()[i].end, Kind::kDown, i);
    }
    if (!setup_.offered.empty()) add(setup_.offered[0].created, Kind::kOffer, 0, 0);
    for (std::uint32_t v = 0; v < plan_.vertices(); ++v) reschedule(v);
    if (setup_.sample) add(setup_.sample_every, Kind::kSample, 0);
    while (!events_.empty() && events_.top().at <= setup_.end) {
      const Event event = events_.top();
      events_.pop();
      now_ = event.at;
      handle(event);
    }
    outcome_.trace_hash = hash_.value();
    return std::move(outcome_);
  }

 private:
  struct Radio {
    std::uint64_t token = 0;                   // of the end of what it sends; 0 for nothing
    std::uint64_t sending = 0, suspended = 0;  // flights
  };

  void add(Duration at, Kind kind, std::uint32_t subject, std::uint64_t flight = 0,
           Answer answer = Answer::kTaken) {
    events_.push({at, kind, ++serial_, subject, flight, answer});
  }

  void handle(const Event& event) {
    const PlannedContactId contact(event.subject);
    switch (event.kind) {
      case Kind::kSent:
        return sent(event);
      case Kind::kArrive:
        return arrive(event.flight);
      case Kind::kAnswer: {
        auto flight = flights_.extract(event.flight);
        return act(plan_.contact(contact).from, [&](Forwarder& node, Effects& effects) {
          if (flight.mapped().sequence == 0) return node.heard(contact, now_, effects);
          node.answered(contact, flight.mapped().slot, event.answer, now_, effects);
        });
      }
      case Kind::kDown:
        return down(contact);
      case Kind::kUp:
        return act(plan_.contact(contact).from,
                   [&](Forwarder& node, Effects& effects) { node.link_up(contact, now_, effects); });
      case Kind::kOffer:
        return offer(event.flight);
      case Kind::kWake:
        if (wakes_[event.subject] != event.at) return;
        wakes_[event.subject] = Duration::max();
        return act(Vertex(event.subject),
                   [&](Forwarder& node, Effects& effects) { node.tick(now_, effects); });
      case Kind::kSample:
        return sample();
    }
  }

  void sample() {
    TrialHoldings all;
    for (const Forwarder& node : nodes_) {
      const Forwarder::Holdings each = node.holdings();
      all.stored_bytes += node.store().bytes();
      all.stored += node.store().count();
      all.known += each.known;
      all.arrivals += each.arrivals;
      all.booked += each.booked;
    }
    setup_.sample(now_, all);
    add(now_ + setup_.sample_every, Kind::kSample, 0);
  }

  void offer(std::uint64_t place) {
    const OfferedBundle& offered = setup_.offered[place];
    if (place + 1 < setup_.offered.size()) add(setup_.offered[place + 1].created, Kind::kOffer, 0, place + 1);
    accept(offered.from, trial_bundle(offered, place + 1, setup_.options.epoch), {offered.to, {}, 0},
           place + 1);
  }

  void sent(const Event& event) {
    Radio& radio = radios_[event.subject];
    if (radio.token != event.flight) return;  // interrupted, or the contact has ended
    const std::uint64_t flight = radio.sending;
    radio.token = radio.sending = 0;
    const PlannedContact& contact = plan_.contacts()[event.subject];
    if (random_.chance(setup_.loss)) {
      ++outcome_.lost;
      flights_.erase(flight);
    } else {
      add(now_ + contact.light_time, Kind::kArrive, event.subject, flight);
    }
    act(contact.from, [&](Forwarder& node, Effects& effects) {
      node.sent(PlannedContactId(event.subject), now_, effects);
    });
  }

  void arrive(std::uint64_t id) {
    Flight& flight = flights_.at(id);
    const PlannedContact& contact = plan_.contact(flight.contact);
    Acceptance acceptance = Acceptance::kDuplicate;  // of news
    if (flight.sequence == 0)
      act(contact.to,
          [&](Forwarder& node, Effects& effects) { node.hear(contact.from, flight.bytes, now_, effects); });
    else
      acceptance = accept(contact.to, std::move(flight.bytes), std::move(flight.passage), flight.sequence);
    if (random_.chance(setup_.loss)) {
      flights_.erase(id);
      return;
    }
    add(now_ + contact.light_time, Kind::kAnswer, flight.contact.value(), id, answer_of(acceptance));
  }

  void down(PlannedContactId contact) {
    Radio& radio = radios_[contact.value()];
    flights_.erase(radio.sending);
    flights_.erase(radio.suspended);
    radio = {};
    act(plan_.contact(contact).from,
        [&](Forwarder& node, Effects& effects) { node.link_down(contact, now_, effects); });
  }

  Acceptance accept(Vertex vertex, std::vector<std::byte> bytes, Passage passage, std::uint64_t sequence) {
    const std::uint32_t failures = passage.failures;
    const OfferedBundle& offered = setup_.offered[sequence - 1];
    Acceptance acceptance{};
    act(vertex, [&](Forwarder& node, Effects& effects) {
      acceptance = node.accept(std::move(bytes), std::move(passage), now_, effects);
    });
    trace({1, vertex.value(), sequence, static_cast<std::uint64_t>(acceptance)});
    if (acceptance == Acceptance::kDuplicate || acceptance == Acceptance::kArrived) ++outcome_.duplicates;
    if (acceptance == Acceptance::kRefused) ++outcome_.refused[static_cast<std::size_t>(offered.criticality)];
    if (acceptance == Acceptance::kDelivered) {
      Duration& delivered = outcome_.delivered[sequence - 1];
      if (delivered != kNotDelivered) ++outcome_.delivered_again;
      delivered = std::min(delivered, now_);
    }
    if (acceptance == Acceptance::kKept && setup_.check_visits) {
      const auto [visit, fresh] = visits_.try_emplace({sequence, vertex}, failures);
      if (!fresh && visit->second >= failures) ++outcome_.visited_again;
      visit->second = failures;
    }
    return acceptance;
  }

  template <typename Action>
  void act(Vertex vertex, const Action& action) {
    Effects effects;
    Forwarder& node = nodes_[vertex.value()];
    action(node, effects);
    for (const Effect& effect : effects) std::visit([&](const auto& e) { apply(node, e); }, effect);
    outcome_.store_bytes_peak = std::max(outcome_.store_bytes_peak, node.store().bytes());
    reschedule(vertex.value());
  }

  void reschedule(std::uint32_t vertex) {
    const Duration at = std::max(nodes_[vertex].wake_at(), now_);
    if (at >= wakes_[vertex]) return;
    wakes_[vertex] = at;
    add(at, Kind::kWake, vertex);
  }

  void apply(Forwarder& node, const Send& send) {
    Radio& radio = radios_[send.contact.value()];
    ENSURES(radio.token == 0);
    if (send.resumed) {
      radio.sending = std::exchange(radio.suspended, 0);
    } else {
      const StoredBundle* bundle = node.store().find(send.slot);
      ENSURES(bundle != nullptr);
      radio.sending = ++serial_;
      flights_.emplace(radio.sending, Flight{send.contact, send.slot, bundle->bytes, *node.passage(send.slot),
                                             bundle->id.created.sequence, bundle->criticality});
      ++outcome_.sends;
      outcome_.bytes_sent += bundle->bytes.size();
      if (bundle->criticality == BundleCriticality::kCritical)
        outcome_.critical_bytes_sent += bundle->bytes.size();
    }
    ENSURES(now_ + send.takes <= plan_.contact(send.contact).end);
    radio.token = ++serial_;
    add(now_ + send.takes, Kind::kSent, send.contact.value(), radio.token);
    trace({2, send.contact.value(), send.slot, static_cast<std::uint64_t>(now_.count())});
  }
  void apply(Forwarder&, const Tell& tell) {
    Radio& radio = radios_[tell.contact.value()];
    ENSURES(radio.token == 0 && now_ + tell.takes <= plan_.contact(tell.contact).end);
    radio.sending = ++serial_;
    flights_.emplace(radio.sending, Flight{tell.contact, 0, tell.news, {}, 0, BundleCriticality::kCritical});
    ++outcome_.news;
    outcome_.news_bytes += tell.news.size();
    radio.token = ++serial_;
    add(now_ + tell.takes, Kind::kSent, tell.contact.value(), radio.token);
    trace({5, tell.contact.value(), tell.news.size(), static_cast<std::uint64_t>(now_.count())});
  }
  void apply(Forwarder&, const Suspend& suspend) {
    Radio& radio = radios_[suspend.contact.value()];
    radio.token = 0;
    flights_.erase(radio.suspended);  // given up, its rest did not fit
    radio.suspended = std::exchange(radio.sending, 0);
    ++outcome_.suspended;
    trace({3, suspend.contact.value(), suspend.slot, static_cast<std::uint64_t>(now_.count())});
  }
  void apply(Forwarder&, const Abort& abort) {
    Radio& radio = radios_[abort.contact.value()];
    flights_.erase(radio.sending);
    radio.token = radio.sending = 0;
    ++outcome_.aborted;
    trace({6, abort.contact.value(), 0, static_cast<std::uint64_t>(now_.count())});
  }
  void apply(Forwarder&, const Drop& drop) {
    auto& counts = drop.reason == DropReason::kExpired ? outcome_.expired : outcome_.evicted;
    ++counts[static_cast<std::size_t>(drop.criticality)];
    trace({4, drop.slot, static_cast<std::uint64_t>(drop.reason), static_cast<std::uint64_t>(now_.count())});
  }

  void trace(std::array<std::uint64_t, 4> values) {
    for (const std::uint64_t value : values) hash_.add(value);
  }

  const TrialSetup& setup_;
  const ContactGraph& plan_;
  Random random_;
  Duration now_{};
  std::vector<Forwarder> nodes_;
  std::vector<Duration> wakes_;
  std::vector<Radio> radios_;  // by contact
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  std::map<std::uint64_t, Flight> flights_;
  std::map<std::pair<std::uint64_t, Vertex>, std::uint32_t> visits_;
  std::uint64_t serial_ = 0;
  TrialOutcome outcome_;
  Fnv1a hash_;
};

}  // namespace

TrialOutcome run_trial(const TrialSetup& setup) {
  EXPECTS(setup.plan != nullptr && setup.fails.size() == setup.plan->contacts().size());
  return Trial(setup).run();
}

std::vector<std::byte> trial_bundle(const OfferedBundle& offered, std::uint64_t sequence, Instant epoch) {
  Bundle bundle;
  bundle.primary.source = EndpointId::ipn(offered.from.value() + 1, 1);
  bundle.primary.destination = EndpointId::ipn(offered.to.value() + 1, 1);
  bundle.primary.created = {to_dtn_time(epoch + offered.created), sequence};
  bundle.primary.lifetime_ms = static_cast<std::uint64_t>(offered.lifetime / std::chrono::milliseconds(1));
  bundle.blocks.push_back(criticality_block(2, offered.criticality));
  bundle.blocks.push_back(payload_block(std::vector<std::byte>(offered.payload_bytes)));
  return encode_bundle(bundle).value();
}

Duration oracle_arrival(const ContactGraph& plan, std::span<const std::uint8_t> fails,
                        const OfferedBundle& offered, std::uint64_t bytes) {
  return oracle_arrival(plan, fails, offered, bytes, {});
}

Duration oracle_arrival(const ContactGraph& plan, std::span<const std::uint8_t> fails,
                        const OfferedBundle& offered, std::uint64_t bytes,
                        std::span<const std::uint8_t> sends) {
  EXPECTS(sends.empty() || sends.size() == plan.contacts().size());
  std::vector<Duration> at(plan.vertices(), kNotDelivered);
  at[offered.from.value()] = offered.created;
  for (bool earlier = true; earlier;) {
    earlier = false;
    for (std::size_t i = 0; i < plan.contacts().size(); ++i) {
      const PlannedContact& contact = plan.contacts()[i];
      const Duration here = at[contact.from.value()];
      if (fails[i] != 0 || here > contact.end) continue;
      const std::int64_t times = sends.empty() ? 1 : sends[i];
      const Duration sent = std::max(here, contact.start) + times * transmission_time(bytes, contact.rate);
      if (sent > contact.end || sent + contact.light_time >= at[contact.to.value()]) continue;
      at[contact.to.value()] = sent + contact.light_time;
      earlier = true;
    }
  }
  return at[offered.to.value()];
}

}  // namespace skywarden::network
