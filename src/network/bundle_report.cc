#include "network/bundle_report.h"

#include "network/bundle_cursor.h"
#include "wire/cbor_head.h"

namespace skywarden::network {
namespace {

using wire::append_cbor_head;
using wire::CborMajor;

constexpr std::uint64_t kStatusReportRecord = 1;
constexpr std::byte kFalse{0xF4}, kTrue{0xF5};

bool read_event(BundleCursor& in, ReportedEvent& event) {
  const std::size_t here = in.position();
  std::uint64_t items = 0;
  if (!in.array(items, "a status item")) return false;
  if (items != 1 && items != 2)
    return in.stop_at(here, Errc::kMalformed, "a status item of {} parts, expected 1 or 2", items);
  if (!in.boolean(event.asserted, "a status")) return false;
  if (items == 1) return true;
  if (!event.asserted) return in.stop_at(here, Errc::kMalformed, "the time of something that did not happen");
  return in.unsigned_integer(event.time_ms.emplace(), "the time of a status");
}

bool read_subject(BundleCursor& in, StatusReport& report) {
  EndpointView source;
  if (!in.endpoint(source, "the subject's source") || !in.array_of(2, "the subject's creation timestamp") ||
      !in.unsigned_integer(report.subject.created.time_ms, "the subject's creation time") ||
      !in.unsigned_integer(report.subject.created.sequence, "the subject's sequence number"))
    return false;
  report.subject.source = EndpointId(source);
  return !report.subject_is_fragment ||
         (in.unsigned_integer(report.subject.fragment_offset, "the subject's fragment offset") &&
          in.unsigned_integer(report.subject.fragment_bytes, "the subject's payload length"));
}

bool read_report(BundleCursor& in, StatusReport& report) {
  std::size_t here = in.position();
  std::uint64_t kind = 0, items = 0;
  if (!in.array_of(2, "the administrative record") || !in.unsigned_integer(kind, "the kind of record"))
    return false;
  if (kind != kStatusReportRecord)
    return in.stop_at(here, Errc::kUnsupported, "administrative record {}, expected 1 (status report)", kind);
  here = in.position();
  if (!in.array(items, "the status report")) return false;
  if (items != 4 && items != 6)
    return in.stop_at(here, Errc::kMalformed, "a status report of {} items, expected 4 or 6", items);
  report.subject_is_fragment = items == 6;
  if (!in.array_of(kReportEvents, "the status items")) return false;
  for (ReportedEvent& event : report.events)
    if (!read_event(in, event)) return false;
  return in.unsigned_integer(report.reason, "the reason") && read_subject(in, report) &&
         in.end("the status report");
}

std::uint64_t flag_of(ReportEvent event) {
  constexpr std::array kFlags = {bundle_flag::kReportReception, bundle_flag::kReportForwarding,
                                 bundle_flag::kReportDelivery, bundle_flag::kReportDeletion};
  return kFlags[static_cast<std::size_t>(event)];
}

}  // namespace

std::string_view reason_name(std::uint64_t reason) {
  constexpr std::array<std::string_view, 17> kNames = {"no additional information",
                                                       "lifetime expired",
                                                       "forwarded over unidirectional link",
                                                       "transmission canceled",
                                                       "depleted storage",
                                                       "destination endpoint unintelligible",
                                                       "no known route to destination",
                                                       "no timely contact with next node",
                                                       "block unintelligible",
                                                       "hop limit exceeded",
                                                       "traffic pared",
                                                       "block unsupported",
                                                       "missing security operation",
                                                       "unknown security operation",
                                                       "unexpected security operation",
                                                       "failed security operation",
                                                       "conflicting security operation"};
  return reason < kNames.size() ? kNames[static_cast<std::size_t>(reason)] : "unknown reason";
}

std::vector<std::byte> write_status_report(const StatusReport& report) {
  std::vector<std::byte> out;
  append_cbor_head(out, CborMajor::kArray, 2);
  append_cbor_head(out, CborMajor::kUnsigned, kStatusReportRecord);
  append_cbor_head(out, CborMajor::kArray, report.subject_is_fragment ? 6 : 4);
  append_cbor_head(out, CborMajor::kArray, kReportEvents);
  for (const ReportedEvent& event : report.events) {
    const bool timed = event.asserted && event.time_ms.has_value();
    append_cbor_head(out, CborMajor::kArray, timed ? 2 : 1);
    out.push_back(event.asserted ? kTrue : kFalse);
    if (timed) append_cbor_head(out, CborMajor::kUnsigned, *event.time_ms);
  }
  append_cbor_head(out, CborMajor::kUnsigned, report.reason);
  append_endpoint(out, report.subject.source.view());
  append_cbor_head(out, CborMajor::kArray, 2);
  append_cbor_head(out, CborMajor::kUnsigned, report.subject.created.time_ms);
  append_cbor_head(out, CborMajor::kUnsigned, report.subject.created.sequence);
  if (report.subject_is_fragment) {
    append_cbor_head(out, CborMajor::kUnsigned, report.subject.fragment_offset);
    append_cbor_head(out, CborMajor::kUnsigned, report.subject.fragment_bytes);
  }
  return out;
}

Result<StatusReport> read_status_report(std::span<const std::byte> payload) {
  BundleCursor in(payload);
  StatusReport report;
  if (!read_report(in, report)) return in.error();
  return report;
}

std::optional<Bundle> report_on(const BundleView& bundle, ReportEvent event, ReportReason reason,
                                const EndpointId& reporter, CreationTimestamp created) {
  const PrimaryView& subject = bundle.primary;
  const bool asked = subject.has(flag_of(event)) && !subject.report_to.is_null();
  if (!asked || subject.has(bundle_flag::kAdministrative) || subject.source.is_null()) return std::nullopt;
  StatusReport report;
  ReportedEvent& reported = report.events[static_cast<std::size_t>(event)];
  reported.asserted = true;
  if (subject.has(bundle_flag::kReportTime)) reported.time_ms = created.time_ms;
  report.reason = static_cast<std::uint64_t>(reason);
  report.subject = identity(bundle);
  report.subject_is_fragment = subject.has(bundle_flag::kFragment);
  Bundle made;
  made.primary.flags = bundle_flag::kAdministrative;
  made.primary.destination = EndpointId(subject.report_to);
  made.primary.source = reporter;
  made.primary.report_to = EndpointId();
  made.primary.created = created;
  made.primary.lifetime_ms = subject.lifetime_ms;
  made.blocks.push_back(payload_block(write_status_report(report)));
  return made;
}

}  // namespace skywarden::network
