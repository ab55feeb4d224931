// What storage needs of a disk, small enough that tests and the simulator can play one that tears, loses and
// fills up (memory_disk.h); shell/disk_folder.h is a folder of a real one. Files are flat names in one place.
//
// What it promises, and what not: what sync() has returned for is there after a crash; of what was written
// since, any sectors may be there and any not, each of kSectorBytes whole; of names that were made, moved or
// removed since sync_names(), a first part of them. After an error nothing of the file is certain any more:
// stop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace skywarden::storage {

inline constexpr std::size_t kSectorBytes = 512;  // written whole or not at all by every disk in use

class DiskFile {
 public:
  virtual ~DiskFile() = default;
  // Within the size it was made with. kInputOutput: the disk said no; kLimitReached: it is full.
  [[nodiscard]] virtual Result<void> write(std::uint64_t offset, std::span<const std::byte> bytes) = 0;
  [[nodiscard]] virtual Result<void> sync() = 0;
};

class Disk {
 public:
  virtual ~Disk() = default;
  [[nodiscard]] virtual Result<std::vector<std::string>> names() = 0;  // ascending
  [[nodiscard]] virtual Result<std::vector<std::byte>> read(const std::string& name) = 0;
  // A new file of so many zeros, which have their room: kLimitReached when the disk is full.
  [[nodiscard]] virtual Result<std::unique_ptr<DiskFile>> create(const std::string& name,
                                                                 std::uint64_t size) = 0;
  [[nodiscard]] virtual Result<std::unique_ptr<DiskFile>> open(const std::string& name) = 0;
  [[nodiscard]] virtual Result<void> rename(const std::string& from, const std::string& to) = 0;
  [[nodiscard]] virtual Result<void> remove(const std::string& name) = 0;
  [[nodiscard]] virtual Result<void> sync_names() = 0;
};

}  // namespace skywarden::storage
