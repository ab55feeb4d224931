#include "shell/group_roster.h"

#include <algorithm>

#include "base/text.h"

namespace skywarden::shell {
namespace {

using consensus::Configuration;
using consensus::Membership;

NodeId newest_of(const Configuration& configuration) {
  NodeId newest = configuration.newest;
  for (const NodeId node : consensus::members(configuration.shares)) newest = std::max(newest, node);
  return newest;
}

template <typename Statement>
Result<void> check(const Statement& statement, const char* what, const std::string& cluster,
                   const storage::SigningKey& key) {
  if (statement.cluster != cluster)
    return fail(Errc::kConflict, "{} is for cluster '{}', this is '{}'", what, printable(statement.cluster),
                cluster);
  if (!is_signed_by(statement, key))
    return fail(Errc::kConflict, "{} is not signed by the group's admission key", what);
  return {};
}

Result<std::optional<Membership>> checked(Membership to) {
  if (const auto valid = consensus::validate(to); !valid) return tl::unexpected<Error>(valid.error());
  return std::optional(std::move(to));
}

}  // namespace

Result<std::optional<Membership>> with_admitted(const Configuration& configuration,
                                                std::span<const std::byte> statement,
                                                const std::string& cluster, const storage::SigningKey& key) {
  const auto admission = decode_admission(statement);
  if (!admission) return tl::unexpected<Error>(admission.error());
  if (const auto valid = check(*admission, "the admission", cluster, key); !valid)
    return tl::unexpected<Error>(valid.error());
  const NodeId node = admission->node;
  const auto known = configuration.admissions.find(node);
  if (known != configuration.admissions.end() && std::ranges::equal(known->second, statement))
    return std::optional<Membership>();
  const NodeId newest = newest_of(configuration);
  if (node <= newest)
    return fail(Errc::kConflict, "id {} is used up: ids only rise, the newest is {}", node.value(),
                newest.value());
  Membership to = consensus::membership_of(configuration);
  to.shares[node] = 0;
  to.admissions[node] = consensus::Payload(statement.begin(), statement.end());
  to.newest = node;
  if (admission->witness) {
    to.witnesses.insert(node);
    Membership promised = to;  // what nobody could ever be given is refused at once
    promised.shares[node] = admission->share;
    if (auto valid = checked(std::move(promised)); !valid) return valid;
  }
  return checked(std::move(to));
}

Result<std::optional<Membership>> with_removed(const Configuration& configuration,
                                               std::span<const std::byte> statement,
                                               const std::string& cluster, const storage::SigningKey& key) {
  const auto removal = decode_removal(statement);
  if (!removal) return tl::unexpected<Error>(removal.error());
  if (const auto valid = check(*removal, "the removal", cluster, key); !valid)
    return tl::unexpected<Error>(valid.error());
  Membership to = consensus::membership_of(configuration);
  to.newest = newest_of(configuration);
  if (to.shares.erase(removal->node) == 0) return std::optional<Membership>();
  to.domains.erase(removal->node);
  to.admissions.erase(removal->node);
  to.witnesses.erase(removal->node);
  return checked(std::move(to));
}

Result<std::map<NodeId, Admission>> admitted_by(const Configuration& configuration,
                                                const std::string& cluster, const storage::SigningKey* key) {
  std::map<NodeId, Admission> admitted;
  for (const auto& [node, statement] : configuration.admissions) {
    if (key == nullptr)
      return fail(Errc::kConflict,
                  "node {} was admitted, and no admission_key is configured here to check it by",
                  node.value());
    auto admission = decode_admission(statement);
    if (!admission) return tl::unexpected<Error>(admission.error());
    if (const auto valid = check(*admission, "the admission", cluster, *key); !valid)
      return tl::unexpected<Error>(valid.error());
    if (admission->node != node)
      return fail(Errc::kConflict, "the admission of node {} stands for node {}", admission->node.value(),
                  node.value());
    admitted.emplace(node, std::move(*admission));
  }
  return admitted;
}

std::optional<Membership> with_promoted(const Configuration& configuration,
                                        const std::map<NodeId, Admission>& admitted,
                                        const std::function<std::optional<std::uint64_t>(NodeId)>& lag) {
  for (const auto& [node, admission] : admitted) {
    const auto share = configuration.shares.incoming.find(node);
    if (share == configuration.shares.incoming.end() || share->second > 0 || admission.share == 0) continue;
    if (lag(node).value_or(kCaughtUp + 1) > kCaughtUp) continue;
    Membership to = consensus::membership_of(configuration);
    to.shares[node] = admission.share;
    return to;
  }
  return std::nullopt;
}

Standing standing(const Configuration& configuration, NodeId node) {
  const auto all = consensus::members(configuration.shares);
  if (std::binary_search(all.begin(), all.end(), node)) return Standing::kMember;
  return node <= configuration.newest ? Standing::kGone : Standing::kNotYet;
}

}  // namespace skywarden::shell
