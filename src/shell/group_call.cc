#include "shell/group_call.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "shell/steady_clock.h"

namespace skywarden::shell {
namespace {

constexpr std::chrono::milliseconds kTryAgain{50};
constexpr Duration kOneMemberMax = std::chrono::seconds(1);  // then the next one

// Who has greeted has no right to be slow with a proposal, but nobody else may be asked either.
Result<Answer> call(const GroupAddresses& group, NodeId member, const Request& request, Duration open_max,
                    Duration answer_max) {
  const auto session = GroupSession::open(group, member, open_max);
  if (!session) return tl::unexpected<Error>(session.error());
  auto answer = (*session)->ask(request, answer_max);
  if (answer || request.kind != RequestKind::kPropose) return answer;
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

Result<Answer> call_group(const GroupAddresses& group, const Request& request, Duration time_max) {
  if (group.members.empty()) return fail(Errc::kNotFound, "nobody to ask");
  const Instant until = steady_now() + time_max;
  auto next = group.members.begin();
  Error last{Errc::kUnavailable, "no answer in time"};
  for (Instant now = steady_now(); now < until; now = steady_now()) {
    const NodeId node = next->first;
    const Duration one_max = std::min(until - now, kOneMemberMax);
    const auto answer =
        call(group, node, request, one_max, request.kind == RequestKind::kPropose ? until - now : one_max);
    if (answer && answer->outcome != Outcome::kNotLeader && answer->outcome != Outcome::kLost) return answer;
    if (!answer && (answer.error().code == Errc::kConflict || answer.error().code == Errc::kInputOutput))
      return answer;
    last = answer ? Error{Errc::kUnavailable, fmt::format("node {} does not lead", node.value())}
                  : answer.error();
    const auto leader = answer ? group.members.find(answer->leader) : group.members.end();
    const bool hint = leader != group.members.end() && leader->first != node;
    next = hint ? leader : std::next(next);
    if (next == group.members.end()) next = group.members.begin();
    if (!hint) std::this_thread::sleep_for(kTryAgain);
  }
  return tl::unexpected<Error>(Error{Errc::kUnavailable, last.message});
}

}  // namespace skywarden::shell
