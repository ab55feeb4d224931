#include "storage/journal.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/contract.h"
#include "base/little_endian.h"
#include "storage/log_reader.h"

namespace skywarden::storage {
namespace {

constexpr std::uint64_t kSpare = 1;  // a block for the mark
constexpr std::size_t kLengthBytes = 4;
constexpr std::string_view kDamaged = ".damaged";

// What another program, or another node, may have to say about the file; everything else is damage.
bool is_refusal(Errc code) {
  return code == Errc::kConflict || code == Errc::kUnsupported || code == Errc::kInputOutput;
}

struct ReadSegment {
  Segment segment;
  std::uint32_t salt = 0;
  std::vector<std::vector<std::byte>> records;
};

Result<ReadSegment> read_segment(Disk& disk, const std::string& name, std::uint64_t number,
                                 const LogIdentity& identity) {
  const auto bytes = disk.read(name);
  if (!bytes) return tl::unexpected<Error>(bytes.error());
  auto segment = read_last_segment(*bytes);
  if (!segment) return tl::unexpected<Error>(segment.error());
  const LogIdentity& found = segment->head.identity;
  if (found != identity)
    return fail(Errc::kConflict, "this is the journal of node {} of cluster {}, not of node {} of cluster {}",
                found.node.value(), found.cluster, identity.node.value(), identity.cluster);
  if (segment->head.number != number) return fail(Errc::kMalformed, "is segment {}", segment->head.number);
  ReadSegment read{std::move(*segment), salt_of(std::span(*bytes).first(kSectorBytes)), {}};
  for (const auto& batch : read.segment.batches) {
    auto records = read_journal_batch(batch);
    if (!records) return tl::unexpected<Error>(records.error());
    std::move(records->begin(), records->end(), std::back_inserter(read.records));
  }
  return read;
}

}  // namespace

Result<std::vector<std::vector<std::byte>>> read_journal_batch(std::span<const std::byte> batch) {
  std::vector<std::vector<std::byte>> records;
  while (!batch.empty()) {
    std::size_t size = 0;
    if (batch.size() >= kLengthBytes) size = little_endian(batch.first(kLengthBytes));
    if (batch.size() < kLengthBytes || size > kJournalRecordBytesMax || size > batch.size() - kLengthBytes)
      return fail(Errc::kMalformed, "record {} of a batch is cut short", records.size() + 1);
    const auto record = batch.subspan(kLengthBytes, size);
    records.emplace_back(record.begin(), record.end());
    batch = batch.subspan(kLengthBytes + size);
  }
  return records;
}

Result<Journal::Opened> Journal::open(Disk& disk, const LogIdentity& identity, Options options) {
  if (const auto valid = validate(identity); !valid) return tl::unexpected<Error>(valid.error());
  const auto names = disk.names();
  if (!names) return tl::unexpected<Error>(names.error());
  const std::string prefix = options.name + "-";
  Opened opened{Journal(disk, identity, std::move(options)), {}, {}, true, false};
  Journal& journal = opened.journal;
  bool gap_known = false;                   // before the next segment: there was one that is damaged
  for (const std::string& name : *names) {  // ascending
    std::string_view stem = name;
    for (const std::string_view ending : {kPart, kDamaged})
      if (stem.ends_with(ending)) stem.remove_suffix(ending.size());
    const std::uint64_t number = number_in(stem, prefix);
    if (number == 0) continue;
    opened.made = false;
    journal.last_number_ = std::max(journal.last_number_, number);
    if (name.ends_with(kPart))
      if (auto removed = disk.remove(name); !removed) return tl::unexpected<Error>(removed.error());
    gap_known = gap_known || name.ends_with(kDamaged);
    if (stem != name) continue;
    journal.file_.reset();
    auto read = read_segment(disk, name, number, identity);
    if (!read) {
      if (is_refusal(read.error().code)) return fail(read.error().code, "{}: {}", name, read.error().message);
      opened.damage.push_back(fmt::format("{}: {}; it is set aside", name, read.error().message));
      if (auto aside = disk.rename(name, name + std::string(kDamaged)); !aside)
        return tl::unexpected<Error>(aside.error());
      gap_known = true;
      continue;
    }
    const Segment& segment = read->segment;
    if (!journal.kept_.empty() && !std::exchange(gap_known, false) &&
        segment.head.first_batch != journal.next_batch_)
      opened.damage.push_back(
          fmt::format("{}: begins with batch {}, expected {}; what lies between is missing", name,
                      segment.head.first_batch, journal.next_batch_));
    journal.next_batch_ = segment.next_batch();
    journal.kept_.push_back({number, read->records.size()});
    std::move(read->records.begin(), read->records.end(), std::back_inserter(opened.records));
    opened.torn = segment.torn;
    auto file = disk.open(name);
    if (!file) return tl::unexpected<Error>(file.error());
    // What was read must be durable before anything rests on it.
    if (auto synced = (*file)->sync(); !synced) return tl::unexpected<Error>(synced.error());
    if (segment.torn) continue;  // its remains stay where they are
    journal.file_ = std::move(*file);
    journal.blocks_ = segment.head.blocks;
    journal.salt_ = read->salt;
    journal.end_ = segment.end;
  }
  if (auto synced = disk.sync_names(); !synced) return tl::unexpected<Error>(synced.error());
  if (journal.file_ == nullptr)
    if (auto begun = journal.begin_segment({}); !begun) return tl::unexpected<Error>(begun.error());
  const std::size_t records_max = journal.options_.records_max;
  if (opened.records.size() > records_max)
    opened.records.erase(opened.records.begin(),
                         opened.records.end() - static_cast<std::ptrdiff_t>(records_max));
  return opened;
}

void Journal::add(std::span<const std::byte> record) {
  EXPECTS(record.size() <= kJournalRecordBytesMax);
  append_little_endian(pending_, record.size(), kLengthBytes);
  pending_.insert(pending_.end(), record.begin(), record.end());
  ++pending_records_;
}

Result<void> Journal::sync() {
  if (failed_) return tl::unexpected<Error>(*failed_);
  if (pending_.empty()) return {};
  auto done = write_pending();
  if (!done) failed_ = done.error();
  return done;
}

Result<void> Journal::write_pending() {
  const std::uint64_t blocks = blocks_of(pending_.size());
  if (end_ + blocks + kSpare > blocks_) {
    if (auto ended = end_segment(); !ended) return ended;
    if (auto begun = begin_segment(pending_); !begun) return begun;
    if (auto forgotten = forget_oldest(); !forgotten) return forgotten;
  } else {
    std::vector<std::byte> written;
    write_batch(written, next_batch_, pending_, salt_, end_);
    if (auto done = file_->write(end_ * kSectorBytes, written); !done) return done;
    if (auto synced = file_->sync(); !synced) return synced;
    end_ += blocks;
    ++next_batch_;
    kept_.back().records += pending_records_;
  }
  pending_.clear();
  pending_records_ = 0;
  return {};
}

// So that a hole in its last batch is noticed.
Result<void> Journal::end_segment() {
  if (end_ >= blocks_) return {};
  std::vector<std::byte> mark;
  write_block(mark, {next_batch_ - 1, Block::kMark, {}}, salt_, end_);
  if (auto done = file_->write(end_ * kSectorBytes, mark); !done) return done;
  return file_->sync();
}

// There as a whole or not at all, with its first batch if there is one.
Result<void> Journal::begin_segment(std::span<const std::byte> batch) {
  const std::uint64_t batch_blocks = batch.empty() ? 0 : blocks_of(batch.size());
  SegmentHead head{identity_, last_number_ + 1, 0, next_batch_, true, 0};
  head.blocks = std::max(options_.segment_bytes / kSectorBytes, 1 + batch_blocks + kSpare);
  if (head.blocks > kSegmentBytesMax / kSectorBytes)
    return fail(Errc::kLimitReached, "a batch of {} bytes is more than a segment takes", batch.size());
  std::vector<std::byte> written = write_head(head);
  const std::uint32_t salt = salt_of(written);
  if (batch_blocks > 0) write_batch(written, next_batch_, batch, salt, 1);
  const std::string name = name_of(head.number);
  const std::string part = name + std::string(kPart);
  auto file = disk_->create(part, head.blocks * kSectorBytes);
  if (!file) return tl::unexpected<Error>(file.error());
  if (auto done = (*file)->write(0, written); !done) return done;
  if (auto synced = (*file)->sync(); !synced) return synced;
  if (auto renamed = disk_->rename(part, name); !renamed) return renamed;
  if (auto synced = disk_->sync_names(); !synced) return synced;
  file_ = std::move(*file);
  last_number_ = head.number;
  blocks_ = head.blocks;
  salt_ = salt;
  end_ = 1 + batch_blocks;
  if (batch_blocks > 0) ++next_batch_;
  kept_.push_back({head.number, batch_blocks > 0 ? pending_records_ : 0});
  return {};
}

Result<void> Journal::forget_oldest() {
  std::size_t records = 0;
  for (const Kept& segment : kept_) records += segment.records;
  while (kept_.size() > 1 && records - kept_.front().records >= options_.records_max) {
    if (auto removed = disk_->remove(name_of(kept_.front().number)); !removed) return removed;
    records -= kept_.front().records;
    kept_.pop_front();
  }
  return {};
}

std::string Journal::name_of(std::uint64_t number) const {
  return fmt::format("{}-{:016x}", options_.name, number);
}

}  // namespace skywarden::storage
