// How far the own disk has come with what the machine gave it to keep. A machine whose caller makes each step
// durable before anything else happens need not know; one whose caller writes meanwhile counts its own copy
// of an entry, and its own vote, only when told that the disk is done.
//
// Writes are numbered and become durable in that order, so that one number says it all. A position in the log
// would not do: an entry may be cut off and come again while the write that first brought it is under way,
// and the disk is then done with the first and may still lose the entry to the cut. Invariant: in whatever
// state a crash leaves the disk from now on, the entries up to kept() are there, and are those of the log.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>

#include "base/contract.h"
#include "base/ids.h"

namespace skywarden::consensus {

enum class Storage {
  kAwaited,    // a step is durable before the machine is called again
  kMeanwhile,  // it will be; Raft::persisted says when
};

using Write = Ordinal<struct WriteTag>;  // of one machine since its start, from 1; 0: none yet

class DiskProgress {
 public:
  explicit DiskProgress(Storage storage, LogIndex durable) : storage_(storage), kept_(durable) {}

  // The next write is given to the disk; the log ends at `last` now. `state`: it brings a term or a vote.
  void began(LogIndex last, bool state) {
    latest_ = latest_.next();
    if (state) latest_state_ = latest_;
    if (storage_ == Storage::kMeanwhile) under_way_.push_back({latest_, last});
  }
  // The log beyond `last` is another one now. Before began() of the write that says so.
  void cut_behind(LogIndex last) {
    kept_ = std::min(kept_, last);
    for (Begun& write : under_way_) write.last = std::min(write.last, last);
  }
  void done(Write upto) {  // and with all before it
    EXPECTS(upto <= latest_);
    done_ = std::max(done_, upto);
    for (; !under_way_.empty() && under_way_.front().number <= upto; under_way_.pop_front())
      kept_ = under_way_.front().last;
  }

  [[nodiscard]] Write latest() const { return latest_; }
  [[nodiscard]] LogIndex kept(LogIndex last) const {  // of a log that ends at `last`
    return storage_ == Storage::kAwaited ? last : kept_;
  }
  [[nodiscard]] bool keeps_state() const {  // the term and vote of the latest write that brought any
    return storage_ == Storage::kAwaited || latest_state_ <= done_;
  }
  [[nodiscard]] Storage storage() const { return storage_; }

 private:
  struct Begun {
    Write number;
    LogIndex last;  // of the log as it is now, so far will be durable then
  };
  Storage storage_;
  Write latest_, latest_state_, done_;
  LogIndex kept_;
  std::deque<Begun> under_way_;  // ascending in both
};

}  // namespace skywarden::consensus
