#include "shell/bundle_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <set>

#include "base/text.h"
#include "shell/durable_file.h"

namespace skywarden::shell {
namespace {

constexpr const char* kSuffix = ".kept";
constexpr const char* kDamaged = ".damaged";
constexpr std::size_t kDigits = 16;
constexpr std::size_t kEntryBytesMax = network::kBundleBytesMax + 64;

std::string name_of(std::uint64_t number) {
  return fmt::format("{:016x}{}", number, kSuffix);
}

// Nothing for other files.
std::optional<std::uint64_t> number_of(const std::string& name) {
  if (name.size() != kDigits + std::string_view(kSuffix).size() || !name.ends_with(kSuffix))
    return std::nullopt;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + kDigits, number, 16);
  if (error != std::errc() || end != name.data() + kDigits || number == 0) return std::nullopt;
  return number;
}

}  // namespace

BundleFolder::BundleFolder(std::string path, const Options& options, int lock)
    : path_(std::move(path)), options_(options), lock_(lock) {}

BundleFolder::~BundleFolder() {
  ::close(lock_);
}

Result<BundleFolder::Opened> BundleFolder::open(const std::string& path, const Options& options) {
  if (const auto made = make_folder(path); !made) return tl::unexpected<Error>(made.error());
  const std::string lock_path = (std::filesystem::path(path) / "lock").string();
  const int lock = ::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock < 0) return fail(Errc::kInputOutput, "{}: cannot be written", lock_path);
  Opened opened;
  opened.folder.reset(new BundleFolder(path, options, lock));
  if (::flock(lock, LOCK_EX | LOCK_NB) != 0)
    return fail(Errc::kConflict, "{}: another program keeps bundles there", path);
  if (const auto loaded = opened.folder->load(opened); !loaded) return tl::unexpected<Error>(loaded.error());
  return opened;
}

Result<void> BundleFolder::load(Opened& opened) {
  std::set<std::string> names;
  std::error_code error;
  for (std::filesystem::directory_iterator each(path_, error), end; !error && each != end;
       each.increment(error))
    names.insert(each->path().filename().string());
  if (error) return fail(Errc::kInputOutput, "{}: {}", path_, error.message());
  for (const std::string& name : names) {
    const auto path = std::filesystem::path(path_) / name;
    if (name.ends_with(std::string(kSuffix) + kPartSuffix)) {  // not finished, so not acknowledged
      std::filesystem::remove(path, error);
      continue;
    }
    const auto number = number_of(name);
    if (!number) continue;
    next_ = std::max(next_, *number + 1);
    auto entry = read(name);
    if (!entry) {
      std::filesystem::rename(path, path.string() + kDamaged, error);
      opened.problems.push_back(
          fmt::format("{}: {}; set aside as {}{}", path.string(), entry.error().message, name, kDamaged));
      continue;
    }
    const std::size_t size = std::filesystem::file_size(path, error);
    sizes_[*number] = size;
    bytes_ += size;
    if (sizes_.size() > options_.count_max || bytes_ > options_.bytes_max)
      return fail(Errc::kLimitReached, "{}: holds more than {} bundles or {} bytes", path_,
                  options_.count_max, options_.bytes_max);
    entry->number = *number;
    opened.entries.push_back(std::move(*entry));
  }
  return {};
}

Result<BundleFolder::Entry> BundleFolder::read(const std::string& name) const {
  std::ifstream in(std::filesystem::path(path_) / name, std::ios::binary | std::ios::ate);
  const std::streamoff size = in.tellg();
  if (!in.is_open() || size < 0) return fail(Errc::kInputOutput, "cannot be read");
  if (static_cast<std::size_t>(size) > std::min(kEntryBytesMax, options_.bytes_max))
    return fail(Errc::kLimitReached, "{} bytes are more than an entry may have", size);
  std::vector<std::byte> bytes(static_cast<std::size_t>(size));
  in.seekg(0);
  in.read(reinterpret_cast<char*>(bytes.data()), size);
  if (!in) return fail(Errc::kInputOutput, "cannot be read");
  auto kept = network::read_kept_bundle(bytes);
  if (!kept) return tl::unexpected<Error>(kept.error());
  return Entry{0, std::move(*kept)};
}

Result<std::uint64_t> BundleFolder::put(const network::StoredBundle& bundle) {
  const auto bytes = network::write_kept_bundle(bundle);
  if (sizes_.size() >= options_.count_max || bytes_ + bytes.size() > options_.bytes_max)
    return fail(Errc::kLimitReached, "{}: no room for {} bytes beside {} bundles", path_, bytes.size(),
                sizes_.size());
  const std::uint64_t number = next_++;
  if (const auto written = write_durably(path_, name_of(number), bytes); !written)
    return tl::unexpected<Error>(written.error());
  sizes_[number] = bytes.size();
  bytes_ += bytes.size();
  return number;
}

void BundleFolder::remove(std::uint64_t number) {
  const auto found = sizes_.find(number);
  if (found == sizes_.end()) return;
  std::error_code ignored;
  std::filesystem::remove(std::filesystem::path(path_) / name_of(number), ignored);
  bytes_ -= found->second;
  sizes_.erase(found);
}

}  // namespace skywarden::shell
