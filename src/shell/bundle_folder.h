// The bundles a node has in custody, on disk: a folder with a file an entry (network::write_kept_bundle),
// named by number in order of arrival. What put() has returned is there after a crash or a loss of power.
// Bounded; what is full says so. One program at a time (a lock). An entry that is torn, damaged or of another
// kind is told in one line and set aside as NAME.damaged; the others count.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "network/bundle_store.h"

namespace skywarden::shell {

class BundleFolder {
 public:
  struct Options {
    std::size_t bytes_max = std::size_t{300} << 20;  // of the files
    std::size_t count_max = 100'000;
  };
  struct Entry {
    std::uint64_t number = 0;
    network::KeptBundle bundle;
  };
  struct Opened {
    std::unique_ptr<BundleFolder> folder;
    std::vector<Entry> entries;         // in order of arrival
    std::vector<std::string> problems;  // a line each
  };

  // Makes the folder if it is not there. kConflict when another program has it, kLimitReached when there is
  // more than the options allow.
  [[nodiscard]] static Result<Opened> open(const std::string& path, const Options& options);
  ~BundleFolder();
  BundleFolder(const BundleFolder&) = delete;
  BundleFolder& operator=(const BundleFolder&) = delete;

  // The entry's number. kLimitReached past the options, kInputOutput when the disk says no (it is full).
  [[nodiscard]] Result<std::uint64_t> put(const network::StoredBundle& bundle);
  // Not durable: after a loss of power it may be there again.
  void remove(std::uint64_t number);
  [[nodiscard]] std::size_t count() const { return sizes_.size(); }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  BundleFolder(std::string path, const Options& options, int lock);
  [[nodiscard]] Result<void> load(Opened& opened);
  [[nodiscard]] Result<Entry> read(const std::string& name) const;

  std::string path_;
  Options options_;
  int lock_ = -1;
  std::map<std::uint64_t, std::size_t> sizes_;  // of files, by number
  std::size_t bytes_ = 0;
  std::uint64_t next_ = 1;
};

}  // namespace skywarden::shell
