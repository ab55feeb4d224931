#include "network/bundle_seen.h"

#include <array>
#include <charconv>
#include <vector>

#include "base/contract.h"
#include "base/text.h"

namespace skywarden::network {
namespace {

constexpr std::size_t kWords = 5;  // source, creation time, sequence, fragment offset and bytes

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  while (!line.empty() && words.size() <= kWords) {
    const std::size_t space = std::min(line.find(' '), line.size());
    words.push_back(line.substr(0, space));
    line.remove_prefix(std::min(space + 1, line.size()));
  }
  return words;
}

bool read_number(std::string_view word, std::uint64_t& value) {
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  return !word.empty() && error == std::errc() && end == word.data() + word.size();
}

}  // namespace

std::string to_string(const BundleId& id) {
  auto text =
      fmt::format("{} created {} sequence {}", to_string(id.source), id.created.time_ms, id.created.sequence);
  if (id.fragment_bytes > 0)
    text += fmt::format(" offset {} bytes {}", id.fragment_offset, id.fragment_bytes);
  return text;
}

std::string to_words(const BundleId& id) {
  return fmt::format("{} {} {} {} {}", to_string(id.source), id.created.time_ms, id.created.sequence,
                     id.fragment_offset, id.fragment_bytes);
}

Result<BundleId> bundle_id_from_words(std::string_view line) {
  const auto words = words_of(line);
  BundleId id;
  const bool good = words.size() == kWords && read_number(words[1], id.created.time_ms) &&
                    read_number(words[2], id.created.sequence) && read_number(words[3], id.fragment_offset) &&
                    read_number(words[4], id.fragment_bytes);
  if (!good) return fail(Errc::kMalformed, "expected a source and four numbers, found '{}'", printable(line));
  auto source = parse_endpoint(words[0]);
  if (!source) return tl::unexpected<Error>(source.error());
  id.source = std::move(*source);
  return id;
}

Result<SeenBundles> SeenBundles::read(std::string_view text, std::string_view file_name, std::size_t max) {
  SeenBundles seen(max);
  for (std::size_t line = 1; !text.empty(); ++line) {
    const auto id = bundle_id_from_words(take_line(text));
    if (!id) return fail(id.error().code, "{}:{}: {}", file_name, line, id.error().message);
    (void)seen.add(*id);
  }
  return seen;
}

bool SeenBundles::add(const BundleId& id) {
  EXPECTS(max_ > 0);
  if (!seen_.insert(id).second) return false;
  by_age_.push_back(id);
  if (by_age_.size() > max_) {
    seen_.erase(by_age_.front());
    by_age_.pop_front();
  }
  return true;
}

std::string SeenBundles::text() const {
  std::string text;
  for (const BundleId& id : by_age_) text += to_words(id) + '\n';
  return text;
}

}  // namespace skywarden::network
