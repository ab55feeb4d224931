#include "storage/record.h"

#include <algorithm>

#include "base/contract.h"
#include "base/little_endian.h"
#include "consensus/message.h"
#include "wire/cbor.h"

namespace skywarden::storage {
namespace {

using consensus::Entry;
using consensus::EntryKind;
using wire::CborReader;
using wire::CborWriter;

constexpr std::uint64_t kFields = 6;
constexpr std::size_t kLengthBytes = 4;
constexpr std::uint64_t kItemsPerEntry = 3;

enum Kind : std::uint64_t { kStep, kCheckpoint };

void write(CborWriter& out, const consensus::HardState& state) {
  out.array(2).unsigned_integer(state.term.value()).unsigned_integer(state.voted_for.value());
}

void write(CborWriter& out, const std::vector<Entry>& entries) {
  out.array(kItemsPerEntry * entries.size());
  for (const Entry& entry : entries)
    out.unsigned_integer(entry.term.value())
        .unsigned_integer(static_cast<std::uint64_t>(entry.kind))
        .bytes(entry.payload);
}

void append(std::vector<std::byte>& batch, const std::vector<std::byte>& record) {
  append_little_endian(batch, record.size(), kLengthBytes);
  batch.insert(batch.end(), record.begin(), record.end());
}

// As CborReader: the first failure sticks, and what is read after it is never looked at.

std::uint64_t number(CborReader& in) {
  return in.unsigned_integer().value_or(0);
}

bool read_null(CborReader& in) {
  const auto kind = in.peek();
  return kind && *kind == wire::CborKind::kNull && in.null().has_value();
}

Result<consensus::HardState> read_state(CborReader& in) {
  const auto items = in.array();
  const Term term(number(in));
  const std::uint64_t vote = number(in);
  if ((items && *items != 2) || vote > UINT32_MAX || term > consensus::kTermMax)
    return fail(Errc::kMalformed, "a term and vote that cannot be");
  return consensus::HardState{term, NodeId(static_cast<std::uint32_t>(vote))};
}

Result<SnapshotReference> read_reference(CborReader& in) {
  const auto items = in.array();
  SnapshotReference reference;
  reference.last.index = LogIndex(number(in));
  reference.last.term = Term(number(in));
  reference.bytes = number(in);
  const std::uint64_t checksum = number(in);
  if ((items && *items != 4) || checksum > UINT32_MAX || reference.last.index > consensus::kLogIndexMax ||
      reference.bytes > consensus::kSnapshotBytesMax)
    return fail(Errc::kMalformed, "a snapshot that cannot be");
  reference.checksum = static_cast<std::uint32_t>(checksum);
  return reference;
}

Result<std::vector<Entry>> read_entries(CborReader& in, LogIndex first) {
  std::vector<Entry> entries;
  const std::uint64_t items = in.array().value_or(0);
  if (items % kItemsPerEntry != 0) return fail(Errc::kMalformed, "entries of {} items", items);
  entries.reserve(std::min<std::uint64_t>(items / kItemsPerEntry, consensus::kEntriesPerMessageMax));
  for (std::uint64_t i = 0; i < items; i += kItemsPerEntry) {
    const Term term(number(in));
    const std::uint64_t kind = number(in);
    const auto payload = in.bytes();
    if (!payload) return tl::unexpected<Error>(payload.error());
    if (kind > static_cast<std::uint64_t>(EntryKind::kWithheld))
      return fail(Errc::kUnsupported, "an entry of kind {}", kind);
    entries.push_back({term, first, {payload->begin(), payload->end()}, static_cast<EntryKind>(kind)});
    first = first.next();
  }
  return entries;
}

Result<ChainHead> read_head(CborReader& in) {
  ChainHead head{};
  const auto bytes = in.bytes();
  if (!bytes) return tl::unexpected<Error>(bytes.error());
  if (bytes->size() != head.size()) return fail(Errc::kMalformed, "a head of {} bytes", bytes->size());
  std::copy(bytes->begin(), bytes->end(), head.begin());
  return head;
}

Result<Record> read_step(CborReader& in) {
  StepRecord record;
  if (!read_null(in)) {
    const auto state = read_state(in);
    if (!state) return tl::unexpected<Error>(state.error());
    record.step.state = *state;
  }
  if (const std::uint64_t from = number(in); from > 0) record.step.truncate_from = LogIndex(from);
  const LogIndex first(number(in));
  if (first > consensus::kLogIndexMax) return fail(Errc::kMalformed, "an entry that cannot be");
  auto entries = read_entries(in, first);
  if (!entries) return tl::unexpected<Error>(entries.error());
  if (entries->empty() != (first == LogIndex())) return fail(Errc::kMalformed, "entries without a place");
  record.step.append = std::move(*entries);
  const auto head = read_head(in);
  if (!head) return tl::unexpected<Error>(head.error());
  record.head = *head;
  return record;
}

Result<Record> read_checkpoint(CborReader& in) {
  Checkpoint record;
  const auto state = read_state(in);
  if (!state) return tl::unexpected<Error>(state.error());
  record.state = *state;
  if (!read_null(in)) {
    const auto reference = read_reference(in);
    if (!reference) return tl::unexpected<Error>(reference.error());
    record.snapshot = *reference;
  }
  const auto base_head = read_head(in);
  if (!base_head) return tl::unexpected<Error>(base_head.error());
  record.base_head = *base_head;
  auto entries = read_entries(in, record.snapshot ? record.snapshot->last.index.next() : LogIndex(1));
  if (!entries) return tl::unexpected<Error>(entries.error());
  record.log = std::move(*entries);
  const auto head = read_head(in);
  if (!head) return tl::unexpected<Error>(head.error());
  record.head = *head;
  return record;
}

Result<Record> read_record(std::span<const std::byte> bytes) {
  CborReader in(bytes, bytes.size());
  const auto fields = in.array();
  const auto kind = in.unsigned_integer();
  if (kind && *kind > kCheckpoint) return fail(Errc::kUnsupported, "a record of kind {}", *kind);
  auto record = kind.value_or(kStep) == kStep ? read_step(in) : read_checkpoint(in);
  if (const auto end = in.finish(); !end) return tl::unexpected<Error>(end.error());
  if (*fields != kFields) return fail(Errc::kMalformed, "a record with {} fields", *fields);
  return record;
}

}  // namespace

bool operator==(const StepRecord& a, const StepRecord& b) {
  return a.head == b.head && a.step.state == b.step.state && a.step.snapshot == b.step.snapshot &&
         a.step.truncate_from == b.step.truncate_from && a.step.append == b.step.append;
}

void append_step(std::vector<std::byte>& batch, const consensus::Persist& step, const ChainHead& head) {
  EXPECTS(!step.snapshot);
  CborWriter out;
  out.array(kFields).unsigned_integer(kStep);
  if (step.state)
    write(out, *step.state);
  else
    out.null();
  out.unsigned_integer(step.truncate_from.value_or(LogIndex()).value());
  out.unsigned_integer(step.append.empty() ? 0 : step.append.front().index.value());
  write(out, step.append);
  out.bytes(head);
  append(batch, out.take());
}

void append_checkpoint(std::vector<std::byte>& batch, const Checkpoint& checkpoint) {
  CborWriter out;
  out.array(kFields).unsigned_integer(kCheckpoint);
  write(out, checkpoint.state);
  if (checkpoint.snapshot)
    out.array(4)
        .unsigned_integer(checkpoint.snapshot->last.index.value())
        .unsigned_integer(checkpoint.snapshot->last.term.value())
        .unsigned_integer(checkpoint.snapshot->bytes)
        .unsigned_integer(checkpoint.snapshot->checksum);
  else
    out.null();
  out.bytes(checkpoint.base_head);
  write(out, checkpoint.log);
  out.bytes(checkpoint.head);
  append(batch, out.take());
}

Result<std::vector<Record>> read_records(std::span<const std::byte> batch) {
  std::vector<Record> records;
  while (!batch.empty()) {
    const std::size_t size = little_endian(batch.first(std::min<std::size_t>(kLengthBytes, batch.size())));
    if (batch.size() < kLengthBytes || size > batch.size() - kLengthBytes)
      return fail(Errc::kMalformed, "a record of {} bytes where {} are left", size, batch.size());
    auto record = read_record(batch.subspan(kLengthBytes, size));
    if (!record) return tl::unexpected<Error>(record.error());
    records.push_back(std::move(*record));
    batch = batch.subspan(kLengthBytes + size);
  }
  return records;
}

}  // namespace skywarden::storage
