// Bundle status reports (RFC 9171 §6.1): the administrative record by which a node tells the report-to
// endpoint what became of a bundle.
#pragma once

#include <array>
#include <optional>

#include "network/bundle.h"

namespace skywarden::network {

enum class ReportReason : std::uint8_t {  // the registry of RFC 9171 §9.5 and RFC 9172 §11.3
  kNone = 0,
  kLifetimeExpired = 1,
  kForwardedOneWay = 2,
  kTransmissionCancelled = 3,
  kDepletedStorage = 4,
  kDestinationUnintelligible = 5,
  kNoRoute = 6,
  kNoTimelyContact = 7,
  kBlockUnintelligible = 8,
  kHopLimitExceeded = 9,
  kTrafficPared = 10,
  kBlockUnsupported = 11,
  kMissingSecurity = 12,
  kUnknownSecurity = 13,
  kUnexpectedSecurity = 14,
  kFailedSecurity = 15,
  kConflictingSecurity = 16,
};
[[nodiscard]] std::string_view reason_name(std::uint64_t reason);

enum class ReportEvent : std::uint8_t { kReceived, kForwarded, kDelivered, kDeleted };
inline constexpr std::size_t kReportEvents = 4;

struct ReportedEvent {
  bool asserted = false;
  std::optional<std::uint64_t> time_ms;  // DTN time, where the bundle asked for it
  friend bool operator==(const ReportedEvent&, const ReportedEvent&) = default;
};

struct StatusReport {
  std::array<ReportedEvent, kReportEvents> events{};  // by ReportEvent
  std::uint64_t reason = 0;                           // a ReportReason, or one that is not known here
  BundleId subject;
  bool subject_is_fragment = false;
  friend bool operator==(const StatusReport&, const StatusReport&) = default;
};

[[nodiscard]] std::vector<std::byte> write_status_report(const StatusReport& report);
// The payload of an administrative bundle. kUnsupported for another kind of record; kMalformed names the byte
// of the record.
[[nodiscard]] Result<StatusReport> read_status_report(std::span<const std::byte> payload);

// The report that `event` calls for, as a bundle from `reporter`; nothing where the bundle did not ask, or is
// administrative itself or without source.
[[nodiscard]] std::optional<Bundle> report_on(const BundleView& bundle, ReportEvent event,
                                              ReportReason reason, const EndpointId& reporter,
                                              CreationTimestamp created);

}  // namespace skywarden::network
