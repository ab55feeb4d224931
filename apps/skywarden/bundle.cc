// skywarden bundle: shows what is in bundles of the Bundle Protocol and checks their checksums and security
// blocks. How they are made stands in bundle_encode_command.cc and bundle_pieces_command.cc, how they travel
// in bundle_link.cc and bundle_relay.cc.
#include <algorithm>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "bundle_files.h"
#include "bundle_json.h"
#include "command_line/command_line.h"
#include "commands.h"
#include "formats/read_file.h"
#include "network/bpsec.h"
#include "network/bundle_decode.h"
#include "network/bundle_seen.h"

namespace skywarden::app {
namespace {

using network::BundleView;
using network::CrcType;
using Json = nlohmann::ordered_json;

struct ReadArguments {  // of decode and verify
  std::vector<std::string> files;
  std::string keys, seen, out = "-";
  bool whole_rfc = false, pretty = false;
};

// ---- decode

Json outcomes_json(const std::vector<network::SecurityOutcome>& outcomes) {
  Json out = Json::array();
  for (const auto& outcome : outcomes) {
    Json each = {{"block", outcome.block},
                 {"operation", network::block_type_name(outcome.type)},
                 {"target", outcome.target},
                 {"verdict", to_string(outcome.verdict)}};
    if (!outcome.reason.empty()) each["reason"] = outcome.reason;
    out.push_back(each);
  }
  return out;
}

Result<Json> decode_file(const std::string& file, const ReadArguments& arguments,
                         const network::KeyRing& keys) {
  const auto bytes = read_bundle_bytes(file);
  if (!bytes) return tl::unexpected<Error>(bytes.error());
  const auto view = network::decode_bundle(*bytes, {.whole_rfc = arguments.whole_rfc});
  if (!view) return tl::unexpected<Error>(view.error());
  Json out = {{"file", file}, {"bytes", bytes->size()}};
  if (keys.empty()) {
    out.update(to_json(*view));
    return out;
  }
  const auto opened = network::open_security(*view, keys);
  if (!opened) return tl::unexpected<Error>(opened.error());
  out.update(to_json(opened->view));
  out["security"] = outcomes_json(opened->outcomes);
  return out;
}

std::string line_of(const Json& json, bool pretty) {
  return json.dump(pretty ? 2 : -1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<int> run_decode(const ReadArguments& arguments) {
  const auto keys = load_keys(arguments.keys);
  if (!keys) return tl::unexpected<Error>(keys.error());
  Complaints complaints("decode");
  std::string text;
  for (const std::string& file : arguments.files) {
    const auto json = decode_file(file, arguments, *keys);
    if (json) {
      text += line_of(*json, arguments.pretty);
    } else {
      complaints.add(file, json.error());
    }
  }
  if (complaints.count() == arguments.files.size()) return 1;
  if (const auto written = write_out(arguments.out, text); !written)
    return tl::unexpected<Error>(written.error());
  return complaints.count() == 0 ? 0 : 2;
}

// ---- verify

constexpr std::size_t kSeenFileBytesMax = std::size_t{256} << 20;

struct Verified {
  Json json;
  bool bad = false, unchecked = false, replay = false;
};

Result<network::SeenBundles> load_seen(const std::string& path) {
  if (path.empty() || !std::filesystem::exists(path)) return network::SeenBundles();
  const auto text = formats::read_file(path, kSeenFileBytesMax);
  if (!text) return tl::unexpected<Error>(text.error());
  return network::SeenBundles::read(*text, path);
}

Result<Verified> verify_file(const std::string& file, const ReadArguments& arguments,
                             const network::KeyRing& keys, network::SeenBundles& seen) {
  const auto bytes = read_bundle_bytes(file);
  if (!bytes) return tl::unexpected<Error>(bytes.error());
  const auto view = network::decode_bundle(*bytes, {.whole_rfc = arguments.whole_rfc});
  if (!view) return tl::unexpected<Error>(view.error());
  const auto opened = network::open_security(*view, keys);
  if (!opened) return tl::unexpected<Error>(opened.error());
  Verified verified;
  for (const auto& outcome : opened->outcomes) {
    verified.bad = verified.bad || outcome.verdict == network::SecurityVerdict::kBad;
    verified.unchecked = verified.unchecked || (outcome.verdict != network::SecurityVerdict::kGood &&
                                                outcome.verdict != network::SecurityVerdict::kBad);
  }
  // A forged bundle must not make the true one look like a replay of it.
  verified.replay = !verified.bad && !seen.add(network::identity(*view));
  if (verified.replay)
    fmt::print(stderr, "skywarden bundle verify: {}: replay of {}\n", file,
               network::to_string(network::identity(*view)));
  const auto with_crc =
      std::count_if(view->blocks.begin(), view->blocks.end(),
                    [](const network::BlockView& block) { return block.crc != CrcType::kNone; }) +
      (view->primary.crc == CrcType::kNone ? 0 : 1);
  verified.json = {{"file", file},
                   {"source", to_string(view->primary.source)},
                   {"destination", to_string(view->primary.destination)},
                   {"blocks", view->blocks.size() + 1},
                   {"crc_checked", with_crc},
                   {"security", outcomes_json(opened->outcomes)},
                   {"verdict", verified.bad         ? "bad"
                               : verified.replay    ? "replay"
                               : verified.unchecked ? "unchecked"
                                                    : "good"}};
  return verified;
}

Result<int> run_verify(const ReadArguments& arguments) {
  const auto keys = load_keys(arguments.keys);
  if (!keys) return tl::unexpected<Error>(keys.error());
  auto seen = load_seen(arguments.seen);
  if (!seen) return tl::unexpected<Error>(seen.error());
  Complaints complaints("verify");
  std::string text;
  bool bad = false, unchecked = false;
  for (const std::string& file : arguments.files) {
    const auto verified = verify_file(file, arguments, *keys, *seen);
    if (!verified) {
      complaints.add(file, verified.error());
      continue;
    }
    text += line_of(verified->json, arguments.pretty);
    bad = bad || verified->bad || verified->replay;
    unchecked = unchecked || verified->unchecked;
  }
  if (const auto written = write_out(arguments.out, text); !written)
    return tl::unexpected<Error>(written.error());
  if (!arguments.seen.empty()) {
    const auto kept = formats::write_file(arguments.seen, seen->text());
    if (!kept) return tl::unexpected<Error>(kept.error());
  }
  if (bad || complaints.count() > 0) return 1;
  return unchecked ? 2 : 0;
}

command_line::Command add_reading(command_line::Command bundle, const char* name, const char* what,
                                  const std::shared_ptr<ReadArguments>& arguments) {
  command_line::Command command = bundle.add_subcommand(name, what);
  command.add_option("files,--in", arguments->files, "bundles, one a file: binary or hexadecimal (.gz too)")
      .required();
  command.add_option("--keys", arguments->keys,
                     "key file: lines `integrity|confidentiality|wrapping SOURCE|* HEX`");
  command.add_flag("--whole-rfc", arguments->whole_rfc,
                   "also ask for a CRC or BIB of the primary block, and for an age without a clock");
  command.add_flag("--pretty", arguments->pretty, "indent");
  command.add_option("--out", arguments->out, "JSON; - is standard output").capture_default_str();
  return command;
}

}  // namespace

void add_bundle(command_line::Command app, int* exit_code) {
  command_line::Command bundle =
      app.add_subcommand("bundle", "Make, show, check and move bundles (RFC 9171, 9172, 9173, 9174)");
  bundle.require_subcommand(1);
  add_bundle_encode(bundle, exit_code);

  auto decoding = std::make_shared<ReadArguments>();
  command_line::Command decode = add_reading(bundle, "decode", "Show bundles as JSON, one a line", decoding);
  decode.footer(
      "Exit code 2 when some files are not bundles, 1 when all are not. With --keys hidden blocks are "
      "opened.\n\n"
      "Example:\n  skywarden bundle decode --pretty alert.bundle");
  decode.callback([decoding, exit_code] { report_bundle("decode", run_decode(*decoding), exit_code); });

  auto verifying = std::make_shared<ReadArguments>();
  command_line::Command verify =
      add_reading(bundle, "verify", "Check checksums, integrity and confidentiality", verifying);
  verify.add_option("--seen", verifying->seen,
                    "file of bundles verified before; one of them again is a replay");
  verify.footer(
      "A bundle given twice, or listed in the file of --seen, is a replay. Exit code 1 when something is "
      "bad\n"
      "or a replay, 2 when nothing is but something could not be checked: no key,\n"
      "another security context, a fragment.\n\n"
      "Example:\n  skywarden bundle verify --keys keys.txt alert.bundle");
  verify.callback([verifying, exit_code] { report_bundle("verify", run_verify(*verifying), exit_code); });

  add_bundle_pieces(bundle, exit_code);
  add_bundle_links(bundle, exit_code);
  add_bundle_relay(bundle, exit_code);
}

}  // namespace skywarden::app
