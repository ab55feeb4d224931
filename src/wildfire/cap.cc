#include "wildfire/cap.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <optional>

#include "wildfire/alert_area.h"
#include "wildfire/alert_level.h"
#include "wildfire/cap_xml.h"

namespace skywarden::wildfire {
namespace {

using datum::Alert;
using datum::Proposal;
using datum::ProposalKind;
using datum::Provenance;

constexpr std::string_view kExerciseSender = "skywarden.exercise";
constexpr std::string_view kForbidden = " \t\r\n,<&";  // in senders and identifiers

enum class Status { kExercise, kActual };

bool is_sender(std::string_view sender) {
  return !sender.empty() && sender.size() <= 200 &&
         sender.find_first_of(kForbidden) == std::string_view::npos;
}

Instant time_of(const Proposal& p) {
  return Instant(Duration(p.time_ns));
}

std::string_view message_type(ProposalKind kind) {
  switch (kind) {
    case ProposalKind::kAlert:
      return "Alert";
    case ProposalKind::kUpdate:
      return "Update";
    case ProposalKind::kCancel:
      break;
  }
  return "Cancel";
}

// The messages that `alert` follows, since its chain was opened, oldest first.
std::vector<const Proposal*> chain_before(const Alert& alert, std::span<const Alert> earlier) {
  std::vector<const Proposal*> chain;
  for (const Alert& e : earlier)
    if (e.proposal.event == alert.proposal.event && e.proposal.sequence < alert.proposal.sequence)
      chain.push_back(&e.proposal);
  std::sort(chain.begin(), chain.end(),
            [](const Proposal* a, const Proposal* b) { return a->sequence < b->sequence; });
  chain.erase(std::unique(chain.begin(), chain.end(),
                          [](const Proposal* a, const Proposal* b) { return a->sequence == b->sequence; }),
              chain.end());
  const auto opening = std::find_if(chain.rbegin(), chain.rend(),
                                    [](const Proposal* p) { return p->kind == ProposalKind::kAlert; });
  chain.erase(chain.begin(), opening == chain.rend() ? chain.end() : opening.base() - 1);
  return chain;
}

std::string references(const std::vector<const Proposal*>& chain, const std::string& sender, Status status) {
  std::string out;
  for (std::size_t i = 0; i < chain.size(); ++i) {
    const bool kept = i == 0 || chain.size() - i < kCapReferencesMax;
    if (!kept) continue;
    if (!out.empty()) out += ' ';
    out += fmt::format("{},{},{}", sender, cap_identifier(*chain[i], status == Status::kExercise),
                       cap_time(time_of(*chain[i])));
  }
  return out;
}

// CAP §3.2.1: names in <incidents> are separated by white space and quoted if they contain any.
std::string incident_name(std::string name) {
  for (char& c : name)
    if (kForbidden.find(c) != std::string_view::npos || c == '"' || c == '>') c = '_';
  return name;
}

std::string exercise_note(const CapContext& context) {
  std::string en = "EXERCISE. This message belongs to an exercise or a replay and calls for no action.";
  std::string zh = "【演练】本信息属于演练或回放，无需采取任何行动。";
  for (const ProvenanceNote& note : context.provenance) {
    std::string_view label = "观测";
    if (note.provenance == Provenance::kReconstructed) label = "重建";
    if (note.provenance == Provenance::kSimulated) label = "模拟";
    if (note.provenance == Provenance::kWhatIf) label = "假设";
    std::string name(datum::to_string(note.provenance));
    name[0] = static_cast<char>(name[0] - 'a' + 'A');
    en += fmt::format(" {}: {}.", name, note.what_en);
    zh += fmt::format("{}：{}。", label, note.what_zh.empty() ? note.what_en : note.what_zh);
  }
  return en + " " + zh;
}

void write_responses(XmlWriter& xml, Urgency urgency) {
  switch (urgency) {
    case Urgency::kImmediate:
      xml.element("responseType", "Prepare");
      xml.element("responseType", "Avoid");
      return;
    case Urgency::kExpected:
      xml.element("responseType", "Prepare");
      return;
    case Urgency::kFuture:
      xml.element("responseType", "Monitor");
      return;
    case Urgency::kPast:
      break;
  }
  xml.element("responseType", "AllClear");
}

void write_parameter(XmlWriter& xml, std::string_view name, const std::string& value) {
  xml.open("parameter");
  xml.element("valueName", name);
  xml.element("value", value);
  xml.close();
}

std::string as_probability(std::uint32_t ppm) {
  return fmt::format("{:.6f}", ppm / 1e6);
}

void write_parameters(XmlWriter& xml, const Alert& alert, const CapContext& context) {
  const Proposal& p = alert.proposal;
  write_parameter(xml, "event", fmt::format("{:016x}", p.event.value()));
  write_parameter(xml, "sequence", std::to_string(p.sequence));
  write_parameter(xml, "probability", as_probability(p.probability_ppm));
  write_parameter(xml, "probability_low_90", as_probability(p.low_ppm));
  write_parameter(xml, "probability_high_90", as_probability(p.high_ppm));
  write_parameter(xml, "threshold", as_probability(p.threshold_ppm));
  write_parameter(xml, "danger_class",
                  std::string(reasoning::danger_word(static_cast<datum::DangerClass>(p.danger),
                                                     reasoning::Language::kEnglish)));
  write_parameter(xml, "area_ha", fmt::format("{:.2f}", static_cast<double>(p.area_m2) / 1e4));
  write_parameter(xml, "radiative_power_mw", fmt::format("{:.3f}", static_cast<double>(p.power_w) / 1e6));
  write_parameter(xml, "observations", std::to_string(p.observations.size()));
  write_parameter(xml, "findings_merged", std::to_string(p.merged.size()));
  write_parameter(xml, "shares_for", std::to_string(alert.shares_for));
  write_parameter(xml, "shares_total", std::to_string(alert.shares_total));
  write_parameter(xml, "log_index", std::to_string(alert.index.value()));
  write_parameter(xml, "log_term", std::to_string(alert.term.value()));
  std::vector<Provenance> told;
  for (const ProvenanceNote& note : context.provenance) {
    if (std::find(told.begin(), told.end(), note.provenance) != told.end()) continue;
    told.push_back(note.provenance);
    write_parameter(xml, "provenance", std::string(datum::to_string(note.provenance)));
  }
}

void write_area(XmlWriter& xml, const Proposal& p, const std::string& description) {
  xml.open("area");
  xml.element("areaDesc", description);
  for (const datum::Ring& ring : area_rings(p)) {
    std::string polygon;
    for (const GeoPoint point : simplified(ring, kCapPolygonPointsMax))
      polygon += fmt::format("{}{:.5f},{:.5f}", polygon.empty() ? "" : " ", point.lat_deg, point.lon_deg);
    xml.element("polygon", polygon);
  }
  if (p.outline.empty()) {  // then the polygon stands for a circle
    const double radius_km =
        std::max(0.5, std::sqrt(static_cast<double>(p.area_m2) / std::numbers::pi) / 1e3);
    const GeoPoint c = to_geo(p.centre);
    xml.element("circle", fmt::format("{:.5f},{:.5f} {:.3f}", c.lat_deg, c.lon_deg, radius_km));
  }
  xml.close();
}

void write_info(XmlWriter& xml, const Alert& alert, const CapContext& context, Status status,
                reasoning::Language language, Instant onset) {
  const Proposal& p = alert.proposal;
  const AlertText text =
      text_of(alert, context.places, language,
              {.exercise = status == Status::kExercise, .utc_offset_min = context.utc_offset_min});
  const AlertLevel level = level_of(p);
  const Duration valid = p.kind == ProposalKind::kCancel ? context.cancel_valid_for : context.valid_for;
  xml.open("info");
  xml.element("language", language == reasoning::Language::kEnglish ? "en-US" : "zh-CN");
  xml.element("category", "Fire");
  xml.element("event", text.event);
  write_responses(xml, level.urgency);
  xml.element("urgency", cap_word(level.urgency));
  xml.element("severity", cap_word(level.severity));
  xml.element("certainty", cap_word(level.certainty));
  xml.element("effective", cap_time(time_of(p)));
  xml.element("onset", cap_time(onset));
  xml.element("expires", cap_time(time_of(p) + valid));
  xml.element("senderName", context.sender_name);
  xml.element("headline", text.headline);
  xml.element("description", text.description);
  xml.element("instruction", text.instruction);
  if (!context.web.empty()) xml.element("web", context.web);
  if (!context.contact.empty()) xml.element("contact", context.contact);
  write_parameters(xml, alert, context);
  write_area(xml, p, text.area);
  xml.close();
}

Result<void> check(const Alert& alert, const std::vector<const Proposal*>& chain, const CapContext& context,
                   const std::string& sender) {
  if (!is_sender(sender))
    return fail(Errc::kOutOfRange, "cap: sender '{}': expected no white space, comma, < or &", sender);
  const Proposal& p = alert.proposal;
  if (context.valid_for <= Duration::zero() || context.cancel_valid_for <= Duration::zero())
    return fail(Errc::kOutOfRange, "cap: expected messages to be valid for some time");
  if (const int year = to_civil(time_of(p)).year; year < 1900 || year > 2200)
    return fail(Errc::kOutOfRange, "cap: a message of the year {}", year);
  if (p.kind != ProposalKind::kAlert && chain.empty())
    return fail(Errc::kNotFound, "cap: {} {} needs the messages it refers to", message_type(p.kind),
                cap_identifier(p));
  return {};
}

Result<std::string> write_message(const Alert& alert, std::span<const Alert> earlier,
                                  const CapContext& context, Status status, const std::string& sender) {
  const Proposal& p = alert.proposal;
  const std::vector<const Proposal*> chain =
      p.kind == ProposalKind::kAlert ? std::vector<const Proposal*>{} : chain_before(alert, earlier);
  if (const auto checked = check(alert, chain, context, sender); !checked)
    return tl::unexpected(checked.error());
  const bool exercise = status == Status::kExercise;
  XmlWriter xml;
  xml.open("alert", "xmlns=\"urn:oasis:names:tc:emergency:cap:1.2\"");
  xml.element("identifier", cap_identifier(p, exercise));
  xml.element("sender", sender);
  xml.element("sent", cap_time(time_of(p)));
  xml.element("status", exercise ? "Exercise" : "Actual");
  xml.element("msgType", message_type(p.kind));
  xml.element("scope", exercise ? "Restricted" : "Public");
  if (exercise) {
    xml.element("restriction", "Participants of the exercise");
    xml.element("note", exercise_note(context));
  }
  if (!chain.empty()) xml.element("references", references(chain, sender, status));
  if (!context.incident.empty()) xml.element("incidents", incident_name(context.incident));
  const Instant onset = time_of(chain.empty() ? p : *chain.front());
  for (const auto language : {reasoning::Language::kEnglish, reasoning::Language::kChinese})
    write_info(xml, alert, context, status, language, onset);
  xml.close();
  return xml.take();
}

}  // namespace

Result<PublicAuthority> PublicAuthority::grant(bool public_alerts, std::string sender,
                                               std::string_view confirmation) {
  if (!public_alerts) return fail(Errc::kConflict, "public alerts are not switched on");
  if (confirmation != kConfirmation)
    return fail(Errc::kConflict, "public alerts: expected the confirmation '{}'", kConfirmation);
  if (!is_sender(sender) || sender.starts_with(kExerciseSender))
    return fail(Errc::kOutOfRange, "public alerts: '{}' cannot be a sender", sender);
  return PublicAuthority(std::move(sender));
}

Result<std::string> to_cap(const Alert& alert, std::span<const Alert> earlier, const CapContext& context) {
  return write_message(alert, earlier, context, Status::kExercise, context.sender);
}

Result<std::string> to_public_cap(const Alert& alert, std::span<const Alert> earlier,
                                  const CapContext& context, const PublicAuthority& authority) {
  for (const ProvenanceNote& note : context.provenance)
    if (note.provenance != Provenance::kObserved)
      return fail(Errc::kConflict, "cap: nothing {} may be told as actual: {}",
                  datum::to_string(note.provenance), note.what_en);
  return write_message(alert, earlier, context, Status::kActual, authority.sender());
}

std::string cap_identifier(const Proposal& proposal, bool exercise) {
  return fmt::format("skywarden-{}{:016x}-{}", exercise ? "exercise-" : "", proposal.event.value(),
                     proposal.sequence);
}

std::string cap_time(Instant t) {
  const CivilTime c = to_civil(t);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}-00:00", c.year, c.month, c.day, c.hour, c.minute,
                     std::min(c.second, 59));
}

}  // namespace skywarden::wildfire
