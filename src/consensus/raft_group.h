// For tests: a Raft group whose time and post move only as the test says, so that a test reads as a dialogue.
#pragma once

#include <doctest/doctest.h>

#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string_view>
#include <vector>

#include "consensus/raft.h"

namespace skywarden::consensus {

inline Shares equal_shares(std::uint32_t nodes) {
  Shares shares;
  for (std::uint32_t id = 1; id <= nodes; ++id) shares[NodeId(id)] = 1;
  return shares;
}

inline Payload payload(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

inline std::vector<Entry> log_of_terms(std::initializer_list<std::uint64_t> terms) {
  std::vector<Entry> entries;
  for (const std::uint64_t term : terms)
    entries.push_back({Term(term), LogIndex(entries.size() + 1), payload(fmt::format("of term {}", term))});
  return entries;
}

inline std::vector<std::uint64_t> terms_of(const Log& log) {
  std::vector<std::uint64_t> terms;
  for (std::uint64_t i = 1; i <= log.last_index().value(); ++i)
    terms.push_back(log.at(LogIndex(i)).term.value());
  return terms;
}

struct Group {
  explicit Group(Shares group_shares, RaftOptions group_options = {},
                 std::map<std::uint32_t, Persisted> stored = {},
                 const datum::ArrivalForecast* arrivals = nullptr, Storage group_storage = Storage::kAwaited)
      : shares(std::move(group_shares)), options(group_options), forecast(arrivals), storage(group_storage) {
    for (const auto& [node, share] : shares) restart(node.value(), std::move(stored[node.value()]));
  }

  // With what was durable, or with nothing.
  void restart(std::uint32_t id, Persisted disk = {}) {
    nodes.erase(NodeId(id));
    nodes.emplace(NodeId(id), Raft(NodeId(id), shares, disk, options, Random(id), now, forecast, storage));
    disks[NodeId(id)] = std::move(disk);
    writing.erase(NodeId(id));
  }
  void restart_from_disk(std::uint32_t id) { restart(id, disks[NodeId(id)]); }
  void join(std::uint32_t id) {  // a stranger that knows of nobody
    nodes.emplace(NodeId(id), Raft(NodeId(id), {}, {}, options, Random(id), now));
    disks[NodeId(id)] = {};
  }

  Raft& operator[](std::uint32_t id) { return nodes.at(NodeId(id)); }

  void take(NodeId node, RaftEffects effects) {
    for (auto& message : effects.send_ahead) mail.push_back(std::move(message));
    if (storage == Storage::kMeanwhile)
      writing[node].push_back({effects.persist, effects.write, std::move(effects.send)});
    else
      for (auto& message : effects.send) mail.push_back(std::move(message));
    for (auto& entry : effects.committed) committed[node.value()].push_back(std::move(entry));
    for (auto& news : effects.epochs) epochs[node.value()].push_back(std::move(news));
    for (const ReadAnswer& answer : effects.reads) reads[node.value()].push_back(answer);
    if (effects.restored) restored[node.value()].push_back(std::move(*effects.restored));
    if (storage == Storage::kAwaited) consensus::apply(effects.persist, disks[node]);
    last_persist = std::move(effects.persist);
  }
  // Storage::kMeanwhile: the disk of `id` is done with everything it had been given by now.
  void disk_done(std::uint32_t id) {
    Write upto;
    for (Writing& each : std::exchange(writing[NodeId(id)], {})) {
      consensus::apply(each.persist, disks[NodeId(id)]);
      for (auto& message : each.waiting) mail.push_back(std::move(message));
      upto = each.write;
    }
    take(NodeId(id), (*this)[id].persisted(upto, now));
  }
  void tick(std::uint32_t id) { take(NodeId(id), (*this)[id].tick(now)); }
  void tick_when_due(std::uint32_t id) {
    now = std::max(now, (*this)[id].next_deadline());
    tick(id);
  }
  // Time passes for everybody, but only `id` looks at its clock: a follower until it stands for election,
  // which takes some questions beforehand.
  void campaign(std::uint32_t id) {
    constexpr int kTicksMax = 32;
    for (int i = 0; i == 0 || ((*this)[id].role() == Role::kFollower && i < kTicksMax); ++i)
      tick_when_due(id);
  }
  void heartbeat(std::uint32_t id) { tick_when_due(id); }
  void propose(std::uint32_t id, std::string_view text) {
    take(NodeId(id), (*this)[id].propose(payload(text), now).value());
  }
  Result<void> change(std::uint32_t id, const Membership& to) {
    auto effects = (*this)[id].change_membership(to, now);
    if (!effects) return tl::unexpected(effects.error());
    take(NodeId(id), std::move(*effects));
    return {};
  }
  Result<void> compact(std::uint32_t id, LogIndex upto, Payload data) {
    auto effects = (*this)[id].compact(upto, std::move(data), now);
    if (!effects) return tl::unexpected(effects.error());
    take(NodeId(id), std::move(*effects));
    return {};
  }
  Result<void> read(std::uint32_t id, std::uint64_t read_id) {
    auto effects = (*this)[id].read(ReadId(read_id), now);
    if (!effects) return tl::unexpected(effects.error());
    take(NodeId(id), std::move(*effects));
    return {};
  }
  Result<void> transfer(std::uint32_t id, std::uint32_t to) {
    auto effects = (*this)[id].transfer_leadership(NodeId(to), now);
    if (!effects) return tl::unexpected(effects.error());
    take(NodeId(id), std::move(*effects));
    return {};
  }
  void deliver(const Message& message) { take(message.to, nodes.at(message.to).receive(message, now)); }

  // Delivers until nothing is left; messages from or to others than `among` wait.
  void settle(std::set<std::uint32_t> among = {}) {
    const auto moves = [&](const Message& m) {
      return among.empty() || (among.contains(m.from.value()) && among.contains(m.to.value()));
    };
    std::deque<Message> waiting;
    while (!mail.empty()) {
      const Message message = std::move(mail.front());
      mail.pop_front();
      delivered.push_back(message);
      if (moves(message))
        deliver(message);
      else
        waiting.push_back(message);
    }
    mail = std::move(waiting);
  }
  void drop(const std::function<bool(const Message&)>& lost) { std::erase_if(mail, lost); }
  void drop_to(std::uint32_t id) {
    drop([&](const Message& m) { return m.to == NodeId(id); });
  }

  Shares shares;
  RaftOptions options;
  const datum::ArrivalForecast* forecast;
  Storage storage;
  struct Writing {
    Persist persist;
    Write write;
    std::vector<Message> waiting;
  };
  std::map<NodeId, std::vector<Writing>> writing;
  Instant now{};
  std::map<NodeId, Raft> nodes;
  std::map<NodeId, Persisted> disks;
  std::deque<Message> mail;
  std::vector<Message> delivered;
  std::map<std::uint32_t, std::vector<Entry>> committed;
  std::map<std::uint32_t, std::vector<EpochNews>> epochs;
  std::map<std::uint32_t, std::vector<Snapshot>> restored;
  std::map<std::uint32_t, std::vector<ReadAnswer>> reads;
  Persist last_persist;
};

inline Group led_by_1(Shares shares, RaftOptions options = {}) {
  Group group(std::move(shares), options);
  group.campaign(1);
  group.settle();
  REQUIRE(group[1].role() == Role::kLeader);
  return group;
}

template <typename Body>
std::vector<std::pair<NodeId, Body>> bodies(const std::vector<Message>& messages, NodeId to) {
  std::vector<std::pair<NodeId, Body>> found;
  for (const Message& m : messages)
    if (const auto* body = std::get_if<Body>(&m.body); body != nullptr && m.to == to)
      found.emplace_back(m.from, *body);
  return found;
}

}  // namespace skywarden::consensus
