// One node of a contact plan that stores and forwards bundles over sessions which acknowledge (TCPCLv4): when
// to open and end sessions to neighbours, what to send on them, and what to do with what comes in. It drives
// the Forwarder, which decides about routes, order and custody, and does what RFC 9171 §5.4 to §5.6 asks of
// the bundle itself: hop count, age, previous node, unknown blocks, status reports. Values and `now` in,
// effects out: no clock, no sockets, no disk. The driver performs effects in their order.
//
//  - Nodes are known by the plan: node 7 is ipn:7.*, node "ground" is dtn://ground/*. A bundle for another
//    one is refused.
//  - A contact is open for the Forwarder while its session is up: a neighbour that cannot be reached is a
//    contact nobody hears. A session that ends early is dialled again while the contact lasts.
//  - Bundles are sent at the plan's rate, one after another, so that what is more urgent overtakes what
//    waits. What the session has begun to send it does not interrupt.
//  - An acknowledgement means custody was taken; from the bundle's destination, that it has arrived. That it
//    has arrived elsewhere a session cannot say. What is under way when the session ends is sent again.
//  - The passage block (passage_block.h) goes along. One that names another destination than the bundle shows
//    that the two ends have different plans: refused.
//  - Reports of deletion are sent for the hop limit and for blocks only: what expires or is evicted is gone.
//
// Times are nanoseconds since the plan's epoch.
#pragma once

#include <string>
#include <variant>

#include "network/bundle_report.h"
#include "network/forwarder.h"
#include "network/plan_file.h"
#include "network/tcpcl_message.h"

namespace skywarden::network {

// "7" → ipn:7.0; "ground" → dtn://ground/. kMalformed where a name cannot be in an endpoint.
[[nodiscard]] Result<EndpointId> node_endpoint(std::string_view name);
// The node of the plan an endpoint belongs to.
[[nodiscard]] std::optional<Vertex> node_of(const EndpointView& endpoint, const PlanFile& plan);

// The bundle as this node sends it on: hop count and age brought up to date, this node the previous one,
// `passage` along, unknown blocks left out that ask for it. Encrypted blocks stay as they are.
[[nodiscard]] Result<std::vector<std::byte>> forwarded_bundle(const BundleView& view, const Passage& passage,
                                                              const EndpointId& node, Duration stayed);

struct BundleNodeOptions {
  ForwarderOptions forwarder;  // acknowledgement_margin is not used: sessions say what was lost
  Duration redial = std::chrono::seconds(1);
};

struct NodeDial {  // then session_up() or session_down()
  PlannedContactId contact;
};
struct NodeHangUp {  // SESS_TERM, after transfers under way; session_down() follows
  PlannedContactId contact;
};
struct NodeTransmit {  // settled() follows
  PlannedContactId contact;
  std::uint64_t slot = 0;
  std::vector<std::byte> bytes;
};
struct NodeKeep {  // durable before it is acknowledged, else withdraw()
  std::uint64_t slot = 0;
  BundleId id;
};
struct NodeDeliver {  // likewise
  BundleId id;
  Instant expires{};
  std::vector<std::byte> bytes;
};
enum class DiscardReason : std::uint8_t { kHandedOver, kExpired, kEvicted, kUnsendable };
[[nodiscard]] std::string_view to_string(DiscardReason reason);
struct NodeDiscard {  // it is not this node's any more
  std::uint64_t slot = 0;
  DiscardReason reason = DiscardReason::kHandedOver;
};
using NodeEffect = std::variant<NodeDial, NodeHangUp, NodeTransmit, NodeKeep, NodeDeliver, NodeDiscard>;
using NodeEffects = std::vector<NodeEffect>;

enum class Settled : std::uint8_t { kTaken, kRefused, kLost };

class BundleNode {
 public:
  // kMalformed when the node's own name cannot be an endpoint. Plan and graph outlive it.
  [[nodiscard]] static Result<BundleNode> make(const PlanFile& plan, const ContactGraph& graph, Vertex self,
                                               const BundleNodeOptions& options);

  struct Reception {
    std::optional<TcpclRefuseReason> refused{};  // nothing: acknowledge it, once the effects are done
    std::string why{};                           // of a refusal or a deletion, one line
    bool deleted = false;                        // by a rule of the bundle's own
    std::optional<BundleId> id{};                // where it is a bundle
  };
  Reception receive(std::vector<std::byte> bundle, Duration now, NodeEffects& effects);
  // Kept before the restart; the slot it has now. An error when it cannot be used any more.
  [[nodiscard]] Result<std::uint64_t> restore(KeptBundle kept, Duration now, NodeEffects& effects);
  void restore_delivered(const BundleId& id, Instant expires) { forwarder_.restore_delivered(id, expires); }
  void withdraw(const BundleId& id) { forwarder_.withdraw(id); }
  // Sends the status report that the bundle asks for, if it does.
  void report(std::span<const std::byte> bundle, ReportEvent event, ReportReason reason, Duration now,
              NodeEffects& effects);

  void session_up(PlannedContactId contact, Duration now, NodeEffects& effects);
  void settled(PlannedContactId contact, std::uint64_t slot, Settled what, Duration now,
               NodeEffects& effects);
  void session_down(PlannedContactId contact, Duration now, NodeEffects& effects);
  void tick(Duration now, NodeEffects& effects);
  [[nodiscard]] Duration wake_at() const;  // call tick() then

  [[nodiscard]] const BundleStore& store() const { return forwarder_.store(); }
  [[nodiscard]] const EndpointId& endpoint() const { return endpoint_; }
  [[nodiscard]] Instant instant(Duration now) const { return options_.forwarder.epoch + now; }

 private:
  enum class Line : std::uint8_t { kWaiting, kDialling, kUp, kBroken, kEnding };
  struct Session {
    Line line = Line::kWaiting;
    Duration redial_at{};
    std::optional<std::uint64_t> pacing{}, suspended{};  // the bundle that occupies the contact, or did
    Duration paced{};                                    // until then
    std::map<std::uint64_t, Answer> early{};             // came before the plan let it be asked for
  };

  BundleNode(const PlanFile& plan, const ContactGraph& graph, Vertex self, const BundleNodeOptions& options,
             EndpointId endpoint);
  [[nodiscard]] Result<Passage> passage_for(const BundleView& view) const;
  void act(const Effects& effects, Duration now, NodeEffects& out);
  void transmit(const Send& send, Duration now, NodeEffects& out);
  void answer(PlannedContactId contact, std::uint64_t slot, Answer answer, Duration now, NodeEffects& out);
  void break_line(PlannedContactId contact, Session& session, Duration now, NodeEffects& out);
  void open_contacts(Duration now, NodeEffects& out);
  void end_pace(PlannedContactId contact, Session& session, Duration now, NodeEffects& out);

  const PlanFile* plan_;
  const ContactGraph* graph_;
  Vertex self_;
  BundleNodeOptions options_;
  EndpointId endpoint_;
  Forwarder forwarder_;
  std::vector<PlannedContactId> own_;  // by start
  std::size_t own_next_ = 0;           // the first that has not begun
  std::map<PlannedContactId, Session>
      sessions_;  // of contacts that have begun, until contact and session end
  std::uint64_t reports_ = 0;
};

}  // namespace skywarden::network
