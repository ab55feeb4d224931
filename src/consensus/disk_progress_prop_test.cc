#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "consensus/disk_progress.h"
#include "consensus/persist.h"

namespace skywarden::consensus {
namespace {

// A log that is appended to, cut and replaced by snapshots, while its disk is some writes behind.
struct Writer {
  Log log;
  LogIndex commit;
  DiskProgress progress{Storage::kMeanwhile, LogIndex()};
  std::vector<Persist> under_way;
  Persisted disk;
  Write durable;

  void began(Persist step) {
    progress.began(log.last_index(), false);
    under_way.push_back(std::move(step));
  }
  // Terms are few, so that what was cut off may come again.
  std::vector<Entry> append(int count) {
    std::vector<Entry> entries;
    for (; count > 0; --count) {
      const std::uint64_t least = std::max<std::uint64_t>(log.last().term.value(), 1);
      entries.push_back(
          {Term(*rc::gen::inRange<std::uint64_t>(least, least + 2)), log.last_index().next(), {}});
      log.append(entries.back());
    }
    return entries;
  }
  void cut_and_append() {
    Persist step;
    if (log.last_index() > commit && *rc::gen::arbitrary<bool>()) {
      const LogIndex first(
          *rc::gen::inRange<std::uint64_t>(commit.value() + 1, log.last_index().value() + 1));
      log.truncate_from(first);
      progress.cut_behind(first.previous());
      step.truncate_from = first;
    }
    step.append = append(*rc::gen::inRange(1, 4));
    began(std::move(step));
  }
  void install() {
    const LogIndex index(*rc::gen::inRange<std::uint64_t>(commit.value() + 1, log.last_index().value() + 3));
    const Term term(*rc::gen::inRange<std::uint64_t>(log.term_at(commit).value() + 1, 9));
    const LogPosition last{index,
                           log.contains(index) && *rc::gen::arbitrary<bool>() ? log.term_at(index) : term};
    if (log.matches(last)) {
      log.compact(index);
    } else {
      progress.cut_behind(commit);
      log.reset(last);
    }
    commit = index;
    Persist step;
    step.snapshot = Snapshot{last, {}, {}};
    began(std::move(step));
  }
  void finish_some() {
    for (auto count = *rc::gen::inRange<std::size_t>(0, under_way.size() + 1); count > 0; --count) {
      apply(under_way.front(), disk);
      under_way.erase(under_way.begin());
      durable = durable.next();
    }
    progress.done(durable);
  }
  // What a crash may leave: so many of the writes under way.
  [[nodiscard]] bool would_keep(const Persisted& after) const {
    const LogPosition base = after.snapshot ? after.snapshot->last : LogPosition{};
    const Log on_disk(after.log, base);
    const LogIndex kept = progress.kept(log.last_index());
    if (on_disk.last_index() < kept) return false;
    for (LogIndex i = kept; i > std::max(base.index, log.base().index); i = i.previous())
      if (on_disk.term_at(i) != log.term_at(i)) return false;
    return true;
  }
};

TEST_CASE("what is said to be kept is on the disk after a crash, whatever was cut while it was written") {
  std::uint64_t counted = 0;
  CHECK(rc::check([&] {
    Writer writer;
    for (auto steps = *rc::gen::inRange(0, 40); steps > 0; --steps) {
      switch (*rc::gen::inRange(0, 6)) {
        case 0:
          writer.finish_some();
          break;
        case 1:
          writer.commit =
              std::max(writer.commit,
                       LogIndex(*rc::gen::inRange<std::uint64_t>(0, writer.log.last_index().value() + 1)));
          break;
        case 2:
          if (*rc::gen::inRange(0, 4) == 0) writer.install();
          break;
        default:
          writer.cut_and_append();
      }
      Persisted after = writer.disk;
      RC_ASSERT(writer.would_keep(after));
      for (const Persist& step : writer.under_way) {
        apply(step, after);
        RC_ASSERT(writer.would_keep(after));
      }
      if (writer.under_way.empty())
        RC_ASSERT(writer.progress.kept(writer.log.last_index()) == writer.log.last_index());
      counted += writer.progress.kept(writer.log.last_index()).value();
    }
  }));
  CHECK(counted > 0);
}

TEST_CASE("a disk that is waited for keeps everything") {
  DiskProgress progress(Storage::kAwaited, LogIndex(3));
  progress.began(LogIndex(5), true);
  CHECK(progress.kept(LogIndex(5)) == LogIndex(5));
  CHECK(progress.keeps_state());
  CHECK(progress.latest() == Write(1));
}

}  // namespace
}  // namespace skywarden::consensus
