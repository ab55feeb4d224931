// The entries of a log chained by hashes: the head after an entry is the SHA-256 (FIPS 180-4) of the head
// before it and of the entry, so one head stands for everything up to there, and two logs with the same head
// are the same. A head is what a leader signs (signed_head.h) and what every batch on disk ends with.
//
//   head 0 = SHA-256("skywarden entries 1" | cluster)
//   head n = SHA-256(head n−1 | index | term | kind | payload), integers as 8, 8 and 1 bytes, little-endian
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "consensus/log.h"

namespace skywarden::storage {

using ChainHead = std::array<std::byte, 32>;

[[nodiscard]] ChainHead first_head(std::string_view cluster);

class EntryChain {
 public:
  explicit EntryChain(std::string_view cluster);
  ~EntryChain();
  EntryChain(EntryChain&& other) noexcept;
  EntryChain& operator=(EntryChain&& other) noexcept;
  EntryChain(const EntryChain&) = delete;
  EntryChain& operator=(const EntryChain&) = delete;

  [[nodiscard]] LogIndex base() const { return base_; }
  [[nodiscard]] LogIndex last() const { return LogIndex(base_.value() + heads_.size() - 1); }
  [[nodiscard]] bool contains(LogIndex index) const { return index >= base_ && index <= last(); }
  [[nodiscard]] const ChainHead& head() const { return heads_.back(); }
  [[nodiscard]] const ChainHead& head_at(LogIndex index) const;  // expects contains(index)

  void append(const consensus::Entry& entry);  // expects the next index
  void truncate_from(LogIndex index);          // above the base; beyond the end nothing happens
  void forget_before(LogIndex index);          // it becomes the base; expects contains(index)
  void begin_again(LogIndex base, const ChainHead& head);

 private:
  struct Hasher;
  std::unique_ptr<Hasher> hasher_;
  LogIndex base_;
  std::vector<ChainHead> heads_;  // from the base on
};

}  // namespace skywarden::storage
