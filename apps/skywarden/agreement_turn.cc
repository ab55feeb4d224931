#include "agreement_turn.h"

namespace skywarden::app {

Bilingual cause_words(const Turn& turn, const std::function<std::string(NodeId)>& name) {
  const std::string former = turn.previous == kNobody ? std::string() : name(turn.previous);
  switch (turn.cause) {
    case ElectionCause::kFirst:
      return {"the first", "首次选举"};
    case ElectionCause::kCrash:
      return {former + " went down", former + " 已停机"};
    case ElectionCause::kSilence:
      return turn.previous == turn.node
                 ? Bilingual{"again, after a silence", "失联之后再次当选"}
                 : Bilingual{former + " was not heard", "未收到 " + former + " 的消息"};
    case ElectionCause::kHandover:
      return {former + " handed over", former + " 主动移交"};
  }
  return {};
}

}  // namespace skywarden::app
