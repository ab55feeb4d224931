#include "consensus/client_history.h"

#include <map>
#include <string>

#include "base/text.h"

namespace skywarden::consensus {
namespace {

using RegisterKind = RegisterOperation::Kind;
using TextKind = KeyValueOperation::Kind;

enum class Type { kInvoke, kOk, kFail, kInfo };

constexpr std::pair<std::string_view, Type> kTypes[] = {
    {":invoke", Type::kInvoke}, {":ok", Type::kOk}, {":fail", Type::kFail}, {":info", Type::kInfo}};
constexpr std::pair<std::string_view, RegisterKind> kRegisterKinds[] = {
    {":read", RegisterKind::kRead}, {":write", RegisterKind::kWrite}, {":cas", RegisterKind::kCompareAndSet}};
constexpr std::pair<std::string_view, TextKind> kTextKinds[] = {
    {":get", TextKind::kGet}, {":put", TextKind::kPut}, {":append", TextKind::kAppend}};

template <typename Value, std::size_t n>
std::optional<Value> named(const std::pair<std::string_view, Value> (&names)[n], std::string_view word) {
  for (const auto& [name, value] : names)
    if (name == word) return value;
  return std::nullopt;
}

bool same_question(const RegisterOperation& a, const RegisterOperation& b) {
  return a.kind == b.kind && a.expected == b.expected &&
         (a.kind == RegisterKind::kRead || a.value == b.value);
}
bool same_question(const KeyValueOperation& a, const KeyValueOperation& b) {
  return a.kind == b.kind && a.key == b.key && (a.kind == TextKind::kGet || a.value == b.value);
}

// A refusal that says what the register did not hold is an answer; any other leaves nothing to explain.
bool is_answer(const RegisterOperation& refused, bool has_value) {
  return refused.kind == RegisterKind::kCompareAndSet && has_value;
}
bool is_answer(const KeyValueOperation&, bool) {
  return false;
}

template <typename Operation>
struct Line {  // one event of one process
  std::int64_t process = 0;
  Type type = Type::kInvoke;
  Operation operation;
  bool has_value = true;  // false: only that it failed or that nobody knows
};

template <typename Operation>
class Pairing {
 public:
  Result<void> add(std::size_t number, const Line<Operation>& line) {
    const auto when = Instant(Duration(static_cast<std::int64_t>(number)));
    const auto asked = pending_.find(line.process);
    if (line.type == Type::kInvoke) {
      if (asked != pending_.end())
        return fail(Errc::kMalformed, "line {}: process {} asks again before it was answered", number,
                    line.process);
      if (history_.size() >= kClientOperationsMax)
        return fail(Errc::kLimitReached, "line {}: more than {} operations", number, kClientOperationsMax);
      pending_.emplace(line.process, history_.size());
      history_.push_back({when, std::nullopt, line.operation});
      happened_.push_back(true);
      return {};
    }
    if (asked == pending_.end())
      return fail(Errc::kMalformed, "line {}: process {} is answered and has asked nothing", number,
                  line.process);
    Recorded<Operation>& recorded = history_[asked->second];
    const bool same = line.has_value ? same_question(recorded.what, line.operation)
                                     : recorded.what.kind == line.operation.kind;
    if (!same)
      return fail(Errc::kMalformed, "line {}: process {} is answered something else than it asked at line {}",
                  number, line.process, line_of(recorded.asked));
    const bool refused = line.type == Type::kFail && is_answer(recorded.what, line.has_value);
    if (line.type == Type::kOk || refused) {
      recorded.what = line.operation;
      recorded.answered = when;
    }
    if (line.type == Type::kFail && !refused) happened_[asked->second] = false;
    pending_.erase(asked);
    return {};
  }

  ClientHistory<Operation> take() {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < history_.size(); ++i)
      if (happened_[i]) {
        if (kept != i) history_[kept] = std::move(history_[i]);
        ++kept;
      }
    history_.resize(kept);
    return std::move(history_);
  }

 private:
  ClientHistory<Operation> history_;
  std::vector<bool> happened_;
  std::map<std::int64_t, std::size_t> pending_;
};

std::string_view take_word(std::string_view& text) {
  text = trim(text);
  const std::size_t end = std::min(text.find_first_of(" \t"), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(end);
  return word;
}

// ---- the log, about a register

constexpr const char* kLogLine = "'... - PROCESS :invoke|:ok|:fail|:info :read|:write|:cas VALUE'";

bool read_register_value(std::string_view text, RegisterValue& value) {
  if (text == "nil") return value.reset(), true;
  const auto number = parse_integer(text);
  value = number;
  return number.has_value();
}

bool read_register_values(std::string_view text, Line<RegisterOperation>& line) {
  RegisterOperation& operation = line.operation;
  if (text.starts_with(':')) {  // a reason, such as :timed-out
    line.has_value = false;
    return line.type == Type::kFail || line.type == Type::kInfo;
  }
  if (operation.kind != RegisterKind::kCompareAndSet) return read_register_value(text, operation.value);
  if (!text.starts_with('[') || !text.ends_with(']')) return false;
  text = text.substr(1, text.size() - 2);
  const std::string_view expected = take_word(text);
  operation.swapped = line.type == Type::kOk;
  return read_register_value(expected, operation.expected) &&
         read_register_value(trim(text), operation.value);
}

// Nothing: a line about something else.
Result<std::optional<Line<RegisterOperation>>> read_log_line(std::size_t number, std::string_view text) {
  const auto malformed = [&] {
    return fail(Errc::kMalformed, "line {}: expected {}, found '{}'", number, kLogLine, printable(text));
  };
  const std::size_t dash = text.find(" - ");
  if (dash == std::string_view::npos) return malformed();
  std::string_view rest = text.substr(dash + 3);
  const std::string_view process = take_word(rest);
  if (process == ":nemesis") return std::optional<Line<RegisterOperation>>();
  const auto id = parse_integer(process);
  const auto type = named(kTypes, take_word(rest));
  const auto kind = named(kRegisterKinds, take_word(rest));
  if (!id || !type || !kind) return malformed();
  Line<RegisterOperation> line{*id, *type, {*kind, {}, {}, false}, true};
  if (!read_register_values(trim(rest), line)) return malformed();
  return std::optional(line);
}

// ---- maps, about texts by key

constexpr const char* kMapLine =
    "{:process N, :type :invoke|:ok|:fail|:info, :f :get|:put|:append, :key TEXT, :value TEXT|nil}";

// The next value of a map, a text without its quotes; false: there is none.
bool take_value(std::string_view& text, std::string& value, bool& quoted) {
  value.clear();
  while (!text.empty() && (text.front() == ' ' || text.front() == ',' || text.front() == '\t'))
    text.remove_prefix(1);
  if (text.empty()) return false;
  quoted = text.front() == '"';
  if (!quoted) {
    const std::size_t end = std::min(text.find_first_of(" ,\t}"), text.size());
    value = text.substr(0, end);
    text.remove_prefix(end);
    return end > 0;
  }
  for (text.remove_prefix(1); !text.empty(); text.remove_prefix(1)) {
    if (text.front() == '"') return text.remove_prefix(1), true;
    if (text.front() != '\\') {
      value.push_back(text.front());
      continue;
    }
    text.remove_prefix(1);
    if (text.empty()) return false;
    const char escaped = text.front();
    if (escaped != '"' && escaped != '\\' && escaped != 'n' && escaped != 't') return false;
    value.push_back(escaped == 'n' ? '\n' : escaped == 't' ? '\t' : escaped);
  }
  return false;
}

struct Fields {
  std::string process, type, f;
  std::optional<std::string> key, value;
  bool value_is_reason = false;
};

bool read_fields(std::string_view text, Fields& fields) {
  if (!text.starts_with('{') || !text.ends_with('}')) return false;
  text = trim(text.substr(1, text.size() - 2));
  std::string name;
  std::string value;
  bool quoted = false;
  while (!text.empty()) {
    if (!take_value(text, name, quoted) || quoted || !take_value(text, value, quoted)) return false;
    if (name == ":process") fields.process = value;
    if (name == ":type") fields.type = value;
    if (name == ":f") fields.f = value;
    if (name == ":key" && quoted) fields.key = value;
    if (name == ":value" && quoted) fields.value = value;
    if (name == ":value" && !quoted) {
      fields.value_is_reason = value.starts_with(':');
      if (!fields.value_is_reason && value != "nil") return false;
    }
    text = trim(text);
  }
  return true;
}

Result<std::optional<Line<KeyValueOperation>>> read_map(std::size_t number, std::string_view text) {
  Fields fields;
  const bool is_map = read_fields(text, fields);
  if (is_map && fields.process == ":nemesis") return std::optional<Line<KeyValueOperation>>();
  const auto id = parse_integer(fields.process);
  const auto type = named(kTypes, fields.type);
  const auto kind = named(kTextKinds, fields.f);
  const bool undecided = type && (*type == Type::kFail || *type == Type::kInfo);
  const bool reads_nil = kind == TextKind::kGet && !fields.value_is_reason;
  if (!is_map || !id || !type || !kind || !fields.key || (!fields.value && !undecided && !reads_nil))
    return fail(Errc::kMalformed, "line {}: expected {}, found '{}'", number, kMapLine, printable(text));
  const bool has_value = fields.value || reads_nil;
  return std::optional(
      Line<KeyValueOperation>{*id, *type, {*kind, *fields.key, fields.value.value_or("")}, has_value});
}

template <typename Operation, typename Read>
Result<RecordedHistory> read_lines(std::string_view text, const Read& read) {
  Pairing<Operation> pairing;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::string_view line = trim(take_line(text));
    if (line.empty()) continue;
    const auto event = read(number, line);
    if (!event) return tl::unexpected(event.error());
    if (!*event) continue;
    if (auto added = pairing.add(number, **event); !added) return tl::unexpected(added.error());
  }
  return RecordedHistory(pairing.take());
}

}  // namespace

std::size_t line_of(Instant when) {
  return static_cast<std::size_t>(when.time_since_epoch().count());
}

Result<RecordedHistory> read_client_history(std::string_view text) {
  const std::string_view content = trim(text);
  if (content.empty()) return fail(Errc::kMalformed, "expected a history of clients, found nothing");
  if (content.starts_with('{')) return read_lines<KeyValueOperation>(text, read_map);
  return read_lines<RegisterOperation>(text, read_log_line);
}

}  // namespace skywarden::consensus
