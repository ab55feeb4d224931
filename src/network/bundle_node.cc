#include "network/bundle_node.h"

#include <algorithm>
#include <utility>

#include "base/contract.h"
#include "base/text.h"
#include "network/bundle_decode.h"
#include "network/bundle_encode.h"
#include "network/bundle_seen.h"
#include "network/passage_block.h"

namespace skywarden::network {
namespace {

// The session tells what was lost; the Forwarder need not guess from the time.
constexpr Duration kNoGuess = std::chrono::hours(24 * 366);

bool is_number(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

bool is_known(std::uint64_t type) {
  return block_type_name(type) != "unknown";
}

ForwarderOptions forwarder_options(ForwarderOptions options) {
  options.acknowledgement_margin = kNoGuess;
  options.news_max = 0;         // TCPCLv4 has no message for them
  options.lossy_links = false;  // TCP repeats, and a transfer begun is finished
  return options;
}

void set_block(Bundle& bundle, Block block) {
  const auto found = std::ranges::find(bundle.blocks, block.type, &Block::type);
  if (found == bundle.blocks.end()) {
    bundle.blocks.insert(std::prev(bundle.blocks.end()), std::move(block));
  } else {
    found->data = std::move(block.data);
  }
}

bool is_encrypted(const BundleView& view, std::uint64_t type) {
  return std::any_of(view.blocks.begin(), view.blocks.end(),
                     [&](const BlockView& block) { return block.type == type && block.encrypted; });
}

}  // namespace

std::string_view to_string(DiscardReason reason) {
  switch (reason) {
    case DiscardReason::kHandedOver:
      return "handed over";
    case DiscardReason::kExpired:
      return "expired";
    case DiscardReason::kEvicted:
      return "evicted";
    case DiscardReason::kUnsendable:
      return "unsendable";
  }
  return "unknown";
}

Result<EndpointId> node_endpoint(std::string_view name) {
  return parse_endpoint(is_number(name) ? fmt::format("ipn:{}.0", name) : fmt::format("dtn://{}/", name));
}

std::optional<Vertex> node_of(const EndpointView& endpoint, const PlanFile& plan) {
  if (endpoint.is_null()) return std::nullopt;
  if (endpoint.scheme == EndpointScheme::kIpn) return plan.find(std::to_string(endpoint.node));
  const std::string_view text = endpoint.text.substr(2);  // after "//"
  return plan.find(text.substr(0, text.find('/')));
}

Result<std::vector<std::byte>> forwarded_bundle(const BundleView& view, const Passage& passage,
                                                const EndpointId& node, Duration stayed) {
  Bundle bundle = to_bundle(view);
  // A BCB keeps saying which blocks it covers, so an encrypted one must not go.
  std::erase_if(bundle.blocks, [&](const Block& block) {
    const BlockView* seen = view.block(block.number);
    return !is_known(block.type) && (block.flags & block_flag::kDiscardIfUnknown) != 0 && !seen->encrypted;
  });
  if (view.hops) set_block(bundle, hop_count_block(0, {view.hops->limit, view.hops->count + 1}));
  if (view.age_ms) {
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(stayed).count();
    set_block(bundle,
              bundle_age_block(0, *view.age_ms + static_cast<std::uint64_t>(std::max<std::int64_t>(0, ms))));
  }
  if (!is_encrypted(view, block_type::kPreviousNode))
    set_block(bundle, previous_node_block(free_block_number(bundle), node.view()));
  Passage sent = passage;
  if (sent.visited.size() > kVisitedMax)
    sent.visited.erase(sent.visited.begin(), sent.visited.end() - kVisitedMax);
  sent.failures = std::min(sent.failures, kPassageFailuresMax);
  set_passage(bundle, sent);
  return encode_bundle(bundle);
}

// ---- what comes in

Result<BundleNode> BundleNode::make(const PlanFile& plan, const ContactGraph& graph, Vertex self,
                                    const BundleNodeOptions& options) {
  auto endpoint = node_endpoint(plan.nodes[self.value()]);
  if (!endpoint) return tl::unexpected<Error>(endpoint.error());
  return BundleNode(plan, graph, self, options, std::move(*endpoint));
}

BundleNode::BundleNode(const PlanFile& plan, const ContactGraph& graph, Vertex self,
                       const BundleNodeOptions& options, EndpointId endpoint)
    : plan_(&plan),
      graph_(&graph),
      self_(self),
      options_(options),
      endpoint_(std::move(endpoint)),
      forwarder_(graph, self, forwarder_options(options.forwarder)) {
  for (const ContactGraph::Edge& edge : graph.edges_from(self))
    for (std::uint32_t i = edge.first; i < edge.last; ++i) own_.emplace_back(i);
  std::ranges::sort(own_, {}, [&](PlannedContactId id) { return std::pair(graph.contact(id).start, id); });
}

Result<Passage> BundleNode::passage_for(const BundleView& view) const {
  const auto destination = node_of(view.primary.destination, *plan_);
  if (!destination)
    return fail(Errc::kNotFound, "{} is not of a node of the plan",
                printable(to_string(view.primary.destination)));
  auto told = passage_of(view, graph_->vertices());
  if (!told) return tl::unexpected<Error>(told.error());
  if (!*told) return Passage{*destination, {}, 0};
  if ((*told)->destination != *destination)
    return fail(Errc::kConflict, "its passage block names node {} of the plan, expected {}: another plan?",
                (*told)->destination.value(), destination->value());
  return std::move(**told);
}

BundleNode::Reception BundleNode::receive(std::vector<std::byte> bundle, Duration now, NodeEffects& effects) {
  const auto view = decode_bundle(bundle);
  if (!view) return {TcpclRefuseReason::kNotAcceptable, view.error().message};
  const BundleId id = identity(*view);
  auto passage = passage_for(*view);
  if (!passage) return {TcpclRefuseReason::kNotAcceptable, passage.error().message, false, id};
  for (const BlockView& block : view->blocks) {
    if (is_known(block.type) || (block.flags & block_flag::kDeleteIfUnknown) == 0) continue;
    report(bundle, ReportEvent::kDeleted, ReportReason::kBlockUnintelligible, now, effects);
    return {{}, fmt::format("a block of type {} asks for it", block.type), true, id};
  }
  const bool mine = passage->destination == self_;
  if (!mine && view->hops && view->hops->count >= view->hops->limit) {
    report(bundle, ReportEvent::kDeleted, ReportReason::kHopLimitExceeded, now, effects);
    return {{}, fmt::format("the hop limit of {} is reached", view->hops->limit), true, id};
  }
  if (mine) {
    const Instant received = instant(now);
    NodeDeliver deliver{
        id, expiry(*view, received).value_or(received + options_.forwarder.store.retention), {}};
    Effects decided;
    deliver.bytes = bundle;
    const Acceptance acceptance = forwarder_.accept(std::move(bundle), std::move(*passage), now, decided);
    act(decided, now, effects);
    if (acceptance == Acceptance::kRefused)
      return {TcpclRefuseReason::kNotAcceptable, "it has expired", false, id};
    if (acceptance != Acceptance::kDelivered)
      return {TcpclRefuseReason::kCompleted, "it was here before", false, id};
    effects.emplace_back(std::move(deliver));
    return {{}, {}, false, id};
  }
  Effects decided;
  const Acceptance acceptance = forwarder_.accept(std::move(bundle), std::move(*passage), now, decided);
  if (acceptance == Acceptance::kRefused) {
    act(decided, now, effects);
    return {TcpclRefuseReason::kNoResources, "it has expired, or there is no room for it", false, id};
  }
  if (acceptance != Acceptance::kKept) {
    act(decided, now, effects);
    return {TcpclRefuseReason::kCompleted, "it was here before", false, id};
  }
  // What made room goes first, and nothing is sent before it is kept.
  const auto drops = std::stable_partition(decided.begin(), decided.end(), [](const Effect& effect) {
    return std::holds_alternative<Drop>(effect);
  });
  Effects later(std::make_move_iterator(drops), std::make_move_iterator(decided.end()));
  decided.erase(drops, decided.end());
  act(decided, now, effects);
  effects.emplace_back(NodeKeep{forwarder_.slot_of(id).value(), id});
  act(later, now, effects);
  return {{}, {}, false, id};
}

Result<std::uint64_t> BundleNode::restore(KeptBundle kept, Duration now, NodeEffects& effects) {
  const auto view = decode_bundle(kept.bytes);
  if (!view) return tl::unexpected<Error>(view.error());
  auto passage = passage_for(*view);
  if (!passage) return tl::unexpected<Error>(passage.error());
  const BundleId id = identity(*view);
  Effects decided;
  const Acceptance acceptance = forwarder_.restore(std::move(kept), std::move(*passage), now, decided);
  act(decided, now, effects);
  switch (acceptance) {
    case Acceptance::kKept:
      return forwarder_.slot_of(id).value();
    case Acceptance::kRefused:
      return fail(Errc::kOutOfRange, "{} has expired, or there is no room for it", to_string(id));
    case Acceptance::kDelivered:
      forwarder_.withdraw(id);
      return fail(Errc::kConflict, "{} is for this node, which had it in custody: another plan?",
                  to_string(id));
    case Acceptance::kDuplicate:
    case Acceptance::kArrived:
      break;
  }
  return fail(Errc::kConflict, "{} is there twice", to_string(id));
}

void BundleNode::report(std::span<const std::byte> bundle, ReportEvent event, ReportReason reason,
                        Duration now, NodeEffects& effects) {
  const auto view = decode_bundle(bundle);
  if (!view) return;
  const auto made = report_on(*view, event, reason, endpoint_, {to_dtn_time(instant(now)), reports_});
  if (!made) return;
  ++reports_;
  auto bytes = encode_bundle(*made);
  if (bytes) std::ignore = receive(std::move(*bytes), now, effects);  // nobody is told where it cannot go
}

// ---- sessions

void BundleNode::session_up(PlannedContactId contact, Duration now, NodeEffects& effects) {
  const auto found = sessions_.find(contact);
  if (found == sessions_.end() || found->second.line != Line::kDialling) return;
  found->second.line = Line::kUp;
  Effects decided;
  forwarder_.link_up(contact, now, decided);
  act(decided, now, effects);
}

void BundleNode::break_line(PlannedContactId contact, Session& session, Duration now, NodeEffects& out) {
  if (session.line != Line::kUp) return;
  session.line = Line::kBroken;
  if (session.pacing && session.early.contains(*session.pacing)) end_pace(contact, session, now, out);
  session.pacing.reset();
  session.suspended.reset();
  session.early.clear();
  Effects decided;
  forwarder_.link_down(contact, now, decided);
  act(decided, now, out);
}

void BundleNode::settled(PlannedContactId contact, std::uint64_t slot, Settled what, Duration now,
                         NodeEffects& effects) {
  const auto found = sessions_.find(contact);
  if (found == sessions_.end()) return;
  Session& session = found->second;
  if (what == Settled::kLost) {
    break_line(contact, session, now, effects);
    Effects decided;
    forwarder_.lost(contact, slot, now, decided);
    return act(decided, now, effects);
  }
  const StoredBundle* bundle = store().find(slot);
  Answer told = what == Settled::kRefused ? Answer::kRefused : Answer::kTaken;
  if (what == Settled::kTaken && bundle != nullptr) {
    if (node_of(bundle->destination.view(), *plan_) == graph_->contact(contact).to) told = Answer::kArrived;
    const std::vector<std::byte> bytes = bundle->bytes;
    report(bytes, ReportEvent::kForwarded, ReportReason::kNone, now, effects);
  }
  if (session.pacing == slot || session.suspended == slot) {  // sooner than planned
    session.early[slot] = told;
    return;
  }
  answer(contact, slot, told, now, effects);
}

void BundleNode::answer(PlannedContactId contact, std::uint64_t slot, Answer answer, Duration now,
                        NodeEffects& out) {
  const bool was_here = store().find(slot) != nullptr;
  Effects decided;
  forwarder_.answered(contact, slot, answer, now, decided);
  if (was_here && store().find(slot) == nullptr)
    out.emplace_back(NodeDiscard{slot, DiscardReason::kHandedOver});
  act(decided, now, out);
}

void BundleNode::session_down(PlannedContactId contact, Duration now, NodeEffects& effects) {
  const auto found = sessions_.find(contact);
  if (found == sessions_.end()) return;
  break_line(contact, found->second, now, effects);
  if (found->second.line == Line::kEnding || graph_->contact(contact).end <= now) {
    sessions_.erase(found);
  } else {
    found->second = Session{.line = Line::kWaiting, .redial_at = now + options_.redial};
  }
}

// ---- time

void BundleNode::tick(Duration now, NodeEffects& effects) {
  std::vector<PlannedContactId> paced;
  for (const auto& [contact, session] : sessions_)
    if (session.pacing && session.paced <= now) paced.push_back(contact);
  for (const PlannedContactId contact : paced) end_pace(contact, sessions_.at(contact), now, effects);
  for (auto each = sessions_.begin(); each != sessions_.end();) {
    const PlannedContactId contact = each->first;
    Session& session = each->second;
    ++each;
    if (graph_->contact(contact).end > now || session.line == Line::kEnding) continue;
    if (session.line == Line::kWaiting) {
      sessions_.erase(contact);
      continue;
    }
    break_line(contact, session, now, effects);
    session.line = Line::kEnding;
    effects.emplace_back(NodeHangUp{contact});
  }
  open_contacts(now, effects);
  Effects decided;
  forwarder_.tick(now, decided);
  act(decided, now, effects);
}

void BundleNode::open_contacts(Duration now, NodeEffects& out) {
  for (; own_next_ < own_.size(); ++own_next_) {
    const PlannedContact& planned = graph_->contact(own_[own_next_]);
    if (planned.start > now) break;
    if (planned.end > now) sessions_[own_[own_next_]] = Session{.line = Line::kWaiting, .redial_at = now};
  }
  for (auto& [contact, session] : sessions_) {
    if (session.line != Line::kWaiting || session.redial_at > now) continue;
    session.line = Line::kDialling;
    out.emplace_back(NodeDial{contact});
  }
}

Duration BundleNode::wake_at() const {
  Duration at = forwarder_.wake_at();
  if (own_next_ < own_.size()) at = std::min(at, graph_->contact(own_[own_next_]).start);
  for (const auto& [contact, session] : sessions_) {
    if (session.line != Line::kEnding) at = std::min(at, graph_->contact(contact).end);
    if (session.line == Line::kWaiting) at = std::min(at, session.redial_at);
    if (session.pacing) at = std::min(at, session.paced);
  }
  return at;
}

void BundleNode::end_pace(PlannedContactId contact, Session& session, Duration now, NodeEffects& out) {
  const std::uint64_t slot = session.pacing.value();
  session.pacing.reset();
  std::optional<Answer> early;
  if (auto told = session.early.extract(slot); !told.empty()) early = told.mapped();
  Effects decided;
  forwarder_.sent(contact, now, decided);
  act(decided, now, out);
  if (early) answer(contact, slot, *early, now, out);
}

// ---- what the Forwarder decides

void BundleNode::act(const Effects& effects, Duration now, NodeEffects& out) {
  for (const Effect& effect : effects) {
    if (const auto* send = std::get_if<Send>(&effect)) {
      transmit(*send, now, out);
    } else if (const auto* suspend = std::get_if<Suspend>(&effect)) {
      if (const auto found = sessions_.find(suspend->contact); found != sessions_.end())
        found->second.suspended = std::exchange(found->second.pacing, std::nullopt);
    } else if (const auto* drop = std::get_if<Drop>(&effect)) {
      out.emplace_back(NodeDiscard{drop->slot, drop->reason == DropReason::kExpired
                                                   ? DiscardReason::kExpired
                                                   : DiscardReason::kEvicted});
    }
  }
}

void BundleNode::transmit(const Send& send, Duration now, NodeEffects& out) {
  const auto found = sessions_.find(send.contact);
  if (found == sessions_.end()) return;  // it ended meanwhile, which the Forwarder is told
  Session& session = found->second;
  if (session.line != Line::kUp) return;  // likewise
  session.pacing = send.slot;
  session.paced = now + send.takes;
  if (session.suspended == send.slot) session.suspended.reset();
  if (session.early.contains(send.slot)) session.paced = now;     // it was answered while suspended
  if (send.resumed || session.early.contains(send.slot)) return;  // the session has the whole of it
  const StoredBundle* bundle = store().find(send.slot);
  const Passage* passage = forwarder_.passage(send.slot);
  if (bundle == nullptr || passage == nullptr) {  // withdrawn or evicted: nothing occupies the contact
    session.paced = now;
    return;
  }
  const auto view = decode_bundle(bundle->bytes);
  EXPECTS(view.has_value());  // it was when it came
  auto bytes = forwarded_bundle(*view, *passage, endpoint_, instant(now) - bundle->received);
  if (!bytes) {  // more blocks or bytes than a bundle may have
    session.paced = now;
    forwarder_.withdraw(identity(*view));
    out.emplace_back(NodeDiscard{send.slot, DiscardReason::kUnsendable});
    return;
  }
  out.emplace_back(NodeTransmit{send.contact, send.slot, std::move(*bytes)});
}

}  // namespace skywarden::network
