#include "wildfire/proposal_codec.h"

#include <algorithm>
#include <limits>

#include "base/contract.h"
#include "base/text.h"
#include "wire/cbor.h"

namespace skywarden::wildfire {
namespace {

using datum::FixedPoint;
using datum::Proposal;
using datum::ProposalReason;
using wire::CborReader;
using wire::CborWriter;

constexpr std::uint64_t kVersion = 1;
constexpr std::uint64_t kItems = 17, kReasonItems = 6;
constexpr std::uint64_t kAlertVersion = 1, kAlertItems = 6;
constexpr std::int32_t kLatMax = 900'000'000, kLonMax = 1'800'000'000;

bool on_earth(FixedPoint p) {
  return p.lat >= -kLatMax && p.lat <= kLatMax && p.lon >= -kLonMax && p.lon <= kLonMax;
}

template <typename T>
bool ascending(const std::vector<T>& items) {
  return std::adjacent_find(items.begin(), items.end(), [](T a, T b) { return a >= b; }) == items.end();
}

bool is_text(const std::string& text, std::size_t bytes_max) {
  return text.size() <= bytes_max && is_valid_utf8(text);
}

Result<void> check_reason(const ProposalReason& r) {
  if (r.kind > datum::EvidenceKind::kModelled || r.age_ms < 0)
    return fail(Errc::kOutOfRange, "proposal: reason's kind or age");
  if (!is_text(r.source, kProposalSourceBytesMax) || !is_text(r.text_en, kProposalTextBytesMax) ||
      !is_text(r.text_zh, kProposalTextBytesMax))
    return fail(Errc::kLimitReached, "proposal: reason's text too long or not UTF-8");
  return {};
}

// Reads in order; the reader's first failure sticks and is looked at once, at the end.
class Fields {
 public:
  explicit Fields(CborReader& reader) : reader_(reader) {}

  template <typename T>
  T unsigned_up_to(std::uint64_t max) {
    const auto value = reader_.unsigned_integer();
    return static_cast<T>(value ? within(*value, max) : 0);
  }
  template <typename T>
  T signed_number() {
    const auto value = reader_.signed_integer();
    if (!value) return 0;
    if (*value < std::numeric_limits<T>::min() || *value > std::numeric_limits<T>::max()) in_range_ = false;
    return in_range_ ? static_cast<T>(*value) : T{0};
  }
  std::string text() {
    const auto value = reader_.text();
    return value ? std::string(*value) : std::string();
  }
  std::size_t array_up_to(std::size_t max) {
    const auto items = reader_.array();
    return items ? static_cast<std::size_t>(within(*items, max)) : 0;
  }
  void array_of(std::uint64_t items) {
    if (const auto got = reader_.array(); got && *got != items) in_range_ = false;
  }
  FixedPoint point() {
    const auto lat = signed_number<std::int32_t>();
    const auto lon = signed_number<std::int32_t>();
    return {lat, lon};
  }
  [[nodiscard]] bool in_range() const { return in_range_; }

 private:
  std::uint64_t within(std::uint64_t value, std::uint64_t max) {
    if (value <= max) return value;
    in_range_ = false;
    return 0;
  }
  CborReader& reader_;
  bool in_range_ = true;
};

constexpr std::uint64_t kAny = std::numeric_limits<std::uint64_t>::max();

ProposalReason read_reason(Fields& fields) {
  ProposalReason r;
  fields.array_of(kReasonItems);
  r.kind = static_cast<datum::EvidenceKind>(fields.unsigned_up_to<std::uint8_t>(2));
  r.log_odds_milli = fields.signed_number<std::int32_t>();
  r.age_ms = fields.signed_number<std::int64_t>();
  r.source = fields.text();
  r.text_en = fields.text();
  r.text_zh = fields.text();
  return r;
}

Proposal read_proposal(Fields& fields) {
  Proposal p;
  fields.array_of(kItems);
  if (fields.unsigned_up_to<std::uint64_t>(kAny) != kVersion) fields.unsigned_up_to<std::uint64_t>(0);
  p.event = EventId(fields.unsigned_up_to<std::uint64_t>(kAny));
  p.sequence = fields.unsigned_up_to<std::uint32_t>(std::numeric_limits<std::uint32_t>::max());
  p.kind = static_cast<datum::ProposalKind>(fields.unsigned_up_to<std::uint8_t>(2));
  p.time_ns = fields.signed_number<std::int64_t>();
  for (std::uint32_t* ppm : {&p.probability_ppm, &p.low_ppm, &p.high_ppm, &p.threshold_ppm})
    *ppm = fields.unsigned_up_to<std::uint32_t>(consensus::kPpm);
  p.area_m2 = fields.unsigned_up_to<std::uint64_t>(kAny);
  p.power_w = fields.unsigned_up_to<std::uint64_t>(kAny);
  p.danger = fields.unsigned_up_to<std::uint8_t>(4);
  fields.array_of(2);
  p.centre = fields.point();
  const std::size_t coordinates = fields.array_up_to(2 * kProposalOutlineMax);
  for (std::size_t i = 0; i + 1 < coordinates; i += 2) p.outline.push_back(fields.point());
  for (std::size_t n = fields.array_up_to(kProposalReasonsMax); n > 0 && fields.in_range(); --n)
    p.reasons.push_back(read_reason(fields));
  for (std::size_t n = fields.array_up_to(kProposalObservationsMax); n > 0; --n)
    p.observations.emplace_back(fields.unsigned_up_to<std::uint64_t>(kAny));
  for (std::size_t n = fields.array_up_to(kProposalMergedMax); n > 0; --n)
    p.merged.emplace_back(fields.unsigned_up_to<std::uint32_t>(std::numeric_limits<std::uint32_t>::max()));
  return p;
}

void write_reason(CborWriter& out, const ProposalReason& r) {
  out.array(kReasonItems)
      .unsigned_integer(static_cast<std::uint64_t>(r.kind))
      .signed_integer(r.log_odds_milli)
      .signed_integer(r.age_ms)
      .text(r.source)
      .text(r.text_en)
      .text(r.text_zh);
}

}  // namespace

Result<void> validate(const Proposal& p) {
  if (p.kind > datum::ProposalKind::kCancel || p.danger > 4)
    return fail(Errc::kOutOfRange, "proposal: kind or danger");
  if (p.high_ppm > consensus::kPpm || p.threshold_ppm > consensus::kPpm || p.low_ppm > p.probability_ppm ||
      p.probability_ppm > p.high_ppm)
    return fail(Errc::kOutOfRange, "proposal: expected low <= probability <= high <= 1");
  if (!on_earth(p.centre) || !std::all_of(p.outline.begin(), p.outline.end(), on_earth))
    return fail(Errc::kOutOfRange, "proposal: a place that is not on the Earth");
  if (!p.outline.empty() && (p.outline.size() < 4 || !(p.outline.front() == p.outline.back())))
    return fail(Errc::kOutOfRange, "proposal: expected a closed ring of at least four points");
  if (p.outline.size() > kProposalOutlineMax || p.reasons.size() > kProposalReasonsMax ||
      p.observations.size() > kProposalObservationsMax || p.merged.size() > kProposalMergedMax)
    return fail(Errc::kLimitReached, "proposal: too many points, reasons, observations or nodes");
  if (!ascending(p.observations) || !ascending(p.merged))
    return fail(Errc::kOutOfRange, "proposal: expected observations and nodes ascending, none twice");
  for (const ProposalReason& r : p.reasons)
    if (auto checked = check_reason(r); !checked) return checked;
  return {};
}

std::vector<std::byte> encode(const Proposal& p) {
  EXPECTS(validate(p).has_value());
  CborWriter out;
  out.array(kItems).unsigned_integer(kVersion).unsigned_integer(p.event.value()).unsigned_integer(p.sequence);
  out.unsigned_integer(static_cast<std::uint64_t>(p.kind)).signed_integer(p.time_ns);
  for (const std::uint32_t ppm : {p.probability_ppm, p.low_ppm, p.high_ppm, p.threshold_ppm})
    out.unsigned_integer(ppm);
  out.unsigned_integer(p.area_m2).unsigned_integer(p.power_w).unsigned_integer(p.danger);
  out.array(2).signed_integer(p.centre.lat).signed_integer(p.centre.lon);
  out.array(2 * p.outline.size());
  for (const FixedPoint point : p.outline) out.signed_integer(point.lat).signed_integer(point.lon);
  out.array(p.reasons.size());
  for (const ProposalReason& r : p.reasons) write_reason(out, r);
  out.array(p.observations.size());
  for (const ObservationId id : p.observations) out.unsigned_integer(id.value());
  out.array(p.merged.size());
  for (const NodeId node : p.merged) out.unsigned_integer(node.value());
  return out.take();
}

Result<Proposal> decode_proposal(std::span<const std::byte> bytes) {
  CborReader reader(bytes, kProposalBytesMax);
  Fields fields(reader);
  Proposal proposal = read_proposal(fields);
  if (!fields.in_range()) return fail(Errc::kOutOfRange, "proposal: a number or count outside its range");
  if (const auto finished = reader.finish(); !finished) return tl::unexpected(finished.error());
  if (const auto checked = validate(proposal); !checked) return tl::unexpected(checked.error());
  return proposal;
}

std::vector<std::byte> encode(const datum::Alert& alert) {
  CborWriter out;
  out.array(kAlertItems).unsigned_integer(kAlertVersion).unsigned_integer(alert.index.value());
  out.unsigned_integer(alert.term.value()).unsigned_integer(alert.shares_for);
  return out.unsigned_integer(alert.shares_total).bytes(encode(alert.proposal)).take();
}

Result<datum::Alert> decode_alert(std::span<const std::byte> bytes) {
  CborReader in(bytes, kAlertBytesMax);
  const std::uint64_t items = in.array().value_or(kAlertItems);
  const std::uint64_t version = in.unsigned_integer().value_or(kAlertVersion);
  datum::Alert alert;
  alert.index = LogIndex(in.unsigned_integer().value_or(0));
  alert.term = Term(in.unsigned_integer().value_or(0));
  alert.shares_for = in.unsigned_integer().value_or(0);
  alert.shares_total = in.unsigned_integer().value_or(0);
  const auto proposal_bytes = in.bytes().value_or(std::span<const std::byte>{});
  if (version != kAlertVersion)
    return fail(Errc::kUnsupported, "alert of version {}, this build knows {}", version, kAlertVersion);
  if (const auto finished = in.finish(); !finished) return tl::unexpected(finished.error());
  if (items != kAlertItems || alert.shares_for > alert.shares_total)
    return fail(Errc::kMalformed, "alert with {} items, {} of {} shares", items, alert.shares_for,
                alert.shares_total);
  auto proposal = decode_proposal(proposal_bytes);
  if (!proposal) return tl::unexpected(proposal.error());
  alert.proposal = std::move(*proposal);
  return alert;
}

}  // namespace skywarden::wildfire
