// A folder of this machine as the disk that a node's log lives on (storage/disk.h). One program at a time: a
// lock that goes with the program. Files are made with their zeros written, because a block that is written
// for the first time costs more waiting for the disk than one that is written over.
#pragma once

#include <memory>
#include <string>

#include "storage/disk.h"

namespace skywarden::shell {

class DiskFolder final : public storage::Disk {
 public:
  // Makes the folder if it is not there. kConflict: another program writes there.
  [[nodiscard]] static Result<std::unique_ptr<DiskFolder>> take(const std::string& path);
  // For looking only, also while a program writes there; what changes anything fails.
  [[nodiscard]] static Result<std::unique_ptr<DiskFolder>> look_at(const std::string& path);
  ~DiskFolder() override;
  DiskFolder(const DiskFolder&) = delete;
  DiskFolder& operator=(const DiskFolder&) = delete;

  [[nodiscard]] Result<std::vector<std::string>> names() override;
  [[nodiscard]] Result<std::vector<std::byte>> read(const std::string& name) override;
  [[nodiscard]] Result<std::unique_ptr<storage::DiskFile>> create(const std::string& name,
                                                                  std::uint64_t size) override;
  [[nodiscard]] Result<std::unique_ptr<storage::DiskFile>> open(const std::string& name) override;
  [[nodiscard]] Result<void> rename(const std::string& from, const std::string& to) override;
  [[nodiscard]] Result<void> remove(const std::string& name) override;
  [[nodiscard]] Result<void> sync_names() override;

 private:
  DiskFolder(std::string path, int folder, int lock) : path_(std::move(path)), folder_(folder), lock_(lock) {}
  [[nodiscard]] std::string path_of(const std::string& name) const { return path_ + "/" + name; }

  std::string path_;
  int folder_ = -1, lock_ = -1;
};

}  // namespace skywarden::shell
