#include "storage/memory_disk.h"

#include <algorithm>
#include <utility>

#include "base/contract.h"

namespace skywarden::storage {

class MemoryDiskFile final : public DiskFile {
 public:
  MemoryDiskFile(MemoryDisk& disk, std::uint64_t content) : disk_(disk), content_(content) {}

  Result<void> write(std::uint64_t offset, std::span<const std::byte> bytes) override {
    if (auto may = disk_.step(); !may) return may;
    MemoryDisk::Content& content = disk_.contents_.at(content_);
    EXPECTS(offset <= content.bytes.size() && bytes.size() <= content.bytes.size() - offset);
    std::copy(bytes.begin(), bytes.end(), content.bytes.begin() + static_cast<std::ptrdiff_t>(offset));
    content.unsynced.push_back({offset, {bytes.begin(), bytes.end()}});
    return {};
  }

  Result<void> sync() override {
    if (auto may = disk_.step(); !may) return may;
    MemoryDisk::Content& content = disk_.contents_.at(content_);
    content.durable = content.bytes;
    content.unsynced.clear();
    return {};
  }

 private:
  MemoryDisk& disk_;
  std::uint64_t content_;
};

Result<void> MemoryDisk::step() {
  if (calls_left_ && *calls_left_ == 0) return fail(Errc::kInputOutput, "the machine has stopped");
  if (calls_left_) --*calls_left_;
  return {};
}

Result<std::uint64_t> MemoryDisk::find(const std::string& name) const {
  const auto found = names_.find(name);
  if (found == names_.end()) return fail(Errc::kNotFound, "{}: no such file", name);
  return found->second;
}

Result<std::vector<std::string>> MemoryDisk::names() {
  std::vector<std::string> all;
  for (const auto& [name, content] : names_) all.push_back(name);
  return all;
}

Result<std::vector<std::byte>> MemoryDisk::read(const std::string& name) {
  const auto content = find(name);
  if (!content) return tl::unexpected<Error>(content.error());
  return contents_.at(*content).bytes;
}

Result<std::unique_ptr<DiskFile>> MemoryDisk::create(const std::string& name, std::uint64_t size) {
  if (const auto may = step(); !may) return tl::unexpected<Error>(may.error());
  if (names_.contains(name)) return fail(Errc::kConflict, "{}: is there already", name);
  if (bytes() > bytes_max_ || size > bytes_max_ - bytes())
    return fail(Errc::kLimitReached, "{}: the disk is full", name);
  const std::uint64_t content = next_++;
  contents_[content].bytes.resize(size);
  change_now({"", name, content});
  return std::make_unique<MemoryDiskFile>(*this, content);
}

Result<std::unique_ptr<DiskFile>> MemoryDisk::open(const std::string& name) {
  const auto content = find(name);
  if (!content) return tl::unexpected<Error>(content.error());
  return std::make_unique<MemoryDiskFile>(*this, *content);
}

Result<void> MemoryDisk::rename(const std::string& from, const std::string& to) {
  if (auto may = step(); !may) return may;
  const auto content = find(from);
  if (!content) return tl::unexpected<Error>(content.error());
  change_now({from, to, *content});
  return {};
}

Result<void> MemoryDisk::remove(const std::string& name) {
  if (auto may = step(); !may) return may;
  const auto content = find(name);
  if (!content) return tl::unexpected<Error>(content.error());
  change_now({name, "", *content});
  return {};
}

Result<void> MemoryDisk::sync_names() {
  if (auto may = step(); !may) return may;
  durable_names_ = names_;
  unsynced_names_.clear();
  std::erase_if(contents_, [&](const auto& each) {
    return std::none_of(names_.begin(), names_.end(),
                        [&](const auto& name) { return name.second == each.first; });
  });
  return {};
}

void MemoryDisk::change(Names& names, const NameChange& change) {
  if (!change.from.empty()) names.erase(change.from);
  if (!change.to.empty()) names[change.to] = change.content;
}

void MemoryDisk::change_now(const NameChange& each) {
  change(names_, each);
  unsynced_names_.push_back(each);
}

void MemoryDisk::crash(Random& random) {
  const std::uint64_t kept = random.below(unsynced_names_.size() + 1);
  for (std::uint64_t i = 0; i < kept; ++i) change(durable_names_, unsynced_names_[i]);
  names_ = durable_names_;
  unsynced_names_.clear();
  for (auto& [number, content] : contents_) {
    // A file that was never synchronised may also be empty still.
    if (content.durable.empty() && random.chance(0.5)) content.durable.resize(content.bytes.size());
    for (const Write& write : content.unsynced) {
      for (std::uint64_t at = 0; at < write.bytes.size();) {
        const std::uint64_t in_sector = (write.offset + at) % kSectorBytes;
        const std::uint64_t size = std::min(kSectorBytes - in_sector, write.bytes.size() - at);
        if (write.offset + at + size <= content.durable.size() && random.chance(0.5))
          std::copy_n(write.bytes.begin() + static_cast<std::ptrdiff_t>(at), size,
                      content.durable.begin() + static_cast<std::ptrdiff_t>(write.offset + at));
        at += size;
      }
    }
    content.unsynced.clear();
    content.bytes = content.durable;
  }
  calls_left_.reset();
}

void MemoryDisk::flip(const std::string& name, std::uint64_t bit) {
  Content& content = contents_.at(names_.at(name));
  const std::uint64_t byte = bit / 8;
  const auto mask = static_cast<std::byte>(1U << (bit % 8));
  content.bytes.at(byte) ^= mask;
  if (byte < content.durable.size()) content.durable[byte] ^= mask;
}

std::uint64_t MemoryDisk::bytes() const {
  std::uint64_t all = 0;
  for (const auto& [name, content] : names_) all += contents_.at(content).bytes.size();
  return all;
}

}  // namespace skywarden::storage
