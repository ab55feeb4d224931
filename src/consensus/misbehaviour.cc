#include "consensus/misbehaviour.h"

#include <span>

#include "consensus/message.h"

namespace skywarden::consensus {
namespace {

// An index at which both have an entry, and not the same one. With `of_one_term` entries of different terms
// may differ.
bool differ(std::span<const Entry> a, std::span<const Entry> b, bool of_one_term) {
  for (const Entry& one : a)
    for (const Entry& other : b) {
      if (one.index != other.index || (of_one_term && one.term != other.term)) continue;
      if (one != other) return true;
    }
  return false;
}

}  // namespace

Result<Misbehaviour> check(const datum::Proof& proof) {
  const auto first = decode(proof.first);
  if (!first) return tl::unexpected(first.error());
  const auto second = decode(proof.second);
  if (!second) return tl::unexpected(second.error());
  if (first->from != proof.accused || second->from != proof.accused)
    return fail(Errc::kMalformed, "proof: a message is not from node {}", proof.accused.value());
  const auto* vote = std::get_if<VoteReply>(&first->body);
  const auto* other_vote = std::get_if<VoteReply>(&second->body);
  if (vote != nullptr && other_vote != nullptr && vote->granted && other_vote->granted &&
      first->term == second->term && first->to != second->to)
    return Misbehaviour::kTwoVotes;
  const auto* append = std::get_if<AppendRequest>(&first->body);
  const auto* other_append = std::get_if<AppendRequest>(&second->body);
  if (append != nullptr && other_append != nullptr && differ(append->entries, other_append->entries, true))
    return Misbehaviour::kTwoEntries;
  const auto* relayed = std::get_if<Relayed>(&first->body);
  const auto* other_relayed = std::get_if<Relayed>(&second->body);
  if (relayed != nullptr && other_relayed != nullptr &&
      differ(relayed->entries, other_relayed->entries, false))
    return Misbehaviour::kTwoCommits;
  return fail(Errc::kConflict, "proof: both messages of node {} can be honest", proof.accused.value());
}

}  // namespace skywarden::consensus
