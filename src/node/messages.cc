#include "node/messages.h"

#include <cmath>
#include <optional>

#include "wire/cbor.h"

namespace skywarden::node {
namespace {

using wire::CborReader;
using wire::CborWriter;

enum class Kind : std::uint64_t { kRaft = 1, kBatch, kBatchReceived, kReport, kReportConfirmed, kBulletin };

// ---- writing ------------------------------------------------------------------------------------

void write(CborWriter& out, Instant t) {
  out.signed_integer(t.time_since_epoch().count());
}

void write(CborWriter& out, GeoPoint p) {
  out.array(2).floating(p.lat_deg).floating(p.lon_deg);
}

void write(CborWriter& out, const std::vector<ObservationId>& ids) {
  out.array(ids.size());
  for (const ObservationId id : ids) out.unsigned_integer(id.value());
}

void write(CborWriter& out, const datum::Hotspot& h) {
  out.array(13);
  write(out, h.time);
  write(out, h.centre);
  out.floating(h.scan.value()).floating(h.track.value()).floating(h.brightness.value());
  if (h.background)
    out.floating(h.background->value());
  else
    out.null();
  if (h.radiative_power)
    out.floating(h.radiative_power->value());
  else
    out.null();
  out.floating(h.confidence.value()).boolean(h.daytime).text(h.satellite).text(h.instrument);
  out.unsigned_integer(static_cast<std::uint64_t>(h.provenance)).unsigned_integer(h.id.value());
}

void write(CborWriter& out, const datum::Reason& r) {
  out.array(6).unsigned_integer(static_cast<std::uint64_t>(r.kind)).floating(r.log_odds);
  out.text(r.source).text(r.text_en).text(r.text_zh).signed_integer(r.age.count());
}

void write(CborWriter& out, const datum::Finding& f) {
  out.array(17).unsigned_integer(f.by.value()).unsigned_integer(f.event.value());
  write(out, f.time);
  out.unsigned_integer(static_cast<std::uint64_t>(f.verdict)).floating(f.probability.value());
  out.floating(f.interval.low).floating(f.interval.high).floating(f.threshold.value());
  out.unsigned_integer(static_cast<std::uint64_t>(f.danger));
  write(out, f.centre);
  out.array(f.outline.size());
  for (const GeoPoint p : f.outline) write(out, p);
  out.floating(f.area.value()).floating(f.radiative_power.value());
  out.boolean(f.measured).boolean(f.persistent_source);
  out.array(f.reasons.size());
  for (const datum::Reason& r : f.reasons) write(out, r);
  write(out, f.observations);
}

// ---- reading: the reader keeps its first failure, so fields are read in a row and finish() is asked once
// --------

// The first limit or range that was broken; CborReader itself remembers what was malformed.
class Body {
 public:
  explicit Body(CborReader& in) : in_(in) {}

  std::uint64_t count(std::size_t most) {
    const std::uint64_t n = in_.array().value_or(0);
    if (n > most) broken_ = true;
    return broken_ ? 0 : n;
  }
  void expect_array(std::uint64_t items) {
    if (in_.array().value_or(items) != items) broken_ = true;
  }
  std::uint64_t number() { return in_.unsigned_integer().value_or(0); }
  std::int64_t signed_number() { return in_.signed_integer().value_or(0); }
  std::uint64_t below(std::uint64_t bound) {
    const std::uint64_t value = number();
    if (value >= bound) broken_ = true;
    return broken_ ? 0 : value;
  }
  bool boolean() { return in_.boolean().value_or(false); }
  double real(double low, double high) {
    const double value = in_.floating().value_or(low);
    if (!(value >= low && value <= high)) broken_ = true;  // also refuses NaN
    return broken_ ? low : value;
  }
  std::optional<double> optional_real(double low, double high) {
    const auto kind = in_.peek();
    if (kind && *kind == wire::CborKind::kNull) {
      (void)in_.null();
      return std::nullopt;
    }
    return real(low, high);
  }
  std::string text() {
    const std::string_view value = in_.text().value_or(std::string_view{});
    if (value.size() > kNodeTextBytesMax) broken_ = true;
    return broken_ ? std::string() : std::string(value);
  }
  Instant time() { return Instant(Duration(signed_number())); }
  GeoPoint point() {
    expect_array(2);
    const double lat = real(-90.0, 90.0);
    const double lon = real(-180.0, 180.0);
    return {lat, lon};
  }
  std::vector<ObservationId> observations() {
    std::vector<ObservationId> ids(count(kObservationsPerFindingMax));
    for (ObservationId& id : ids) id = ObservationId(number());
    for (std::size_t i = 1; i < ids.size(); ++i)
      if (!(ids[i - 1] < ids[i])) broken_ = true;
    return ids;
  }
  [[nodiscard]] bool broken() const { return broken_; }

 private:
  CborReader& in_;
  bool broken_ = false;
};

datum::Hotspot read_hotspot(Body& in) {
  datum::Hotspot h;
  in.expect_array(13);
  h.time = in.time();
  h.centre = in.point();
  h.scan = Metres(in.real(0.0, 1e5));
  h.track = Metres(in.real(0.0, 1e5));
  h.brightness = Kelvin(in.real(0.0, 1e5));
  if (const auto v = in.optional_real(0.0, 1e5)) h.background = Kelvin(*v);
  if (const auto v = in.optional_real(-1e15, 1e15)) h.radiative_power = Watts(*v);
  h.confidence = Probability(in.real(0.0, 1.0));
  h.daytime = in.boolean();
  h.satellite = in.text();
  h.instrument = in.text();
  h.provenance = static_cast<datum::Provenance>(in.below(4));
  (void)in.number();  // the sender's id; identity follows from what was observed
  h.id = datum::observation_id(h);
  return h;
}

datum::Reason read_reason(Body& in) {
  datum::Reason r;
  in.expect_array(6);
  r.kind = static_cast<datum::EvidenceKind>(in.below(3));
  r.log_odds = in.real(-1e3, 1e3);
  r.source = in.text();
  r.text_en = in.text();
  r.text_zh = in.text();
  r.age = Duration(in.signed_number());
  return r;
}

datum::Finding read_finding(Body& in) {
  datum::Finding f;
  in.expect_array(17);
  f.by = NodeId(static_cast<std::uint32_t>(in.below(std::uint64_t{1} << 32)));
  f.event = EventId(in.number());
  f.time = in.time();
  f.verdict = static_cast<datum::Verdict>(in.below(3));
  f.probability = Probability(in.real(0.0, 1.0));
  f.interval.low = in.real(0.0, 1.0);
  f.interval.high = in.real(0.0, 1.0);
  f.threshold = Probability(in.real(0.0, 1.0));
  f.danger = static_cast<datum::DangerClass>(in.below(5));
  f.centre = in.point();
  f.outline.resize(in.count(kOutlinePointsMax));
  for (GeoPoint& p : f.outline) p = in.point();
  f.area = SquareMetres(in.real(0.0, 1e15));
  f.radiative_power = Watts(in.real(-1e18, 1e18));
  f.measured = in.boolean();
  f.persistent_source = in.boolean();
  f.reasons.resize(in.count(kReasonsPerFindingMax));
  for (datum::Reason& r : f.reasons) r = read_reason(in);
  f.observations = in.observations();
  return f;
}

Message read_body(Body& in, std::uint64_t kind) {
  switch (static_cast<Kind>(kind)) {
    case Kind::kBatch: {
      ObservationBatch batch;
      batch.id = in.number();
      batch.hotspots.resize(in.count(kHotspotsPerBatchMax));
      for (datum::Hotspot& h : batch.hotspots) h = read_hotspot(in);
      return batch;
    }
    case Kind::kBatchReceived:
      return BatchReceived{in.number()};
    case Kind::kReport:
      return Report{read_finding(in)};
    case Kind::kReportConfirmed: {
      ReportConfirmed confirmed;
      confirmed.event = EventId(in.number());
      confirmed.time_ns = in.signed_number();
      return confirmed;
    }
    default:
      break;
  }
  Bulletin bulletin;
  bulletin.prior.probability = Probability(in.real(0.0, 1.0));
  bulletin.prior.danger = static_cast<datum::DangerClass>(in.below(5));
  bulletin.prior.as_of = in.time();
  bulletin.prior.source = in.text();
  return bulletin;
}

std::uint64_t items_of(Kind kind) {
  switch (kind) {
    case Kind::kBatch:
      return 4;
    case Kind::kBatchReceived:
    case Kind::kReport:
      return 3;
    case Kind::kReportConfirmed:
      return 4;
    case Kind::kBulletin:
      return 6;
    case Kind::kRaft:
      return 3;
  }
  return 0;
}

CborWriter& begin(CborWriter& out, Kind kind) {
  return out.array(items_of(kind))
      .unsigned_integer(kNodeMessageVersion)
      .unsigned_integer(static_cast<std::uint64_t>(kind));
}

struct Encoder {
  CborWriter out;

  void operator()(const consensus::Message& m) { begin(out, Kind::kRaft).bytes(consensus::encode(m)); }
  void operator()(const ObservationBatch& m) {
    begin(out, Kind::kBatch).unsigned_integer(m.id).array(m.hotspots.size());
    for (const datum::Hotspot& h : m.hotspots) write(out, h);
  }
  void operator()(const BatchReceived& m) { begin(out, Kind::kBatchReceived).unsigned_integer(m.id); }
  void operator()(const Report& m) {
    begin(out, Kind::kReport);
    write(out, m.finding);
  }
  void operator()(const ReportConfirmed& m) {
    begin(out, Kind::kReportConfirmed).unsigned_integer(m.event.value()).signed_integer(m.time_ns);
  }
  void operator()(const Bulletin& m) {
    begin(out, Kind::kBulletin).floating(m.prior.probability.value());
    out.unsigned_integer(static_cast<std::uint64_t>(m.prior.danger));
    write(out, m.prior.as_of);
    out.text(m.prior.source);
  }
};

}  // namespace

std::vector<std::byte> encode(const Message& message) {
  Encoder encoder;
  std::visit(encoder, message);
  return encoder.out.take();
}

Result<Message> decode(std::span<const std::byte> bytes) {
  CborReader reader(bytes, kNodeMessageBytesMax);
  const auto items = reader.array();
  if (!items) return tl::unexpected(items.error());
  const std::uint64_t version = reader.unsigned_integer().value_or(0);
  if (version != kNodeMessageVersion)
    return fail(Errc::kUnsupported, "node message: expected version {}, found {}", kNodeMessageVersion,
                version);
  const std::uint64_t kind = reader.unsigned_integer().value_or(0);
  if (kind < 1 || kind > static_cast<std::uint64_t>(Kind::kBulletin) ||
      *items != items_of(static_cast<Kind>(kind)))
    return fail(Errc::kMalformed, "node message: expected a known kind with its fields, found kind {}", kind);
  if (kind == static_cast<std::uint64_t>(Kind::kRaft)) {
    const auto inner = reader.bytes();
    if (!inner) return tl::unexpected(inner.error());
    if (const auto end = reader.finish(); !end) return tl::unexpected(end.error());
    auto raft = consensus::decode(*inner);
    if (!raft) return tl::unexpected(raft.error());
    return Message(std::move(*raft));
  }
  Body body(reader);
  Message message = read_body(body, kind);
  if (body.broken())
    return fail(Errc::kOutOfRange, "node message of kind {}: expected fields within their limits", kind);
  if (const auto end = reader.finish(); !end) return tl::unexpected(end.error());
  return message;
}

}  // namespace skywarden::node
