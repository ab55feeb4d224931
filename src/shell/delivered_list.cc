#include "shell/delivered_list.h"

#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/text.h"
#include "network/bundle_seen.h"
#include "wire/crc32c.h"

namespace skywarden::shell {
namespace {

constexpr const char* kName = "delivered";
constexpr std::size_t kCrcDigits = 8;
constexpr std::size_t kFileBytesMax = std::size_t{512} << 20;

std::string line_of(const DeliveredList::Entry& entry) {
  const std::string rest =
      fmt::format("{} {}", entry.expires.time_since_epoch().count(), network::to_words(entry.id));
  return fmt::format("{:08x} {}\n", wire::crc32c(std::as_bytes(std::span(rest))), rest);
}

Result<DeliveredList::Entry> read_line(std::string_view line) {
  const auto damaged = [] { return fail(Errc::kMalformed, "damaged"); };
  if (line.size() <= kCrcDigits + 1 || line[kCrcDigits] != ' ') return damaged();
  std::uint32_t crc = 0;
  const char* text = line.data();
  if (std::from_chars(text, text + kCrcDigits, crc, 16).ptr != text + kCrcDigits) return damaged();
  line.remove_prefix(kCrcDigits + 1);
  if (wire::crc32c(std::as_bytes(std::span(line))) != crc) return damaged();
  std::int64_t expires = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), expires);
  if (error != std::errc() || end == line.data() + line.size() || *end != ' ') return damaged();
  auto id = network::bundle_id_from_words(line.substr(static_cast<std::size_t>(end - line.data()) + 1));
  if (!id) return tl::unexpected<Error>(id.error());
  return DeliveredList::Entry{Instant(Duration(expires)), std::move(*id)};
}

}  // namespace

Result<DeliveredList::Opened> DeliveredList::open(const std::string& folder, Instant now,
                                                  std::size_t count_max) {
  if (const auto made = make_folder(folder); !made) return tl::unexpected<Error>(made.error());
  Opened opened;
  DeliveredList& list = opened.list;
  list.folder_ = folder;
  list.count_max_ = std::max<std::size_t>(1, count_max);
  const auto path = std::filesystem::path(folder) / kName;
  std::error_code error;
  if (std::filesystem::file_size(path, error) > kFileBytesMax && !error)
    return fail(Errc::kLimitReached, "{}: more than {} bytes", path.string(), kFileBytesMax);
  std::ifstream in(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  std::size_t damaged = 0;
  for (std::string_view rest = text; !rest.empty();) {
    auto entry = read_line(take_line(rest));
    if (!entry) {
      ++damaged;
    } else if (entry->expires > now) {
      list.entries_.insert(std::move(*entry));
    }
  }
  if (damaged > 0)
    opened.problems.push_back(
        fmt::format("{}: {} damaged lines are left out; these bundles may be delivered "
                    "again",
                    path.string(), damaged));
  if (const auto written = list.write_again(); !written) return tl::unexpected<Error>(written.error());
  return opened;
}

Result<void> DeliveredList::write_again() {
  while (entries_.size() > count_max_) entries_.erase(entries_.begin());
  std::string text;
  for (const Entry& entry : entries_) text += line_of(entry);
  if (const auto written = write_durably(folder_, kName, std::as_bytes(std::span(text))); !written)
    return written;
  auto file = DurableAppender::open((std::filesystem::path(folder_) / kName).string());
  if (!file) return tl::unexpected<Error>(file.error());
  file_ = std::move(*file);
  lines_ = entries_.size();
  return {};
}

Result<void> DeliveredList::add(const Entry& entry) {
  entries_.insert(entry);
  // Written again when half of the lines have no use any more.
  if (entries_.size() > count_max_ && lines_ >= 2 * count_max_) return write_again();
  if (entries_.size() > count_max_) entries_.erase(entries_.begin());
  const std::string line = line_of(entry);
  const auto added = file_.append(std::as_bytes(std::span(line)));
  if (added) {
    ++lines_;
  } else {
    entries_.erase(entry);
  }
  return added;
}

}  // namespace skywarden::shell
