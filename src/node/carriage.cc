#include "node/carriage.h"

#include <initializer_list>

#include "base/hash.h"

namespace skywarden::node {
namespace {

using network::BundleCriticality;

constexpr Duration kProbeLifetime = std::chrono::seconds(2);

enum class Kind : std::uint8_t {
  kPreVoteRequest,
  kPreVoteReply,
  kVoteRequest,
  kVoteReply,
  kAppendRequest,
  kAppendReply,
  kObservations,
  kReceived,
  kReport,
  kConfirmed,
  kBulletin,
  kSnapshotChunk,
  kSnapshotReply,
  kTimeoutNow,
  kHandedOn
};

std::uint64_t subject(Kind kind, std::initializer_list<std::uint64_t> what) {
  Fnv1a hash;
  hash.add(static_cast<std::uint64_t>(kind));
  for (const std::uint64_t each : what) hash.add(each);
  return hash.value();
}

class Choice {
 public:
  Choice(Duration election, bool warns) : election_(election), warns_(warns) {}

  Carriage operator()(const consensus::Message& message) const {
    return std::visit([&](const auto& body) { return of(message.term.value(), body); }, message.body);
  }
  Carriage operator()(const ObservationBatch& batch) const {
    return {BundleCriticality::kImportant, kNewsLifetime, subject(Kind::kObservations, {batch.id})};
  }
  Carriage operator()(const BatchReceived& received) const {
    return {BundleCriticality::kNormal, kNewsLifetime, subject(Kind::kReceived, {received.id})};
  }
  Carriage operator()(const Report& report) const {
    const auto time = static_cast<std::uint64_t>(report.finding.time.time_since_epoch().count());
    return {BundleCriticality::kImportant, kNewsLifetime,
            subject(Kind::kReport, {report.finding.event.value(), time})};
  }
  Carriage operator()(const ReportConfirmed& confirmed) const {
    return {
        BundleCriticality::kNormal, kNewsLifetime,
        subject(Kind::kConfirmed, {confirmed.event.value(), static_cast<std::uint64_t>(confirmed.time_ns)})};
  }
  Carriage operator()(const Bulletin& bulletin) const {
    const auto time = static_cast<std::uint64_t>(bulletin.prior.as_of.time_since_epoch().count());
    return {BundleCriticality::kNormal, kWeatherLifetime, subject(Kind::kBulletin, {time})};
  }

 private:
  [[nodiscard]] Carriage vote(Kind kind, std::uint64_t term, std::uint64_t what) const {
    return {BundleCriticality::kNormal, election_ / 2, subject(kind, {term, what})};
  }
  [[nodiscard]] Carriage of(std::uint64_t term, const consensus::PreVoteRequest& request) const {
    return vote(Kind::kPreVoteRequest, term, request.last.index.value());
  }
  [[nodiscard]] Carriage of(std::uint64_t term, const consensus::PreVoteReply& reply) const {
    return vote(Kind::kPreVoteReply, term, reply.granted ? 1 : 0);
  }
  [[nodiscard]] Carriage of(std::uint64_t term, const consensus::VoteRequest& request) const {
    return vote(Kind::kVoteRequest, term, request.last.index.value());
  }
  [[nodiscard]] Carriage of(std::uint64_t term, const consensus::VoteReply& reply) const {
    return vote(Kind::kVoteReply, term, reply.granted ? 1 : 0);
  }
  // Alerts are entries: critical. That they are committed is said by later requests without entries; those
  // are many, each says what the last one did, and copying them over every contact cost half of a replay's
  // time.
  [[nodiscard]] Carriage of(std::uint64_t term, const consensus::AppendRequest& request) const {
    const std::uint64_t last = request.previous.index.value() + request.entries.size();
    // To a satellite one at a time: the next heartbeat says what has been committed since.
    if (!warns_ && request.entries.empty())
      return {BundleCriticality::kImportant, kNewsLifetime, subject(Kind::kAppendRequest, {term})};
    return {warns_ && !request.entries.empty() ? BundleCriticality::kCritical : BundleCriticality::kImportant,
            kNewsLifetime,
            subject(Kind::kAppendRequest, {term, last, request.entries.size(), request.commit.value()})};
  }
  // Commits that are handed on are handed on because the leader's word may not come: they wait for contacts
  // as long as that would. One of a few feeds each, so not critical.
  [[nodiscard]] Carriage handed_on(BundleCriticality criticality,
                                   std::initializer_list<std::uint64_t> what) const {
    return {criticality, kNewsLifetime, subject(Kind::kHandedOn, what)};
  }
  // What waits for a contact measures nothing.
  [[nodiscard]] Carriage passing(std::initializer_list<std::uint64_t> what) const {
    return {BundleCriticality::kNormal, kProbeLifetime, subject(Kind::kHandedOn, what)};
  }
  [[nodiscard]] Carriage of(std::uint64_t term, const consensus::Relayed& relayed) const {
    return handed_on(relayed.entries.empty() ? BundleCriticality::kNormal : BundleCriticality::kImportant,
                     {0, term, relayed.previous.index.value(), relayed.entries.size()});
  }
  [[nodiscard]] Carriage of(std::uint64_t term, const consensus::RelayedChunk& piece) const {
    return handed_on(BundleCriticality::kImportant,
                     {1, term, piece.chunk.last.index.value(), piece.chunk.offset});
  }
  [[nodiscard]] Carriage of(std::uint64_t term, const consensus::RelayReply& reply) const {
    return handed_on(BundleCriticality::kNormal,
                     {2, term, reply.committed.value(), reply.asks ? 1U : 0U, reply.received});
  }
  [[nodiscard]] Carriage of(std::uint64_t, const consensus::Probe& probe) const {
    return passing({3, probe.nonce});
  }
  [[nodiscard]] Carriage of(std::uint64_t, const consensus::ProbeReply& reply) const {
    return passing({4, reply.nonce});
  }
  [[nodiscard]] Carriage of(std::uint64_t term, const consensus::AppendReply& reply) const {
    return {BundleCriticality::kImportant, kNewsLifetime,
            subject(Kind::kAppendReply, {term, reply.accepted ? 1U : 0U, reply.index.value()})};
  }
  [[nodiscard]] Carriage of(std::uint64_t term, const consensus::SnapshotChunk& chunk) const {
    return {BundleCriticality::kImportant, kNewsLifetime,
            subject(Kind::kSnapshotChunk, {term, chunk.last.index.value(), chunk.offset})};
  }
  [[nodiscard]] Carriage of(std::uint64_t term, const consensus::SnapshotReply& reply) const {
    return {BundleCriticality::kImportant, kNewsLifetime,
            subject(Kind::kSnapshotReply, {term, reply.last.index.value(), reply.received})};
  }
  [[nodiscard]] Carriage of(std::uint64_t term, const consensus::TimeoutNow& now) const {
    return vote(Kind::kTimeoutNow, term, now.upto.value());
  }

  Duration election_;
  bool warns_;
};

}  // namespace

Carriage carriage_of(const Message& message, Duration election, bool warns) {
  return std::visit(Choice(election, warns), message);
}

}  // namespace skywarden::node
