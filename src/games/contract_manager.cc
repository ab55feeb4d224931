#include <algorithm>
#include <utility>

#include "base/contract.h"
#include "games/contract_net.h"

namespace skywarden::games {

Result<void> validate(const Terms& terms) {
  if (!(terms.bid_by < terms.order_by && terms.order_by < terms.due))
    return fail(Errc::kOutOfRange, "expected bids before orders before the end");
  if (terms.patience <= Duration::zero() || terms.repeat <= Duration::zero())
    return fail(Errc::kOutOfRange, "expected a patience and a time to repeat above 0");
  return {};
}

ContractManager::ContractManager(NodeId self, TaskId task, Terms terms, std::vector<NodeId> asked)
    : self_(self), task_(task), terms_(terms), asked_(std::move(asked)) {
  EXPECTS(validate(terms_).has_value());
}

ContractMessage ContractManager::say(Word word, NodeId to) const {
  return {word, task_, self_, to, 0, word == Word::kAnnounce ? terms_ : Terms{}};
}

void ContractManager::settle_when_due(Instant now) {
  if (settlement_ != Settlement::kOpen || now < terms_.due) return;
  settlement_ = result_ ? Settlement::kDone : accepted_ ? Settlement::kFailed : Settlement::kUnanswered;
}

std::uint64_t ContractManager::penalty_owed() const {
  return settlement_ == Settlement::kFailed ? terms_.penalty : 0;
}

// The best offer not yet tried; of equal ones the lower node.
void ContractManager::award_next(Instant now) {
  if (awarded_) answers_[*awarded_] = std::nullopt;  // had its time
  awarded_.reset();
  for (const auto& [node, offer] : answers_)
    if (offer && (!awarded_ || *offer > *answers_[*awarded_])) awarded_ = node;
  awarded_at_ = now;
}

std::vector<ContractMessage> ContractManager::receive(const ContractMessage& message, Instant now) {
  settle_when_due(now);
  if (message.task != task_ || message.to != self_ ||
      std::find(asked_.begin(), asked_.end(), message.from) == asked_.end())
    return {};
  const bool its_own = ordered_ == message.from;
  switch (message.word) {
    case Word::kBid:
      if (now < terms_.bid_by) answers_.try_emplace(message.from, message.number);
      return {};
    case Word::kDecline:
      if (its_own) return {};  // an old one: it has committed since
      answers_[message.from] = std::nullopt;
      if (awarded_ == message.from) award_next(now);
      return {};
    case Word::kCommit:
      if (!ordered_ && awarded_ == message.from && now < terms_.order_by) ordered_ = message.from;
      if (ordered_ == message.from && settlement_ == Settlement::kOpen)
        return {say(accepted_ && result_ ? Word::kReceived : Word::kOrder, message.from)};
      return {say(Word::kRelease, message.from)};
    case Word::kAccept:
      if (its_own && settlement_ == Settlement::kOpen) accepted_ = true;
      return {};
    case Word::kReport:
      if (!its_own) return {say(Word::kRelease, message.from)};
      if (settlement_ == Settlement::kOpen && !result_) {
        accepted_ = true;
        result_ = message.number;
        settlement_ = Settlement::kDone;
      }
      return {say(result_ ? Word::kReceived : Word::kRelease, message.from)};
    default:
      return {};  // the manager's own words
  }
}

std::vector<ContractMessage> ContractManager::tick(Instant now) {
  settle_when_due(now);
  if (settlement_ != Settlement::kOpen) return {};
  if (now >= terms_.bid_by && !ordered_ && now < terms_.order_by &&
      (!awarded_ || now >= awarded_at_ + terms_.patience)) {
    award_next(now);
    said_at_.reset();
  }
  if (said_at_ && now < *said_at_ + terms_.repeat) return {};
  said_at_ = now;
  std::vector<ContractMessage> out;
  if (ordered_ && !accepted_)
    out.push_back(say(Word::kOrder, *ordered_));
  else if (!ordered_ && awarded_ && now < terms_.order_by)
    out.push_back(say(Word::kAward, *awarded_));
  else if (now < terms_.bid_by)
    for (const NodeId node : asked_)
      if (!answers_.contains(node)) out.push_back(say(Word::kAnnounce, node));
  return out;
}

}  // namespace skywarden::games
