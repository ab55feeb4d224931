#include "storage/log_store.h"

#include <algorithm>

#include "base/contract.h"
#include "wire/crc32c.h"

namespace skywarden::storage {
namespace {

constexpr std::uint64_t kSpare = 1;  // a block for the mark

std::uint64_t blocks_for(std::uint64_t bytes_wanted, std::uint64_t batch_blocks) {
  return std::max(bytes_wanted / kSectorBytes, 1 + batch_blocks + kSpare);
}

// Leftovers of a crash: what was not finished, and what a later checkpoint has replaced.
Result<void> remove_leftovers(Disk& disk, std::uint64_t first, std::uint64_t last) {
  const auto names = disk.names();
  if (!names) return tl::unexpected<Error>(names.error());
  for (const std::string& name : *names) {
    const std::uint64_t segment = number_in(name, kSegmentPrefix);
    const std::uint64_t snapshot = number_in(name, kSnapshotPrefix);
    const bool part =
        name.ends_with(kPart) &&
        number_in(std::string_view(name).substr(0, name.size() - kPart.size()), kSegmentPrefix) > 0;
    const bool old = segment > 0 && segment < first;
    const bool stray = snapshot > 0 && (snapshot < first || snapshot > last);
    if (!part && !old && !stray) continue;
    if (auto removed = disk.remove(name); !removed) return removed;
  }
  return {};
}

}  // namespace

Result<LogStore> LogStore::found(Disk& disk, const LogIdentity& identity, Options options) {
  if (const auto valid = validate(identity); !valid) return tl::unexpected<Error>(valid.error());
  const auto names = disk.names();
  if (!names) return tl::unexpected<Error>(names.error());
  for (const std::string& name : *names)
    if (number_in(name, kSegmentPrefix) > 0) return fail(Errc::kConflict, "{}: there is a log already", name);
  if (const auto clean = remove_leftovers(disk, 1, 0); !clean) return tl::unexpected<Error>(clean.error());
  LogStore store(disk, identity, options);
  const ChainHead head = first_head(identity.cluster);
  if (const auto written = store.write_checkpoint({{}, {}, head, {}, head}, {}); !written)
    return tl::unexpected<Error>(written.error());
  return store;
}

Result<LogStore::Opened> LogStore::open(Disk& disk, const LogIdentity& identity, Options options) {
  auto contents = read_log(disk);
  if (!contents) return tl::unexpected<Error>(contents.error());
  if (contents->identity != identity)
    return fail(Errc::kConflict, "this is the log of node {} of cluster {}, not of node {} of cluster {}",
                contents->identity.node.value(), contents->identity.cluster, identity.node.value(),
                identity.cluster);
  // Whatever was read rests on names that may not be durable yet.
  if (const auto synced = disk.sync_names(); !synced) return tl::unexpected<Error>(synced.error());
  if (const auto clean = remove_leftovers(disk, contents->first_segment, contents->last_segment); !clean)
    return tl::unexpected<Error>(clean.error());
  LogStore store(disk, identity, options);
  store.next_batch_ = contents->next_batch;
  store.state_ = contents->persisted.state;
  store.segment_.number = contents->last_segment;
  store.end_ = contents->last_end;
  const std::string name = segment_name(contents->last_segment);
  if (contents->torn) {
    // Its remains stay where they are; what counts must be durable before anything rests on it.
    auto file = disk.open(name);
    if (!file) return tl::unexpected<Error>(file.error());
    if (const auto synced = (*file)->sync(); !synced) return tl::unexpected<Error>(synced.error());
    if (const auto begun = store.begin_segment({identity, 0, 0, 0, false, store.end_}, {}); !begun)
      return tl::unexpected<Error>(begun.error());
    return Opened{std::move(store), std::move(*contents)};
  }
  const auto bytes = disk.read(name);
  if (!bytes) return tl::unexpected<Error>(bytes.error());
  auto head = read_head(*bytes);
  auto file = disk.open(name);
  if (!head || !file) return tl::unexpected<Error>(head ? file.error() : head.error());
  store.segment_ = std::move(*head);
  store.salt_ = salt_of(std::span(*bytes).first(kSectorBytes));
  store.file_ = std::move(*file);
  if (const auto marked = store.mark(); !marked) return tl::unexpected<Error>(marked.error());
  if (const auto synced = store.file_->sync(); !synced) return tl::unexpected<Error>(synced.error());
  return Opened{std::move(store), std::move(*contents)};
}

Result<void> LogStore::run(Result<void> step) {
  if (!step && !failed_) failed_ = step.error();
  return step;
}

void LogStore::add(const consensus::Persist& step, const ChainHead& head) {
  if (step.state) state_ = *step.state;
  append_step(pending_, step, head);
}

Result<void> LogStore::sync() {
  if (failed_) return tl::unexpected<Error>(*failed_);
  if (pending_.empty()) return {};
  return run(write_pending());
}

Result<void> LogStore::write_pending() {
  const std::uint64_t blocks = blocks_of(pending_.size());
  ++syncs_;
  if (end_ + blocks + kSpare > segment_.blocks) {
    // The next segment says how far this one counts, an unsynchronised mark included.
    if (marked_)
      if (auto synced = file_->sync(); !synced) return synced;
    if (auto begun = begin_segment({identity_, 0, 0, 0, false, end_}, pending_); !begun) return begun;
  } else {
    blocks_.clear();
    write_batch(blocks_, next_batch_, pending_, salt_, end_);
    if (auto written = file_->write(end_ * kSectorBytes, blocks_); !written) return written;
    if (auto synced = file_->sync(); !synced) return synced;
    end_ += blocks;
    ++next_batch_;
  }
  marked_ = false;
  pending_.clear();
  return {};
}

// The segment after the present one, there as a whole or not at all, with its first batch if there is one.
Result<void> LogStore::begin_segment(SegmentHead head, std::span<const std::byte> batch) {
  const std::uint64_t batch_blocks = batch.empty() ? 0 : blocks_of(batch.size());
  head.number = segment_.number + 1;
  head.blocks = blocks_for(options_.segment_bytes, batch_blocks);
  head.first_batch = next_batch_;
  if (head.blocks > kSegmentBytesMax / kSectorBytes)
    return fail(Errc::kLimitReached, "a batch of {} bytes is more than a segment takes", batch.size());
  blocks_ = write_head(head);
  const std::uint32_t salt = salt_of(blocks_);
  if (batch_blocks > 0) write_batch(blocks_, next_batch_, batch, salt, 1);
  const std::string name = segment_name(head.number);
  const std::string part = name + std::string(kPart);
  auto file = disk_->create(part, head.blocks * kSectorBytes);
  if (!file) return tl::unexpected<Error>(file.error());
  if (auto written = (*file)->write(0, blocks_); !written) return written;
  if (auto synced = (*file)->sync(); !synced) return synced;
  if (auto renamed = disk_->rename(part, name); !renamed) return renamed;
  if (auto synced = disk_->sync_names(); !synced) return synced;
  file_ = std::move(*file);
  segment_ = std::move(head);
  salt_ = salt;
  end_ = 1 + batch_blocks;
  if (batch_blocks > 0) ++next_batch_;
  return {};
}

Result<void> LogStore::checkpoint(const consensus::Persist& step, std::span<const consensus::Entry> log,
                                  const ChainHead& base_head, const ChainHead& head) {
  EXPECTS(step.snapshot);
  if (failed_) return tl::unexpected<Error>(*failed_);
  if (step.state) state_ = *step.state;
  const auto snapshot = encode(*step.snapshot);
  const SnapshotReference reference{step.snapshot->last, snapshot.size(), wire::crc32c(snapshot)};
  pending_.clear();
  return run(write_checkpoint({state_, reference, base_head, {log.begin(), log.end()}, head}, snapshot));
}

Result<void> LogStore::write_checkpoint(const Checkpoint& record, std::span<const std::byte> snapshot) {
  if (!snapshot.empty()) {
    auto file = disk_->create(snapshot_name(segment_.number + 1), snapshot.size());
    if (!file) return tl::unexpected<Error>(file.error());
    if (auto written = (*file)->write(0, snapshot); !written) return written;
    if (auto synced = (*file)->sync(); !synced) return synced;
    if (auto synced = disk_->sync_names(); !synced) return synced;
  }
  std::vector<std::byte> batch;
  append_checkpoint(batch, record);
  if (auto begun = begin_segment({identity_, 0, 0, 0, true, 0}, batch); !begun) return begun;
  marked_ = false;
  return remove_leftovers(*disk_, segment_.number, segment_.number);
}

Result<void> LogStore::mark() {
  if (failed_) return tl::unexpected<Error>(*failed_);
  if (marked_ || !pending_.empty() || end_ >= segment_.blocks) return {};
  return run(write_mark());
}

Result<void> LogStore::write_mark() {
  blocks_.clear();
  write_block(blocks_, {next_batch_ - 1, Block::kMark, {}}, salt_, end_);
  if (auto written = file_->write(end_ * kSectorBytes, blocks_); !written) return written;
  ++end_;
  marked_ = true;
  return {};
}

}  // namespace skywarden::storage
