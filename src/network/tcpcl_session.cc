#include "network/tcpcl_session.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/contract.h"
#include "base/text.h"
#include "network/endpoint.h"

namespace skywarden::network {
namespace {

constexpr std::size_t kOutputBytesMax = 64U
                                        << 10;  // answers the peer has not read; then it is not read either
constexpr std::chrono::seconds kKeepaliveMax{0xFFFF};
constexpr int kIdleIntervals = 2;  // of keepalive, without a message: §5.1.1

}  // namespace

bool is_node_id(std::string_view uri) {
  const auto endpoint = parse_endpoint(uri);
  if (!endpoint || endpoint->is_null()) return false;
  const EndpointView view = endpoint->view();
  if (view.scheme == EndpointScheme::kIpn) return view.service == 0;
  return view.text.find('/', 2) == view.text.size() - 1;
}

bool same_node(std::string_view a, std::string_view b) {
  const auto left = parse_endpoint(a);
  const auto right = parse_endpoint(b);
  return left && right && *left == *right;
}

Result<void> TcpclOptions::validate() const {
  if (!node_id.empty() && !is_node_id(node_id))
    return fail(Errc::kOutOfRange, "'{}' is no Node ID such as ipn:7.0 or dtn://node/", printable(node_id));
  if (peer_node && !is_node_id(*peer_node))
    return fail(Errc::kOutOfRange, "'{}' is no Node ID such as ipn:7.0 or dtn://node/",
                printable(*peer_node));
  if (keepalive < std::chrono::seconds(0) || keepalive > kKeepaliveMax)
    return fail(Errc::kOutOfRange, "a keepalive of {} s, expected 0…65535", keepalive.count());
  if (tls_required && !tls_offered) return fail(Errc::kConflict, "TLS is required and not offered");
  if (segment_mru == 0 || segment_bytes_max == 0 || flying_max == 0)
    return fail(Errc::kOutOfRange, "segments of at least one byte are needed");
  return {};
}

TcpclSession::TcpclSession(TcpclOptions options, Instant now)
    : options_(std::move(options)), began_(now), last_sent_(now), last_heard_(now), last_busy_(now) {
  EXPECTS(options_.validate().has_value());
  if (options_.active) send_contact();  // §4.1: at once
}

void TcpclSession::queue(const TcpclMessage& message) {
  append_tcpcl(output_, message);
}

void TcpclSession::send_contact() {
  append_tcpcl_contact(output_,
                       {kTcpclVersion, options_.tls_offered ? tcpcl_flag::kCanTls : std::uint8_t{0}});
  contact_sent_ = true;
}

void TcpclSession::send_init() {
  queue(TcpclSessionInit{.keepalive_s = static_cast<std::uint16_t>(options_.keepalive.count()),
                         .segment_mru = options_.segment_mru,
                         .transfer_mru = options_.transfer_mru,
                         .node_id = options_.node_id,
                         .items = {}});
  init_sent_ = true;
}

bool TcpclSession::wants_bytes() const {
  return state_ != State::kClosed && state_ != State::kTls && !settling_ && output_.size() < kOutputBytesMax;
}

void TcpclSession::receive(std::span<const std::byte> bytes, Instant now, TcpclEvents& events) {
  EXPECTS(wants_bytes());
  input_.insert(input_.end(), bytes.begin(), bytes.end());
  parse(now, events);
}

void TcpclSession::parse(Instant now, TcpclEvents& events) {
  bool more = true;
  while (more && !settling_ && state_ != State::kClosed && state_ != State::kTls)
    more = state_ == State::kContact ? parse_contact(now, events) : parse_message(now, events);
  // Moved only when most of it is done with, so that bytes are copied a bounded number of times.
  if (input_at_ * 2 >= input_.size()) {
    input_.erase(input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(input_at_));
    input_at_ = 0;
  }
}

bool TcpclSession::parse_contact(Instant now, TcpclEvents& events) {
  const auto contact = decode_tcpcl_contact(std::span(input_).subspan(input_at_));
  if (!contact) {  // §6.1: without a SESS_TERM
    close(std::nullopt, false, contact.error().message, events);
    return false;
  }
  if (!*contact) return false;
  input_at_ += kTcpclContactBytes;
  last_heard_ = now;
  if (!contact_sent_) send_contact();
  if ((*contact)->version != kTcpclVersion) {
    auto why = fmt::format("the peer speaks version {}, expected {}", (*contact)->version, kTcpclVersion);
    if (options_.active && (*contact)->version < kTcpclVersion) {
      close(std::nullopt, false, std::move(why), events);
    } else {
      abort(TcpclTermReason::kVersionMismatch, std::move(why), events);
    }
    return false;
  }
  const bool peer_offers = ((*contact)->flags & tcpcl_flag::kCanTls) != 0;
  tls_ = peer_offers && options_.tls_offered;
  if (!tls_ && options_.tls_required) {
    abort(TcpclTermReason::kContactFailure, "the peer does not offer TLS", events);
    return false;
  }
  if (!tls_) {
    state_ = State::kInit;
    if (options_.active) send_init();
    return true;
  }
  // Bytes before the handshake would be read as if they had been protected.
  if (input_at_ != input_.size()) {
    close(std::nullopt, false, "bytes between contact header and TLS handshake", events);
    return false;
  }
  state_ = State::kTls;
  events.emplace_back(TcpclStartTls{});
  return false;
}

void TcpclSession::tls_established(std::vector<std::string> node_ids, Instant now, TcpclEvents& events) {
  if (state_ != State::kTls) return;  // it was given up meanwhile
  std::erase_if(node_ids, [](const std::string& id) { return !is_node_id(id); });  // §4.4.1
  certified_nodes_ = std::move(node_ids);
  state_ = State::kInit;
  last_heard_ = now;
  if (options_.active) send_init();
  parse(now, events);
}

bool TcpclSession::parse_message(Instant now, TcpclEvents& events) {
  const auto decoded =
      decode_tcpcl(std::span(input_).subspan(input_at_), {options_.segment_mru, options_.item_bytes_max});
  if (!decoded && decoded.error().code == Errc::kUnsupported) {  // §5.1.2
    queue(TcpclReject{TcpclRejectReason::kTypeUnknown, std::to_integer<std::uint8_t>(input_[input_at_])});
    close(std::nullopt, false, decoded.error().message, events);
    return false;
  }
  if (!decoded) {
    abort(TcpclTermReason::kResourceExhaustion, decoded.error().message, events);
    return false;
  }
  if (!*decoded) return false;
  last_heard_ = now;
  const TcpclMessage& message = (*decoded)->message;
  if (type_of(message) != TcpclType::kKeepalive) last_busy_ = now;
  if (expected(type_of(message), events)) dispatch(message, now, events);
  input_at_ += (*decoded)->size;  // what `message` looks into stays until here
  return true;
}

void TcpclSession::dispatch(const TcpclMessage& message, Instant now, TcpclEvents& events) {
  if (const auto* segment = std::get_if<TcpclSegment>(&message)) return treat(*segment, events);
  if (const auto* ack = std::get_if<TcpclAck>(&message)) return treat(*ack, events);
  if (const auto* refuse = std::get_if<TcpclRefuse>(&message)) return treat(*refuse, events);
  if (const auto* reject = std::get_if<TcpclReject>(&message)) return treat(*reject, events);
  if (const auto* init = std::get_if<TcpclSessionInit>(&message)) return treat(*init, now, events);
  if (const auto* term = std::get_if<TcpclSessionTerm>(&message)) return treat(*term, now, events);
}

// In this state; what belongs to a transfer is looked at by treat().
bool TcpclSession::expected(TcpclType type, TcpclEvents& events) {
  const bool before = state_ == State::kInit;
  bool good = true;
  switch (type) {
    case TcpclType::kSessionInit:
      good = before;
      break;
    case TcpclType::kSegment:
    case TcpclType::kAck:
    case TcpclType::kRefuse:
      good = !before;
      break;
    case TcpclType::kKeepalive:
    case TcpclType::kSessionTerm:
    case TcpclType::kReject:
      break;
  }
  if (!good) reject(type, TcpclRejectReason::kUnexpected, events);
  return good;
}

void TcpclSession::reject(TcpclType type, TcpclRejectReason reason, TcpclEvents& events) {
  queue(TcpclReject{reason, static_cast<std::uint8_t>(type)});
  if (++violations_ > options_.violations_max)
    abort(TcpclTermReason::kUnknown, "the peer broke the protocol too often", events);
}

// ---- negotiation

std::optional<std::string> TcpclSession::problem_of(const TcpclSessionInit& init) {
  if (!init.node_id.empty() && !is_node_id(init.node_id))
    return fmt::format("the peer's name '{}' is no Node ID", printable(init.node_id));
  if (options_.peer_node && !same_node(init.node_id, *options_.peer_node))
    return fmt::format("the peer is '{}', expected {}", printable(init.node_id), *options_.peer_node);
  const bool certified = std::any_of(certified_nodes_.begin(), certified_nodes_.end(),
                                     [&](const std::string& id) { return same_node(id, init.node_id); });
  // §4.4.4: a certificate for other nodes is a failure, one without NODE-ID is for the policy to judge.
  if (tls_ && !certified && (!certified_nodes_.empty() || options_.node_id_required))
    return fmt::format("the peer's certificate does not name '{}'", printable(init.node_id));
  if (init.segment_mru == 0) return "the peer takes no segments";
  const auto items = decode_tcpcl_items(init.items);
  if (!items) return items.error().message;
  for (const TcpclItem& item : *items)
    if (item.critical()) return fmt::format("session extension {} is unknown and critical", item.type);
  return std::nullopt;
}

void TcpclSession::treat(const TcpclSessionInit& init, Instant now, TcpclEvents& events) {
  if (auto problem = problem_of(init)) {
    if (!init_sent_) send_init();
    return abort(TcpclTermReason::kContactFailure, std::move(*problem), events);
  }
  if (!init_sent_) send_init();
  state_ = State::kUp;
  keepalive_ = std::min(options_.keepalive, std::chrono::seconds(init.keepalive_s));  // §4.7
  peer_segment_mru_ = init.segment_mru;
  peer_transfer_mru_ = init.transfer_mru;
  peer_node_ = init.node_id;
  last_sent_ = now;
  events.emplace_back(TcpclUp{peer_node_, tls_ && !certified_nodes_.empty(), keepalive_, peer_segment_mru_,
                              peer_transfer_mru_});
}

// ---- receiving

bool TcpclSession::remember(std::uint64_t transfer, TcpclEvents& events) {
  auto after = seen_.upper_bound(transfer);
  if (after != seen_.begin()) {
    const auto before = std::prev(after);
    if (transfer <= before->second) {
      reject(TcpclType::kSegment, TcpclRejectReason::kUnexpected, events);
      return false;
    }
    if (before->second + 1 == transfer) {
      before->second = transfer;
      if (after != seen_.end() && after->first == transfer + 1) {
        before->second = after->second;
        seen_.erase(after);
      }
      return true;
    }
  }
  std::uint64_t last = transfer;
  if (after != seen_.end() && after->first == transfer + 1) {
    last = after->second;
    seen_.erase(after);
  }
  seen_.emplace(transfer, last);
  if (seen_.size() <= options_.id_ranges_max) return true;
  abort(TcpclTermReason::kResourceExhaustion, "the peer's transfer numbers are scattered", events);
  return false;
}

std::optional<TcpclRefuseReason> TcpclSession::problem_of_start(const TcpclSegment& segment) {
  if (state_ == State::kEnding) return TcpclRefuseReason::kSessionTerminating;
  const auto items = decode_tcpcl_items(segment.items);
  if (!items) return TcpclRefuseReason::kExtensionFailure;
  for (const TcpclItem& item : *items) {
    if (item.type != kTransferLengthItem) {
      if (item.critical()) return TcpclRefuseReason::kExtensionFailure;
      continue;
    }
    if (incoming_->total) return TcpclRefuseReason::kNotAcceptable;  // told twice
    incoming_->total = transfer_length(item);
    if (!incoming_->total) return TcpclRefuseReason::kExtensionFailure;
  }
  if (incoming_->total && *incoming_->total > options_.transfer_mru) return TcpclRefuseReason::kNoResources;
  return std::nullopt;
}

std::optional<TcpclRefuseReason> TcpclSession::problem_of_data(const TcpclSegment& segment) const {
  const std::uint64_t size = incoming_->bundle.size() + segment.data.size();
  if (size > options_.transfer_mru) return TcpclRefuseReason::kNoResources;
  const auto& total = incoming_->total;
  if (total && (size > *total || (segment.ends() && size != *total)))
    return TcpclRefuseReason::kNotAcceptable;
  return std::nullopt;
}

void TcpclSession::refuse_incoming(TcpclRefuseReason reason) {
  incoming_->refused = reason;
  incoming_->bundle = {};
  queue(TcpclRefuse{reason, incoming_->transfer});
}

bool TcpclSession::begin_incoming(const TcpclSegment& segment, TcpclEvents& events) {
  if (incoming_ && !incoming_->refused) {  // §5.2.2: transfers do not interleave
    reject(TcpclType::kSegment, TcpclRejectReason::kUnexpected, events);
    return false;
  }
  if (!remember(segment.transfer, events)) return false;
  incoming_ = Incoming{segment.transfer, {}, {}, {}, 0};
  return true;
}

void TcpclSession::treat(const TcpclSegment& segment, TcpclEvents& events) {
  if (segment.starts() && !begin_incoming(segment, events)) return;
  if (!incoming_ || incoming_->transfer != segment.transfer)
    return reject(TcpclType::kSegment, TcpclRejectReason::kUnexpected, events);
  if (incoming_->refused) {  // it crossed with the refusal: §5.2.4
    queue(TcpclRefuse{*incoming_->refused, segment.transfer});
  } else {
    auto problem = segment.starts() ? problem_of_start(segment) : std::nullopt;
    if (!problem) problem = problem_of_data(segment);
    if (problem) {
      refuse_incoming(*problem);
    } else {
      incoming_->bundle.insert(incoming_->bundle.end(), segment.data.begin(), segment.data.end());
      if (!segment.ends()) {
        queue(TcpclAck{segment.flags, segment.transfer, incoming_->bundle.size()});
      } else {
        incoming_->last_flags = segment.flags;
        settling_ = true;
        // The driver gets the bundle itself; settle() needs its length only.
        incoming_->total = incoming_->bundle.size();
        events.emplace_back(TcpclReceived{segment.transfer, std::exchange(incoming_->bundle, {})});
      }
    }
  }
  if (segment.ends() && !settling_) incoming_.reset();
  finish_if_quiet(events);
}

void TcpclSession::settle(std::optional<TcpclRefuseReason> refused, Instant now, TcpclEvents& events) {
  if (state_ == State::kClosed) return;  // it was lost meanwhile
  EXPECTS(settling_ && incoming_ && incoming_->total);
  if (refused) {
    queue(TcpclRefuse{*refused, incoming_->transfer});
  } else {
    queue(TcpclAck{incoming_->last_flags, incoming_->transfer, *incoming_->total});
  }
  settling_ = false;
  incoming_.reset();
  finish_if_quiet(events);
  parse(now, events);
}

// ---- sending

Result<std::uint64_t> TcpclSession::send(std::vector<std::byte> bundle) {
  if (state_ != State::kUp) return fail(Errc::kUnavailable, "the session is not up");
  if (outgoing_.size() >= options_.queue_max) return fail(Errc::kUnavailable, "too many bundles wait");
  if (bundle.size() > peer_transfer_mru_)
    return fail(Errc::kLimitReached, "a bundle of {} bytes, the peer takes {}", bundle.size(),
                peer_transfer_mru_);
  const std::uint64_t transfer = next_transfer_++;
  // §5.2.1 wants the session ended when the numbers run out; at a billion a second that is in 584 years.
  EXPECTS(next_transfer_ != 0);
  outgoing_[transfer].bundle = std::move(bundle);
  return transfer;
}

// One segment into the output, of the first transfer that is not sent whole.
void TcpclSession::pump(Instant now) {
  if ((state_ != State::kUp && state_ != State::kEnding) || flying_ >= options_.flying_max) return;
  const auto found = std::find_if(outgoing_.begin(), outgoing_.end(), [](const auto& each) {
    return !each.second.started || each.second.sent < each.second.bundle.size();
  });
  if (found == outgoing_.end()) return;
  auto& [number, transfer] = *found;
  const std::uint64_t room = std::min(options_.segment_bytes_max, peer_segment_mru_);
  const std::size_t left = transfer.bundle.size() - transfer.sent;
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left, room));
  TcpclSegment segment{
      .transfer = number, .items = {}, .data = std::span(transfer.bundle).subspan(transfer.sent, size)};
  std::vector<std::byte> items;
  if (!transfer.started) {
    segment.flags |= tcpcl_flag::kStart;
    if (size != left) append_transfer_length(items, transfer.bundle.size());  // §5.2.5.1: not of a single one
    segment.items = items;
  }
  if (size == left) segment.flags |= tcpcl_flag::kEnd;
  queue(segment);
  transfer.started = true;
  transfer.sent += size;
  transfer.flying.push_back(transfer.sent);
  ++flying_;
  last_busy_ = now;
}

std::vector<std::byte> TcpclSession::output(Instant now) {
  if (output_.size() < kOutputBytesMax) pump(now);
  if (!output_.empty()) last_sent_ = now;
  return std::exchange(output_, {});
}

void TcpclSession::treat(const TcpclAck& ack, TcpclEvents& events) {
  const auto found = outgoing_.find(ack.transfer);
  // Acknowledgements come segment by segment, in order, each with the sum so far (§5.2.3).
  if (found == outgoing_.end() || found->second.flying.empty() ||
      found->second.flying.front() != ack.acknowledged)
    return reject(TcpclType::kAck, TcpclRejectReason::kUnexpected, events);
  Outgoing& transfer = found->second;
  const bool last = transfer.sent == transfer.bundle.size() && transfer.flying.size() == 1;
  if (ack.ends() != last) return reject(TcpclType::kAck, TcpclRejectReason::kUnexpected, events);
  transfer.flying.pop_front();
  --flying_;
  if (!last) return;
  outgoing_.erase(found);
  events.emplace_back(TcpclDelivered{ack.transfer});
  finish_if_quiet(events);
}

void TcpclSession::treat(const TcpclRefuse& refuse, TcpclEvents& events) {
  const auto found = outgoing_.find(refuse.transfer);
  if (found == outgoing_.end() && refuse.transfer < next_transfer_) return;  // each segment is refused
  if (found == outgoing_.end() || !found->second.started)
    return reject(TcpclType::kRefuse, TcpclRejectReason::kUnexpected, events);
  flying_ -= found->second.flying.size();
  outgoing_.erase(found);  // no further segment of it
  events.emplace_back(TcpclRefused{refuse.transfer, refuse.reason});
  finish_if_quiet(events);
}

// ---- upkeep and the end

void TcpclSession::treat(const TcpclReject& reject, TcpclEvents& events) {
  events.emplace_back(TcpclRejected{reject});
  const auto type = static_cast<TcpclType>(reject.type);
  // Which segment it was cannot be known, so neither what the peer has.
  if (type == TcpclType::kSegment || type == TcpclType::kSessionInit) {
    abort(TcpclTermReason::kUnknown,
          fmt::format("the peer rejected our message: {}", to_string(reject.reason)), events);
  } else if (++violations_ > options_.violations_max) {
    abort(TcpclTermReason::kUnknown, "the peer rejects too much", events);
  }
}

void TcpclSession::treat(const TcpclSessionTerm& term, Instant now, TcpclEvents& events) {
  const bool reply = (term.flags & tcpcl_flag::kReply) != 0;
  if (term_received_ || (reply && !term_sent_))
    return reject(TcpclType::kSessionTerm, TcpclRejectReason::kUnexpected, events);
  term_received_ = true;
  const bool never_up = state_ == State::kInit;
  if (!term_sent_) {  // the same content, marked as the answer
    queue(TcpclSessionTerm{tcpcl_flag::kReply, term.reason});
    term_sent_ = true;
    term_reason_ = term.reason;
    ending_since_ = now;
    fail_unstarted(events);
  }
  state_ = State::kEnding;
  if (never_up)
    return close(term_reason_, false, fmt::format("the peer ended it: {}", to_string(*term_reason_)), events);
  finish_if_quiet(events);
}

void TcpclSession::end(TcpclTermReason reason, Instant now, TcpclEvents& events) {
  if (state_ == State::kClosed || term_sent_) return;
  if (state_ != State::kUp) return abort(reason, "ended before it was up", events);
  queue(TcpclSessionTerm{0, reason});
  term_sent_ = true;
  term_reason_ = reason;
  state_ = State::kEnding;
  ending_since_ = now;
  fail_unstarted(events);
}

void TcpclSession::fail_unstarted(TcpclEvents& events) {
  for (auto it = outgoing_.begin(); it != outgoing_.end();) {
    if (it->second.started) {
      ++it;
      continue;
    }
    events.emplace_back(TcpclFailed{it->first});
    it = outgoing_.erase(it);
  }
}

void TcpclSession::finish_if_quiet(TcpclEvents& events) {
  if (state_ != State::kEnding || !term_received_ || !outgoing_.empty()) return;
  if (settling_ || (incoming_ && !incoming_->refused)) return;
  close(term_reason_, true, fmt::format("ended: {}", to_string(*term_reason_)), events);
}

void TcpclSession::abort(TcpclTermReason reason, std::string why, TcpclEvents& events) {
  // §6.1: after the contact header, and not inside a TLS handshake.
  if (contact_sent_ && !term_sent_ && state_ != State::kTls) {
    queue(TcpclSessionTerm{0, reason});
    term_sent_ = true;
  }
  close(reason, false, std::move(why), events);
}

void TcpclSession::close(std::optional<TcpclTermReason> reason, bool clean, std::string why,
                         TcpclEvents& events) {
  if (state_ == State::kClosed) return;
  state_ = State::kClosed;
  for (const auto& [transfer, unused] : outgoing_) events.emplace_back(TcpclFailed{transfer});
  outgoing_.clear();
  flying_ = 0;
  if (incoming_ && !incoming_->refused && !settling_)
    events.emplace_back(TcpclReceptionFailed{incoming_->transfer});
  incoming_.reset();
  settling_ = false;
  events.emplace_back(TcpclClosed{reason, clean, std::move(why)});
}

void TcpclSession::connection_lost(std::string_view why, TcpclEvents& events) {
  output_.clear();
  const bool clean = state_ == State::kEnding && term_received_ && outgoing_.empty() && !incoming_;
  close(term_reason_, clean, std::string(why), events);
}

Instant TcpclSession::wake_at() const {
  switch (state_) {
    case State::kClosed:
      return Instant::max();
    case State::kContact:
    case State::kTls:
    case State::kInit:
      return began_ + options_.contact_max;
    case State::kUp:
    case State::kEnding:
      break;
  }
  Instant at = Instant::max();
  if (keepalive_ > Duration::zero())
    at = std::min(last_sent_ + keepalive_, last_heard_ + kIdleIntervals * keepalive_);
  if (state_ == State::kEnding) at = std::min(at, ending_since_ + options_.ending_max);
  if (state_ == State::kUp && options_.idle_max > Duration::zero())
    at = std::min(at, last_busy_ + options_.idle_max);
  return at;
}

void TcpclSession::tick(Instant now, TcpclEvents& events) {
  if (now < wake_at()) return;
  if (state_ != State::kUp && state_ != State::kEnding) {
    const char* why = state_ == State::kContact ? "no contact header came in time"
                      : state_ == State::kTls   ? "the TLS handshake took too long"
                                                : "no SESS_INIT came in time";
    // §4.1 and 6.1: without the peer's contact header the connection is only closed.
    if (state_ != State::kInit) return close(std::nullopt, false, why, events);
    return abort(TcpclTermReason::kContactFailure, why, events);
  }
  if (state_ == State::kEnding && now >= ending_since_ + options_.ending_max)
    return close(term_reason_, false, "the peer did not finish in time", events);
  if (keepalive_ > Duration::zero() && now >= last_heard_ + kIdleIntervals * keepalive_)
    return abort(TcpclTermReason::kIdleTimeout, "the peer is silent", events);
  if (keepalive_ > Duration::zero() && now >= last_sent_ + keepalive_) {
    if (output_.empty()) queue(TcpclKeepalive{});
    last_sent_ = now;
  }
  if (state_ == State::kUp && options_.idle_max > Duration::zero() && now >= last_busy_ + options_.idle_max)
    end(TcpclTermReason::kIdleTimeout, now, events);
}

}  // namespace skywarden::network
