// ION's administration commands, as far as they describe contacts (ionrc(5)).
#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <utility>

#include "base/text.h"
#include "network/plan_builder.h"

namespace skywarden::network {
namespace {

constexpr std::size_t kWordsMax = 8;
constexpr double kBitsPerByte = 8.0;

struct Words {
  std::array<std::string_view, kWordsMax> at;
  std::size_t count = 0;
};

Words words_of(std::string_view line) {
  Words words;
  while (words.count < kWordsMax) {
    line = trim(line);
    if (line.empty()) break;
    const std::size_t end = std::min(line.find_first_of(" \t"), line.size());
    words.at[words.count++] = line.substr(0, end);
    line.remove_prefix(end);
  }
  return words;
}

struct Range {
  double start_s, end_s, light_s;
};

class IonReader {
 public:
  void take(std::string_view line, std::size_t row) {
    const Words words = words_of(line);
    if (words.count == 0 || words.at[0].starts_with('#')) return;
    if (words.at[0] == "@") {
      take_reference(words, row);
    } else if (words.at[0] == "a" && words.count > 1 && words.at[1] == "contact") {
      take_contact(words, row);
    } else if (words.at[0] == "a" && words.count > 1 && words.at[1] == "range") {
      take_range(words, row);
    } else if (words.at[0] == "d" || words.at[0] == "a" || words.at[0] == "c") {
      plan_.refuse(row, "",
                   fmt::format("expected 'a contact' or 'a range', found '{}'", printable(trim(line))));
    }  // the other commands say nothing about contacts
  }

  PlanFile finish() && {
    for (NamedContact& contact : contacts_) {
      const auto light = light_time(contact);
      if (!light) {
        plan_.refuse(contact.row, "",
                     fmt::format("expected a range from {} to {} during the contact, found none",
                                 contact.from, contact.to));
        continue;
      }
      contact.light_s = *light;
      plan_.add(std::move(contact));
    }
    if (first_utc_) plan_.set_epoch(*first_utc_);
    return std::move(plan_).finish();
  }

 private:
  std::optional<double> time(std::string_view word) {
    if (word.starts_with('+')) {
      const auto offset = parse_number(word.substr(1));
      return offset ? std::optional(reference_s_ + *offset) : std::nullopt;
    }
    std::string text(word);
    std::ranges::replace(text, '/', '-');
    constexpr std::size_t kDateLength = 10;
    if (text.size() <= kDateLength || text[kDateLength] != '-') return std::nullopt;
    text[kDateLength] = 'T';
    const auto utc = parse_utc(text);
    if (!utc) return std::nullopt;
    if (!first_utc_) first_utc_ = *utc;
    return to_seconds(*utc - *first_utc_);
  }

  void take_reference(const Words& words, std::size_t row) {
    const auto at = words.count == 2 ? time(words.at[1]) : std::nullopt;
    if (at)
      reference_s_ = *at;
    else
      plan_.refuse(row, "@", "expected +seconds or yyyy/mm/dd-hh:mm:ss");
  }

  void take_contact(const Words& words, std::size_t row) {
    constexpr std::size_t kRateWord = 6;
    const auto rate = words.count > kRateWord ? parse_number(words.at[kRateWord]) : std::nullopt;
    const auto span = window(words, row, "a contact");
    if (!span) return;
    if (!rate) return plan_.refuse(row, "", "a contact: expected a rate in bytes a second");
    if (contacts_.size() >= ContactGraph::kContactsMax)
      return plan_.refuse(row, "", "expected fewer contacts, found more than the limit");
    NamedContact contact;
    contact.row = row;
    contact.from = words.at[4];
    contact.to = words.at[5];
    contact.start_s = span->first;
    contact.end_s = span->second;
    contact.rate_bps = *rate * kBitsPerByte;
    contacts_.push_back(std::move(contact));
  }

  void take_range(const Words& words, std::size_t row) {
    constexpr std::size_t kLightWord = 6;
    const auto light = words.count > kLightWord ? parse_number(words.at[kLightWord]) : std::nullopt;
    const auto span = window(words, row, "a range");
    if (!span) return;
    if (!light || *light < 0.0) return plan_.refuse(row, "", "a range: expected light seconds of 0 or more");
    ranges_[{std::string(words.at[4]), std::string(words.at[5])}].push_back(
        {span->first, span->second, *light});
  }

  // From when until when, of a line that also names two nodes.
  std::optional<std::pair<double, double>> window(const Words& words, std::size_t row, const char* what) {
    const auto start = words.count > 5 ? time(words.at[2]) : std::nullopt;
    const auto end = words.count > 5 ? time(words.at[3]) : std::nullopt;
    if (start && end) return std::pair(*start, *end);
    plan_.refuse(row, "", fmt::format("{}: expected start, end, two nodes and a figure", what));
    return std::nullopt;
  }

  // The longest way during the contact.
  [[nodiscard]] std::optional<double> light_time(const NamedContact& contact) const {
    auto ranges = ranges_.find({contact.from, contact.to});
    if (ranges == ranges_.end()) ranges = ranges_.find({contact.to, contact.from});
    if (ranges == ranges_.end()) return std::nullopt;
    std::optional<double> longest;
    for (const Range& range : ranges->second)
      if (range.start_s <= contact.end_s && range.end_s >= contact.start_s)
        longest = std::max(longest.value_or(0.0), range.light_s);
    return longest;
  }

  PlanBuilder plan_;
  std::vector<NamedContact> contacts_;
  std::map<std::pair<std::string, std::string>, std::vector<Range>> ranges_;
  double reference_s_ = 0.0;
  std::optional<Instant> first_utc_;
};

}  // namespace

Result<PlanFile> read_plan_ionrc(std::string_view bytes) {
  IonReader reader;
  std::size_t row = 0;
  while (!bytes.empty()) reader.take(take_line(bytes), ++row);
  return std::move(reader).finish();
}

Result<std::string> to_ionrc(const PlanFile& plan) {
  constexpr std::int64_t kNs = 1'000'000'000;
  const auto down = [](Duration t) { return t.count() / kNs - (t.count() % kNs < 0 ? 1 : 0); };
  const auto up = [&](Duration t) { return -down(-t); };
  std::string out = plan.epoch ? fmt::format("# epoch {}\n", format_utc(*plan.epoch, 9)) : std::string();
  for (const std::string& node : plan.nodes)
    if (const auto number = parse_integer(node); !number || *number < 0)
      return fail(Errc::kUnsupported, "ION numbers its nodes: expected numbers, found '{}'", printable(node));
  for (std::size_t i = 0; i < plan.names.size(); ++i)
    out += fmt::format("# node {} {}\n", plan.nodes[i], plan.names[i]);
  for (const PlannedContact& c : plan.contacts) {
    const auto start = up(c.start);
    const auto end = down(c.end);
    const auto bytes = static_cast<std::int64_t>(c.rate.value() / kBitsPerByte);
    if (end <= start || start < 0 || bytes <= 0) continue;
    const std::string window =
        fmt::format("+{} +{} {} {}", start, end, plan.nodes[c.from.value()], plan.nodes[c.to.value()]);
    out += fmt::format("a contact {} {}\na range {} {}\n", window, bytes, window, up(c.light_time));
  }
  return out;
}

}  // namespace skywarden::network
