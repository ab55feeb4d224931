#include "client_recorder.h"

#include <algorithm>
#include <mutex>
#include <random>
#include <thread>
#include <utility>

#include "base/random.h"
#include "base/text.h"
#include "formats/read_file.h"
#include "key_values.h"
#include "shell/steady_clock.h"

namespace skywarden::app {
namespace {

using namespace std::chrono_literals;
using shell::Answer;
using shell::GroupSession;
using shell::Outcome;
using shell::Request;
using shell::RequestKind;
using shell::steady_now;

constexpr std::size_t kOperationsPerKey = 1000;
constexpr std::size_t kOpenPerKey = 8;
constexpr Duration kOpenSessionMax = 500ms;
constexpr Duration kPause = 20ms;                             // when nobody knows a leader
constexpr Duration kThinkMax = 10ms;                          // between two operations of a client
constexpr double kAskAnybody = 0.2;                           // instead of whom it believes to lead
constexpr Duration kPatience[] = {500ms, 500ms, 1s, 2s, 8s};  // the last: until a stopped leader wakes

using Value = std::optional<std::int64_t>;

struct Operation {
  enum class Kind { kRead, kWrite, kExchange };
  std::size_t key = 0;  // its number
  Kind kind = Kind::kRead;
  Value value, expected;  // of a read: what was there
};

std::string shown(const Value& value) {
  return value ? std::to_string(*value) : "nil";
}

std::string file_name(std::size_t key) {
  return fmt::format("key-{:04}", key + 1);
}

std::string shown(const Operation& operation) {
  if (operation.kind == Operation::Kind::kRead) return ":read\t" + shown(operation.value);
  if (operation.kind == Operation::Kind::kWrite) return ":write\t" + shown(operation.value);
  return fmt::format(":cas\t[{} {}]", shown(operation.expected), shown(operation.value));
}

enum class End { kOk, kOther, kFailed, kOpen };  // kOther: an exchange that found something else

// The clients' common paper. What stands earlier on it happened earlier.
class Paper {
 public:
  explicit Paper(std::size_t keys) : in_use_(keys) {
    for (std::size_t& key : in_use_) key = new_key();
  }

  Operation begin(int client, Random& random) {
    const std::scoped_lock lock(mutex_);
    const std::size_t key = key_for(random);
    History& history = histories_[key];
    Operation operation{key, Operation::Kind::kRead, {}, {}};
    const std::uint64_t kind = random.below(10);
    if (kind >= 4) operation.kind = kind < 7 ? Operation::Kind::kWrite : Operation::Kind::kExchange;
    if (operation.kind != Operation::Kind::kRead) operation.value = next_value_++;
    if (operation.kind == Operation::Kind::kExchange) operation.expected = history.seen;
    ++history.asked;
    ++(operation.kind == Operation::Kind::kRead    ? counts_.reads
       : operation.kind == Operation::Kind::kWrite ? counts_.writes
                                                   : counts_.exchanges);
    write(client, ":invoke", operation.key, shown(operation));
    return operation;
  }

  void end(int client, const Operation& operation, End how) {
    const std::scoped_lock lock(mutex_);
    History& history = histories_[operation.key];
    const std::string question = shown(operation);
    const std::string name = question.substr(0, question.find('\t'));
    switch (how) {
      case End::kOk:
        ++counts_.answered;
        history.seen = operation.value;
        return write(client, ":ok", operation.key, question);
      case End::kOther:
        ++counts_.answered;
        return write(client, ":fail", operation.key, question);
      case End::kFailed:
        ++counts_.failed;
        return write(client, ":fail", operation.key, name + "\t:not-done");
      case End::kOpen:
        ++counts_.open;
        ++history.open;
        return write(client, ":info", operation.key, name + "\t:timed-out");
    }
  }

  Result<RecordCounts> keep(const std::string& folder) {
    for (std::size_t key = 0; key < histories_.size(); ++key) {
      if (histories_[key].asked == 0) continue;
      const auto written =
          formats::write_file(fmt::format("{}/{}.txt", folder, file_name(key)), histories_[key].text);
      if (!written) return tl::unexpected<Error>(written.error());
      ++counts_.keys;
    }
    return counts_;
  }

 private:
  struct History {
    std::string text;
    std::size_t asked = 0, open = 0;
    Value seen;  // lately
  };

  std::size_t new_key() {
    histories_.emplace_back();
    return histories_.size() - 1;
  }
  std::size_t key_for(Random& random) {
    std::size_t& key = in_use_[random.below(in_use_.size())];
    const History& history = histories_[key];
    if (history.asked >= kOperationsPerKey || history.open >= kOpenPerKey) key = new_key();
    return key;
  }
  void write(int client, const char* type, std::size_t key, const std::string& what) {
    histories_[key].text += fmt::format("INFO  skywarden - {}\t{}\t{}\n", client, type, what);
  }

  std::mutex mutex_;
  std::vector<History> histories_;
  std::vector<std::size_t> in_use_;
  std::int64_t next_value_ = 1;
  RecordCounts counts_;
};

Request request_of(const std::string& run, const Operation& operation, std::uint64_t id) {
  const std::string key = run + "/" + file_name(operation.key);
  if (operation.kind == Operation::Kind::kRead) {
    const auto bytes = std::as_bytes(std::span(key));
    return {id, RequestKind::kRead, {bytes.begin(), bytes.end()}};
  }
  KeyCommand command{key, shown(operation.value), {}, operation.kind == Operation::Kind::kExchange};
  if (operation.expected) command.expected = shown(operation.expected);
  return {id, RequestKind::kPropose, encode(command)};
}

// The end of an operation that was done, with what a read has found.
End end_of(Operation& operation, const Answer& answer) {
  const auto said = decode_key_answer(answer.bytes);
  if (!said) return End::kOpen;
  if (operation.kind != Operation::Kind::kRead) return said->done ? End::kOk : End::kOther;
  operation.value = said->value ? parse_integer(*said->value) : std::nullopt;
  return End::kOk;
}

class Client {
 public:
  Client(const shell::GroupAddresses& group, const std::string& run, int number, Random random)
      : group_(group), run_(run), number_(number), random_(random) {
    for (const auto& [node, peer] : group.members) nodes_.push_back(node);
  }

  void run(Paper& paper, Instant until) {
    while (steady_now() < until) {
      Operation operation = paper.begin(number_, random_);
      const Duration patience = kPatience[random_.below(std::size(kPatience))];
      const End how = ask(operation, steady_now() + patience);
      paper.end(number_, operation, how);
      std::this_thread::sleep_for(random_.uniform() * kThinkMax);
    }
  }

 private:
  End ask(Operation& operation, Instant until) {
    for (Instant now = steady_now(); now < until; now = steady_now()) {
      const bool anybody = leader_ == kNobody || random_.chance(kAskAnybody);
      const NodeId node = anybody ? nodes_[random_.below(nodes_.size())] : leader_;
      GroupSession* session = session_with(node, std::min(until - now, kOpenSessionMax));
      if (session == nullptr) {
        leader_ = kNobody;
        std::this_thread::sleep_for(kPause);
        continue;
      }
      const auto answer =
          session->ask(request_of(run_, operation, ++request_), std::max(until - steady_now(), Duration{}));
      if (!answer) sessions_.erase(node);
      if (!answer || answer->outcome == Outcome::kUnknown) {
        leader_ = kNobody;
        return operation.kind == Operation::Kind::kRead ? End::kFailed : End::kOpen;
      }
      if (answer->outcome == Outcome::kDone) {
        leader_ = node;
        return end_of(operation, *answer);
      }
      leader_ = answer->outcome == Outcome::kNotLeader && answer->leader != node ? answer->leader : kNobody;
      if (!group_.members.contains(leader_)) leader_ = kNobody;
      if (leader_ == kNobody) std::this_thread::sleep_for(kPause);
    }
    return End::kFailed;
  }

  GroupSession* session_with(NodeId node, Duration time_max) {
    const auto found = sessions_.find(node);
    if (found != sessions_.end()) return found->second.get();
    auto opened = GroupSession::open(group_, node, time_max);
    return opened ? sessions_.emplace(node, std::move(*opened)).first->second.get() : nullptr;
  }

  const shell::GroupAddresses& group_;
  const std::string& run_;
  int number_;
  Random random_;
  std::vector<NodeId> nodes_;
  NodeId leader_;
  std::map<NodeId, std::unique_ptr<GroupSession>> sessions_;
  std::uint64_t request_ = 0;
};

}  // namespace

Result<RecordCounts> record_clients(const shell::GroupAddresses& group, const std::string& folder,
                                    const RecordOptions& options) {
  Paper paper(static_cast<std::size_t>(options.keys));
  const Random random(options.seed);
  const std::string run = fmt::format("{:08x}", std::random_device()());  // whose keys are all new
  const Instant until = steady_now() + options.time;
  std::vector<std::thread> threads;
  for (int number = 0; number < options.clients; ++number)
    threads.emplace_back([&, number] {
      Client(group, run, number, random.fork(static_cast<std::uint64_t>(number))).run(paper, until);
    });
  for (std::thread& thread : threads) thread.join();
  return paper.keep(folder);
}

}  // namespace skywarden::app
