// Two sessions joined by a byte stream that is cut anywhere.
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <array>

#include "base/random.h"
#include "network/tcpcl_session.h"

namespace skywarden::network {
namespace {

using Bytes = std::vector<std::byte>;

Bytes random_bytes(Random& random, std::size_t size) {
  Bytes bytes(size);
  for (std::byte& b : bytes) b = static_cast<std::byte>(random.below(256));
  return bytes;
}

TcpclOptions any_options(Random& random, bool active) {
  TcpclOptions options;
  options.active = active;
  options.node_id = active ? "ipn:7.0" : "dtn://ground/";
  options.segment_mru = 1 + random.below(300);
  options.transfer_mru = 2000;
  options.segment_bytes_max = 1 + random.below(300);
  options.flying_max = 1 + random.below(5);
  options.keepalive = std::chrono::seconds(random.below(4));
  options.tls_offered = random.chance(0.5);
  return options;
}

// One end with what it sends, what it got, and the bytes under way to it.
struct Party {
  Party(const TcpclOptions& options, Instant now) : session(options, now) {}
  TcpclSession session;
  Bytes way;  // to this end
  std::map<std::uint64_t, Bytes> sent;
  std::vector<Bytes> got, delivered, refused;
  std::vector<Bytes> turned_away;  // by this end
  std::size_t to_send = 0;
  bool clean = false, closed = false, failed = false;
};

struct Exchange {
  Random random;
  Instant now{};
  std::array<Party, 2> parties;

  explicit Exchange(std::uint64_t seed)
      : random(seed), parties{Party(any_options(random, true), now), Party(any_options(random, false), now)} {
    for (Party& party : parties) party.to_send = random.below(12);
  }

  void treat(Party& party, TcpclEvents events) {
    while (!events.empty()) {
      TcpclEvents more;
      for (TcpclEvent& event : events) treat(party, event, more);
      events = std::move(more);
    }
  }
  void treat(Party& party, TcpclEvent& event, TcpclEvents& more) {
    if (auto* received = std::get_if<TcpclReceived>(&event)) {
      const bool refuse = random.chance(0.1);
      (refuse ? party.turned_away : party.got).push_back(std::move(received->bundle));
      party.session.settle(refuse ? std::optional(TcpclRefuseReason::kNoResources) : std::nullopt, now, more);
    } else if (std::holds_alternative<TcpclStartTls>(event)) {
      party.session.tls_established({}, now, more);
    } else if (auto* delivered = std::get_if<TcpclDelivered>(&event)) {
      party.delivered.push_back(party.sent.at(delivered->transfer));
    } else if (auto* refused = std::get_if<TcpclRefused>(&event)) {
      party.refused.push_back(party.sent.at(refused->transfer));
    } else if (auto* closed = std::get_if<TcpclClosed>(&event)) {
      party.clean = closed->clean;
      party.closed = true;
    } else {
      party.failed = party.failed || !std::holds_alternative<TcpclUp>(event);
    }
  }

  void step(Party& party, Party& other) {
    TcpclEvents events;
    switch (random.below(4)) {
      case 0: {
        const Bytes out = party.session.output(now);
        other.way.insert(other.way.end(), out.begin(), out.end());
        break;
      }
      case 1: {
        if (party.way.empty() || !party.session.wants_bytes()) break;
        const auto size = static_cast<std::ptrdiff_t>(1 + random.below(party.way.size()));
        party.session.receive(std::span(party.way).first(static_cast<std::size_t>(size)), now, events);
        party.way.erase(party.way.begin(), party.way.begin() + size);
        break;
      }
      case 2:
        if (party.to_send > 0 && party.session.up()) {
          Bytes bundle = random_bytes(random, random.below(1500));
          const auto transfer = party.session.send(bundle);
          RC_ASSERT(transfer.has_value());
          party.sent[*transfer] = std::move(bundle);
          --party.to_send;
        }
        break;
      default:
        now += std::chrono::milliseconds(random.below(20));
        party.session.tick(now, events);
    }
    treat(party, std::move(events));
  }

  [[nodiscard]] bool done() const {
    return std::all_of(parties.begin(), parties.end(), [](const Party& party) {
      return party.to_send == 0 && party.session.up() && party.session.outgoing() == 0;
    });
  }
  void run_until(auto condition) {
    for (int i = 0; i < 2'000'000 && !condition(); ++i) {
      const std::size_t who = random.below(2);
      step(parties[who], parties[1 - who]);
    }
  }
};

std::vector<Bytes> in_order(const std::map<std::uint64_t, Bytes>& sent, const std::vector<Bytes>& among) {
  std::vector<Bytes> kept;
  for (const auto& [transfer, bundle] : sent)
    if (std::find(among.begin(), among.end(), bundle) != among.end()) kept.push_back(bundle);
  return kept;
}

TEST_CASE("over a stream cut anywhere every bundle arrives once and in order, and both ends know which did") {
  CHECK(rc::check([] {
    Exchange exchange(*rc::gen::arbitrary<std::uint64_t>());
    exchange.run_until([&] { return exchange.done(); });
    RC_ASSERT(exchange.done());
    for (std::size_t i = 0; i < 2; ++i) {
      const Party& sender = exchange.parties[i];
      const Party& receiver = exchange.parties[1 - i];
      RC_ASSERT(sender.delivered == receiver.got);
      RC_ASSERT(sender.refused == receiver.turned_away);
      RC_ASSERT(sender.delivered.size() + sender.refused.size() == sender.sent.size());
      if (receiver.turned_away.empty()) RC_ASSERT(receiver.got == in_order(sender.sent, receiver.got));
      RC_ASSERT(!sender.failed);
    }
    TcpclEvents events;
    exchange.parties[0].session.end(TcpclTermReason::kUnknown, exchange.now, events);
    const auto closed = [&] { return exchange.parties[0].closed && exchange.parties[1].closed; };
    exchange.run_until(closed);
    RC_ASSERT(exchange.parties[0].clean && exchange.parties[1].clean);
  }));
}

TEST_CASE(
    "an end in the middle of everything loses no bundle silently: each is delivered, refused or failed") {
  CHECK(rc::check([] {
    Exchange exchange(*rc::gen::arbitrary<std::uint64_t>());
    int steps = static_cast<int>(exchange.random.below(3000));
    exchange.run_until([&] { return --steps < 0; });
    TcpclEvents events;
    exchange.parties[0].session.end(TcpclTermReason::kUnknown, exchange.now, events);
    std::size_t failed = 0;
    for (const auto& event : events) failed += std::holds_alternative<TcpclFailed>(event) ? 1 : 0;
    exchange.treat(exchange.parties[0], std::move(events));
    for (Party& party : exchange.parties) party.to_send = 0;
    exchange.run_until([&] { return exchange.parties[0].closed && exchange.parties[1].closed; });
    const Party& sender = exchange.parties[0];
    const Party& receiver = exchange.parties[1];
    RC_ASSERT(sender.closed && receiver.closed);
    RC_ASSERT(sender.delivered.size() + sender.refused.size() + failed <= sender.sent.size());
    // What was acknowledged was kept.
    RC_ASSERT(sender.delivered.size() <= receiver.got.size());
    RC_ASSERT(std::equal(sender.delivered.begin(), sender.delivered.end(), receiver.got.begin()));
  }));
}

TEST_CASE("arbitrary bytes never break a session") {
  CHECK(rc::check([] {
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    auto options = any_options(random, random.chance(0.5));
    options.tls_offered = false;
    TcpclSession session(options, Instant{});
    Bytes bytes;
    append_tcpcl_contact(bytes, {});
    if (random.chance(0.8))
      append_tcpcl(bytes, TcpclSessionInit{10, 1 + random.below(9), 100, "ipn:9.0", {}});
    for (int i = 0; i < 40 && session.wants_bytes(); ++i) {
      TcpclEvents events;
      TcpclEvents more;
      session.receive(bytes, Instant{}, events);
      for (const auto& event : events)
        if (std::holds_alternative<TcpclReceived>(event)) session.settle(std::nullopt, Instant{}, more);
      (void)session.output(Instant{});
      if (random.chance(0.3)) (void)session.send(Bytes(random.below(50)));
      bytes = random_bytes(random, random.below(60));
      if (!bytes.empty()) bytes[0] = static_cast<std::byte>(random.below(8));
      // Mostly short lengths, so that whole messages come about.
      for (std::byte& b : bytes)
        if (random.chance(0.7)) b &= std::byte{3};
    }
  }));
}

TEST_CASE("what is encoded decodes to itself, and no beginning of a message is one") {
  CHECK(rc::check([] {
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    const Bytes data = random_bytes(random, random.below(40));
    Bytes items;
    append_tcpcl_item(items, {1, static_cast<std::uint16_t>(random.below(65536)), data});
    const auto number = random.next();
    const auto small = static_cast<std::uint8_t>(random.below(256));
    const std::array<TcpclMessage, 7> messages = {
        TcpclSegment{tcpcl_flag::kStart, number, items, data},
        TcpclAck{small, number, random.next()},
        TcpclRefuse{static_cast<TcpclRefuseReason>(small), number},
        TcpclKeepalive{},
        TcpclSessionTerm{small, TcpclTermReason::kBusy},
        TcpclReject{TcpclRejectReason::kUnexpected, small},
        TcpclSessionInit{static_cast<std::uint16_t>(random.below(65536)), number, random.next(), "ipn:7.0",
                         items}};
    for (const TcpclMessage& message : messages) {
      Bytes bytes;
      append_tcpcl(bytes, message);
      const auto decoded = decode_tcpcl(bytes, {});
      RC_ASSERT(decoded.has_value() && decoded->has_value());
      RC_ASSERT((*decoded)->size == bytes.size());
      Bytes again;
      append_tcpcl(again, (*decoded)->message);
      RC_ASSERT(again == bytes);
      const auto cut = decode_tcpcl(std::span(bytes).first(random.below(bytes.size())), {});
      RC_ASSERT(cut.has_value() && !cut->has_value());
    }
  }));
}

}  // namespace
}  // namespace skywarden::network
