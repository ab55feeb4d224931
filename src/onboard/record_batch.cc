#include "onboard/record_batch.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <map>
#include <numeric>
#include <utility>

#include "base/contract.h"
#include "base/hash.h"
#include "base/text.h"
#include "onboard/record_batch_layout.h"
#include "wire/cbor.h"

namespace skywarden::onboard {
namespace {

using datum::FieldKind;
using datum::MissingReason;
using wire::CborWriter;

std::int64_t nanoseconds(Instant t) {
  return t.time_since_epoch().count();
}

// How far `later` is behind `earlier`; right for all instants.
std::uint64_t offset(std::int64_t earlier, std::int64_t later) {
  return static_cast<std::uint64_t>(later) - static_cast<std::uint64_t>(earlier);
}

}  // namespace

std::uint64_t schema_fingerprint(const datum::Schema& schema) {
  Fnv1a hash;
  hash.add(schema.name);
  hash.add(static_cast<std::uint64_t>(schema.fields.size()));
  for (const datum::FieldSpec& spec : schema.fields) {
    hash.add(spec.name);
    hash.add(static_cast<std::uint64_t>(spec.kind));
    const auto grid = FieldGrid::of(spec);
    hash.add(std::bit_cast<std::uint64_t>(grid ? grid->step() : 0.0));
    hash.add(static_cast<std::uint64_t>(spec.levels.size()));
    for (const std::string& level : spec.levels) hash.add(level);
  }
  return hash.value();
}

BatchPacker::BatchPacker(const datum::Schema& schema, std::span<const datum::Record> records)
    : schema_(&schema), records_(records), fingerprint_(schema_fingerprint(schema)) {
  for (const datum::FieldSpec& spec : schema.fields) grids_.push_back(FieldGrid::of(spec));
}

BatchPacker::Cell BatchPacker::cell_of(std::size_t field, const datum::Field& value) const {
  const auto missing_for = [](MissingReason reason) { return Cell{0, static_cast<std::uint8_t>(reason)}; };
  if (const auto* missing = std::get_if<datum::Missing>(&value)) return missing_for(missing->reason);
  const auto* observed = std::get_if<datum::Observed>(&value);
  if (observed == nullptr) return missing_for(MissingReason::kDropped);
  const datum::FieldSpec& spec = schema_->fields[field];
  if (const auto* number = std::get_if<double>(&observed->value)) {
    EXPECTS(spec.kind == FieldKind::kNumber);
    if (!std::isfinite(*number)) return missing_for(MissingReason::kOutOfRange);
    if (!grids_[field]) return {std::bit_cast<std::int64_t>(*number), kPresent};
    const auto steps = grids_[field]->to_steps(*number);
    return steps ? Cell{*steps, kPresent} : missing_for(MissingReason::kOutOfRange);
  }
  if (const auto* category = std::get_if<datum::Category>(&observed->value)) {
    EXPECTS(spec.kind == FieldKind::kCategory && category->level < spec.levels.size());
    return {category->level, kPresent};
  }
  EXPECTS(spec.kind == FieldKind::kText || spec.kind == FieldKind::kImage);
  const std::string& text = std::get<std::string>(observed->value);
  const bool fits = text.size() <= kBatchTextBytesMax && is_valid_utf8(text);
  return fits ? Cell{0, kPresent} : missing_for(MissingReason::kMalformed);
}

Result<BatchPacker> BatchPacker::make(const datum::Schema& schema, std::span<const datum::Record> records) {
  if (records.size() > kBatchCellsMax / std::max<std::size_t>(1, schema.fields.size()))
    return fail(Errc::kLimitReached, "record batch: {} records of {} fields, expected at most {} values",
                records.size(), schema.fields.size(), kBatchCellsMax);
  BatchPacker packer(schema, records);
  std::map<std::pair<std::string, datum::Provenance>, std::vector<std::uint32_t>> streams;
  packer.cells_.reserve(records.size() * schema.fields.size());
  for (std::size_t r = 0; r < records.size(); ++r) {
    const datum::Record& record = records[r];
    EXPECTS(record.fields.size() == schema.fields.size());
    if (record.stream.size() > kBatchTextBytesMax || !is_valid_utf8(record.stream))
      return fail(Errc::kMalformed,
                  "record batch: expected the name of a stream in at most {} bytes, found '{}'",
                  kBatchTextBytesMax, printable(record.stream));
    for (std::size_t f = 0; f < record.fields.size(); ++f)
      packer.cells_.push_back(packer.cell_of(f, record.fields[f]));
    streams[{record.stream, record.provenance}].push_back(static_cast<std::uint32_t>(r));
  }
  for (auto& [key, members] : streams) {
    std::stable_sort(members.begin(), members.end(),
                     [&](std::uint32_t a, std::uint32_t b) { return records[a].time < records[b].time; });
    packer.streams_.push_back({key.first, key.second, std::move(members)});
  }
  return packer;
}

// One batch as it is written: the members of each stream that are kept, and the units of their times.
class BatchPacker::Writing {
 public:
  Writing(const BatchPacker& packer, const Selection& kept) : packer_(packer), kept_(kept) {
    for (const Stream& stream : packer.streams_) {
      std::vector<std::uint32_t> members;
      for (const std::uint32_t record : stream.records)
        if (kept.records[record] != 0) members.push_back(record);
      if (!members.empty()) streams_.emplace_back(&stream, std::move(members));
    }
    if (streams_.empty()) return;
    base_ = time_of(streams_.front().second.front());
    for (const auto& [stream, members] : streams_) base_ = std::min(base_, time_of(members.front()));
    std::uint64_t common = 0;
    for (const auto& [stream, members] : streams_)
      for (const std::uint32_t record : members) common = std::gcd(common, offset(base_, time_of(record)));
    unit_ = std::max<std::uint64_t>(1, common);
  }

  std::vector<std::byte> take() {
    out_.array(layout::kBatchItems).unsigned_integer(kRecordBatchVersion).text(packer_.schema_->name);
    out_.unsigned_integer(packer_.fingerprint_).signed_integer(base_).unsigned_integer(unit_);
    out_.array(streams_.size());
    for (const auto& [stream, members] : streams_) {
      out_.array(layout::kStreamItems).text(stream->name);
      out_.unsigned_integer(static_cast<std::uint64_t>(stream->provenance));
      times(members);
      out_.array(packer_.fields());
      for (std::size_t f = 0; f < packer_.fields(); ++f) column(members, f);
    }
    return out_.take();
  }

 private:
  [[nodiscard]] std::int64_t time_of(std::uint32_t record) const {
    return nanoseconds(packer_.records_[record].time);
  }

  // The first time, then steps to the next and how often each comes in a row.
  void times(const std::vector<std::uint32_t>& members) {
    std::vector<std::uint64_t> items{offset(base_, time_of(members.front())) / unit_};
    for (std::size_t i = 1; i < members.size(); ++i) {
      const std::uint64_t step = offset(time_of(members[i - 1]), time_of(members[i])) / unit_;
      if (items.size() > 1 && items[items.size() - 2] == step)
        ++items.back();
      else
        items.insert(items.end(), {step, 1});
    }
    out_.array(items.size());
    for (const std::uint64_t item : items) out_.unsigned_integer(item);
  }

  [[nodiscard]] bool sent(std::uint32_t record, std::size_t field) const {
    return packer_.present(record, field) && kept_.cells[record * packer_.fields() + field] != 0;
  }

  void column(const std::vector<std::uint32_t>& members, std::size_t field) {
    std::size_t count = 0;
    for (const std::uint32_t record : members) count += sent(record, field) ? 1 : 0;
    if (count == members.size()) return values(members, field, count);
    const std::vector<std::uint64_t> reasons = reasons_of(members, field);
    const bool reasons_told = !layout::are_all_dropped(reasons);
    out_.map((count > 0 ? 2 : 0) + (reasons_told ? 1 : 0));
    if (count > 0) {
      out_.unsigned_integer(layout::kPresenceKey);
      presence(members, field);
      out_.unsigned_integer(layout::kValuesKey);
      values(members, field, count);
    }
    if (!reasons_told) return;
    out_.unsigned_integer(layout::kReasonsKey).array(reasons.size());
    for (const std::uint64_t run : reasons) out_.unsigned_integer(run);
  }

  void presence(const std::vector<std::uint32_t>& members, std::size_t field) {
    std::vector<bool> here;
    for (const std::uint32_t record : members) here.push_back(sent(record, field));
    if (const auto gaps = layout::gaps_of(here); layout::gaps_are_shorter(gaps, here.size())) {
      out_.array(gaps.size());
      for (const std::uint64_t gap : gaps) out_.unsigned_integer(gap);
      return;
    }
    std::vector<std::byte> bits((here.size() + 7) / 8);
    for (std::size_t i = 0; i < here.size(); ++i)
      if (here[i]) bits[i / 8] |= std::byte{0x80} >> (i % 8);
    out_.bytes(bits);
  }

  [[nodiscard]] std::vector<std::uint64_t> reasons_of(const std::vector<std::uint32_t>& members,
                                                      std::size_t field) const {
    std::vector<std::uint64_t> runs;
    for (const std::uint32_t record : members) {
      if (sent(record, field)) continue;
      const Cell& cell = packer_.cell(record, field);
      layout::add_reason(
          runs, cell.state == kPresent ? MissingReason::kDropped : static_cast<MissingReason>(cell.state));
    }
    return runs;
  }

  void values(const std::vector<std::uint32_t>& members, std::size_t field, std::size_t count) {
    out_.array(count);
    const FieldKind kind = packer_.schema_->fields[field].kind;
    std::int64_t last = 0;
    for (const std::uint32_t record : members) {
      if (!sent(record, field)) continue;
      const std::int64_t number = packer_.cell(record, field).number;
      if (packer_.grids_[field]) {
        out_.signed_integer(number - last);
        last = number;
      } else if (kind == FieldKind::kNumber) {
        out_.floating(std::bit_cast<double>(number));
      } else if (kind == FieldKind::kCategory) {
        out_.unsigned_integer(static_cast<std::uint64_t>(number));
      } else {
        const datum::Field& value = packer_.records_[record].fields[field];
        out_.text(std::get<std::string>(std::get<datum::Observed>(value).value));
      }
    }
  }

  const BatchPacker& packer_;
  const Selection& kept_;
  std::vector<std::pair<const Stream*, std::vector<std::uint32_t>>> streams_;
  std::int64_t base_ = 0;
  std::uint64_t unit_ = 1;
  CborWriter out_;
};

std::vector<std::byte> BatchPacker::pack(const Selection& kept) const {
  EXPECTS(kept.records.size() == records() && kept.cells.size() == cells_.size());
  return Writing(*this, kept).take();
}

std::vector<std::byte> BatchPacker::pack_all() const {
  return pack({std::vector<std::uint8_t>(records(), 1), std::vector<std::uint8_t>(cells_.size(), 1)});
}

}  // namespace skywarden::onboard
