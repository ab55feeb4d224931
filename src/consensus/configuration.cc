#include "consensus/configuration.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "base/contract.h"
#include "consensus/rule.h"
#include "wire/cbor.h"

namespace skywarden::consensus {
namespace {

using wire::CborReader;
using wire::CborWriter;

constexpr std::size_t kConfigurationBytesMax = std::size_t{1} << 18;
constexpr std::uint64_t kFields = 6, kFieldsWithAdmissions = 8, kFieldsWithWitnesses = 9;

Result<void> check_domains(const Membership& membership, std::uint64_t total) {
  std::map<FailureDomain, std::uint64_t> held;
  for (const auto& [node, domain] : membership.domains)
    if (domain != FailureDomain()) held[domain] += share_of(membership.shares, node);
  for (const auto& [domain, share] : held)
    if (2 * share >= total)
      return fail(Errc::kConflict, "vote shares: failure domain {} holds {} of {}, which is half or more",
                  domain.value(), share, total);
  return {};
}

Result<void> check_caps(const Membership& membership) {
  const std::uint64_t total = total_shares(membership.shares);
  std::vector<std::pair<std::uint64_t, NodeId>> largest;
  for (const auto& [node, share] : membership.shares)
    if (share > 0) largest.emplace_back(share, node);
  std::sort(largest.begin(), largest.end(), std::greater<>());
  if (2 * largest.front().first >= total)
    return fail(Errc::kConflict, "vote shares: node {} holds {} of {}, which is half or more",
                largest.front().second.value(), largest.front().first, total);
  std::uint64_t top = 0;
  for (std::size_t i = 0; i < std::min<std::size_t>(membership.failures_max, largest.size()); ++i)
    top += largest[i].first;
  if (2 * top >= total)
    return fail(Errc::kConflict,
                "vote shares: the {} largest hold {} of {}, half or more, yet so many may fail together",
                membership.failures_max, top, total);
  return check_domains(membership, total);
}

// One unit moved from one node to another: harmless when W is even, and often not when it is odd.
bool moves_one_unit(const Shares& from, const Shares& to) {
  std::uint64_t gained = 0;
  std::uint64_t lost = 0;
  for (const auto& [node, share] : from) lost += share - std::min(share, share_of(to, node));
  for (const auto& [node, share] : to) gained += share - std::min(share, share_of(from, node));
  return gained == 1 && lost == 1;
}

bool may_switch_directly(const Shares& from, const Shares& to) {
  if (!holds(Rule::kJointUnlessQuorumsMeet)) return true;
  if (!holds(Rule::kTransferIsNoException) && moves_one_unit(from, to)) return true;
  return direct_switch_allowed(from, to);
}

void write(CborWriter& out, const Shares& shares) {
  out.array(2 * shares.size());
  for (const auto& [node, share] : shares) out.unsigned_integer(node.value()).unsigned_integer(share);
}

// Pairs with ascending nodes, so that one value has one encoding. `read` takes the value of a pair.
template <typename Value, typename Read>
Result<std::map<NodeId, Value>> read_map(CborReader& in, Read read) {
  std::map<NodeId, Value> pairs;
  const std::uint64_t items = in.array().value_or(0);
  if (items % 2 != 0 || items / 2 > kGroupNodesMax)
    return fail(Errc::kMalformed, "configuration: a list of {} items", items);
  NodeId last;
  for (std::uint64_t i = 0; i < items; i += 2) {
    const auto node = in.unsigned_integer();
    auto value = read(in);
    if (!node || !value) break;  // the reader remembers
    if (*node > UINT32_MAX || *node <= last.value())
      return fail(Errc::kMalformed, "configuration: nodes do not ascend at {}", *node);
    last = NodeId(static_cast<std::uint32_t>(*node));
    pairs.emplace_hint(pairs.end(), last, std::move(*value));
  }
  return pairs;
}

Result<Shares> read_shares(CborReader& in) {
  return read_map<std::uint64_t>(in, [](CborReader& from) { return from.unsigned_integer(); });
}

Result<FailureDomains> read_domains(CborReader& in) {
  bool in_range = true;
  auto domains = read_map<FailureDomain>(in, [&](CborReader& from) -> Result<FailureDomain> {
    const auto domain = from.unsigned_integer();
    if (!domain) return tl::unexpected(domain.error());
    in_range &= *domain <= UINT32_MAX;
    return FailureDomain(static_cast<std::uint32_t>(*domain));
  });
  if (domains && !in_range) return fail(Errc::kOutOfRange, "configuration: failure domain beyond 32 bits");
  return domains;
}

Result<Admissions> read_admissions(CborReader& in) {
  return read_map<Payload>(in, [](CborReader& from) -> Result<Payload> {
    const auto bytes = from.bytes();
    if (!bytes) return tl::unexpected(bytes.error());
    return Payload(bytes->begin(), bytes->end());
  });
}

// Of members alone, and small.
Result<void> check_admissions(const Admissions& admissions, const JointShares& shares) {
  std::size_t bytes = 0;
  for (const auto& [node, admission] : admissions) {
    if (!shares.incoming.contains(node) && !shares.outgoing.contains(node))
      return fail(Errc::kConflict, "admissions: node {} is no member", node.value());
    bytes += admission.size();
    if (admission.empty() || admission.size() > kAdmissionBytesMax || bytes > kAdmissionsBytesMax)
      return fail(Errc::kLimitReached, "admissions: {} bytes for node {}, {} together", admission.size(),
                  node.value(), bytes);
  }
  return {};
}

Result<void> check_witness_shares(const std::set<NodeId>& witnesses, const Shares& shares) {
  std::uint64_t held = 0;
  for (const NodeId witness : witnesses) held += share_of(shares, witness);
  const std::uint64_t total = total_shares(shares);
  if (2 * held >= total && held > 0 && holds(Rule::kWitnessesBelowHalf))
    return fail(Errc::kConflict, "vote shares: witnesses hold {} of {}, which is half or more", held, total);
  return {};
}

// Of members alone, and with less than half of each half.
Result<void> check_witnesses(const std::set<NodeId>& witnesses, const JointShares& shares) {
  for (const NodeId witness : witnesses)
    if (!names(shares, witness))
      return fail(Errc::kConflict, "witnesses: node {} is no member", witness.value());
  if (auto sound = check_witness_shares(witnesses, shares.incoming); !sound) return sound;
  return check_witness_shares(witnesses, shares.outgoing);
}

Result<std::set<NodeId>> read_witnesses(CborReader& in) {
  std::set<NodeId> witnesses;
  const std::uint64_t items = in.array().value_or(0);
  if (items > kGroupNodesMax) return fail(Errc::kMalformed, "configuration: a list of {} items", items);
  NodeId last;
  for (std::uint64_t i = 0; i < items; ++i) {
    const auto node = in.unsigned_integer();
    if (!node) break;  // the reader remembers
    if (*node > UINT32_MAX || *node <= last.value())
      return fail(Errc::kMalformed, "configuration: nodes do not ascend at {}", *node);
    last = NodeId(static_cast<std::uint32_t>(*node));
    witnesses.insert(last);
  }
  return witnesses;
}

// Those of `witnesses` whom `shares` name.
std::set<NodeId> witnesses_of(const std::set<NodeId>& witnesses, const Shares& shares) {
  std::set<NodeId> kept;
  for (const NodeId node : witnesses)
    if (shares.contains(node)) kept.insert(node);
  return kept;
}

// Those of `admissions` whom `shares` name.
Admissions admissions_of(const Admissions& admissions, const Shares& shares) {
  Admissions kept;
  for (const auto& [node, admission] : admissions)
    if (shares.contains(node)) kept.emplace_hint(kept.end(), node, admission);
  return kept;
}

}  // namespace

Result<void> validate(const Membership& membership) {
  if (auto sound = validate(membership.shares); !sound) return sound;
  for (const auto& [node, domain] : membership.domains)
    if (!membership.shares.contains(node))
      return fail(Errc::kConflict, "vote shares: failure domain {} names node {}, which is no member",
                  domain.value(), node.value());
  if (auto sound = check_admissions(membership.admissions, {membership.shares, {}}); !sound) return sound;
  if (auto sound = check_witnesses(membership.witnesses, {membership.shares, {}}); !sound) return sound;
  if (membership.failures_max == 0) return {};
  return check_caps(membership);
}

Configuration next_towards(const Configuration& from, const Membership& to) {
  EXPECTS(!from.joint() || !holds(Rule::kOneChangeAtATime));
  Configuration next{from.epoch.next(), {to.shares, {}}, to.domains,  to.failures_max,
                     to.admissions,     to.newest,       to.witnesses};
  if (may_switch_directly(from.shares.incoming, to.shares)) return next;
  next.shares.outgoing = from.shares.incoming;
  next.admissions.insert(from.admissions.begin(), from.admissions.end());  // who leaves is still needed
  next.witnesses.insert(from.witnesses.begin(), from.witnesses.end());
  return next;
}

Configuration leave_joint(const Configuration& joint) {
  EXPECTS(joint.joint());
  return {joint.epoch.next(),
          {joint.shares.incoming, {}},
          joint.domains,
          joint.failures_max,
          admissions_of(joint.admissions, joint.shares.incoming),
          joint.newest,
          witnesses_of(joint.witnesses, joint.shares.incoming)};
}

Membership membership_of(const Configuration& configuration) {
  return {
      configuration.shares.incoming, configuration.domains,
      configuration.failures_max,    admissions_of(configuration.admissions, configuration.shares.incoming),
      configuration.newest,          witnesses_of(configuration.witnesses, configuration.shares.incoming)};
}

Result<void> check_sides(const Configuration& from, const Membership& to) {
  for (const auto& [node, share] : to.shares) {
    if (!names(from.shares, node) || from.witnesses.contains(node) == to.witnesses.contains(node)) continue;
    return fail(Errc::kConflict, "node {} {}: a member that stays stays what it is", node.value(),
                to.witnesses.contains(node) ? "would become a witness" : "would be a witness no more");
  }
  return {};
}

std::vector<std::byte> encode(const Configuration& configuration) {
  CborWriter out;
  const bool with_witnesses = !configuration.witnesses.empty();
  const bool with_admissions =
      with_witnesses || !configuration.admissions.empty() || configuration.newest != NodeId();
  out.array(with_witnesses    ? kFieldsWithWitnesses
            : with_admissions ? kFieldsWithAdmissions
                              : kFields)
      .unsigned_integer(kConfigurationVersion)
      .unsigned_integer(configuration.epoch.value())
      .unsigned_integer(configuration.failures_max);
  write(out, configuration.shares.incoming);
  write(out, configuration.shares.outgoing);
  out.array(2 * configuration.domains.size());
  for (const auto& [node, domain] : configuration.domains)
    out.unsigned_integer(node.value()).unsigned_integer(domain.value());
  if (!with_admissions) return out.take();
  out.array(2 * configuration.admissions.size());
  for (const auto& [node, admission] : configuration.admissions)
    out.unsigned_integer(node.value()).bytes(admission);
  out.unsigned_integer(configuration.newest.value());
  if (!with_witnesses) return out.take();
  out.array(configuration.witnesses.size());
  for (const NodeId witness : configuration.witnesses) out.unsigned_integer(witness.value());
  return out.take();
}

Result<Configuration> decode_configuration(std::span<const std::byte> bytes) {
  CborReader in(bytes, kConfigurationBytesMax);
  const auto fields = in.array();
  const auto version = in.unsigned_integer();
  if (version && *version != kConfigurationVersion)
    return fail(Errc::kUnsupported, "configuration version {}, this build knows {}", *version,
                kConfigurationVersion);
  Configuration configuration;
  configuration.epoch = Epoch(in.unsigned_integer().value_or(0));
  const std::uint64_t failures = in.unsigned_integer().value_or(0);
  auto incoming = read_shares(in);
  if (!incoming) return tl::unexpected(incoming.error());
  auto outgoing = read_shares(in);
  if (!outgoing) return tl::unexpected(outgoing.error());
  auto domains = read_domains(in);
  if (!domains) return tl::unexpected(domains.error());
  const bool with_witnesses = fields && *fields == kFieldsWithWitnesses;
  const bool with_admissions = with_witnesses || (fields && *fields == kFieldsWithAdmissions);
  auto admissions = with_admissions ? read_admissions(in) : Admissions();
  if (!admissions) return tl::unexpected(admissions.error());
  const std::uint64_t newest = with_admissions ? in.unsigned_integer().value_or(0) : 0;
  auto witnesses = with_witnesses ? read_witnesses(in) : std::set<NodeId>();
  if (!witnesses) return tl::unexpected(witnesses.error());
  if (const auto end = in.finish(); !end) return tl::unexpected(end.error());
  if (*fields != kFields && !with_admissions)
    return fail(Errc::kMalformed, "configuration with {} fields", *fields);
  const bool for_nothing =
      with_witnesses ? witnesses->empty() : with_admissions && admissions->empty() && newest == 0;
  if (for_nothing) return fail(Errc::kMalformed, "configuration: fields for nothing");
  if (failures > kGroupNodesMax || newest > UINT32_MAX || configuration.epoch.value() > kShareTotalMax)
    return fail(Errc::kOutOfRange, "configuration: a number out of range");
  if (auto sound = validate(*incoming); !sound) return tl::unexpected(sound.error());
  if (!outgoing->empty())
    if (auto sound = validate(*outgoing); !sound) return tl::unexpected(sound.error());
  configuration.failures_max = static_cast<std::uint32_t>(failures);
  configuration.shares = {std::move(*incoming), std::move(*outgoing)};
  configuration.domains = std::move(*domains);
  if (auto sound = check_admissions(*admissions, configuration.shares); !sound)
    return tl::unexpected(sound.error());
  configuration.admissions = std::move(*admissions);
  configuration.newest = NodeId(static_cast<std::uint32_t>(newest));
  if (auto sound = check_witnesses(*witnesses, configuration.shares); !sound)
    return tl::unexpected(sound.error());
  configuration.witnesses = std::move(*witnesses);
  return configuration;
}

// ---- history

ConfigurationHistory::ConfigurationHistory(LogIndex index, Configuration first) {
  epochs_.push_back({index, std::move(first)});
}

const Configuration* ConfigurationHistory::before_latest() const {
  return epochs_.size() < 2 ? nullptr : &epochs_[epochs_.size() - 2].configuration;
}

const Configuration& ConfigurationHistory::ruling_at(LogIndex index) const {
  const auto after = std::find_if(epochs_.begin() + 1, epochs_.end(),
                                  [&](const Begun& begun) { return begun.index > index; });
  return std::prev(after)->configuration;
}

void ConfigurationHistory::append(LogIndex index, Configuration configuration) {
  EXPECTS(index > latest_index() || !holds(Rule::kTruncationRollsBack));
  epochs_.push_back({index, std::move(configuration)});
}

bool ConfigurationHistory::truncate_from(LogIndex index) {
  if (!holds(Rule::kTruncationRollsBack)) return false;
  bool rolled_back = false;
  while (epochs_.size() > 1 && epochs_.back().index >= index) {
    epochs_.pop_back();
    rolled_back = true;
  }
  return rolled_back;
}

void ConfigurationHistory::forget_before(LogIndex index) {
  const auto after = std::find_if(epochs_.begin() + 1, epochs_.end(),
                                  [&](const Begun& begun) { return begun.index > index; });
  epochs_.erase(epochs_.begin(), std::prev(after));
}

}  // namespace skywarden::consensus
