#include "shell/group_call.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "shell/steady_clock.h"

namespace skywarden::shell {
namespace {

constexpr std::chrono::milliseconds kTryAgain{50};
constexpr Duration kOneMemberMax = std::chrono::seconds(1);  // then the next one

bool changes_something(RequestKind kind) {
  return kind != RequestKind::kRead && kind != RequestKind::kStatus;
}

// Where a leader is that came after the client's configuration was written.
void learn_address(GroupAddresses& group, const Answer& answer) {
  const std::string_view text(reinterpret_cast<const char*>(answer.bytes.data()), answer.bytes.size());
  const auto peer = parse_address(text);
  if (answer.outcome == Outcome::kNotLeader && answer.leader != kNobody && peer)
    group.members.try_emplace(answer.leader, GroupLinks::Peer{answer.leader, peer->host, peer->port});
}

// Who has greeted has no right to be slow with a proposal, but nobody else may be asked either.
Result<Answer> call(const GroupAddresses& group, NodeId member, const Request& request, Duration open_max,
                    Duration answer_max) {
  const auto session = GroupSession::open(group, member, open_max);
  if (!session) return tl::unexpected<Error>(session.error());
  auto answer = (*session)->ask(request, answer_max);
  if (answer || !changes_something(request.kind)) return answer;
  return Answer{request.id, Outcome::kUnknown, kNobody, {}, {}};
}

}  // namespace

Result<Answer> call_member(const GroupAddresses& group, NodeId only, const Request& request,
                           Duration time_max) {
  const Instant until = steady_now() + time_max;
  const auto session = GroupSession::open(group, only, time_max);
  if (!session) return tl::unexpected<Error>(session.error());
  return (*session)->ask(request, std::max(until - steady_now(), Duration{}));
}

Result<Answer> call_group(const GroupAddresses& configured, const Request& request, Duration time_max) {
  if (configured.members.empty()) return fail(Errc::kNotFound, "nobody to ask");
  GroupAddresses group = configured;
  const Instant until = steady_now() + time_max;
  auto next = group.members.begin();
  Error last{Errc::kUnavailable, "no answer in time"};
  std::size_t refusals = 0;  // one after the other
  for (Instant now = steady_now(); now < until; now = steady_now()) {
    const NodeId node = next->first;
    const Duration one_max = std::min(until - now, kOneMemberMax);
    const auto answer =
        call(group, node, request, one_max, changes_something(request.kind) ? until - now : one_max);
    if (answer && answer->outcome != Outcome::kNotLeader && answer->outcome != Outcome::kLost) return answer;
    const bool refused = !answer && answer.error().code == Errc::kConflict;  // perhaps that one is a stranger
    refusals = refused ? refusals + 1 : 0;
    if (refusals == group.members.size() || (!answer && answer.error().code == Errc::kInputOutput))
      return answer;
    last = answer ? Error{Errc::kUnavailable, fmt::format("node {} does not lead", node.value())}
                  : answer.error();
    if (answer) learn_address(group, *answer);
    const auto leader = answer ? group.members.find(answer->leader) : group.members.end();
    const bool hint = leader != group.members.end() && leader->first != node;
    next = hint ? leader : std::next(next);
    if (next == group.members.end()) next = group.members.begin();
    if (!hint && !refused) std::this_thread::sleep_for(kTryAgain);
  }
  return tl::unexpected<Error>(Error{Errc::kUnavailable, last.message});
}

}  // namespace skywarden::shell
