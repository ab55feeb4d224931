// The volume book against a slow obvious one: a list of bookings, added up at every question.
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>

#include "base/random.h"
#include "network/volume_book.h"

using namespace skywarden;
using namespace skywarden::network;

namespace {

struct Entry {
  std::uint64_t bundle;
  BundleCriticality criticality;
  std::uint64_t bytes;
  std::vector<PlannedContactId> contacts;
};

class SlowBook {
 public:
  explicit SlowBook(const ContactGraph& graph) : graph_(graph), closed_(graph.contacts().size(), 0) {
    for (const PlannedContact& contact : graph.contacts()) from_.push_back(contact.start);
  }

  [[nodiscard]] Duration busy_until(std::uint32_t contact, BundleCriticality criticality) const {
    if (closed_[contact] != 0) return ContactGraph::kTimeMax;
    return from_[contact] + taken(contact, criticality);
  }
  std::vector<std::uint64_t> book(const Entry& entry) {
    entries_.push_back(entry);
    std::vector<std::uint64_t> displaced;
    for (const PlannedContactId id : entry.contacts)
      while (from_[id.value()] + taken(id.value(), BundleCriticality::kBulk) > graph_.contact(id).end) {
        const Entry* worst = nullptr;
        for (const Entry& each : entries_)
          if (each.criticality < entry.criticality && std::ranges::count(each.contacts, id) > 0 &&
              (worst == nullptr || each.criticality < worst->criticality ||
               (each.criticality == worst->criticality && each.bundle > worst->bundle)))
            worst = &each;
        if (worst == nullptr) break;
        displaced.push_back(worst->bundle);
        release(worst->bundle);
      }
    return displaced;
  }
  void release(std::uint64_t bundle) {
    std::erase_if(entries_, [&](const Entry& entry) { return entry.bundle == bundle; });
  }
  void release(std::uint64_t bundle, PlannedContactId contact) {
    for (Entry& entry : entries_)
      if (entry.bundle == bundle) std::erase(entry.contacts, contact);
    std::erase_if(entries_, [](const Entry& entry) { return entry.contacts.empty(); });
  }
  void advance(PlannedContactId contact, Duration now) {
    from_[contact.value()] = std::max(from_[contact.value()], now);
  }
  void close(PlannedContactId contact, bool closed) { closed_[contact.value()] = closed ? 1 : 0; }
  [[nodiscard]] std::size_t bookings() const { return entries_.size(); }

 private:
  [[nodiscard]] Duration taken(std::uint32_t contact, BundleCriticality least) const {
    Duration sum{};
    for (const Entry& entry : entries_)
      if (entry.criticality >= least && std::ranges::count(entry.contacts, PlannedContactId(contact)) > 0)
        sum += transmission_time(entry.bytes, graph_.contacts()[contact].rate);
    return sum;
  }

  const ContactGraph& graph_;
  std::vector<Duration> from_;
  std::vector<std::uint8_t> closed_;
  std::vector<Entry> entries_;
};

ContactGraph any_graph(Random& random) {
  std::vector<PlannedContact> contacts;
  for (std::uint64_t i = 2 + random.below(14); i > 0; --i) {
    const auto from = static_cast<std::uint32_t>(random.below(5));
    const auto to = static_cast<std::uint32_t>((from + 1 + random.below(4)) % 5);
    const Duration start(static_cast<std::int64_t>(random.below(30)));
    contacts.push_back({Vertex(from), Vertex(to), start,
                        start + Duration(static_cast<std::int64_t>(random.below(40))), Duration(1),
                        BitsPerSecond(8e9)});
  }
  return ContactGraph::make(5, std::move(contacts)).value();
}

}  // namespace

TEST_CASE("bookings, releases and failing contacts give what a slow book gives") {
  CHECK(rc::check([] {
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    const ContactGraph graph = any_graph(random);
    RouteSearch search(graph);
    VolumeBook book(graph);
    SlowBook slow(graph);
    std::uint64_t bundles = 0;
    const auto any_contact = [&] {
      return PlannedContactId(static_cast<std::uint32_t>(random.below(graph.contacts().size())));
    };
    for (int step = 0; step < 60; ++step) {
      const std::uint64_t action = random.below(10);
      if (action < 6) {
        const Entry entry{
            ++bundles, static_cast<BundleCriticality>(random.below(4)), 1 + random.below(9), {}};
        const RouteQuery query{Vertex(static_cast<std::uint32_t>(random.below(5))),
                               Vertex(static_cast<std::uint32_t>(random.below(5))), Duration(0), entry.bytes};
        const auto route = search.best(query, book.state(entry.criticality));
        if (!route || route->contacts.empty()) continue;
        Entry booked = entry;
        booked.contacts = route->contacts;
        const auto displaced = book.book(entry.bundle, entry.criticality, entry.bytes, route->contacts);
        RC_ASSERT(displaced == slow.book(booked));
      } else if (action < 7) {
        const std::uint64_t bundle = random.below(bundles + 1);
        book.release(bundle);
        slow.release(bundle);
      } else if (action < 8) {
        const std::uint64_t bundle = random.below(bundles + 1);
        const PlannedContactId contact = any_contact();
        book.release(bundle, contact);
        slow.release(bundle, contact);
      } else if (action < 9) {
        const PlannedContactId contact = any_contact();
        const Duration now(static_cast<std::int64_t>(random.below(50)));
        book.advance(contact, now);
        slow.advance(contact, now);
      } else {
        const PlannedContactId contact = any_contact();
        const bool closed = random.chance(0.5);
        closed ? book.close(contact) : book.open(contact);
        slow.close(contact, closed);
      }
      RC_ASSERT(book.bookings() == slow.bookings());
      for (std::size_t level = 0; level < 4; ++level) {
        const auto criticality = static_cast<BundleCriticality>(level);
        const PlanState& state = book.state(criticality);
        for (std::uint32_t i = 0; i < graph.contacts().size(); ++i) {
          const Duration said = state.busy_until[i];  // nothing is said of what is free from its start on
          const bool free = said == Duration::min();
          RC_ASSERT((free ? graph.contacts()[i].start : said) == slow.busy_until(i, criticality));
        }
      }
    }
  }));
}

TEST_CASE("what is booked over is routed elsewhere and ended contacts are forgotten") {
  const Vertex a(0), b(1);
  const auto graph =
      ContactGraph::make(2, {{a, b, Duration(0), Duration(10), Duration(1), BitsPerSecond(8e9)},
                             {a, b, Duration(20), Duration(30), Duration(1), BitsPerSecond(8e9)}});
  REQUIRE(graph);
  RouteSearch search(*graph);
  VolumeBook book(*graph);
  const auto send = [&](std::uint64_t bundle, BundleCriticality criticality) {
    const auto route = search.best({a, b, Duration(0), 6}, book.state(criticality));
    REQUIRE(route);
    return std::pair(route->arrival, book.book(bundle, criticality, 6, route->contacts));
  };
  using Displaced = std::vector<std::uint64_t>;
  CHECK(send(1, BundleCriticality::kNormal) == std::pair(Duration(7), Displaced{}));
  CHECK(send(2, BundleCriticality::kBulk) == std::pair(Duration(27), Displaced{}));
  CHECK(send(3, BundleCriticality::kCritical) == std::pair(Duration(7), Displaced{1}));
  CHECK(send(1, BundleCriticality::kNormal) == std::pair(Duration(27), Displaced{2}));
  CHECK(!search.best({a, b, Duration(0), 6}, book.state(BundleCriticality::kBulk)));
  CHECK(!search.best({a, b, Duration(0), 6}, book.state(BundleCriticality::kCritical, std::vector{b})));
  book.forget_ended(Duration(15));
  CHECK(book.bookings() == 1);
}
