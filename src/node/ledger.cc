#include "node/ledger.h"

#include <utility>

#include "base/contract.h"
#include "base/hash.h"
#include "wildfire/proposal_codec.h"
#include "wire/cbor.h"

namespace skywarden::node {
namespace {

constexpr std::uint64_t kVersion = 1;
constexpr std::size_t kHeadBytesMax = 64;  // what surrounds the saved alerts

}  // namespace

Ledger::Ledger(wildfire::AlertOptions options) : policy_(options) {}

std::optional<datum::Alert> Ledger::apply(const consensus::Entry& entry) {
  EXPECTS(entry.index == applied_.next());
  applied_ = entry.index;
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
  out.array(4).unsigned_integer(kVersion).unsigned_integer(applied_.value()).unsigned_integer(fingerprint_);
  return out.bytes(policy_.save()).take();
}

Result<Ledger> Ledger::restore(std::span<const std::byte> bytes, wildfire::AlertOptions options) {
  wire::CborReader in(bytes, wildfire::kSavedAlertsBytesMax + kHeadBytesMax);
  if (in.array().value_or(4) != 4 || in.unsigned_integer().value_or(kVersion) != kVersion)
    return fail(Errc::kMalformed, "saved ledger: expected version {}", kVersion);
  Ledger out(options);
  out.applied_ = LogIndex(in.unsigned_integer().value_or(0));
  out.fingerprint_ = in.unsigned_integer().value_or(0);
  const auto alerts = in.bytes().value_or(std::span<const std::byte>{});
  if (const auto finished = in.finish(); !finished) return tl::unexpected(finished.error());
  auto policy = wildfire::AlertPolicy::restore(alerts, options);
  if (!policy) return tl::unexpected(policy.error());
  out.policy_ = std::move(*policy);
  return out;
}

}  // namespace skywarden::node
