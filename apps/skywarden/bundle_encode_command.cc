// skywarden bundle encode: bundles from options or JSON.
#include <sys/random.h>

#include <chrono>
#include <fstream>
#include <iterator>
#include <memory>

#include "bundle_files.h"
#include "bundle_json.h"
#include "command_line/command_line.h"
#include "formats/read_file.h"
#include "network/bpsec.h"
#include "network/bundle_encode.h"

namespace skywarden::app {
namespace {

using network::Bundle;
using network::CrcType;

constexpr std::size_t kJsonBytesMax = 2 * network::kBundleBytesMax + (std::size_t{1} << 20);
constexpr std::size_t kIvBytes = 12;

struct EncodeArguments {
  std::string json, payload, out = "-";
  std::string source, destination, report_to = "dtn:none";
  std::string created, criticality, crc = "crc32c", keys, security_source;
  std::uint64_t lifetime_ms = 86'400'000, sequence = 0, hop_limit = 0, hmac = 384;
  std::optional<std::uint64_t> age_ms;
  std::vector<std::string> reports;
  bool must_not_fragment = false, sign = false, encrypt = false, hex = false;
};

Result<std::string> read_plain(const std::string& path) {  // not unpacked: a payload goes as it is
  std::ifstream in(path, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  if (!in.is_open() || in.bad()) return fail(Errc::kInputOutput, "{}: cannot be read", path);
  return bytes;
}

std::uint64_t dtn_time_now() {
  constexpr std::uint64_t kDtnEpochMs = 946'684'800'000;  // POSIX
  const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(
             std::chrono::duration_cast<std::chrono::milliseconds>(since_1970).count()) -
         kDtnEpochMs;
}

Result<std::uint64_t> creation_time(const std::string& text) {
  if (text.empty()) return dtn_time_now();
  if (text == "none") return 0;
  const auto t = parse_utc(text);
  if (!t) return fail(Errc::kMalformed, "--created: {}", t.error().message);
  return network::to_dtn_time(*t);
}

Result<network::EndpointId> endpoint_option(const char* option, const std::string& text) {
  auto endpoint = network::parse_endpoint(text);
  if (!endpoint) return fail(Errc::kMalformed, "{}: {}", option, endpoint.error().message);
  return endpoint;
}

Result<std::uint64_t> report_flags(const std::vector<std::string>& reports) {
  std::uint64_t flags = 0;
  for (const std::string& report : reports) {
    if (report == "reception") flags |= network::bundle_flag::kReportReception;
    if (report == "forwarding") flags |= network::bundle_flag::kReportForwarding;
    if (report == "delivery") flags |= network::bundle_flag::kReportDelivery;
    if (report == "deletion") flags |= network::bundle_flag::kReportDeletion;
    if (report == "time") flags |= network::bundle_flag::kReportTime;
  }
  return flags;
}

CrcType crc_named(const std::string& name) {
  return name == "none" ? CrcType::kNone : name == "crc16" ? CrcType::kCrc16 : CrcType::kCrc32c;
}

Result<void> fill_primary(const EncodeArguments& arguments, network::PrimaryBlock& primary) {
  const auto source = endpoint_option("--source", arguments.source);
  const auto destination = endpoint_option("--destination", arguments.destination);
  const auto report_to = endpoint_option("--report-to", arguments.report_to);
  const auto created = creation_time(arguments.created);
  const auto reports = report_flags(arguments.reports);
  for (const auto* each : {&source, &destination, &report_to})
    if (!*each) return tl::unexpected<Error>(each->error());
  if (!created) return tl::unexpected<Error>(created.error());
  primary.source = *source;
  primary.destination = *destination;
  primary.report_to = *report_to;
  primary.created = {*created, arguments.sequence};
  primary.lifetime_ms = arguments.lifetime_ms;
  primary.crc = crc_named(arguments.crc);
  primary.flags = *reports | (arguments.must_not_fragment ? network::bundle_flag::kMustNotFragment : 0);
  return {};
}

void add_extension_blocks(const EncodeArguments& arguments, Bundle& bundle) {
  const CrcType crc = crc_named(arguments.crc);
  const auto number = [&] { return network::free_block_number(bundle); };
  constexpr std::array kCriticalities = {
      network::BundleCriticality::kBulk, network::BundleCriticality::kNormal,
      network::BundleCriticality::kImportant, network::BundleCriticality::kCritical};
  for (const auto criticality : kCriticalities)
    if (arguments.criticality == network::criticality_name(criticality))
      bundle.blocks.push_back(network::criticality_block(number(), criticality, crc));
  // Without a clock the age is what the lifetime is counted by.
  if (arguments.age_ms || bundle.primary.created.time_ms == 0)
    bundle.blocks.push_back(network::bundle_age_block(number(), arguments.age_ms.value_or(0), crc));
  if (arguments.hop_limit > 0)
    bundle.blocks.push_back(network::hop_count_block(number(), {arguments.hop_limit, 0}, crc));
}

Result<Bundle> bundle_from_options(const EncodeArguments& arguments) {
  if (arguments.source.empty() || arguments.destination.empty() || arguments.payload.empty())
    return fail(Errc::kMalformed, "expected --json, or --source, --destination and --payload");
  Bundle bundle;
  if (const auto filled = fill_primary(arguments, bundle.primary); !filled)
    return tl::unexpected<Error>(filled.error());
  const auto payload = read_plain(arguments.payload);
  if (!payload) return tl::unexpected<Error>(payload.error());
  add_extension_blocks(arguments, bundle);
  bundle.blocks.push_back(
      network::payload_block(std::as_bytes(std::span(*payload)), crc_named(arguments.crc)));
  return bundle;
}

Result<std::vector<std::byte>> fresh_iv() {
  std::vector<std::byte> iv(kIvBytes);
  if (getrandom(iv.data(), iv.size(), 0) != static_cast<ssize_t>(iv.size()))
    return fail(Errc::kInputOutput, "the system gives no random bytes");
  return iv;
}

struct Signer {
  const EncodeArguments& arguments;
  const network::KeyRing& keys;
  network::EndpointId source;

  [[nodiscard]] Result<const network::SecretKey*> key(network::KeyUse use, const char* what) const {
    const network::SecretKey* found = keys.find(use, source.view());
    if (found == nullptr) return fail(Errc::kNotFound, "--keys: no {} key for {}", what, to_string(source));
    return found;
  }

  [[nodiscard]] network::SecurityRequest request(const Bundle& bundle,
                                                 std::vector<std::uint64_t> targets) const {
    network::SecurityRequest made;
    made.number = network::free_block_number(bundle);
    made.crc = crc_named(arguments.crc);
    made.source = source;
    made.targets = std::move(targets);
    return made;
  }

  // The primary block and the payload; returns the new block's number.
  [[nodiscard]] Result<std::uint64_t> sign(Bundle& bundle) const {
    const auto found = key(network::KeyUse::kIntegrity, "integrity");
    if (!found) return tl::unexpected<Error>(found.error());
    network::IntegrityRequest made{request(bundle, {0, network::kPayloadNumber}),
                                   network::ShaVariant::kHmac384};
    if (arguments.hmac == 256) made.variant = network::ShaVariant::kHmac256;
    if (arguments.hmac == 512) made.variant = network::ShaVariant::kHmac512;
    if (const auto added = add_integrity(bundle, made, **found); !added)
      return tl::unexpected<Error>(added.error());
    return made.block.number;
  }

  // One block, by a BCB of its own with its own initialization vector.
  [[nodiscard]] Result<void> encrypt(Bundle& bundle, std::uint64_t target) const {
    const auto found = key(network::KeyUse::kConfidentiality, "confidentiality");
    if (!found) return tl::unexpected<Error>(found.error());
    auto iv = fresh_iv();
    if (!iv) return tl::unexpected<Error>(iv.error());
    const auto variant =
        (*found)->size() == 16 ? network::AesVariant::kA128Gcm : network::AesVariant::kA256Gcm;
    return add_confidentiality(bundle, {request(bundle, {target}), variant, std::move(*iv)}, **found);
  }
};

Result<void> secure(const EncodeArguments& arguments, Bundle& bundle) {
  if (!arguments.sign && !arguments.encrypt) return {};
  const auto keys = load_keys(arguments.keys);
  if (!keys) return tl::unexpected<Error>(keys.error());
  Signer signer{arguments, *keys, bundle.primary.source};
  if (!arguments.security_source.empty()) {
    const auto source = endpoint_option("--security-source", arguments.security_source);
    if (!source) return tl::unexpected<Error>(source.error());
    signer.source = *source;
  }
  std::vector<std::uint64_t> to_hide = {network::kPayloadNumber};
  if (arguments.sign) {
    const auto number = signer.sign(bundle);
    if (!number) return tl::unexpected<Error>(number.error());
    to_hide.insert(to_hide.begin(), *number);  // what covers a hidden block is hidden first
  }
  if (!arguments.encrypt) return {};
  for (const std::uint64_t target : to_hide)
    if (auto done = signer.encrypt(bundle, target); !done) return done;
  return {};
}

Result<Bundle> bundle_from_json_file(const std::string& path) {
  const auto text = formats::read_file(path, kJsonBytesMax);
  if (!text) return tl::unexpected<Error>(text.error());
  auto bundle = bundle_from_json(*text);
  if (!bundle) return fail(bundle.error().code, "{}: {}", path, bundle.error().message);
  return bundle;
}

Result<int> run_encode(const EncodeArguments& arguments) {
  auto bundle =
      arguments.json.empty() ? bundle_from_options(arguments) : bundle_from_json_file(arguments.json);
  if (!bundle) return tl::unexpected<Error>(bundle.error());
  if (const auto secured = secure(arguments, *bundle); !secured)
    return tl::unexpected<Error>(secured.error());
  const auto bytes = encode_bundle(*bundle);
  if (!bytes) return tl::unexpected<Error>(bytes.error());
  const std::string text = arguments.hex
                               ? to_hex(*bytes) + "\n"
                               : std::string(reinterpret_cast<const char*>(bytes->data()), bytes->size());
  if (const auto written = write_out(arguments.out, text); !written)
    return tl::unexpected<Error>(written.error());
  return 0;
}

}  // namespace

void add_bundle_encode(command_line::Command bundle, int* exit_code) {
  auto arguments = std::make_shared<EncodeArguments>();
  command_line::Command command = bundle.add_subcommand("encode", "Make a bundle from options or from JSON");
  command.add_option("--json", arguments->json, "the bundle as `bundle decode` prints it");
  command.add_option("--source", arguments->source, "such as ipn:7.1 or dtn://node/service");
  command.add_option("--destination", arguments->destination, "likewise");
  command.add_option("--report-to", arguments->report_to, "likewise").capture_default_str();
  command.add_option("--payload", arguments->payload, "file, taken as it is");
  command.add_option("--lifetime-ms", arguments->lifetime_ms, "from creation on").capture_default_str();
  command.add_option("--created", arguments->created, "UTC, or none: no clock (default: now)");
  command.add_option("--sequence", arguments->sequence, "tells bundles of one millisecond apart")
      .capture_default_str();
  command.add_option("--crc", arguments->crc, "of every block")
      .check(command_line::one_of({"none", "crc16", "crc32c"}))
      .capture_default_str();
  command.add_option("--criticality", arguments->criticality, "adds a criticality block")
      .check(command_line::one_of({"bulk", "normal", "important", "critical"}));
  command.add_option("--age-ms", arguments->age_ms, "adds a bundle age block");
  command.add_option("--hop-limit", arguments->hop_limit, "adds a hop count block")
      .check(command_line::range(1, 255));
  command.add_option("--report", arguments->reports, "ask for status reports")
      .check(command_line::one_of({"reception", "forwarding", "delivery", "deletion", "time"}));
  command.add_flag("--must-not-fragment", arguments->must_not_fragment, "");
  command.add_option("--keys", arguments->keys, "key file: lines `integrity|confidentiality SOURCE|* HEX`");
  command.add_flag("--sign", arguments->sign, "BIB-HMAC-SHA2 over primary block and payload");
  command.add_option("--hmac", arguments->hmac, "bits")
      .check(command_line::one_of({256, 384, 512}))
      .capture_default_str();
  command.add_flag("--encrypt", arguments->encrypt, "BCB-AES-GCM over the payload, and over the BIB");
  command.add_option("--security-source", arguments->security_source, "default: the source");
  command.add_option("--out", arguments->out, "file; - is standard output").capture_default_str();
  command.add_flag("--hex", arguments->hex, "write hexadecimal text");
  command.footer(
      "Example:\n  skywarden bundle encode --source ipn:7.1 --destination ipn:1.2 --payload alert.xml \\\n"
      "    --criticality critical --sign --keys keys.txt --out alert.bundle");
  command.callback([arguments, exit_code] { report_bundle("encode", run_encode(*arguments), exit_code); });
}

}  // namespace skywarden::app
