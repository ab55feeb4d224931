#include "node/ledger.h"

#include <algorithm>
#include <utility>

#include "base/contract.h"
#include "base/hash.h"
#include "wildfire/proposal_codec.h"
#include "wire/cbor.h"

namespace skywarden::node {
namespace {

constexpr std::uint64_t kVersion = 2, kFields = 5;
constexpr std::size_t kHeadBytesMax = 96;  // what surrounds the saved alerts

}  // namespace

Ledger::Ledger(wildfire::AlertOptions options, std::string_view cluster)
    : policy_(options), chain_(cluster) {}

std::optional<datum::Alert> Ledger::apply(const consensus::Entry& entry) {
  EXPECTS(entry.index == applied().next());
  chain_.append(entry);
  chain_.forget_before(entry.index);
  if (entry.kind != consensus::EntryKind::kProposal || entry.payload.empty()) return std::nullopt;
  auto proposal = wildfire::decode_proposal(entry.payload);
  if (!proposal) return std::nullopt;
  if (proposal->sequence == 0 && policy_.chain_of(proposal->observations))
    return std::nullopt;  // this fire has been told under another name

  datum::Alert alert;
  alert.proposal = std::move(*proposal);
  alert.index = entry.index;
  alert.term = entry.term;
  if (!policy_.apply(alert)) return std::nullopt;

  Fnv1a hash;
  hash.add(fingerprint_);
  hash.add(entry.payload);
  fingerprint_ = hash.value();
  return alert;
}

consensus::Payload Ledger::save() const {
  wire::CborWriter out;
  out.array(kFields).unsigned_integer(kVersion).unsigned_integer(applied().value());
  return out.unsigned_integer(fingerprint_).bytes(head()).bytes(policy_.save()).take();
}

Result<Ledger> Ledger::restore(std::span<const std::byte> bytes, wildfire::AlertOptions options) {
  wire::CborReader in(bytes, wildfire::kSavedAlertsBytesMax + kHeadBytesMax);
  const std::uint64_t fields = in.array().value_or(kFields);
  if (const std::uint64_t version = in.unsigned_integer().value_or(kVersion); version != kVersion)
    return fail(Errc::kUnsupported, "saved ledger of version {}, this build knows {}", version, kVersion);
  Ledger out(options);
  const LogIndex applied(in.unsigned_integer().value_or(0));
  out.fingerprint_ = in.unsigned_integer().value_or(0);
  const auto head = in.bytes().value_or(std::span<const std::byte>{});
  const auto alerts = in.bytes().value_or(std::span<const std::byte>{});
  if (const auto finished = in.finish(); !finished) return tl::unexpected(finished.error());
  storage::ChainHead chain_head{};
  if (fields != kFields || head.size() != chain_head.size())
    return fail(Errc::kMalformed, "saved ledger of {} fields and a head of {} bytes", fields, head.size());
  std::copy(head.begin(), head.end(), chain_head.begin());
  out.chain_.begin_again(applied, chain_head);
  auto policy = wildfire::AlertPolicy::restore(alerts, options);
  if (!policy) return tl::unexpected(policy.error());
  out.policy_ = std::move(*policy);
  return out;
}

}  // namespace skywarden::node
