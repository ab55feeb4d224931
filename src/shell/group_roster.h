// Members that come and go while a group runs, as values: what a signed statement (admission.h) asks of the
// group's configuration, and what the configuration says of who is reached where. Nothing is agreed here; the
// answers go into the log as changes of membership (consensus/configuration.h), with the statement as the
// member's admission.
//
// Ids only rise: an admission must name an id above every id that ever was a member's. So an old admission
// cannot come again, and whoever lost its log cannot come back under its old id by mistake.
#pragma once

#include <functional>
#include <map>
#include <optional>

#include "consensus/configuration.h"
#include "shell/admission.h"

namespace skywarden::shell {

// The member is to be a learner at first, one that keeps no payloads if it is to be a witness. kConflict:
// another cluster's, a signature that is not of `key`, or an id that is used up, and errors of
// decode_admission and of consensus::validate. Nothing: it is done already, by the very same statement.
[[nodiscard]] Result<std::optional<consensus::Membership>> with_admitted(
    const consensus::Configuration& configuration, std::span<const std::byte> statement,
    const std::string& cluster, const storage::SigningKey& key);
// Nothing: it is not a member, or not any more.
[[nodiscard]] Result<std::optional<consensus::Membership>> with_removed(
    const consensus::Configuration& configuration, std::span<const std::byte> statement,
    const std::string& cluster, const storage::SigningKey& key);

// Who has been admitted, from the statements in a configuration. kConflict: one is not signed by `key`, or
// there is one and no key: such a configuration is not this group's.
[[nodiscard]] Result<std::map<NodeId, Admission>> admitted_by(const consensus::Configuration& configuration,
                                                              const std::string& cluster,
                                                              const storage::SigningKey* key);

// The first learner that was promised a share and has caught up, with that share. `lag`: entries it is not
// known to hold.
[[nodiscard]] std::optional<consensus::Membership> with_promoted(
    const consensus::Configuration& configuration, const std::map<NodeId, Admission>& admitted,
    const std::function<std::optional<std::uint64_t>(NodeId)>& lag);

inline constexpr std::uint64_t kCaughtUp = 64;  // entries behind, while more come in

enum class Standing { kNotYet, kMember, kGone };
[[nodiscard]] Standing standing(const consensus::Configuration& configuration, NodeId node);

}  // namespace skywarden::shell
