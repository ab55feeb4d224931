#include "base/contract.h"
#include "games/contract_net.h"

namespace skywarden::games {

void Contractor::finish(std::uint64_t result) {
  EXPECTS(duty_ == Duty::kOrdered);
  result_ = result;
  duty_ = Duty::kReported;
  said_at_.reset();
}

void Contractor::settle_when_due(Instant now) {
  if (duty_ != Duty::kNone && now >= terms_.due) duty_ = Duty::kSettled;
}

// What stands unanswered.
std::optional<ContractMessage> Contractor::to_say() const {
  const auto say = [&](Word word, std::uint64_t number) {
    return ContractMessage{word, task_, self_, manager_, number, {}};
  };
  switch (duty_) {
    case Duty::kBid:
      return say(Word::kBid, *offer_);
    case Duty::kCommitted:
      return say(Word::kCommit, 0);
    case Duty::kOrdered:
      return say(Word::kAccept, 0);
    case Duty::kReported:
      return say(Word::kReport, result_);
    case Duty::kNone:
    case Duty::kSettled:
      break;
  }
  return std::nullopt;
}

std::vector<ContractMessage> Contractor::receive(const ContractMessage& message, Instant now) {
  settle_when_due(now);
  if (message.task != task_ || message.to != self_) return {};
  if (duty_ == Duty::kNone) {
    if (message.word != Word::kAnnounce || !validate(message.terms) || now >= message.terms.due) return {};
    manager_ = message.from;
    if (!offer_) return {{Word::kDecline, task_, self_, manager_, 0, {}}};
    terms_ = message.terms;
    duty_ = Duty::kBid;
    said_at_ = now;
    return {*to_say()};
  }
  if (message.from != manager_) return {};
  const Duty before = duty_;
  switch (message.word) {
    case Word::kAward:
      // Bound only while the manager may still order.
      if (duty_ == Duty::kBid && now < terms_.order_by) duty_ = Duty::kCommitted;
      break;
    case Word::kOrder:
      if (duty_ == Duty::kCommitted) {
        duty_ = Duty::kOrdered;
        was_ordered_ = true;
      }
      break;
    case Word::kReceived:
      if (duty_ == Duty::kReported) {
        duty_ = Duty::kSettled;
        confirmed_ = true;
      }
      return {};
    case Word::kRelease:
      // An order stands: a release that comes after it is an older one, overtaken on the way.
      if (duty_ == Duty::kBid || duty_ == Duty::kCommitted) duty_ = Duty::kSettled;
      return {};
    default:
      break;
  }
  // Whoever asks again has not heard the answer.
  const bool asks_again = message.word == Word::kAnnounce ? before == Duty::kBid
                          : message.word == Word::kAward  ? duty_ == Duty::kCommitted
                          : message.word == Word::kOrder ? duty_ == Duty::kOrdered || duty_ == Duty::kReported
                                                         : false;
  const auto answer = to_say();
  if (!asks_again || !answer) return {};
  said_at_ = now;
  return {*answer};
}

std::vector<ContractMessage> Contractor::tick(Instant now) {
  settle_when_due(now);
  const auto message = to_say();
  if (!message || (said_at_ && now < *said_at_ + terms_.repeat)) return {};
  if (duty_ == Duty::kBid && now >= terms_.bid_by) return {};  // would not count any more
  said_at_ = now;
  return {*message};
}

}  // namespace skywarden::games
