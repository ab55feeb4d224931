// For tests: a group's log with fires that are told, continued and cancelled, epochs and terms, and a folder
// for its ledger.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/contract.h"
#include "base/random.h"
#include "consensus/withheld.h"
#include "ledger/ledger_file.h"
#include "node/ledger.h"
#include "wildfire/alert_example.h"
#include "wildfire/proposal_codec.h"

namespace skywarden::ledger::example {

inline const storage::LogIdentity kIdentity{"forest", NodeId(3)};

struct Folder {
  std::string path;
  Folder() {
    path = (std::filesystem::temp_directory_path() / "skywarden-ledger-XXXXXX").string();
    ENSURES(::mkdtemp(path.data()) != nullptr);
  }
  ~Folder() { std::filesystem::remove_all(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] std::string file() const { return path + "/" + kLedgerName; }
};

inline datum::Proposal proposal(Random& random, EventId event, std::uint32_t sequence,
                                datum::ProposalKind kind) {
  datum::Proposal p = wildfire::example::alert(sequence, kind).proposal;
  p.event = event;
  p.time_ns += static_cast<std::int64_t>(random.below(1'000'000)) * 1'000'000'000;
  p.area_m2 = random.below(200'000'000);
  p.power_w = random.below(2'000'000'000);
  p.danger = static_cast<std::uint8_t>(random.below(5));
  const auto lat = static_cast<std::int32_t>(random.below(1'600'000'000)) - 800'000'000;
  auto lon = static_cast<std::int32_t>(random.below(3'600'000'000U) - 1'800'000'000U);
  if (random.chance(0.1)) lon = 1'799'900'000;  // across the antimeridian
  const auto size = static_cast<std::int32_t>(random.below(2'000'000)) + 1000;
  const auto east = static_cast<std::int32_t>(
      (static_cast<std::int64_t>(lon) + size + 1'800'000'000) % 3'600'000'000 - 1'800'000'000);
  p.centre = {lat, lon};
  p.outline = {{lat, lon}, {lat, east}, {lat + size, east}, {lat + size, lon}, {lat, lon}};
  if (random.chance(0.1)) p.outline.clear();
  p.observations = {ObservationId(event.value() * 1000 + sequence)};
  return p;
}

// As a node hands it out: what is told, and the chain's heads, as node::Ledger says.
inline std::vector<node::Entered> agreed(std::uint64_t seed, std::size_t count) {
  Random random(seed);
  node::Ledger ledger({}, kIdentity.cluster);
  std::vector<node::Entered> out;
  std::map<std::uint64_t, std::uint32_t> next;  // of each fire
  std::uint64_t epoch = 0;
  Term term(1);
  for (std::uint64_t i = 1; i <= count; ++i) {
    consensus::Entry entry{term, LogIndex(i), {}};
    if (i == 1 || random.chance(0.05)) {
      entry.term = term = term.next();
    } else if (random.chance(0.1)) {
      consensus::Configuration c;
      c.epoch = consensus::Epoch(++epoch);
      for (std::uint32_t node = 1; node <= 5; ++node) c.shares.incoming[NodeId(node)] = 1 + random.below(3);
      if (random.chance(0.3)) c.shares.outgoing = {{NodeId(1), 1}, {NodeId(6), 2}};
      c.domains[NodeId(2)] = consensus::FailureDomain(7);
      entry.kind = consensus::EntryKind::kConfiguration;
      entry.payload = encode(c);
    } else if (random.chance(0.05)) {
      entry.payload = {std::byte{1}, std::byte{2}};  // nothing that can be read
    } else if (random.chance(0.05)) {
      entry.kind = consensus::EntryKind::kWithheld;
      entry.payload = consensus::Payload(consensus::kWithheldBytes);
    } else {
      const std::uint64_t event = 1 + random.below(1 + count / 6);
      const std::uint32_t sequence = random.chance(0.1) ? 77 : next[event];  // 77: continues no chain
      const auto kind = sequence == 0        ? datum::ProposalKind::kAlert
                        : random.chance(0.2) ? datum::ProposalKind::kCancel
                                             : datum::ProposalKind::kUpdate;
      entry.payload = wildfire::encode(proposal(random, EventId(event), sequence, kind));
    }
    const auto alert = ledger.apply(entry);
    if (alert) next[alert->proposal.event.value()] = alert->proposal.sequence + 1;
    out.push_back({entry, ledger.head(), alert.has_value(),
                   random.chance(0.9) ? NodeId(1 + random.below(5)) : kNobody});
  }
  return out;
}

inline LedgerFile open(const std::string& path, std::vector<std::string>* said = nullptr) {
  auto opened = LedgerFile::open(path, {kIdentity}, [said](const std::string& why) {
    if (said != nullptr) said->push_back(why);
  });
  ENSURES(opened.has_value());
  return std::move(*opened);
}

inline std::vector<node::Entered> part(const std::vector<node::Entered>& all, std::size_t from,
                                       std::size_t to) {
  return {all.begin() + static_cast<std::ptrdiff_t>(from), all.begin() + static_cast<std::ptrdiff_t>(to)};
}

}  // namespace skywarden::ledger::example
