// skywarden bundle relay: one node of a contact plan as a program: keeps bundles on disk, and hands them on
// over TCPCLv4 when the plan's contacts are open. What it does when is decided by network/bundle_node.h; here
// its effects are performed on sockets (shell/tcpcl_node.h) and files (shell/bundle_folder.h).
#include <csignal>
#include <deque>
#include <memory>

#include "base/text.h"
#include "bundle_files.h"
#include "bundle_inbox.h"
#include "bundle_link_options.h"
#include "command_line/command_line.h"
#include "network/bundle_decode.h"
#include "network/bundle_node.h"
#include "network/bundle_seen.h"
#include "plan_clock.h"
#include "relay_events.h"
#include "relay_peers.h"
#include "shell/bundle_folder.h"
#include "shell/delivered_list.h"
#include "shell/durable_file.h"
#include "shell/tcpcl_node.h"

namespace skywarden::app {
namespace {

using Json = nlohmann::ordered_json;
using network::PlannedContactId;
using network::Settled;
using network::Vertex;

constexpr std::size_t kEntryOverhead = 64;  // of a bundle as a file
// How long a neighbour is waited for beyond light times: this machine's part in plan time, and the plan's
// own.
constexpr double kRealSlackS = 1.0;
constexpr double kRealRedialS = 0.25;
constexpr std::size_t kRetriesMax = 1000;  // a session may break and come back long before the next contact
constexpr int kSilenceLightTimes = 6;      // a session is up after five crossings

struct RelayArguments {
  LinkArguments link;
  PlanClockArguments clock;
  std::string plan, node, address = "127.0.0.1", peers_file, store, deliver;
  std::vector<std::string> peers;
  std::uint64_t store_bytes_max = std::uint64_t{256} << 20;
  double for_s = 0;
  bool json_lines = false;
};

// ---- the node

class Relay final : public shell::TcpclNode::Owner {
 public:
  Relay(const RelayArguments& arguments, const network::PlanFile& plan, const network::ContactGraph& graph,
        Peers peers, PlanClock clock, network::BundleNode node)
      : arguments_(arguments),
        plan_(plan),
        graph_(graph),
        peers_(std::move(peers)),
        clock_(clock),
        node_(std::move(node)),
        inbox_(arguments.deliver),
        events_(arguments.json_lines) {}

  [[nodiscard]] Result<void> open_store();
  [[nodiscard]] Result<void> run(shell::TcpclLinkOptions link);

  std::optional<network::TcpclRefuseReason> received(shell::TcpclServer::Received received) override;
  void up(std::uint64_t session, const network::TcpclUp& peer) override;
  void settled(std::uint64_t session, std::uint64_t token, const shell::TcpclOutcome& outcome) override;
  void down(std::uint64_t session, const std::string& why, bool clean) override;
  void woken() override;
  void problem(const std::string& why) override { complain(why); }

 private:
  static PlannedContactId contact_of(std::uint64_t session) {
    return PlannedContactId(static_cast<std::uint32_t>(session));
  }
  [[nodiscard]] const std::string& peer_name(PlannedContactId contact) const {
    return plan_.nodes[graph_.contact(contact).to.value()];
  }
  static void complain(const std::string& why) { fmt::print(stderr, "skywarden bundle relay: {}\n", why); }
  void tell(const char* event, const Json& members) const { events_.tell(event, clock_.now(), members); }
  void complain_once(PlannedContactId contact, const std::string& why);

  // In their order, with those that follow from them; then the next wake is set.
  void perform(network::NodeEffects effects);
  void perform(const network::NodeDial& dial, network::NodeEffects& more);
  void perform(const network::NodeHangUp& hang_up, network::NodeEffects& more);
  void perform(network::NodeTransmit& transmit, network::NodeEffects& more);
  void perform(const network::NodeKeep& keep, network::NodeEffects& more);
  void perform(network::NodeDeliver& deliver, network::NodeEffects& more);
  void perform(const network::NodeDiscard& discard, network::NodeEffects& more);
  void not_kept(const network::BundleId& id, const std::string& why);
  [[nodiscard]] Result<std::string> deliver_file(const network::NodeDeliver& deliver);

  const RelayArguments& arguments_;
  const network::PlanFile& plan_;
  const network::ContactGraph& graph_;
  Peers peers_;
  PlanClock clock_;
  network::BundleNode node_;
  BundleInbox inbox_;
  RelayEvents events_;
  std::unique_ptr<shell::BundleFolder> folder_;
  shell::DeliveredList delivered_;
  std::unique_ptr<shell::TcpclNode> sessions_;
  std::chrono::steady_clock::time_point end_ = std::chrono::steady_clock::time_point::max();
  std::map<std::uint64_t, std::uint64_t> files_;        // numbers in the folder, by slot
  std::map<std::uint64_t, network::BundleId> names_;    // of what is in custody, by slot
  std::map<PlannedContactId, std::string> complaints_;  // the last of each contact
  std::set<network::BundleId> failed_;                  // could not be kept or delivered just now
  std::string from_ = "itself";                         // whose bundle is being treated
};

Result<void> Relay::open_store() {
  shell::BundleFolder::Options options;
  options.count_max = network::BundleStoreOptions{}.count_max;
  options.bytes_max = arguments_.store_bytes_max + options.count_max * kEntryOverhead;
  auto opened = shell::BundleFolder::open(arguments_.store, options);
  if (!opened) return tl::unexpected<Error>(opened.error());
  folder_ = std::move(opened->folder);
  auto delivered = shell::DeliveredList::open(arguments_.store, node_.instant(clock_.now()));
  if (!delivered) return tl::unexpected<Error>(delivered.error());
  delivered_ = std::move(delivered->list);
  for (const auto& problems : {opened->problems, delivered->problems})
    for (const std::string& line : problems) complain(line);
  if (const auto made = shell::make_folder(arguments_.deliver); !made) return made;
  for (const auto& entry : delivered_.entries()) node_.restore_delivered(entry.id, entry.expires);
  network::NodeEffects effects;
  for (auto& entry : opened->entries) {
    const auto slot = node_.restore(std::move(entry.bundle), clock_.now(), effects);
    if (slot) {
      files_[*slot] = entry.number;
      names_[*slot] = node_.store().find(*slot)->id;
    } else {
      complain(fmt::format("{}: an entry is let go: {}", arguments_.store, slot.error().message));
      folder_->remove(entry.number);
    }
  }
  for (auto& effect : effects)
    if (const auto* discard = std::get_if<network::NodeDiscard>(&effect)) {
      network::NodeEffects none;
      perform(*discard, none);
    }
  return {};
}

Result<void> Relay::run(shell::TcpclLinkOptions link) {
  shell::TcpclNode::Options options;
  options.link = std::move(link);
  options.address = arguments_.address;
  options.port = arguments_.link.port;
  auto sessions = shell::TcpclNode::make(std::move(options), *this);
  if (!sessions) return tl::unexpected<Error>(sessions.error());
  sessions_ = std::move(*sessions);
  if (arguments_.for_s > 0)
    end_ = std::chrono::steady_clock::now() + std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                                                  std::chrono::duration<double>(arguments_.for_s));
  tell("ready", {{"node", arguments_.node},
                 {"node_id", to_string(node_.endpoint())},
                 {"address", arguments_.address},
                 {"port", sessions_->port()},
                 {"epoch", format_utc(clock_.epoch(), 3)},
                 {"speed", clock_.speed()},
                 {"contacts", graph_.contacts().size()},
                 {"in_custody", node_.store().count()}});
  woken();
  sessions_->run();
  tell("end", {{"in_custody", node_.store().count()}});
  return {};
}

void Relay::woken() {
  if (std::chrono::steady_clock::now() >= end_) return sessions_->stop();
  network::NodeEffects effects;
  node_.tick(clock_.now(), effects);
  perform(std::move(effects));
}

void Relay::complain_once(PlannedContactId contact, const std::string& why) {
  std::string& last = complaints_[contact];
  if (last != why) complain(fmt::format("{}: {}", peer_name(contact), why));
  last = why;
}

// ---- sessions

std::optional<network::TcpclRefuseReason> Relay::received(shell::TcpclServer::Received received) {
  from_ = received.peer_node.empty() ? received.address : received.peer_node;
  failed_.clear();
  const std::size_t bytes = received.bundle.size();
  network::NodeEffects effects;
  const auto reception = node_.receive(std::move(received.bundle), clock_.now(), effects);
  perform(std::move(effects));
  auto refused = reception.refused;
  std::string why = reception.why;
  if (reception.id && failed_.contains(*reception.id)) {
    refused = network::TcpclRefuseReason::kNoResources;
    why = "it could not be kept";
  }
  const std::string name = reception.id ? to_string(*reception.id) : "";
  if (reception.deleted) {
    tell("dropped", {{"bundle", name}, {"reason", why}, {"from", from_}});
  } else if (refused) {
    tell("refused", {{"from", from_},
                     {"bundle", name},
                     {"bytes", bytes},
                     {"reason", network::to_string(*refused)},
                     {"why", why}});
    if (*refused == network::TcpclRefuseReason::kNotAcceptable)
      complain(fmt::format("from {}: {}", printable(from_), why));
  }
  from_ = "itself";
  return refused;
}

void Relay::up(std::uint64_t session, const network::TcpclUp& peer) {
  const PlannedContactId contact = contact_of(session);
  complaints_.erase(contact);
  tell("peer_up", {{"peer", peer_name(contact)},
                   {"node_id", peer.peer_node},
                   {"authenticated", peer.authenticated},
                   {"until_s", to_seconds(graph_.contact(contact).end)}});
  network::NodeEffects effects;
  node_.session_up(contact, clock_.now(), effects);
  perform(std::move(effects));
}

void Relay::settled(std::uint64_t session, std::uint64_t token, const shell::TcpclOutcome& outcome) {
  using network::TcpclRefuseReason;
  const PlannedContactId contact = contact_of(session);
  const bool refused = outcome.fate == shell::TcpclFate::kRefused;
  Settled what = Settled::kTaken;
  if (outcome.fate == shell::TcpclFate::kFailed ||
      (refused && (outcome.refused == TcpclRefuseReason::kSessionTerminating ||
                   outcome.refused == TcpclRefuseReason::kRetransmit))) {
    what = Settled::kLost;
  } else if (refused && outcome.refused != TcpclRefuseReason::kCompleted) {
    what = Settled::kRefused;
  }
  if (const auto name = names_.find(token); name != names_.end()) {
    Json line = {{"bundle", to_string(name->second)}, {"peer", peer_name(contact)}};
    if (refused) line["reason"] = network::to_string(outcome.refused);
    tell(what == Settled::kTaken ? "sent" : what == Settled::kLost ? "unanswered" : "refused_by_peer", line);
  }
  network::NodeEffects effects;
  node_.settled(contact, token, what, clock_.now(), effects);
  perform(std::move(effects));
}

void Relay::down(std::uint64_t session, const std::string& why, bool clean) {
  const PlannedContactId contact = contact_of(session);
  if (!complaints_.contains(contact) || complaints_[contact] != why)
    tell("peer_down", {{"peer", peer_name(contact)}, {"clean", clean}, {"why", why}});
  if (!clean && clock_.now() < graph_.contact(contact).end) complain_once(contact, why);
  network::NodeEffects effects;
  node_.session_down(contact, clock_.now(), effects);
  perform(std::move(effects));
}

// ---- effects

void Relay::perform(network::NodeEffects effects) {
  std::deque<network::NodeEffect> work(std::make_move_iterator(effects.begin()),
                                       std::make_move_iterator(effects.end()));
  while (!work.empty()) {
    network::NodeEffect effect = std::move(work.front());
    work.pop_front();
    network::NodeEffects more;
    std::visit([&](auto& each) { perform(each, more); }, effect);
    for (network::NodeEffect& each : more) work.push_back(std::move(each));
  }
  const auto until_end = std::chrono::duration_cast<Duration>(end_ - std::chrono::steady_clock::now());
  sessions_->wake_after(std::clamp(clock_.real_until(node_.wake_at()), Duration::zero(),
                                   std::max(Duration::zero(), until_end)));
}

void Relay::perform(const network::NodeDial& dial, network::NodeEffects&) {
  const network::PlannedContact& planned = graph_.contact(dial.contact);
  const auto address = peers_.find(planned.to);
  if (address == peers_.end()) return complain_once(dial.contact, "no address; its contacts are silent");
  shell::TcpclNode::Call call;
  call.host = address->second.host;
  call.port = address->second.port;
  call.peer_node = to_string(network::node_endpoint(plan_.nodes[planned.to.value()]).value());
  const double plan_s = 2 * to_seconds(planned.light_time) + 2;
  call.ending_max = from_seconds(plan_s / clock_.speed() + kRealSlackS);
  sessions_->dial(dial.contact.value(), call);
}

void Relay::perform(const network::NodeHangUp& hang_up, network::NodeEffects& more) {
  if (peers_.contains(graph_.contact(hang_up.contact).to))
    sessions_->end(hang_up.contact.value());
  else
    node_.session_down(hang_up.contact, clock_.now(), more);
}

void Relay::perform(network::NodeTransmit& transmit, network::NodeEffects& more) {
  const auto given = sessions_->send(transmit.contact.value(), transmit.slot, std::move(transmit.bytes));
  if (given) return;
  complain_once(transmit.contact, given.error().message);
  node_.settled(transmit.contact, transmit.slot,
                given.error().code == Errc::kLimitReached ? Settled::kRefused : Settled::kLost, clock_.now(),
                more);
}

void Relay::not_kept(const network::BundleId& id, const std::string& why) {
  complain(why);
  node_.withdraw(id);
  failed_.insert(id);
}

void Relay::perform(const network::NodeKeep& keep, network::NodeEffects& more) {
  const network::StoredBundle* bundle = node_.store().find(keep.slot);
  if (bundle == nullptr) return;
  const auto number = folder_->put(*bundle);
  if (!number) return not_kept(keep.id, number.error().message);
  files_[keep.slot] = *number;
  names_[keep.slot] = keep.id;
  tell("kept", {{"bundle", to_string(keep.id)},
                {"from", from_},
                {"destination", to_string(bundle->destination)},
                {"criticality", network::criticality_name(bundle->criticality)},
                {"bytes", bundle->bytes.size()},
                {"in_custody", node_.store().count()}});
  const std::vector<std::byte> bytes = bundle->bytes;
  node_.report(bytes, network::ReportEvent::kReceived, network::ReportReason::kNone, clock_.now(), more);
}

// The file first: a crash before it is on the list finds it lying there and does not write it again.
Result<std::string> Relay::deliver_file(const network::NodeDeliver& deliver) {
  const auto view = network::decode_bundle(deliver.bytes);
  if (!view) return tl::unexpected<Error>(view.error());
  const auto file = inbox_.keep(*view, deliver.bytes);
  if (!file) return tl::unexpected<Error>(file.error());
  if (const auto added = delivered_.add({deliver.expires, deliver.id}); !added)
    return tl::unexpected<Error>(added.error());
  return file->path;
}

void Relay::perform(network::NodeDeliver& deliver, network::NodeEffects& more) {
  const auto file = deliver_file(deliver);
  if (!file) return not_kept(deliver.id, file.error().message);
  tell(
      "delivered",
      {{"bundle", to_string(deliver.id)}, {"from", from_}, {"bytes", deliver.bytes.size()}, {"file", *file}});
  for (const auto event : {network::ReportEvent::kReceived, network::ReportEvent::kDelivered})
    node_.report(deliver.bytes, event, network::ReportReason::kNone, clock_.now(), more);
}

void Relay::perform(const network::NodeDiscard& discard, network::NodeEffects&) {
  if (const auto file = files_.extract(discard.slot); !file.empty()) folder_->remove(file.mapped());
  const auto name = names_.extract(discard.slot);
  if (name.empty() || discard.reason == network::DiscardReason::kHandedOver) return;
  tell("dropped", {{"bundle", to_string(name.mapped())}, {"reason", to_string(discard.reason)}});
}

// ---- the command

Result<int> run_relay(const RelayArguments& arguments) {
  std::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is an error like a full disk
  auto link = link_options(arguments.link);
  if (!link) return tl::unexpected<Error>(link.error());
  const auto plan = load_plan("bundle relay", arguments.plan);
  if (!plan) return tl::unexpected<Error>(plan.error());
  const auto self = plan->find(arguments.node);
  if (!self) return fail(Errc::kNotFound, "--node: node '{}' is not in the plan", printable(arguments.node));
  auto peers = read_peers(arguments.peers, arguments.peers_file, *plan, *self);
  if (!peers) return tl::unexpected<Error>(peers.error());
  for (const auto& [peer, unused] : *peers)
    if (const auto id = network::node_endpoint(plan->nodes[peer.value()]); !id)
      return fail(id.error().code, "node '{}': {}", plan->nodes[peer.value()], id.error().message);
  const auto graph =
      network::ContactGraph::make(static_cast<std::uint32_t>(plan->nodes.size()), plan->contacts);
  if (!graph) return tl::unexpected<Error>(graph.error());
  const auto clock = PlanClock::make(arguments.clock, plan->epoch);
  if (!clock) return tl::unexpected<Error>(clock.error());

  network::BundleNodeOptions options;
  options.forwarder.epoch = clock->epoch();
  options.forwarder.born = clock->now();
  options.forwarder.store.bytes_max = arguments.store_bytes_max;
  options.forwarder.retries_max = kRetriesMax;
  Duration light_time_max{};
  for (const network::PlannedContact& each : graph->contacts())
    if (each.from == *self) light_time_max = std::max(light_time_max, each.light_time);
  options.forwarder.silence_max +=
      kSilenceLightTimes * light_time_max + from_seconds(kRealSlackS * clock->speed());
  options.redial = std::max(options.redial, from_seconds(kRealRedialS * clock->speed()));
  auto node = network::BundleNode::make(*plan, *graph, *self, options);
  if (!node) return fail(node.error().code, "node '{}': {}", arguments.node, node.error().message);
  link->session.node_id = to_string(node->endpoint());

  Relay relay(arguments, *plan, *graph, std::move(*peers), *clock, std::move(*node));
  if (const auto opened = relay.open_store(); !opened) return tl::unexpected<Error>(opened.error());
  if (const auto ran = relay.run(std::move(*link)); !ran) return tl::unexpected<Error>(ran.error());
  return plan->problems.empty() ? 0 : 2;
}

}  // namespace

void add_bundle_relay(command_line::Command bundle, int* exit_code) {
  auto arguments = std::make_shared<RelayArguments>();
  command_line::Command command =
      bundle.add_subcommand("relay", "Be a node of a contact plan: store bundles and hand them on");
  command.add_option("--plan", arguments->plan, "contact plan: HDTN JSON, ionrc or CSV (.gz too)").required();
  command.add_option("--node", arguments->node, "this node, as the plan names it").required();
  command.add_option("--store", arguments->store, "folder of what is in custody").required();
  command.add_option("--deliver", arguments->deliver, "folder for bundles to this node").required();
  command.add_option("--listen", arguments->link.port, "TCP port; 0: any free one").capture_default_str();
  command
      .add_option("--address", arguments->address, "to listen at; others than loopback reach other machines")
      .capture_default_str();
  command.add_option("--peer", arguments->peers,
                     "NAME=HOST:PORT of a neighbour; one without is a silent contact");
  command.add_option("--peers", arguments->peers_file, "file of such lines");
  add_plan_clock(command, arguments->clock);
  command.add_option("--store-bytes-max", arguments->store_bytes_max, "the least critical make room")
      .check(command_line::range(std::uint64_t{1}, std::uint64_t{1} << 40))
      .capture_default_str();
  command.add_option("--for-s", arguments->for_s, "end after so many seconds of this machine; 0: at a signal")
      .check(command_line::range(0.0, 1e9))
      .capture_default_str();
  command.add_flag("--json-lines", arguments->json_lines, "events as JSON, one a line");
  add_bundle_bytes_max(command, arguments->link);
  add_session_options(command, arguments->link);
  command.footer(
      "Prints events as they happen. Acknowledged bundles survive a crash. Exit code 2 when contacts of the "
      "plan\nwere left out.\n\n"
      "Example:\n  skywarden bundle relay --plan plan.json --node B --store custody --deliver inbox --listen "
      "7002 \\\n    --peer A=127.0.0.1:7001 --peer C=127.0.0.1:7003");
  command.callback([arguments, exit_code] { report_bundle("relay", run_relay(*arguments), exit_code); });
}

}  // namespace skywarden::app
