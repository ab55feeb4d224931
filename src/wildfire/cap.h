// Alerts as messages of the Common Alerting Protocol, OASIS CAP-V1.2: English and Chinese `info` blocks,
// closed polygons on WGS 84, chains of Update and Cancel.
//
// Status is Exercise. Actual needs a PublicAuthority, which only explicit configuration grants, and is
// refused while anything in the message is simulated, reconstructed or a what-if. Urgency, severity and
// certainty follow alert_level.h; the words follow alert_text.h. It sends nothing.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "datum/alert.h"
#include "datum/provenance.h"
#include "wildfire/alert_text.h"

namespace skywarden::wildfire {

// What a part of the message rests on, told in its note: {kReconstructed, "wind and humidity from 05 UTC"}.
struct ProvenanceNote {
  datum::Provenance provenance = datum::Provenance::kObserved;
  std::string what_en, what_zh;
};

struct CapContext {
  std::string sender = "skywarden.exercise";  // no white space, comma, < or & (CAP §3.2.1)
  std::string sender_name = "Skywarden";
  std::string incident;  // white space, commas and quotes become underscores; empty: none
  std::string web;       // an address people may read more at; empty: none
  std::string contact;   // empty: none
  std::vector<Place> places;
  std::vector<ProvenanceNote> provenance;
  std::optional<int> utc_offset_min = {};      // local time of the place
  Duration valid_for = std::chrono::hours(6);  // alerts and updates
  Duration cancel_valid_for = std::chrono::hours(1);
};

// The right to speak to the public. There is one way to get it: the operator's own words.
class PublicAuthority {
 public:
  static constexpr std::string_view kConfirmation = "I am authorised to warn the public";
  // kConflict unless `public_alerts` is set and `confirmation` is the sentence above, to the letter;
  // kOutOfRange for a sender that CAP does not allow or that is the exercise's.
  [[nodiscard]] static Result<PublicAuthority> grant(bool public_alerts, std::string sender,
                                                     std::string_view confirmation);
  [[nodiscard]] const std::string& sender() const { return sender_; }

 private:
  explicit PublicAuthority(std::string sender) : sender_(std::move(sender)) {}
  std::string sender_;
};

inline constexpr std::size_t kCapPolygonPointsMax = 100;
inline constexpr std::size_t kCapReferencesMax = 64;  // the newest, and the one that opened the chain

// `earlier` are the committed alerts of the same event, in any order; others are left out. An update or
// cancel refers to all messages since its chain was opened. kNotFound when the chain's messages are missing;
// kOutOfRange for a sender or time that CAP cannot carry.
[[nodiscard]] Result<std::string> to_cap(const datum::Alert& alert, std::span<const datum::Alert> earlier,
                                         const CapContext& context);
// As above with status Actual, in the authority's name. kConflict when any provenance is not observed.
[[nodiscard]] Result<std::string> to_public_cap(const datum::Alert& alert,
                                                std::span<const datum::Alert> earlier,
                                                const CapContext& context, const PublicAuthority& authority);

// "skywarden-exercise-00000000000000ab-3"
[[nodiscard]] std::string cap_identifier(const datum::Proposal& proposal, bool exercise = true);
// "2017-10-09T10:15:00-00:00": CAP wants a numeric zone, and -00:00 for UTC. A leap second reads as :59.
[[nodiscard]] std::string cap_time(Instant t);

}  // namespace skywarden::wildfire
