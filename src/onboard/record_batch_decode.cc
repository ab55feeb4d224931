#include <algorithm>
#include <limits>
#include <numeric>
#include <optional>
#include <utility>

#include "base/text.h"
#include "onboard/record_batch.h"
#include "onboard/record_batch_layout.h"
#include "wire/cbor.h"

namespace skywarden::onboard {
namespace {

using datum::FieldKind;
using datum::FieldSpec;
using datum::Missing;
using datum::MissingReason;
using datum::Observed;
using datum::Record;
using wire::CborKind;

constexpr std::uint64_t kProvenances = 4;
constexpr std::uint64_t kInstantMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());

// Reads in order; the first failure, of the CBOR or of what it says, sticks and is looked at after each part
// that decides how much is allocated.
class BatchReader {
 public:
  BatchReader(const datum::Schema& schema, std::span<const std::byte> batch)
      : schema_(schema), in_(batch, kBatchBytesMax) {
    for (const FieldSpec& spec : schema.fields) grids_.push_back(FieldGrid::of(spec));
  }

  Result<std::vector<Record>> read() {
    if (number(in_.array()) != layout::kBatchItems) stop(Errc::kMalformed, "expected an array of 6");
    if (const std::uint64_t version = number(in_.unsigned_integer()); version != kRecordBatchVersion)
      stop(Errc::kUnsupported, "version {}, expected {}", version, kRecordBatchVersion);
    const std::string name = text();
    const std::uint64_t fingerprint = number(in_.unsigned_integer());
    if (name != schema_.name || fingerprint != schema_fingerprint(schema_))
      stop(Errc::kConflict, "of schema '{}' {:016x}, expected '{}' {:016x}", printable(name), fingerprint,
           printable(schema_.name), schema_fingerprint(schema_));
    base_ = number(in_.signed_integer());
    unit_ = number(in_.unsigned_integer());
    const std::uint64_t streams = number(in_.array());
    for (std::uint64_t i = 0; i < streams && !failed_; ++i) stream(i == 0);
    check_times();
    if (!failed_)
      if (const auto end = in_.finish(); !end) failed_ = end.error();
    if (failed_) return tl::unexpected(Error{failed_->code, "record batch: " + failed_->message});
    std::stable_sort(records_.begin(), records_.end(),
                     [](const Record& a, const Record& b) { return a.time < b.time; });
    return std::move(records_);
  }

 private:
  template <typename... Args>
  void stop(Errc code, fmt::format_string<Args...> format, Args&&... args) {
    if (!failed_) failed_ = Error{code, fmt::format(format, std::forward<Args>(args)...)};
  }
  template <typename T>
  T number(const Result<T>& read) {
    if (read) return *read;
    if (!failed_) failed_ = read.error();
    return T{};
  }
  std::string text() {
    const auto read = in_.text();
    if (!read) {
      if (!failed_) failed_ = read.error();
      return {};
    }
    if (read->size() > kBatchTextBytesMax) {
      stop(Errc::kLimitReached, "a text of {} bytes, expected at most {}", read->size(), kBatchTextBytesMax);
      return {};
    }
    return std::string(*read);
  }

  void stream(bool first) {
    if (number(in_.array()) != layout::kStreamItems) stop(Errc::kMalformed, "expected a stream of 4 items");
    const std::pair<std::string, std::uint64_t> key{text(), number(in_.unsigned_integer())};
    if (key.second >= kProvenances) stop(Errc::kOutOfRange, "provenance {}", key.second);
    if (!first && !(last_key_ < key)) stop(Errc::kMalformed, "streams out of order");
    last_key_ = key;
    const std::size_t begin = records_.size();
    times(key.first, static_cast<datum::Provenance>(key.second));
    if (number(in_.array()) != schema_.fields.size())
      stop(Errc::kMalformed, "expected {} columns", schema_.fields.size());
    for (std::size_t f = 0; f < schema_.fields.size() && !failed_; ++f) column(begin, f);
  }

  void times(const std::string& name, datum::Provenance provenance) {
    const std::uint64_t items = number(in_.array());
    if (items % 2 == 0) stop(Errc::kMalformed, "times: expected a start and pairs of step and count");
    std::uint64_t at = number(in_.unsigned_integer());
    starts_at_base_ = starts_at_base_ || at == 0;
    common_ = std::gcd(common_, at);
    add_record(name, provenance, at);
    std::optional<std::uint64_t> before;
    for (std::uint64_t i = 1; i + 1 < items && !failed_; i += 2) {
      const std::uint64_t step = number(in_.unsigned_integer());
      const std::uint64_t count = number(in_.unsigned_integer());
      if (count == 0 || before == step) stop(Errc::kMalformed, "times: runs are not joined");
      before = step;
      common_ = std::gcd(common_, step);
      for (std::uint64_t n = 0; n < count && !failed_; ++n) {
        if (step > std::numeric_limits<std::uint64_t>::max() - at)
          return stop(Errc::kOutOfRange, "a time after the year 2262");
        at += step;
        add_record(name, provenance, at);
      }
    }
  }

  // `at` in units behind the base.
  void add_record(const std::string& name, datum::Provenance provenance, std::uint64_t at) {
    if (failed_) return;
    const std::uint64_t room = kInstantMax - static_cast<std::uint64_t>(base_);  // exact for all bases
    if (unit_ == 0 || at > room / unit_) return stop(Errc::kOutOfRange, "a time after the year 2262");
    if (records_.size() >= kBatchCellsMax / std::max<std::size_t>(1, schema_.fields.size()))
      return stop(Errc::kLimitReached, "expected at most {} values", kBatchCellsMax);
    Record record;
    record.stream = name;
    record.time =
        Instant(Duration(static_cast<std::int64_t>(static_cast<std::uint64_t>(base_) + at * unit_)));
    record.fields.assign(schema_.fields.size(), Missing{MissingReason::kDropped});
    record.provenance = provenance;
    records_.push_back(std::move(record));
  }

  // One encoding: the earliest record lies at the base, and the unit is the largest there is.
  void check_times() {
    if (records_.empty()) {
      if (base_ != 0 || unit_ != 1) stop(Errc::kMalformed, "times of no records");
    } else if (!starts_at_base_ || (common_ == 0 ? unit_ != 1 : common_ != 1)) {
      stop(Errc::kMalformed, "times: base or unit is not the one there is");
    }
  }

  void column(std::size_t begin, std::size_t field) {
    const std::size_t count = records_.size() - begin;
    const auto kind = in_.peek();
    if (kind && *kind == CborKind::kArray) return values(begin, std::vector<bool>(count, true), field);
    const std::uint64_t pairs = number(in_.map());
    std::vector<bool> here(count, false);
    std::uint64_t least_key = 0;
    for (std::uint64_t i = 0; i < pairs && !failed_; ++i) {
      const std::uint64_t key = number(in_.unsigned_integer());
      if (key == layout::kPresenceKey && pairs >= 2) {
        here = presence(count);
        least_key = layout::kValuesKey;
      } else if (key == layout::kValuesKey && least_key == layout::kValuesKey) {
        values(begin, here, field);
        least_key = layout::kReasonsKey;
      } else if (key == layout::kReasonsKey && least_key != layout::kValuesKey) {
        reasons(begin, here, field);
        least_key = layout::kReasonsKey + 1;
      } else {
        stop(Errc::kMalformed, "a column's key {}", key);
      }
    }
    if (least_key == layout::kValuesKey) stop(Errc::kMalformed, "a column without its values");
  }

  // Neither none nor all, which are written otherwise, and in the shorter of two ways.
  std::vector<bool> presence(std::size_t count) {
    const auto kind = in_.peek();
    const bool as_gaps = kind && *kind == CborKind::kArray;
    std::vector<bool> here = as_gaps ? presence_by_gaps(count) : presence_by_bits(count);
    const auto present = static_cast<std::size_t>(std::count(here.begin(), here.end(), true));
    if (present == 0 || present == count) stop(Errc::kMalformed, "presence of none or of all");
    if (layout::gaps_are_shorter(layout::gaps_of(here), count) != as_gaps)
      stop(Errc::kMalformed, "presence is not in its shorter form");
    return here;
  }

  std::vector<bool> presence_by_gaps(std::size_t count) {
    std::vector<bool> here(count, false);
    const std::uint64_t items = number(in_.array());
    std::size_t at = 0;
    for (std::uint64_t i = 0; i < items && !failed_; ++i, ++at) {
      const std::uint64_t gap = number(in_.unsigned_integer());
      if (at >= count || gap >= count - at) {
        stop(Errc::kMalformed, "presence behind the last record");
        break;
      }
      at += static_cast<std::size_t>(gap);
      here[at] = true;
    }
    return here;
  }

  std::vector<bool> presence_by_bits(std::size_t count) {
    std::vector<bool> here(count, false);
    const auto bytes = number(in_.bytes());
    if (bytes.size() != (count + 7) / 8) {
      stop(Errc::kMalformed, "presence in {} bytes, expected {}", bytes.size(), (count + 7) / 8);
      return here;
    }
    for (std::size_t i = 0; i < bytes.size() * 8; ++i) {
      const bool bit = (bytes[i / 8] & (std::byte{0x80} >> (i % 8))) != std::byte{0};
      if (i < count)
        here[i] = bit;
      else if (bit)
        stop(Errc::kMalformed, "presence: bits behind the last record");
    }
    return here;
  }

  void values(std::size_t begin, const std::vector<bool>& here, std::size_t field) {
    const auto expected = static_cast<std::uint64_t>(std::count(here.begin(), here.end(), true));
    if (const std::uint64_t items = number(in_.array()); items != expected && !failed_)
      stop(Errc::kMalformed, "{} values, expected {}", items, expected);
    std::int64_t steps = 0;
    for (std::size_t i = 0; i < here.size() && !failed_; ++i)
      if (here[i]) records_[begin + i].fields[field] = Observed{value(field, steps)};
  }

  datum::Value value(std::size_t field, std::int64_t& steps) {
    const FieldSpec& spec = schema_.fields[field];
    if (grids_[field]) {
      const std::int64_t change = number(in_.signed_integer());
      constexpr std::int64_t kMost = FieldGrid::kStepsMax;
      if (change < -2 * kMost || change > 2 * kMost || steps + change < -kMost || steps + change > kMost)
        stop(Errc::kOutOfRange, "'{}': a number off its grid", printable(spec.name));
      else
        steps += change;
      return grids_[field]->to_value(steps);
    }
    if (spec.kind == FieldKind::kNumber) {
      const double exact = number(in_.floating());
      if (!(exact >= std::numeric_limits<double>::lowest() && exact <= std::numeric_limits<double>::max()))
        stop(Errc::kOutOfRange, "'{}': expected a finite number", printable(spec.name));
      return exact;
    }
    if (spec.kind == FieldKind::kCategory) {
      const std::uint64_t level = number(in_.unsigned_integer());
      if (level >= spec.levels.size())
        stop(Errc::kOutOfRange, "'{}': level {} of {}", printable(spec.name), level, spec.levels.size());
      return datum::Category{static_cast<std::uint16_t>(failed_ ? 0 : level)};
    }
    return text();
  }

  // Runs over the records where the value is missing; not written when all of them are dropped.
  void reasons(std::size_t begin, const std::vector<bool>& here, std::size_t field) {
    const std::uint64_t items = number(in_.array());
    std::vector<std::uint64_t> runs;
    std::size_t at = 0;
    for (std::uint64_t i = 0; i < items && !failed_; ++i) {
      const std::uint64_t run = number(in_.unsigned_integer());
      const std::uint64_t code = run % layout::kReasons;
      if (!runs.empty() && runs.back() % layout::kReasons == code)
        stop(Errc::kMalformed, "reasons: runs are not joined");
      runs.push_back(run);
      for (std::uint64_t left = run / layout::kReasons + 1; left > 0 && !failed_; --left) {
        while (at < here.size() && here[at]) ++at;
        if (at == here.size()) return stop(Errc::kMalformed, "reasons for more than is missing");
        records_[begin + at++].fields[field] = Missing{static_cast<MissingReason>(code)};
      }
    }
    while (at < here.size() && here[at]) ++at;
    if (at != here.size() || layout::are_all_dropped(runs))
      stop(Errc::kMalformed, "reasons for less than is missing, or none needed");
  }

  const datum::Schema& schema_;
  wire::CborReader in_;
  std::vector<std::optional<FieldGrid>> grids_;
  std::vector<Record> records_;
  std::optional<Error> failed_;
  std::pair<std::string, std::uint64_t> last_key_;
  std::int64_t base_ = 0;
  std::uint64_t unit_ = 0;
  std::uint64_t common_ = 0;  // divides every time behind the base, in units
  bool starts_at_base_ = false;
};

}  // namespace

Result<std::string> batch_schema_name(std::span<const std::byte> batch) {
  wire::CborReader in(batch, kBatchBytesMax);
  const auto items = in.array();
  const auto version = in.unsigned_integer();
  if (version && *version != kRecordBatchVersion)
    return fail(Errc::kUnsupported, "record batch: version {}, expected {}", *version, kRecordBatchVersion);
  const auto name = in.text();
  if (!name) return fail(name.error().code, "record batch: {}", name.error().message);
  if (*items != layout::kBatchItems) return fail(Errc::kMalformed, "record batch: expected an array of 6");
  return std::string(*name);
}

Result<std::vector<Record>> unpack_records(const datum::Schema& schema, std::span<const std::byte> batch) {
  return BatchReader(schema, batch).read();
}

}  // namespace skywarden::onboard
