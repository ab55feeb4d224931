#include "bundle_json.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "base/text.h"
#include "network/bpsec_block.h"
#include "network/bundle_report.h"

namespace skywarden::app {
namespace {

using network::Block;
using network::BlockView;
using network::BundleView;
using network::CrcType;
using network::EndpointId;
using network::EndpointView;
using Json = nlohmann::ordered_json;

struct FlagName {
  std::uint64_t flag;
  const char* name;
};
constexpr std::array kBundleFlags = {FlagName{network::bundle_flag::kFragment, "fragment"},
                                     FlagName{network::bundle_flag::kAdministrative, "administrative"},
                                     FlagName{network::bundle_flag::kMustNotFragment, "must_not_fragment"},
                                     FlagName{network::bundle_flag::kAcknowledge, "acknowledge"},
                                     FlagName{network::bundle_flag::kReportTime, "report_time"},
                                     FlagName{network::bundle_flag::kReportReception, "report_reception"},
                                     FlagName{network::bundle_flag::kReportForwarding, "report_forwarding"},
                                     FlagName{network::bundle_flag::kReportDelivery, "report_delivery"},
                                     FlagName{network::bundle_flag::kReportDeletion, "report_deletion"}};
constexpr std::array kBlockFlags = {FlagName{network::block_flag::kReplicate, "replicate"},
                                    FlagName{network::block_flag::kReportIfUnknown, "report_if_unknown"},
                                    FlagName{network::block_flag::kDeleteIfUnknown, "delete_if_unknown"},
                                    FlagName{network::block_flag::kDiscardIfUnknown, "discard_if_unknown"}};
constexpr std::array<const char*, 3> kCrcNames = {"none", "crc16", "crc32c"};

template <std::size_t N>
Json names_of(std::uint64_t flags, const std::array<FlagName, N>& names) {
  Json out = Json::array();
  for (const FlagName& each : names)
    if ((flags & each.flag) != 0) out.push_back(each.name);
  return out;
}

Json time_json(std::uint64_t dtn_ms) {
  const auto t = dtn_ms == 0 ? std::nullopt : network::from_dtn_time(dtn_ms);
  return t ? Json(format_utc(*t, 3)) : Json(nullptr);
}

Json primary_json(const network::PrimaryView& primary) {
  Json out;
  out["version"] = network::kBundleVersion;
  out["flags"] = primary.flags;
  out["flag_names"] = names_of(primary.flags, kBundleFlags);
  out["crc"] = kCrcNames[static_cast<std::size_t>(primary.crc)];
  Json long_forms = Json::array();
  const auto endpoint = [&](const char* name, const EndpointView& view) {
    out[name] = to_string(view);
    if (view.three_elements) long_forms.push_back(name);
  };
  endpoint("destination", primary.destination);
  endpoint("source", primary.source);
  endpoint("report_to", primary.report_to);
  if (!long_forms.empty()) out["three_element_endpoints"] = long_forms;
  out["created"] = {{"dtn_time_ms", primary.created.time_ms},
                    {"utc", time_json(primary.created.time_ms)},
                    {"sequence", primary.created.sequence}};
  out["lifetime_ms"] = primary.lifetime_ms;
  if (primary.has(network::bundle_flag::kFragment))
    out["fragment"] = {{"offset", primary.fragment_offset}, {"total_bytes", primary.total_bytes}};
  return out;
}

Json security_json(const BlockView& block) {
  const auto security = network::read_security_block(block);
  if (!security) return {{"problem", security.error().message}};
  Json out;
  out["targets"] = Json::array();
  for (const std::uint64_t target : security->targets) out["targets"].push_back(target);
  out["context"] = security->context;
  out["source"] = to_string(security->source);
  out["parameters"] = Json::array();
  for (const auto& value : security->parameters)
    out["parameters"].push_back({{"id", value.id}, {"cbor", to_hex(value.encoded)}});
  out["results"] = Json::array();
  for (const auto& result : security->results)
    out["results"].push_back({{"target", security->targets[result.target]},
                              {"id", result.value.id},
                              {"cbor", to_hex(result.value.encoded)}});
  return out;
}

Json report_json(std::span<const std::byte> payload) {
  const auto report = network::read_status_report(payload);
  if (!report) return {{"problem", report.error().message}};
  constexpr std::array<const char*, network::kReportEvents> kEvents = {"received", "forwarded", "delivered",
                                                                       "deleted"};
  Json out;
  for (std::size_t i = 0; i < kEvents.size(); ++i) {
    if (!report->events[i].asserted) continue;
    const auto& time = report->events[i].time_ms;
    out[kEvents[i]] = time ? time_json(*time) : Json(true);
  }
  out["reason"] = report->reason;
  out["reason_name"] = network::reason_name(report->reason);
  out["subject"] = {{"source", to_string(report->subject.source)},
                    {"dtn_time_ms", report->subject.created.time_ms},
                    {"sequence", report->subject.created.sequence}};
  return out;
}

void add_content(Json& out, const BlockView& block, const BundleView& bundle) {
  if (block.encrypted) return;
  if (network::is_security_type(block.type)) {
    out["security"] = security_json(block);
  } else if (block.type == network::block_type::kPreviousNode && bundle.previous_node) {
    out["node"] = to_string(*bundle.previous_node);
  } else if (block.type == network::block_type::kBundleAge && bundle.age_ms) {
    out["age_ms"] = *bundle.age_ms;
  } else if (block.type == network::block_type::kHopCount && bundle.hops) {
    out["hops"] = {{"limit", bundle.hops->limit}, {"count", bundle.hops->count}};
  } else if (block.type == network::block_type::kCriticality && bundle.criticality) {
    out["criticality"] = network::criticality_name(*bundle.criticality);
  } else if (block.type == network::block_type::kPayload &&
             bundle.primary.has(network::bundle_flag::kAdministrative)) {
    out["status_report"] = report_json(block.data);
  }
}

Json block_json(const BlockView& block, const BundleView& bundle) {
  Json out;
  out["type"] = block.type;
  out["name"] = network::block_type_name(block.type);
  out["number"] = block.number;
  out["flags"] = block.flags;
  out["flag_names"] = names_of(block.flags, kBlockFlags);
  out["crc"] = kCrcNames[static_cast<std::size_t>(block.crc)];
  out["byte"] = block.offset;
  out["data_bytes"] = block.data.size();
  if (block.encrypted) out["encrypted"] = true;
  add_content(out, block, bundle);
  out["data"] = to_hex(block.data);
  return out;
}

// ---- reading

// Keys of one object, with the first fault kept.
class Reading {
 public:
  Reading(const nlohmann::json& object, std::string place, std::optional<Error>& fault)
      : object_(object), place_(std::move(place)), fault_(fault) {}

  std::uint64_t number(const char* key, std::optional<std::uint64_t> absent = std::nullopt) {
    const auto* value = find(key, absent.has_value());
    if (value == nullptr) return absent.value_or(0);
    if (!value->is_number_unsigned()) stop(key, "expected a whole number of 0 or more");
    return value->is_number_unsigned() ? value->get<std::uint64_t>() : 0;
  }
  std::string text(const char* key, const char* absent = nullptr) {
    const auto* value = find(key, absent != nullptr);
    if (value == nullptr) return absent != nullptr ? absent : "";
    if (!value->is_string()) stop(key, "expected a text");
    return value->is_string() ? value->get<std::string>() : "";
  }
  CrcType crc(const char* key) {
    const std::string name = text(key, "crc32c");
    const auto* found = std::find(kCrcNames.begin(), kCrcNames.end(), name);
    if (found == kCrcNames.end()) stop(key, "expected none, crc16 or crc32c");
    return found == kCrcNames.end() ? CrcType::kNone : static_cast<CrcType>(found - kCrcNames.begin());
  }
  EndpointId endpoint(const char* key, const char* absent = nullptr) {
    const auto parsed = network::parse_endpoint(text(key, absent));
    if (!parsed) stop(key, parsed.error().message);
    if (!parsed) return {};
    EndpointView view = parsed->view();
    const auto forms = object_.find("three_element_endpoints");
    if (forms != object_.end() && forms->is_array() && view.scheme == network::EndpointScheme::kIpn)
      view.three_elements = std::find(forms->begin(), forms->end(), key) != forms->end();
    return EndpointId(view);
  }
  std::vector<std::byte> bytes(const char* key) {
    auto parsed = bytes_from_hex(text(key));
    if (!parsed) stop(key, parsed.error().message);
    return parsed ? std::move(*parsed) : std::vector<std::byte>();
  }
  void stop(const std::string& key, const std::string& problem) {
    if (!fault_) fault_ = Error{Errc::kMalformed, fmt::format("{}{}: {}", place_, key, problem)};
  }

 private:
  const nlohmann::json* find(const char* key, bool optional) {
    const auto found = object_.is_object() ? object_.find(key) : object_.end();
    if (object_.is_object() && found != object_.end()) return &*found;
    if (!optional) stop(key, "is missing");
    return nullptr;
  }

  const nlohmann::json& object_;
  std::string place_;
  std::optional<Error>& fault_;
};

network::PrimaryBlock primary_from(const nlohmann::json& json, std::optional<Error>& fault) {
  Reading in(json, "primary.", fault);
  network::PrimaryBlock primary;
  primary.flags = in.number("flags", 0);
  primary.crc = in.crc("crc");
  primary.destination = in.endpoint("destination");
  primary.source = in.endpoint("source");
  primary.report_to = in.endpoint("report_to", "dtn:none");
  primary.lifetime_ms = in.number("lifetime_ms");
  const nlohmann::json none;
  Reading created(json.contains("created") ? json["created"] : none, "primary.created.", fault);
  primary.created.time_ms = created.number("dtn_time_ms");
  primary.created.sequence = created.number("sequence", 0);
  if (primary.has(network::bundle_flag::kFragment)) {
    Reading fragment(json.contains("fragment") ? json["fragment"] : none, "primary.fragment.", fault);
    primary.fragment_offset = fragment.number("offset");
    primary.total_bytes = fragment.number("total_bytes");
  }
  return primary;
}

Block block_from(const nlohmann::json& json, std::size_t index, std::optional<Error>& fault) {
  Reading in(json, fmt::format("blocks[{}].", index), fault);
  Block block;
  block.type = in.number("type");
  block.number = in.number("number");
  block.flags = in.number("flags", 0);
  block.crc = in.crc("crc");
  block.data = in.bytes("data");
  return block;
}

}  // namespace

std::string to_hex(std::span<const std::byte> bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  out.reserve(2 * bytes.size());
  for (const std::byte byte : bytes) {
    out += kDigits[static_cast<std::size_t>(byte >> 4)];
    out += kDigits[static_cast<std::size_t>(byte & std::byte{0x0F})];
  }
  return out;
}

Result<std::vector<std::byte>> bytes_from_hex(std::string_view hex) {
  std::vector<std::byte> out;
  out.reserve(hex.size() / 2);
  int high = -1;
  for (std::size_t i = 0; i < hex.size(); ++i) {
    const char c = hex[i];
    if (c == ' ' || c == '\n' || c == '\r' || c == '\t') continue;
    const int digit = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (digit < 0)
      return fail(Errc::kMalformed, "character {}: expected hexadecimal digits, found '{}'", i + 1,
                  printable(hex.substr(i, 1)));
    if (high >= 0) out.push_back(static_cast<std::byte>(high * 16 + digit));
    high = high >= 0 ? -1 : digit;
  }
  if (high >= 0) return fail(Errc::kMalformed, "expected an even number of hexadecimal digits");
  return out;
}

nlohmann::ordered_json to_json(const BundleView& bundle) {
  Json out;
  out["primary"] = primary_json(bundle.primary);
  out["blocks"] = Json::array();
  for (const BlockView& block : bundle.blocks) out["blocks"].push_back(block_json(block, bundle));
  return out;
}

Result<network::Bundle> bundle_from_json(std::string_view text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) return fail(Errc::kMalformed, "expected one JSON object");
  if (!json.contains("primary") || !json["primary"].is_object())
    return fail(Errc::kMalformed, "primary: expected an object");
  if (!json.contains("blocks") || !json["blocks"].is_array())
    return fail(Errc::kMalformed, "blocks: expected an array");
  std::optional<Error> fault;
  network::Bundle bundle;
  bundle.primary = primary_from(json["primary"], fault);
  for (const auto& block : json["blocks"])
    bundle.blocks.push_back(block_from(block, bundle.blocks.size(), fault));
  if (fault) return tl::unexpected<Error>(*fault);
  return bundle;
}

}  // namespace skywarden::app
