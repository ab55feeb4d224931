// The replicated log in memory: entries numbered from 1 without gaps, terms never falling. A prefix may have
// been compacted away; of it only the last position, the base, is known. It answers the questions Raft asks
// (which term is at an index, who is more up to date, where could two logs still agree) and knows nothing of
// messages or roles. Durability is the caller's: see persist.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/ids.h"

namespace skywarden::consensus {

using Payload = std::vector<std::byte>;

enum class EntryKind : std::uint8_t {
  kProposal,       // what somebody proposed; an empty payload is the no-op that begins a leader's term
  kConfiguration,  // an encoded Configuration, see configuration.h
  kWithheld,       // a witness's copy of a proposal: its fingerprint alone, see withheld.h
};

struct Entry {
  Term term;
  LogIndex index;
  Payload payload;
  EntryKind kind = EntryKind::kProposal;
  friend bool operator==(const Entry&, const Entry&) = default;
};

struct LogPosition {  // of an entry; index 0, term 0 is before the first
  LogIndex index;
  Term term;
  friend bool operator==(const LogPosition&, const LogPosition&) = default;
};

class Log {
 public:
  Log() = default;
  explicit Log(std::vector<Entry> entries, LogPosition base = {});  // expects what is_contiguous says

  [[nodiscard]] LogPosition base() const { return base_; }  // 0, 0 while nothing was compacted
  [[nodiscard]] LogIndex last_index() const { return LogIndex(base_.index.value() + entries_.size()); }
  [[nodiscard]] LogPosition last() const;
  [[nodiscard]] bool contains(LogIndex index) const;  // an entry, or the base
  [[nodiscard]] Term term_at(LogIndex index) const;   // expects contains(index)
  [[nodiscard]] bool matches(LogPosition position) const;
  [[nodiscard]] const Entry& at(LogIndex index) const;  // not the base
  // Entries after `after`, at most `count_max` of them and `bytes_max` of payload, but at least one if any.
  [[nodiscard]] std::span<const Entry> after(LogIndex after, std::size_t count_max,
                                             std::size_t bytes_max) const;
  [[nodiscard]] std::span<const Entry> between(LogIndex first, LogIndex last) const;  // both inclusive
  // Raft §5.4.1: would a log that ends at `other` be at least as complete as this one?
  [[nodiscard]] bool is_no_newer_than(LogPosition other) const;
  // The last position at or before `index` whose term is at most `term`: where two logs could still agree.
  // 0, 0 when that is below the base.
  [[nodiscard]] LogPosition last_at_most(LogIndex index, Term term) const;

  void append(Entry entry);
  void truncate_from(LogIndex index);  // forgets this entry and all later ones; above the base
  void compact(LogIndex index);        // the entries up to here go, this one becomes the base
  void reset(LogPosition base);        // all entries go

 private:
  [[nodiscard]] std::size_t place(LogIndex index) const {  // of the entry with this index
    return index.value() - base_.index.value() - 1;
  }

  LogPosition base_;
  std::vector<Entry> entries_;
};

[[nodiscard]] bool is_contiguous(std::span<const Entry> entries, LogPosition previous);

}  // namespace skywarden::consensus
