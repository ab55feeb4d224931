// How a group agrees right now, as docs/console-protocol.md says it: the `group` message of the moment and
// the `turn` messages of its story. Lists are bounded and say of how many.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "agreement_story.h"
#include "incident.h"
#include "player.h"
#include "sim/live_paths.h"

namespace skywarden::app {

inline constexpr std::size_t kMembersShownMax = 200;
inline constexpr std::size_t kPartsShownMax = 24;
inline constexpr std::size_t kShareReasonsMax = 4;  // of a member
inline constexpr std::size_t kShareChangesShownMax = 40;

// Who can reach whom over links that are open, be it through others: the largest part first, among equals the
// one with the smallest node. A link to a node that is not in `live` joins nobody.
[[nodiscard]] std::vector<std::vector<NodeId>> parts_by_links(std::span<const NodeId> live,
                                                              std::span<const sim::Link> links);

// Why the node counts as much as it does: short sentences, only what is known. `name` tells the names of
// nodes.
[[nodiscard]] std::vector<Bilingual> share_reasons(const AgreementStory& story, NodeId node,
                                                   const std::function<std::string(NodeId)>& name);

// What is true now, without the time: two messages differ when something changed.
[[nodiscard]] std::string group_message(Player& player);
[[nodiscard]] std::string turn_message(const Turn& turn);

}  // namespace skywarden::app
