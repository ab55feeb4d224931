#include "storage/record_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <utility>

#include "base/contract.h"
#include "base/little_endian.h"
#include "base/text.h"
#include "onboard/record_batch.h"
#include "storage/journal.h"
#include "storage/log_reader.h"
#include "storage/segment.h"

namespace skywarden::storage {
namespace {

using datum::Criticality;

constexpr std::string_view kFilePrefix = "records-", kOpenPrefix = "open-";
constexpr std::uint64_t kIdMax = UINT64_MAX / 4;
constexpr std::uint64_t kOverheadBlocks = 2;  // the head and the state
constexpr std::size_t kLengthBytes = 4;
constexpr std::uint64_t kOpenFiles = 2;  // at once, while one takes the place of the other
// Segments say whose they are; a folder of records is whoever's opens it.
const LogIdentity kIdentity{"kept-records", NodeId(1)};

std::string name_of(std::string_view prefix, std::uint64_t number) {
  return fmt::format("{}{:016x}", prefix, number);
}

std::uint64_t rounded_up(std::uint64_t bytes) {
  return (bytes + kFileGrainBytes - 1) / kFileGrainBytes * kFileGrainBytes;
}

tl::unexpected<Error> at(std::string_view name, const Error& error) {
  return fail(error.code, "{}: {}", name, error.message);
}

// What another program may have to say about the file; everything else is damage.
bool is_refusal(Errc code) {
  return code == Errc::kConflict || code == Errc::kUnsupported || code == Errc::kInputOutput;
}

using StreamKey = std::pair<std::string, datum::Provenance>;

// Of each record, how many of its stream come before it, as batches order them.
std::vector<std::uint32_t> places_in_streams(std::span<const datum::Record> records) {
  std::vector<std::uint32_t> order(records.size()), places(records.size());
  std::iota(order.begin(), order.end(), 0U);
  std::ranges::stable_sort(order, {}, [&](std::uint32_t r) { return records[r].time; });
  std::map<StreamKey, std::uint32_t> counts;
  for (const std::uint32_t r : order) places[r] = counts[{records[r].stream, records[r].provenance}]++;
  return places;
}

bool has_fields_of(const datum::Schema& schema, Criticality criticality) {
  return std::ranges::any_of(schema.fields,
                             [&](const auto& spec) { return spec.criticality == criticality; });
}

struct OpenFile {
  RecordStoreState state;
  Segment segment;
  std::uint32_t salt = 0;
};

Result<OpenFile> read_open_file(Disk& disk, std::uint64_t number) {
  const auto bytes = disk.read(name_of(kOpenPrefix, number));
  if (!bytes) return tl::unexpected<Error>(bytes.error());
  auto segment = read_last_segment(*bytes);
  if (!segment) return tl::unexpected<Error>(segment.error());
  if (segment->head.identity != kIdentity) return fail(Errc::kConflict, "this is no folder of kept records");
  if (segment->head.number != number) return fail(Errc::kMalformed, "is file {}", segment->head.number);
  if (segment->batches.empty()) return fail(Errc::kMalformed, "it has no beginning");
  const auto state = read_state(segment->batches.front());
  if (!state) return tl::unexpected<Error>(state.error());
  segment->batches.erase(segment->batches.begin());
  return OpenFile{*state, std::move(*segment), salt_of(std::span(*bytes).first(kSectorBytes))};
}

// The numbers in the names with this prefix, ascending.
std::vector<std::uint64_t> numbers_of(const std::vector<std::string>& names, std::string_view prefix) {
  std::vector<std::uint64_t> out;
  for (const std::string& name : names)
    if (const std::uint64_t number = number_in(name, prefix); number > 0) out.push_back(number);
  return out;
}

}  // namespace

Result<void> RecordStoreOptions::validate() const {
  if (open_bytes < 8192 || open_bytes > (std::uint64_t{16} << 20) || open_bytes % kSectorBytes != 0)
    return fail(Errc::kOutOfRange, "open_bytes: expected 8,192…16,777,216, whole sectors");
  if (bytes_max < 8 * open_bytes)
    return fail(Errc::kOutOfRange, "bytes_max: expected 8 × open_bytes or more");
  if (block_records < 2 || block_records > 2048)
    return fail(Errc::kOutOfRange, "block_records: expected 2…2,048");
  if (!(thin_from > 0.0 && thin_from <= 1.0))
    return fail(Errc::kOutOfRange, "thin_from: expected above 0, at most 1");
  return {};
}

// What open() learns of the folder step by step.
struct RecordStore::Found {
  std::vector<std::string> names;
  RecordStoreState state;
  bool state_known = false;
  std::vector<std::vector<std::byte>> batches;  // of the open file, behind its state
  std::vector<std::string> damage;
  bool torn = false;
};

RecordStore::RecordStore(Disk& disk, std::vector<const datum::Schema*> schemas,
                         const RecordStoreOptions& options)
    : disk_(&disk), schemas_(std::move(schemas)), options_(options), waiting_(schemas_.size()) {}

Result<RecordStore::Opened> RecordStore::open(Disk& disk, std::vector<const datum::Schema*> schemas,
                                              const RecordStoreOptions& options) {
  EXPECTS(options.validate().has_value());
  Found found;
  auto names = disk.names();
  if (!names) return tl::unexpected<Error>(names.error());
  found.names = std::move(*names);
  Opened opened{RecordStore(disk, std::move(schemas), options), {}, false, false};
  RecordStore& store = opened.store;
  std::vector<std::byte> again;
  if (auto taken = store.take_open_file(found, again); !taken) return tl::unexpected<Error>(taken.error());
  for (const auto& batch : found.batches)
    if (auto taken = store.take_waiting(batch, opened); !taken) return tl::unexpected<Error>(taken.error());
  opened.made = found.names.empty() || (!found.state_known && numbers_of(found.names, kFilePrefix).empty());
  if (auto taken = store.take_files(found); !taken) return tl::unexpected<Error>(taken.error());
  opened.torn = found.torn;
  std::move(found.damage.begin(), found.damage.end(), std::back_inserter(opened.damage));
  if (store.file_ == nullptr)
    if (auto begun = store.begin_open_file(again); !begun) return tl::unexpected<Error>(begun.error());
  return opened;
}

// The newest of them. Older ones are what a crash left of the moment when one took the place of the other.
Result<void> RecordStore::take_open_file(Found& found, std::vector<std::byte>& again) {
  for (const std::string& name : found.names)
    if (name.ends_with(kPart))
      if (auto removed = disk_->remove(name); !removed) return removed;
  const auto numbers = numbers_of(found.names, kOpenPrefix);
  if (numbers.empty()) return {};
  number_ = numbers.back();
  const std::string name = name_of(kOpenPrefix, number_);
  open_name_ = name;
  auto read = read_open_file(*disk_, number_);
  if (!read) {
    if (is_refusal(read.error().code)) return at(name, read.error());
    found.damage.push_back(
        fmt::format("{}: {}; records that waited in it are lost", name, read.error().message));
  } else {
    found.state = read->state;
    found.state_known = true;
    found.torn = read->segment.torn;
    found.batches = std::move(read->segment.batches);
    if (found.torn) {  // its remains stay where they are, so what is sound moves to a new one
      for (const auto& batch : found.batches) again.insert(again.end(), batch.begin(), batch.end());
    } else {
      auto file = disk_->open(name);
      if (!file) return tl::unexpected<Error>(file.error());
      // What was read must be durable before anything rests on it.
      if (auto synced = (*file)->sync(); !synced) return synced;
      file_ = std::move(*file);
      blocks_ = read->segment.head.blocks;
      salt_ = read->salt;
      end_ = read->segment.end;
      next_batch_ = 2 + found.batches.size();
    }
  }
  const auto older = std::span(numbers).first(numbers.size() - 1);
  for (const std::uint64_t number : older)
    if (auto removed = disk_->remove(name_of(kOpenPrefix, number)); !removed) return removed;
  return {};
}

Result<void> RecordStore::take_waiting(std::span<const std::byte> batch, Opened& opened) {
  const auto records = read_journal_batch(batch);
  if (!records) {
    opened.damage.push_back(fmt::format("{}: {}", name_of(kOpenPrefix, number_), records.error().message));
    return {};
  }
  for (const auto& packed : *records) {
    const auto name = onboard::batch_schema_name(packed);
    if (!name) {
      opened.damage.push_back(fmt::format("{}: {}", name_of(kOpenPrefix, number_), name.error().message));
      continue;
    }
    const auto schema = std::ranges::find_if(schemas_, [&](const auto* each) { return each->name == *name; });
    if (schema == schemas_.end())
      return fail(Errc::kNotFound, "records of schema '{}' wait to be packed; it must be given as well",
                  printable(*name));
    auto unpacked = onboard::unpack_records(**schema, packed);
    if (!unpacked && is_refusal(unpacked.error().code)) return tl::unexpected<Error>(unpacked.error());
    if (!unpacked) {
      opened.damage.push_back(fmt::format("{}: {}", name_of(kOpenPrefix, number_), unpacked.error().message));
      continue;
    }
    auto& waiting = waiting_[static_cast<std::size_t>(schema - schemas_.begin())];
    waiting_records_ += unpacked->size();
    std::move(unpacked->begin(), unpacked->end(), std::back_inserter(waiting));
  }
  return {};
}

// Files the last packing did not finish go: their records still wait.
Result<void> RecordStore::take_files(Found& found) {
  std::vector<onboard::RetainedEntry> held;
  next_id_ = found.state.next_id;
  refused_ = found.state.refused;
  for (const std::uint64_t id : numbers_of(found.names, kFilePrefix)) {
    const std::string name = name_of(kFilePrefix, id);
    if (id > kIdMax || (found.state_known && id >= found.state.next_id)) {
      if (auto removed = disk_->remove(name); !removed) return removed;
      continue;
    }
    const auto bytes = disk_->read(name);
    if (!bytes) return tl::unexpected<Error>(bytes.error());
    const auto file = read_record_file(*bytes);
    if (!file) {
      if (is_refusal(file.error().code)) return at(name, file.error());
      found.damage.push_back(fmt::format("{}: {}; it is removed", name, file.error().message));
      if (auto removed = disk_->remove(name); !removed) return removed;
      continue;
    }
    held.push_back({id, file->head.criticality, rounded_up(bytes->size())});
    next_id_ = std::max(next_id_, id + 1);
    number_ = std::max(number_, file->head.block);
  }
  // Some went for a packing that was not finished; whether thinned or dropped is not known any more.
  if (found.state.files > held.size()) found.state.memory.dropped += found.state.files - held.size();
  onboard::RetentionOptions options;
  options.bytes_max = options_.bytes_max - kOpenFiles * options_.open_bytes;
  options.entries_max = SIZE_MAX;
  options.thin_from = options_.thin_from;
  std::vector<std::uint64_t> erased;
  plan_ = std::make_unique<onboard::RetentionPlan>(options, held, found.state.memory, erased);
  for (const std::uint64_t id : erased)
    if (auto removed = disk_->remove(name_of(kFilePrefix, id)); !removed) return removed;
  return disk_->sync_names();
}

std::size_t RecordStore::record_bytes_max() const {
  const std::uint64_t blocks = options_.open_bytes / kSectorBytes - kOverheadBlocks;
  return std::min<std::size_t>(kJournalRecordBytesMax, blocks * kBlockRoom - kLengthBytes);
}

Result<void> RecordStore::add(std::size_t schema, const datum::Record& record) {
  EXPECTS(schema < schemas_.size());
  const auto packer = onboard::BatchPacker::make(*schemas_[schema], std::span(&record, 1));
  if (!packer) return tl::unexpected<Error>(packer.error());
  auto packed = packer->pack_all();
  if (packed.size() > record_bytes_max())
    return fail(Errc::kLimitReached, "a record of {} bytes, expected at most {}", packed.size(),
                record_bytes_max());
  pending_.push_back({schema, record, std::move(packed)});
  return {};
}

Result<void> RecordStore::sync() {
  if (failed_) return tl::unexpected<Error>(*failed_);
  auto done = sync_all();
  if (!done) failed_ = done.error();
  return done;
}

Result<void> RecordStore::pack() {
  if (auto synced = sync(); !synced || waiting_records_ == 0) return synced;
  auto done = pack_block();
  if (!done) failed_ = done.error();
  return done;
}

Result<void> RecordStore::sync_all() {
  while (!pending_.empty()) {
    const std::size_t count = count_that_fits();
    if (auto done = count > 0 ? append_some(count) : pack_block(); !done) return done;
    if (waiting_records_ >= options_.block_records)
      if (auto packed = pack_block(); !packed) return packed;
  }
  return {};
}

std::size_t RecordStore::count_that_fits() const {
  const std::size_t room = options_.block_records - std::min(options_.block_records, waiting_records_);
  std::size_t count = 0, bytes = 0;
  for (const Pending& each : pending_) {
    bytes += kLengthBytes + each.packed.size();
    if (count == room || end_ + blocks_of(bytes) > blocks_) break;
    ++count;
  }
  return count;
}

Result<void> RecordStore::append_some(std::size_t count) {
  std::vector<std::byte> batch;
  for (const Pending& each : std::span(pending_).first(count)) {
    append_little_endian(batch, each.packed.size(), kLengthBytes);
    batch.insert(batch.end(), each.packed.begin(), each.packed.end());
  }
  std::vector<std::byte> written;
  write_batch(written, next_batch_, batch, salt_, end_);
  if (auto done = file_->write(end_ * kSectorBytes, written); !done) return done;
  if (auto synced = file_->sync(); !synced) return synced;
  end_ += blocks_of(batch.size());
  ++next_batch_;
  const auto last = pending_.begin() + static_cast<std::ptrdiff_t>(count);
  for (auto each = pending_.begin(); each != last; ++each)
    waiting_[each->schema].push_back(std::move(each->record));
  waiting_records_ += count;
  pending_.erase(pending_.begin(), last);
  return {};
}

void RecordStore::pack_one(std::size_t schema, Criticality criticality, Half half, std::vector<Packed>& out) {
  const datum::Schema& spec = *schemas_[schema];
  const auto& records = waiting_[schema];
  const auto places = places_in_streams(records);
  onboard::Selection kept;
  for (const std::uint32_t place : places)
    kept.records.push_back(half == Half::kAll || (place % 2 == 0) == (half == Half::kFirst) ? 1 : 0);
  if (std::ranges::count(kept.records, 1) == 0) return;
  for (std::size_t r = 0; r < records.size(); ++r)
    for (const datum::FieldSpec& field : spec.fields)
      kept.cells.push_back(field.criticality == criticality ? 1 : 0);
  const auto packer = onboard::BatchPacker::make(spec, records);
  ENSURES(packer.has_value());  // each of them was packed alone
  auto bytes = write_record_file({number_, criticality, half}, packer->pack(kept));
  const onboard::RetainedEntry entry{next_id_++, criticality, rounded_up(bytes.size())};
  out.push_back({entry, std::move(bytes)});
}

// In the order in which the plan takes them: the critical first, so that none of the others can be in their
// way.
std::vector<RecordStore::Packed> RecordStore::packed_block() {
  std::vector<Packed> out;
  for (const Criticality criticality : {Criticality::kHigh, Criticality::kNormal, Criticality::kLow})
    for (std::size_t s = 0; s < schemas_.size(); ++s) {
      if (waiting_[s].empty() || !has_fields_of(*schemas_[s], criticality)) continue;
      if (criticality == Criticality::kHigh) {
        pack_one(s, criticality, Half::kAll, out);
      } else {
        pack_one(s, criticality, Half::kFirst, out);
        pack_one(s, criticality, Half::kSecond, out);
      }
    }
  return out;
}

// Room first, then files, then the open file that no longer has their records: until it is there, all of this
// is done again after a crash.
Result<void> RecordStore::pack_block() {
  std::map<std::uint64_t, std::vector<std::byte>> fresh;
  std::vector<std::uint64_t> erased;
  for (Packed& packed : packed_block()) {
    const auto outcome = plan_->add(packed.entry);
    for (const std::uint64_t id : outcome.erased)
      if (fresh.erase(id) == 0) erased.push_back(id);
    if (outcome.kept)
      fresh.emplace(packed.entry.id, std::move(packed.bytes));
    else
      ++refused_;
  }
  for (const std::uint64_t id : erased)
    if (auto removed = disk_->remove(name_of(kFilePrefix, id)); !removed) return removed;
  for (const auto& [id, bytes] : fresh) {
    auto file = disk_->create(name_of(kFilePrefix, id), bytes.size());
    if (!file) return tl::unexpected<Error>(file.error());
    if (auto done = (*file)->write(0, bytes); !done) return done;
    if (auto synced = (*file)->sync(); !synced) return synced;
  }
  if (auto synced = disk_->sync_names(); !synced) return synced;
  for (auto& records : waiting_) records.clear();
  waiting_records_ = 0;
  return begin_open_file({});
}

RecordStoreState RecordStore::state() const {
  return {next_id_, plan_->entries(), refused_, plan_->memory()};
}

// There as a whole or not at all; then the one before it goes.
Result<void> RecordStore::begin_open_file(std::span<const std::byte> contents) {
  const std::uint64_t content_blocks = contents.empty() ? 0 : blocks_of(contents.size());
  SegmentHead head{kIdentity, number_ + 1, 0, 1, true, 0};
  head.blocks = std::max(options_.open_bytes / kSectorBytes, kOverheadBlocks + content_blocks);
  std::vector<std::byte> written = write_head(head);
  const std::uint32_t salt = salt_of(written);
  write_batch(written, 1, write_state(state()), salt, 1);
  if (content_blocks > 0) write_batch(written, 2, contents, salt, kOverheadBlocks);
  const std::string name = name_of(kOpenPrefix, head.number);
  const std::string part = name + std::string(kPart);
  auto file = disk_->create(part, head.blocks * kSectorBytes);
  if (!file) return tl::unexpected<Error>(file.error());
  if (auto done = (*file)->write(0, written); !done) return done;
  if (auto synced = (*file)->sync(); !synced) return synced;
  if (auto renamed = disk_->rename(part, name); !renamed) return renamed;
  if (auto synced = disk_->sync_names(); !synced) return synced;
  if (!open_name_.empty())
    if (auto removed = disk_->remove(open_name_); !removed) return removed;
  open_name_ = name;
  file_ = std::move(*file);
  number_ = head.number;
  blocks_ = head.blocks;
  salt_ = salt;
  end_ = kOverheadBlocks + content_blocks;
  next_batch_ = content_blocks > 0 ? 3 : 2;
  return {};
}

RecordStoreStatus RecordStore::status() const {
  RecordStoreStatus out;
  for (std::size_t l = 0; l < out.bytes.size(); ++l)
    out.bytes[l] = plan_->bytes_of(static_cast<Criticality>(l));
  out.open_bytes = blocks_ * kSectorBytes;
  out.files = plan_->entries();
  out.open_records = waiting_records_;
  out.thinned = plan_->thinned();
  out.dropped = plan_->dropped();
  out.refused = refused_;
  return out;
}

namespace {

struct PlaceInBlock {
  std::uint64_t block = 0;
  StreamKey stream;
  std::uint64_t place = 0;
  friend auto operator<=>(const PlaceInBlock&, const PlaceInBlock&) = default;
};

bool is_dropped(const datum::Field& field) {
  const auto* missing = std::get_if<datum::Missing>(&field);
  return missing != nullptr && missing->reason == datum::MissingReason::kDropped;
}

// Puts the cells of a block's records together again.
class KeptReader {
 public:
  explicit KeptReader(const datum::Schema& schema) : schema_(schema) {}

  Result<void> take(const RecordFile& file, std::size_t file_bytes, KeptRecords& out) {
    const auto& [head, batch] = file;
    const auto name = onboard::batch_schema_name(batch);
    if (!name) return tl::unexpected<Error>(name.error());
    if (*name != schema_.name) {
      ++out.other_files;
      return {};
    }
    auto records = onboard::unpack_records(schema_, batch);
    if (!records) return tl::unexpected<Error>(records.error());
    ++out.files;
    out.bytes[static_cast<std::size_t>(head.criticality)] += rounded_up(file_bytes);
    std::map<StreamKey, std::uint64_t> counts;
    for (datum::Record& record : *records) {
      const StreamKey stream{record.stream, record.provenance};
      const std::uint64_t count = counts[stream]++;
      const std::uint64_t place = head.half == Half::kAll     ? count
                                  : head.half == Half::kFirst ? 2 * count
                                                              : 2 * count + 1;
      join(records_[{head.block, stream, place}], std::move(record));
    }
    return {};
  }

  void waits(datum::Record record) { waiting_.push_back(std::move(record)); }

  std::vector<datum::Record> records() {
    std::vector<datum::Record> out;
    for (auto& [place, record] : records_) out.push_back(std::move(record));
    std::move(waiting_.begin(), waiting_.end(), std::back_inserter(out));
    std::ranges::stable_sort(out, [](const datum::Record& a, const datum::Record& b) {
      return std::tie(a.time, a.stream) < std::tie(b.time, b.stream);
    });
    return out;
  }

 private:
  static void join(datum::Record& into, datum::Record from) {
    if (into.fields.empty()) {
      into = std::move(from);
      return;
    }
    for (std::size_t f = 0; f < into.fields.size(); ++f)
      if (is_dropped(into.fields[f])) into.fields[f] = std::move(from.fields[f]);
  }

  const datum::Schema& schema_;
  std::map<PlaceInBlock, datum::Record> records_;
  std::vector<datum::Record> waiting_;
};

}  // namespace

Result<KeptRecords> read_kept(Disk& disk, const datum::Schema& schema) {
  const auto names = disk.names();
  if (!names) return tl::unexpected<Error>(names.error());
  KeptRecords out;
  KeptReader reader(schema);
  std::uint64_t next_id = UINT64_MAX;
  if (const auto open = numbers_of(*names, kOpenPrefix); !open.empty()) {
    const std::string name = name_of(kOpenPrefix, open.back());
    const auto file = read_open_file(disk, open.back());
    if (!file && is_refusal(file.error().code)) return at(name, file.error());
    if (!file) out.damage.push_back(fmt::format("{}: {}", name, file.error().message));
    if (file) {
      out.state = file->state;
      next_id = file->state.next_id;
      for (const auto& batch : file->segment.batches) {
        const auto packed = read_journal_batch(batch);
        for (const auto& one : packed ? *packed : std::vector<std::vector<std::byte>>{}) {
          if (const auto owner = onboard::batch_schema_name(one); !owner || *owner != schema.name) continue;
          auto records = onboard::unpack_records(schema, one);
          if (!records) return at(name, records.error());
          out.open_records += records->size();
          for (datum::Record& record : *records) reader.waits(std::move(record));
        }
      }
    }
  }
  for (const std::uint64_t id : numbers_of(*names, kFilePrefix)) {
    if (id >= next_id) continue;  // not finished: its records still wait
    const std::string name = name_of(kFilePrefix, id);
    const auto bytes = disk.read(name);
    if (!bytes) {  // a store that writes there may have dropped it meanwhile
      out.damage.push_back(fmt::format("{}: {}", name, bytes.error().message));
      continue;
    }
    const auto file = read_record_file(*bytes);
    if (!file) {
      out.damage.push_back(fmt::format("{}: {}", name, file.error().message));
      continue;
    }
    if (const auto taken = reader.take(*file, bytes->size(), out); !taken) return at(name, taken.error());
  }
  out.records = reader.records();
  return out;
}

}  // namespace skywarden::storage
