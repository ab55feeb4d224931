// A disk in memory for tests and the simulator: it forgets in a crash what was not synchronised, or half of
// it, fills up, and has bits that flip. The same Random gives the same crash.
#pragma once

#include <map>
#include <optional>

#include "base/random.h"
#include "storage/disk.h"

namespace skywarden::storage {

class MemoryDisk final : public Disk {
 public:
  explicit MemoryDisk(std::uint64_t bytes_max = UINT64_MAX) : bytes_max_(bytes_max) {}

  [[nodiscard]] Result<std::vector<std::string>> names() override;
  [[nodiscard]] Result<std::vector<std::byte>> read(const std::string& name) override;
  [[nodiscard]] Result<std::unique_ptr<DiskFile>> create(const std::string& name,
                                                         std::uint64_t size) override;
  [[nodiscard]] Result<std::unique_ptr<DiskFile>> open(const std::string& name) override;
  [[nodiscard]] Result<void> rename(const std::string& from, const std::string& to) override;
  [[nodiscard]] Result<void> remove(const std::string& name) override;
  [[nodiscard]] Result<void> sync_names() override;

  // The power fails: what was synchronised stays, of the rest each sector stays or goes by chance, and names
  // change as far as chance wants. Files that are open must not be used any more.
  void crash(Random& random);
  // Every call from the `calls`-th on fails as if the machine had stopped; crash() ends that.
  void stop_after(std::uint64_t calls) { calls_left_ = calls; }
  void flip(const std::string& name, std::uint64_t bit);  // in what is durable, too
  void set_bytes_max(std::uint64_t bytes_max) { bytes_max_ = bytes_max; }
  [[nodiscard]] std::uint64_t bytes() const;  // that all files take

 private:
  friend class MemoryDiskFile;
  struct Write {
    std::uint64_t offset;
    std::vector<std::byte> bytes;
  };
  struct Content {
    std::vector<std::byte> bytes;    // as programs see it
    std::vector<std::byte> durable;  // empty until the first sync
    std::vector<Write> unsynced;
  };
  struct NameChange {
    std::string from, to;  // either may be empty: made, removed
    std::uint64_t content = 0;
  };
  using Names = std::map<std::string, std::uint64_t>;

  [[nodiscard]] Result<void> step();
  [[nodiscard]] Result<std::uint64_t> find(const std::string& name) const;
  static void change(Names& names, const NameChange& change);
  void change_now(const NameChange& each);

  std::uint64_t bytes_max_;
  std::optional<std::uint64_t> calls_left_;
  std::uint64_t next_ = 1;
  std::map<std::uint64_t, Content> contents_;
  Names names_, durable_names_;
  std::vector<NameChange> unsynced_names_;
};

}  // namespace skywarden::storage
