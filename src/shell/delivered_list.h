// Which bundles a node has delivered, on disk, so that a restart does not deliver them again: a text file, a
// line a bundle: CRC-32C of the rest, expiry in nanoseconds, and the identity (network::to_words). Lines are
// added durably. When the list is opened, lines of expired bundles go (a bundle that has expired is refused
// anyway), and damaged ones, which are told in one line together. At most `count_max`; what expires first is
// forgotten first.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "network/bundle.h"
#include "shell/durable_file.h"

namespace skywarden::shell {

class DeliveredList {
 public:
  struct Entry {
    Instant expires{};
    network::BundleId id;
    friend auto operator<=>(const Entry&, const Entry&) = default;
  };
  static constexpr std::size_t kCountMax = 100'000;

  struct Opened;
  // FOLDER/delivered.
  [[nodiscard]] static Result<Opened> open(const std::string& folder, Instant now,
                                           std::size_t count_max = kCountMax);
  [[nodiscard]] const std::set<Entry>& entries() const { return entries_; }  // by expiry
  // On the disk when it returns.
  [[nodiscard]] Result<void> add(const Entry& entry);

 private:
  [[nodiscard]] Result<void> write_again();

  std::string folder_;
  std::size_t count_max_ = kCountMax;
  std::set<Entry> entries_;
  std::size_t lines_ = 0;  // in the file
  DurableAppender file_;
};

struct DeliveredList::Opened {
  DeliveredList list;
  std::vector<std::string> problems;
};

}  // namespace skywarden::shell
