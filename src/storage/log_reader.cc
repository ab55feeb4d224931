#include "storage/log_reader.h"

#include <charconv>

#include "base/contract.h"
#include "consensus/withheld.h"
#include "wire/crc32c.h"

namespace skywarden::storage {
namespace {

constexpr std::size_t kDigits = 16;

tl::unexpected<Error> at(const std::string& file, const Error& error) {
  return fail(error.code, "{}: {}", file, error.message);
}

// Plays records into what they stand for. Nothing of the disk's may break a contract.
class Replay {
 public:
  Replay(Disk& disk, const LogIdentity& identity)
      : disk_(disk), contents_{identity, {}, EntryChain(identity.cluster)} {}

  Result<void> play(const Checkpoint& record, std::uint64_t segment) {
    contents_.persisted = {record.state, {}, {}};
    if (record.snapshot) {
      auto snapshot = read_snapshot(snapshot_name(segment), *record.snapshot);
      if (!snapshot) return tl::unexpected<Error>(snapshot.error());
      contents_.persisted.snapshot = std::move(*snapshot);
    } else if (record.base_head != first_head(contents_.identity.cluster)) {
      return fail(Errc::kMalformed, "the chain does not begin where this cluster's begins");
    }
    contents_.chain.begin_again(base().index, record.base_head);
    return append(record.log, record.head);
  }

  Result<void> play(const StepRecord& record) {
    const consensus::Persist& step = record.step;
    if (step.state) contents_.persisted.state = *step.state;
    if (step.truncate_from) {
      if (*step.truncate_from <= base().index)
        return fail(Errc::kMalformed, "entry {} is forgotten, which is in the snapshot",
                    step.truncate_from->value());
      contents_.chain.truncate_from(*step.truncate_from);
      consensus::Persist truncate;
      truncate.truncate_from = step.truncate_from;
      apply(truncate, contents_.persisted);
    }
    return append(step.append, record.head);
  }

  Result<LogContents> finish() {
    if (contents_.persisted.state.term < last().term)
      return fail(Errc::kMalformed, "entries of a term beyond the last one begun");
    return std::move(contents_);
  }

  LogContents& contents() { return contents_; }

 private:
  [[nodiscard]] consensus::LogPosition base() const {
    return contents_.persisted.snapshot ? contents_.persisted.snapshot->last : consensus::LogPosition{};
  }
  [[nodiscard]] consensus::LogPosition last() const {
    const auto& log = contents_.persisted.log;
    return log.empty() ? base() : consensus::LogPosition{log.back().index, log.back().term};
  }

  Result<void> append(const std::vector<consensus::Entry>& entries, const ChainHead& head) {
    if (!consensus::is_contiguous(entries, last()))
      return fail(Errc::kMalformed, "entries that do not follow {}", last().index.value());
    for (const consensus::Entry& entry : entries) {
      if (entry.kind == consensus::EntryKind::kConfiguration &&
          !consensus::decode_configuration(entry.payload))
        return fail(Errc::kMalformed, "entry {} begins an epoch that cannot be", entry.index.value());
      if (entry.kind == consensus::EntryKind::kWithheld && entry.payload.size() != consensus::kWithheldBytes)
        return fail(Errc::kMalformed, "entry {} is withheld and has {} bytes, expected {}",
                    entry.index.value(), entry.payload.size(), consensus::kWithheldBytes);
      contents_.chain.append(entry);
      contents_.persisted.log.push_back(entry);
    }
    if (contents_.chain.head() != head)
      return fail(Errc::kMalformed, "the chain of entries up to {} is broken", last().index.value());
    return {};
  }

  Result<consensus::Snapshot> read_snapshot(const std::string& name, const SnapshotReference& reference) {
    const auto bytes = disk_.read(name);
    if (!bytes) return fail(Errc::kMalformed, "its snapshot: {}", bytes.error().message);
    if (bytes->size() != reference.bytes || wire::crc32c(*bytes) != reference.checksum)
      return fail(Errc::kMalformed, "its snapshot {} is damaged", name);
    auto snapshot = consensus::decode_snapshot(*bytes);
    if (!snapshot) return fail(snapshot.error().code, "{}: {}", name, snapshot.error().message);
    if (snapshot->last != reference.last)
      return fail(Errc::kMalformed, "its snapshot {} is another one", name);
    return snapshot;
  }

  Disk& disk_;
  LogContents contents_;
};

struct File {
  std::uint64_t number = 0;
  std::vector<std::byte> bytes;
  SegmentHead head;
};

// From the latest checkpoint on.
Result<std::vector<File>> files_that_count(Disk& disk) {
  const auto names = disk.names();
  if (!names) return tl::unexpected<Error>(names.error());
  std::vector<File> files;
  for (auto name = names->rbegin(); name != names->rend(); ++name) {
    const std::uint64_t number = number_in(*name, kSegmentPrefix);
    if (number == 0) continue;
    if (!files.empty() && number + 1 != files.back().number)
      return fail(Errc::kMalformed, "{}: missing", segment_name(files.back().number - 1));
    auto bytes = disk.read(*name);
    if (!bytes) return tl::unexpected<Error>(bytes.error());
    auto head = read_head(*bytes);
    if (!head) return at(*name, head.error());
    if (head->number != number) return fail(Errc::kMalformed, "{}: is segment {}", *name, head->number);
    if (!files.empty() && head->identity != files.back().head.identity)
      return fail(Errc::kMalformed, "{}: is another node's", *name);
    files.push_back({number, std::move(*bytes), std::move(*head)});
    if (files.back().head.checkpoint) return std::vector<File>(files.rbegin(), files.rend());
  }
  if (!files.empty()) return fail(Errc::kMalformed, "{}: missing", segment_name(files.back().number - 1));
  return fail(Errc::kNotFound, "there is no log");
}

Result<void> play(Replay& replay, const Segment& segment) {
  LogContents& contents = replay.contents();
  for (std::size_t i = 0; i < segment.batches.size(); ++i) {
    const auto where = [&](const Error& error) {
      return fail(error.code, "batch {}: {}", segment.head.first_batch + i, error.message);
    };
    const auto records = read_records(segment.batches[i]);
    if (!records) return where(records.error());
    const bool begins = segment.head.checkpoint && i == 0;
    for (const Record& record : *records) {
      const auto* checkpoint = std::get_if<Checkpoint>(&record);
      if (begins != (checkpoint != nullptr) || (begins && records->size() != 1))
        return fail(Errc::kMalformed, "batch {}: a checkpoint where none belongs, or none where one does",
                    segment.head.first_batch + i);
      const auto played = checkpoint != nullptr ? replay.play(*checkpoint, segment.head.number)
                                                : replay.play(std::get<StepRecord>(record));
      if (!played) return where(played.error());
      ++contents.records;
    }
  }
  contents.last_segment = segment.head.number;
  contents.last_blocks = segment.head.blocks;
  contents.last_end = segment.end;
  contents.next_batch = segment.next_batch();
  contents.torn = segment.torn;
  return {};
}

}  // namespace

Result<LogContents> read_log(Disk& disk) {
  const auto files = files_that_count(disk);
  if (!files) return tl::unexpected<Error>(files.error());
  Replay replay(disk, files->front().head.identity);
  replay.contents().first_segment = files->front().number;
  for (std::size_t i = 0; i < files->size(); ++i) {
    const File& file = (*files)[i];
    const std::string name = segment_name(file.number);
    const bool last = i + 1 == files->size();
    const auto segment =
        last ? read_last_segment(file.bytes) : read_closed_segment(file.bytes, (*files)[i + 1].head.before);
    if (!segment) return at(name, segment.error());
    if (i > 0 && segment->head.first_batch != replay.contents().next_batch)
      return fail(Errc::kMalformed, "{}: begins with batch {}, expected {}", name, segment->head.first_batch,
                  replay.contents().next_batch);
    if (segment->head.checkpoint && segment->batches.empty())
      return fail(Errc::kMalformed, "{}: its checkpoint is missing", name);
    if (const auto played = play(replay, *segment); !played) return at(name, played.error());
  }
  return replay.finish();
}

std::string segment_name(std::uint64_t number) {
  return fmt::format("{}{:016x}", kSegmentPrefix, number);
}
std::string snapshot_name(std::uint64_t number) {
  return fmt::format("{}{:016x}", kSnapshotPrefix, number);
}

std::uint64_t number_in(std::string_view name, std::string_view prefix) {
  if (!name.starts_with(prefix) || name.size() != prefix.size() + kDigits) return 0;
  name.remove_prefix(prefix.size());
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number, 16);
  return error == std::errc() && end == name.data() + name.size() ? number : 0;
}

}  // namespace skywarden::storage
