#include "serving/neighbours.h"

#include <algorithm>

#include "base/contract.h"
#include "shell/steady_clock.h"

namespace skywarden::serving {
namespace {

constexpr std::size_t kOfferBytesMax = std::size_t{1} << 16;

}  // namespace

Result<void> NeighbourOptions::validate() const {
  if (neighbours.size() > kNeighboursMax)
    return fail(Errc::kOutOfRange, "neighbours: expected at most {}", kNeighboursMax);
  if (ask_every < std::chrono::milliseconds(10) || ask_every > std::chrono::hours(1))
    return fail(Errc::kOutOfRange, "ask_every: expected 10 ms…1 h");
  if (silence_max < ask_every) return fail(Errc::kOutOfRange, "silence_max: expected at least ask_every");
  if (answer_max <= Duration::zero()) return fail(Errc::kOutOfRange, "answer_max: expected more than 0");
  if (forwards_max == 0 || forwards_max > 1024)
    return fail(Errc::kOutOfRange, "forwards_max: expected 1…1,024");
  return {};
}

Neighbours::Neighbours(const NeighbourOptions& options) : options_(options) {
  EXPECTS(options_.validate().has_value() && options_.any());
  for (const shell::HttpAddress& address : options_.neighbours) nodes_.push_back({address});
  if (options_.ground) nodes_.push_back({*options_.ground, true});
  // Room for an offer of each beside the work.
  client_.emplace(shell::HttpClient::Options{.at_once_max = options_.forwards_max + nodes_.size()});
  asks_ = std::thread([this] { ask_again_and_again(); });
}

Neighbours::~Neighbours() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  asks_.join();
  client_.reset();
}

void Neighbours::ask_again_and_again() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    std::vector<std::size_t> to_ask;
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      if (nodes_[i].asking) continue;
      nodes_[i].asking = true;
      to_ask.push_back(i);
    }
    lock.unlock();
    for (const std::size_t node : to_ask) ask(node);
    lock.lock();
    changed_.wait_for(lock, options_.ask_every, [this] { return stopping_; });
  }
}

void Neighbours::ask(std::size_t node) {
  const Instant asked = shell::steady_now();
  client_->ask(nodes_[node].address, {"GET", "/v1/offer", ""}, options_.silence_max,
               [this, node, asked](const Result<shell::HttpResponse>& answer) { told(node, asked, answer); });
}

void Neighbours::told(std::size_t node, Instant asked, const Result<shell::HttpResponse>& answer) {
  const Instant now = shell::steady_now();
  const bool sound = answer && answer->status == 200 && answer->body.size() <= kOfferBytesMax;
  auto offer = sound ? read_offer(answer->body) : fail(Errc::kUnavailable, "no offer");
  const std::lock_guard lock(mutex_);
  Node& from = nodes_[node];
  from.asking = false;
  if (!offer || asked <= from.failed_at) return;
  from.heard = now;
  from.told = std::move(*offer);
  from.contact.note(answer->body.size(), now - asked, Duration::zero());
}

bool Neighbours::in_contact(const Node& node, Instant now) const {
  return node.heard && now - *node.heard <= options_.silence_max && node.contact.rate().value() > 0.0;
}

// It is believed to last as long as one may be silent in it.
Contact Neighbours::contact_of(const Node& node, Instant now) const {
  return {now, now + std::max(options_.silence_max, options_.answer_max), node.contact.rate(),
          node.contact.delay()};
}

std::vector<Offer> Neighbours::offers(const std::string& schema, Instant now) const {
  std::vector<Offer> out;
  const std::lock_guard lock(mutex_);
  if (forwards_ >= options_.forwards_max) return out;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const Node& node = nodes_[i];
    const auto queue = node.told.queues.find(schema);
    if (node.is_ground || !in_contact(node, now) || queue == node.told.queues.end()) continue;
    out.push_back(
        {NodeId(static_cast<std::uint32_t>(i + 1)), node.told.spare, queue->second, contact_of(node, now)});
  }
  return out;
}

std::optional<Contact> Neighbours::ground(const std::string& schema, Instant now) const {
  const std::lock_guard lock(mutex_);
  if (!options_.ground || forwards_ >= options_.forwards_max) return std::nullopt;
  const Node& node = nodes_.back();
  if (!in_contact(node, now) || !node.told.queues.contains(schema)) return std::nullopt;
  return contact_of(node, now);
}

void Neighbours::forward(NodeId to, std::string body, Watts power, Duration within, Done done) {
  const std::size_t node = to == kNobody ? nodes_.size() - 1 : to.value() - 1;
  EXPECTS(node < nodes_.size());
  bool room = false;
  {
    const std::lock_guard lock(mutex_);
    room = forwards_ < options_.forwards_max;
    if (room) {
      ++forwards_;
      Watts& spare = nodes_[node].told.spare;
      spare = std::max(Watts(0.0), spare - power);
    }
  }
  if (!room) return done(fail(Errc::kUnavailable, "too much work is under way to others"));
  const Instant asked = shell::steady_now();
  const std::size_t sent = body.size();
  client_->ask(nodes_[node].address, {"POST", "/v1/complete", std::move(body)},
               std::clamp(within, Duration(1), options_.answer_max),
               [this, node, asked, sent, done = std::move(done)](Result<shell::HttpResponse> answer) {
                 answered(node, asked, sent, std::move(answer), done);
               });
}

void Neighbours::answered(std::size_t node, Instant asked, std::size_t sent,
                          Result<shell::HttpResponse> answer, const Done& done) {
  const Instant now = shell::steady_now();
  const bool good = answer && answer->status == 200;
  {
    const std::lock_guard lock(mutex_);
    --forwards_;
    Node& from = nodes_[node];
    if (good) {
      ++from.answered;
      from.contact.note(sent + answer->body.size(), now - asked, said_time(answer->body));
    } else {
      // It is there and has no room now, or it is not there: either way its next offer says more.
      ++(answer ? from.refused : from.failed);
      from.heard.reset();
      from.failed_at = now;
    }
  }
  const std::string url = to_string(nodes_[node].address);
  if (good) return done(Answer{url, std::move(answer->body)});
  done(answer ? fail(Errc::kUnavailable, "{}: status {}", url, answer->status)
              : fail(Errc::kUnavailable, "{}", answer.error().message));
}

std::vector<NeighbourStatus> Neighbours::status(Instant now) const {
  std::vector<NeighbourStatus> out;
  const std::lock_guard lock(mutex_);
  for (const Node& node : nodes_)
    out.push_back({to_string(node.address), node.is_ground, in_contact(node, now), node.told.spare,
                   node.contact.delay(), node.contact.rate(), node.answered, node.failed, node.refused});
  return out;
}

}  // namespace skywarden::serving
