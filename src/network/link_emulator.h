// One direction of one link of a contact plan as a machine that delays bytes: packets in at one time, out at
// another. Times are nanoseconds since the plan's epoch and only move forward; no clock, no sockets.
//
//  - A packet leaves when those before it have left and a contact is open, and must have left by the
//    contact's end; it occupies the contact for its bytes at the contact's rate and arrives one light time
//    after it has left. Packets arrive in the order in which they came.
//  - Losses come alone, or in runs of `burst` packets on average (Gilbert's two states, all lost in the bad
//    one), from a seed.
//  - A datagram is dropped when no contact is open, when it would not leave before the contact ends, or when
//    the queue is full; lost ones have occupied the contact.
//  - A chunk of a stream waits for a contact instead. A lost one is sent twice: it arrives two light times
//    and one transmission later (the sender learns of it and repeats), the contact is occupied twice, and
//    what follows waits behind it (RFC 9293 delivers in order). A second loss of one chunk and congestion
//    control are not modelled.
//  - What waits is bounded (`queue_bytes_max`), as is what is in flight.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "base/random.h"
#include "network/contact_graph.h"

namespace skywarden::network {

struct LinkEmulatorOptions {
  double loss = 0.0;   // probability, below 1
  double burst = 1.0;  // packets lost in a row on average, at least 1
  std::uint64_t seed = 1;
  std::size_t queue_bytes_max = 256U << 10;               // waiting to leave
  std::size_t flight_bytes_max = std::size_t{256} << 20;  // left, and waiting included
  std::size_t packets_max = 1'000'000;

  [[nodiscard]] Result<void> validate() const;
};

struct EmulatedPacket {
  std::uint64_t tag = 0;  // the caller's
  std::vector<std::byte> bytes;
  std::uint64_t charge = 0;  // bytes that occupy the link, at least 1
};
struct EmulatedArrival {
  EmulatedPacket packet;
  Duration begun{};  // its first bit left
  Duration left{};   // its last bit did, for the last time
  Duration at{};     // it arrives
};

enum class LinkOffer : std::uint8_t { kTaken, kLost, kNoContact, kFull };

class LinkEmulator {
 public:
  // Contacts of one direction of one pair, in any order; as ContactGraph::make accepts them.
  LinkEmulator(std::vector<PlannedContact> contacts, const LinkEmulatorOptions& options);

  LinkOffer datagram(EmulatedPacket packet, Duration now);
  // kFull: try again after the next arrival or at room_at(); kNoContact: the plan has none any more. The
  // packet is left alone then. Never kLost.
  LinkOffer chunk(EmulatedPacket& packet, Duration now);

  [[nodiscard]] std::optional<Duration> next_at() const;  // of the next arrival
  [[nodiscard]] std::optional<EmulatedArrival> take(Duration now);
  [[nodiscard]] bool has_room(Duration now);
  [[nodiscard]] std::optional<Duration> room_at() const;  // when the next waiting packet has left
  [[nodiscard]] bool open(Duration now) const;            // in a contact

 private:
  struct Slot {
    Duration begun{}, left{}, at{};
    Duration taken_until{};  // the transmitter
  };
  [[nodiscard]] std::optional<Slot> slot(std::uint64_t charge, Duration from, bool twice) const;
  [[nodiscard]] bool draw_loss();
  void admit(EmulatedPacket packet, const Slot& slot);
  void pass_to(Duration now);

  LinkEmulatorOptions options_;
  std::vector<PlannedContact> contacts_;  // by start
  std::size_t first_ = 0;                 // those before have ended
  Random random_;
  bool in_burst_ = false;
  std::optional<bool> drawn_;  // for the chunk that waits for room
  Duration free_{}, last_arrival_{};
  std::deque<EmulatedArrival> flight_;                      // by arrival
  std::deque<std::pair<Duration, std::uint64_t>> waiting_;  // when it leaves, its bytes
  std::size_t waiting_bytes_ = 0, flight_bytes_ = 0;
};

}  // namespace skywarden::network
