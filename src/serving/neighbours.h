// The services that this one may send work to: neighbours with a contact, and the ground. It asks each again
// and again what it can spare, notes what contacts carry, and carries work there and answers back. What is to
// be sent is decided by others (placement.h). A node that fails, is late or answers an error is not asked
// again before it has told a new offer. From any thread; nothing waits for a node but its callback.
#pragma once

#include <array>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "serving/contact_meter.h"
#include "serving/placement.h"
#include "serving/requests.h"
#include "shell/http_client.h"

namespace skywarden::serving {

struct NeighbourOptions {
  std::vector<shell::HttpAddress> neighbours;  // at most kNeighboursMax
  std::optional<shell::HttpAddress> ground;
  Duration ask_every = std::chrono::seconds(1);    // 10 ms…1 h
  Duration silence_max = std::chrono::seconds(5);  // since the last offer, until it counts as out of contact
  Duration answer_max = std::chrono::seconds(10);  // that an answer is waited for; never beyond the deadline
  std::size_t forwards_max = 64;                   // under way; beyond, work stays here
  static constexpr std::size_t kNeighboursMax = 64;
  [[nodiscard]] bool any() const { return !neighbours.empty() || ground.has_value(); }
  [[nodiscard]] Result<void> validate() const;
};

struct NeighbourStatus {
  std::string url;
  bool ground = false, heard = false;  // heard: it has told an offer lately
  Watts spare{0.0};                    // as told, less what was sent since
  Duration delay{};                    // one way
  BitsPerSecond rate{0.0};
  std::uint64_t answered = 0, failed = 0, refused = 0;  // forwards
};

class Neighbours {
 public:
  // Who answered, and how: kUnavailable for everything but status 200.
  struct Answer {
    std::string node;  // its URL
    std::string body;
  };
  using Done = std::function<void(Result<Answer>)>;

  explicit Neighbours(const NeighbourOptions& options);  // options that validate, and some node
  ~Neighbours();                                         // what is under way ends as kUnavailable
  Neighbours(const Neighbours&) = delete;
  Neighbours& operator=(const Neighbours&) = delete;

  // Of neighbours that complete this schema and have been heard lately.
  [[nodiscard]] std::vector<Offer> offers(const std::string& schema, Instant now) const;
  [[nodiscard]] std::optional<Contact> ground(const std::string& schema, Instant now) const;

  // To the neighbour of an offer, or to the ground (kNobody). `power` is what it is expected to draw there.
  // Calls `done` once, from any thread.
  void forward(NodeId to, std::string body, Watts power, Duration within, Done done);

  [[nodiscard]] std::vector<NeighbourStatus> status(Instant now) const;

 private:
  struct Node {
    shell::HttpAddress address;
    bool is_ground = false, asking = false;
    std::optional<Instant> heard = {};   // the last offer
    Instant failed_at = Instant::min();  // an offer asked for before says nothing any more
    OfferTold told = {};                 // less what was sent since
    ContactMeter contact = {};
    std::uint64_t answered = 0, failed = 0, refused = 0;
  };

  void ask_again_and_again();
  void ask(std::size_t node);
  void told(std::size_t node, Instant asked, const Result<shell::HttpResponse>& answer);
  void answered(std::size_t node, Instant asked, std::size_t sent, Result<shell::HttpResponse> answer,
                const Done& done);
  [[nodiscard]] bool in_contact(const Node& node, Instant now) const;
  [[nodiscard]] Contact contact_of(const Node& node, Instant now) const;

  NeighbourOptions options_;
  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::vector<Node> nodes_;  // neighbours by identity, from 1; then the ground
  bool stopping_ = false;
  std::size_t forwards_ = 0;
  std::thread asks_;
  std::optional<shell::HttpClient> client_;  // ends first: its callbacks use the rest
};

}  // namespace skywarden::serving
