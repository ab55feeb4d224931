#include "cluster_members.h"

#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "command_line/command_line.h"
#include "formats/read_file.h"
#include "group_options.h"
#include "node_config.h"
#include "shell/admission.h"

namespace skywarden::app {
namespace {

constexpr std::size_t kKeyFileBytesMax = std::size_t{1} << 14;

struct MemberArguments {
  std::string config = "cluster/node-1.toml", key, address, public_key;
  std::uint32_t node = 0, share = 1;
  double patience_s = 10;
  bool witness = false;
};

Result<storage::SigningKey> read_key(const std::string& path,
                                     Result<storage::SigningKey> (*read)(std::string_view)) {
  const auto text = formats::read_file(path, kKeyFileBytesMax);
  if (!text) return tl::unexpected<Error>(text.error());
  auto key = read(*text);
  if (!key) return fail(key.error().code, "{}: {}", path, key.error().message);
  return key;
}

std::string_view text_of(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Result<void> ask(const NodeConfig& config, const MemberArguments& arguments, shell::RequestKind kind,
                 std::vector<std::byte> statement) {
  const auto answer =
      call_group(config.group, {1, kind, std::move(statement)}, from_seconds(arguments.patience_s));
  if (!answer) return tl::unexpected<Error>(answer.error());
  if (answer->outcome == shell::Outcome::kUnknown)
    return fail(Errc::kUnavailable, "whether it was done cannot be told; say it again, that does no harm");
  if (answer->outcome != shell::Outcome::kDone)
    return fail(Errc::kConflict, "refused: {}", printable(text_of(answer->bytes)));
  return {};
}

// Everybody's line but the new one's, as the first to answer knows them.
Result<std::string> members_text(const NodeConfig& config, const MemberArguments& arguments) {
  Error last{Errc::kUnavailable, "no member answers"};
  for (const auto& [node, peer] : config.group.members) {
    const auto answer = call_member(config.group, node, {1, shell::RequestKind::kStatus, {}},
                                    from_seconds(arguments.patience_s));
    if (!answer) {
      last = answer.error();
      continue;
    }
    const auto status = nlohmann::json::parse(text_of(answer->bytes), nullptr, false);
    std::string text;
    if (status.is_object() && status.contains("members"))
      for (const auto& member : status["members"])
        if (member.value("id", 0U) != arguments.node)
          text += fmt::format("[[member]]\nid = {}\naddress = \"{}\"\n", member.value("id", 0U),
                              printable(member.value("address", "")));
    if (!text.empty()) return text;
  }
  return tl::unexpected<Error>(last);
}

// The configuration that the new node can begin with, beside the one that was read.
Result<void> write_config(const NodeConfig& config, const MemberArguments& arguments) {
  const auto folder = std::filesystem::path(arguments.config).parent_path();
  const auto file = folder / fmt::format("node-{}.toml", arguments.node);
  fmt::print("node {} is admitted and becomes a {} when it has caught up\n", arguments.node,
             arguments.witness ? "witness" : "voter");
  if (std::filesystem::exists(file)) {
    fmt::print("{} is there already and left as it is\n", file.string());
    return {};
  }
  const auto members = members_text(config, arguments);
  if (!members) return tl::unexpected<Error>(members.error());
  const auto key = std::filesystem::proximate(config.admission_key, folder.empty() ? "." : folder);
  const std::string text = fmt::format(
      "cluster = \"{}\"\nnode = {}\nagrees_on = \"values\"\njoins = true\ndata = \"node-{}\"\nadmission_key "
      "= \"{}\"\n"
      "[[member]]\nid = {}\naddress = \"{}\"\n{}",
      config.identity.cluster, arguments.node, arguments.node, key.string(), arguments.node,
      arguments.address, *members);
  if (const auto written = formats::write_file(file.string(), text); !written)
    return tl::unexpected<Error>(written.error());
  fmt::print("start it:\n  skywarden node {} --first-start\n", file.string());
  if (config.group.tls || !config.signing_key.empty())
    fmt::print("after adding its own [tls] and signing_key, and everybody's public_key, to that file\n");
  return {};
}

Result<void> admit(const MemberArguments& arguments) {
  const auto config = load_node_config(arguments.config);
  if (!config) return tl::unexpected<Error>(config.error());
  const auto key = read_key(arguments.key, storage::SigningKey::read_private);
  if (!key) return tl::unexpected<Error>(key.error());
  const auto address = shell::parse_address(arguments.address);
  if (!address)
    return fail(Errc::kMalformed, "'{}' is no address, expected HOST:PORT", printable(arguments.address));
  shell::Admission admission{config->identity.cluster,
                             NodeId(arguments.node),
                             address->host,
                             address->port,
                             arguments.share,
                             {},
                             arguments.witness,
                             {}};
  if (!arguments.public_key.empty()) {
    const auto own = read_key(arguments.public_key, storage::SigningKey::read_public);
    if (!own) return tl::unexpected<Error>(own.error());
    admission.signs_with = own->public_key();
  }
  sign(admission, *key);
  if (const auto valid = shell::decode_admission(encode(admission)); !valid)
    return tl::unexpected<Error>(valid.error());
  const auto done = ask(*config, arguments, shell::RequestKind::kAdmit, encode(admission));
  return done ? write_config(*config, arguments) : done;
}

Result<void> remove(const MemberArguments& arguments) {
  const auto config = load_node_config(arguments.config);
  if (!config) return tl::unexpected<Error>(config.error());
  const auto key = read_key(arguments.key, storage::SigningKey::read_private);
  if (!key) return tl::unexpected<Error>(key.error());
  shell::Removal removal{config->identity.cluster, NodeId(arguments.node), {}};
  sign(removal, *key);
  const auto done = ask(*config, arguments, shell::RequestKind::kRemove, encode(removal));
  if (done) fmt::print("node {} is no member, and its id is used up\n", arguments.node);
  return done;
}

}  // namespace

void add_cluster_members(command_line::Command cluster, int* exit_code) {
  auto arguments = std::make_shared<MemberArguments>();
  const auto add = [&](const char* name, const char* what, Result<void> (*act)(const MemberArguments&),
                       const char* footer) {
    command_line::Command command = cluster.add_subcommand(name, what);
    add_config_option(command, arguments->config);
    command.add_option("--key", arguments->key, "private half of the group's admission_key (Ed25519, PEM)")
        .required();
    add_patience_option(command, arguments->patience_s);
    command.add_option("node", arguments->node, "its id")
        .required()
        .check(command_line::range(1U, UINT32_MAX));
    command.footer(footer);
    command.callback([arguments, exit_code, act] {
      const auto done = act(*arguments);
      if (!done) fmt::print(stderr, "skywarden cluster: {}\n", done.error().message);
      *exit_code = done ? 0 : 1;
    });
    return command;
  };
  command_line::Command command = add(
      "admit", "Let a new node join the group while it runs", admit,
      "In groups that agree on values. Ids only rise: one that was used is refused, also for a node that "
      "has\n"
      "lost its log. Writes the new node's configuration beside --config. Its [tls] certificate must "
      "name it\n"
      "as every node's does.\n"
      "A --witness votes and keeps 8 bytes of each value, for a place with little storage or a thin link; "
      "it\n"
      "never leads, and witnesses hold less than half of the shares. Two nodes and a witness go on without\n"
      "any one of the three; but what one node and the witness alone hold waits for that node.\n"
      "Exit code 1 when it is refused.\n\n"
      "Example:\n  openssl genpkey -algorithm ed25519 -out admit.key\n"
      "  openssl pkey -in admit.key -pubout -out admit.pub    # admission_key in every node's file, as\n"
      "  skywarden cluster start --values --admission-key admit.pub    # writes it there\n"
      "  skywarden cluster admit --key admit.key 4 127.0.0.1:7104\n"
      "  skywarden cluster admit --key admit.key --witness 5 127.0.0.1:7105");
  command.add_option("address", arguments->address, "HOST:PORT where the others reach it").required();
  command.add_option("--share", arguments->share, "of votes once it has caught up; 0: it only listens")
      .check(command_line::range(0U, shell::kAdmittedShareMax))
      .capture_default_str();
  command.add_flag("--witness", arguments->witness, "it votes and keeps no values");
  command.add_option("--public-key", arguments->public_key,
                     "Ed25519, PEM: of its signatures, where heads of the log are signed");
  add("remove", "Let a node leave the group while it runs", remove,
      "The node ends by itself when it hears of it; whoever comes with its id later is refused. Exit code 1\n"
      "when it is refused, such as for the last voter.\n\n"
      "Example:\n  skywarden cluster remove --key admit.key 3");
}

}  // namespace skywarden::app
