#include "formats/tar.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace skywarden::formats {
namespace {

constexpr std::size_t kBlock = 512;
constexpr std::size_t kNameMax = 4096;

struct Field {
  std::size_t at, size;
};
constexpr Field kName{0, 100}, kSize{124, 12}, kChecksum{148, 8}, kType{156, 1}, kMagic{257, 5},
    kPrefix{345, 155};

std::string_view text_of(std::string_view header, Field field) {  // up to the first zero
  const std::string_view text = header.substr(field.at, field.size);
  return text.substr(0, std::min(text.find('\0'), text.size()));
}

std::optional<std::size_t> octal(std::string_view header, Field field) {
  std::string_view text = text_of(header, field);
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  if (text.empty() || text.size() > 11) return std::nullopt;
  std::size_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '7') return std::nullopt;
    value = 8 * value + static_cast<std::size_t>(c - '0');
  }
  return value;
}

bool checksum_holds(std::string_view header) {  // of unsigned bytes, its own field as spaces
  std::size_t sum = 0;
  for (std::size_t i = 0; i < kBlock; ++i) {
    const bool own = i >= kChecksum.at && i < kChecksum.at + kChecksum.size;
    sum += own ? std::size_t{' '} : static_cast<unsigned char>(header[i]);
  }
  return octal(header, kChecksum) == sum;
}

// Of the records "LENGTH path=NAME\n" of a pax header.
std::optional<std::string> path_of_pax(std::string_view records) {
  for (std::size_t start = 0; start < records.size();) {
    const std::size_t end = std::min(records.find('\n', start), records.size());
    const std::string_view record = records.substr(start, end - start);
    const std::size_t key = std::min(record.find(' '), record.size());
    if (record.substr(key).starts_with(" path=")) return std::string(record.substr(key + 6));
    start = end + 1;
  }
  return std::nullopt;
}

}  // namespace

bool is_tar(std::string_view bytes) {
  return bytes.size() >= kBlock && text_of(bytes, kMagic).starts_with("ustar");
}

Result<std::vector<TarMember>> read_tar(std::string_view bytes) {
  std::vector<TarMember> members;
  std::string long_name;
  for (std::size_t at = 0; at < bytes.size();) {
    if (bytes.size() - at < kBlock)
      return fail(Errc::kMalformed, "tar: byte {}: expected a header of {} bytes, found {}", at, kBlock,
                  bytes.size() - at);
    const std::string_view header = bytes.substr(at, kBlock);
    if (header.find_first_not_of('\0') == std::string_view::npos) return members;  // the end
    const auto size = octal(header, kSize);
    if (!checksum_holds(header) || !size)
      return fail(Errc::kMalformed, "tar: byte {}: expected a header, its checksum or size is wrong", at);
    at += kBlock;
    if (*size > bytes.size() - at)
      return fail(Errc::kMalformed, "tar: byte {}: a member of {} bytes is cut off after {}", at, *size,
                  bytes.size() - at);
    const std::string_view content = bytes.substr(at, *size);
    at += std::min(bytes.size() - at, (*size + kBlock - 1) / kBlock * kBlock);
    const char type = header[kType.at];
    if ((type == 'L' || type == 'x') && *size > kNameMax)
      return fail(Errc::kLimitReached, "tar: byte {}: a name of more than {} bytes", at, kNameMax);
    if (type == 'L') {
      long_name = content.substr(0, std::min(content.find('\0'), content.size()));
    } else if (type == 'x') {
      if (auto path = path_of_pax(content)) long_name = std::move(*path);
    } else if (type != 'g') {
      std::string name = std::exchange(long_name, "");
      if (name.empty()) {
        const std::string_view prefix = text_of(header, kPrefix);
        name = prefix.empty() ? "" : std::string(prefix) + "/";
        name += text_of(header, kName);
      }
      if (type != '0' && type != '\0') continue;
      if (members.size() >= kTarMembersMax)
        return fail(Errc::kLimitReached, "tar: more than {} members", kTarMembersMax);
      members.push_back({std::move(name), content});
    }
  }
  return members;
}

}  // namespace skywarden::formats
