#include "node_config.h"

#include <algorithm>
#include <filesystem>

#include "datum/toml_reader.h"
#include "formats/read_file.h"

namespace skywarden::app {
namespace {

using datum::TomlReader;

constexpr std::size_t kConfigBytesMax = std::size_t{1} << 20;
constexpr std::size_t kKeyBytesMax = std::size_t{1} << 14;
constexpr int kCompactBytesMin = 4096;
constexpr int kFailuresMax = 100;
constexpr double kClockBehindMaxS = 3e9;  // some 95 years

std::string beside(const std::string& file, const std::string& path) {
  if (path.empty()) return path;
  return (std::filesystem::path(file).parent_path() / path).string();
}

NodeId id_of(TomlReader& in, std::string_view key) {
  int id = 0;
  in.integer(key, id);
  if (id <= 0) in.wrong(key, "a node id from 1 up");
  return NodeId(static_cast<std::uint32_t>(std::max(id, 0)));
}

// HOST:PORT
void read_address(TomlReader& in, std::string_view key, shell::GroupLinks::Peer& peer) {
  std::string text;
  in.string(key, text, true);
  const auto address = shell::parse_address(text);
  if (!address) return in.wrong(key, "HOST:PORT");
  peer.host = address->host;
  peer.port = address->port;
}

Result<void> read_member(const toml::table& table, const std::string& file, NodeConfig& config) {
  TomlReader in(table, file + ": member");
  in.only({"id", "address", "share", "domain", "public_key"});
  shell::GroupLinks::Peer peer{id_of(in, "id"), {}, 0};
  read_address(in, "address", peer);
  int share = 1;
  in.integer("share", share);
  if (share < 0) in.wrong("share", "a whole number from 0 up");
  int domain = 0;
  in.integer("domain", domain);
  if (domain < 0) in.wrong("domain", "a whole number from 0 up");
  std::string key;
  in.string("public_key", key);
  if (!in.error().empty()) return fail(Errc::kMalformed, "{}", in.error());
  if (!config.group.members.emplace(peer.node, peer).second)
    return fail(Errc::kConflict, "{}: member {} is named twice", file, peer.node.value());
  config.shares[peer.node] = static_cast<std::uint32_t>(share);
  if (domain > 0) config.domains[peer.node] = consensus::FailureDomain(static_cast<std::uint32_t>(domain));
  if (!key.empty()) config.public_keys[peer.node] = beside(file, key);
  return {};
}

Result<std::string> read_key(const std::string& path) {
  return formats::read_file(path, kKeyBytesMax);
}

}  // namespace

Result<NodeConfig> parse_node_config(std::string_view text, const std::string& file) {
  const auto root = datum::parse_toml(text, file);
  if (!root) return tl::unexpected<Error>(root.error());
  NodeConfig config;
  TomlReader in(*root, file);
  in.only({"cluster", "node", "agrees_on", "clock_behind_s", "listen", "data", "joins", "compact_bytes",
           "signing_key", "admission_key", "measured_shares", "tls", "member"});
  in.string("cluster", config.identity.cluster, true);
  config.identity.node = id_of(in, "node");
  in.choice("agrees_on", config.agrees_on, {{"fires", AgreesOn::kFires}, {"values", AgreesOn::kValues}});
  double behind_s = 0.0;
  in.number("clock_behind_s", behind_s);
  if (!(behind_s >= 0.0 && behind_s <= kClockBehindMaxS)) in.wrong("clock_behind_s", "0 to 3e9 seconds");
  in.string("listen", config.address);
  in.string("data", config.data);
  in.string("signing_key", config.signing_key);
  in.string("admission_key", config.admission_key);
  in.boolean("joins", config.joins);
  int measured_shares = 0;
  in.integer("measured_shares", measured_shares);
  if (measured_shares < 0 || measured_shares > kFailuresMax)
    in.wrong("measured_shares", "how many may fail together, 0 to 100");
  config.measured_shares = static_cast<std::uint32_t>(std::clamp(measured_shares, 0, kFailuresMax));
  int compact_bytes = 0;
  in.integer("compact_bytes", compact_bytes);
  if (root->contains("compact_bytes")) {
    if (compact_bytes < kCompactBytesMin) in.wrong("compact_bytes", "a whole number of bytes from 4096 up");
    config.compact_bytes = static_cast<std::size_t>(std::max(compact_bytes, kCompactBytesMin));
  }
  if (const toml::table* tls = in.table("tls")) {
    TomlReader files(*tls, file + ": tls");
    files.only({"certificate", "key", "authorities"});
    shell::TlsFiles named;
    files.string("certificate", named.certificate, true);
    files.string("key", named.key, true);
    files.string("authorities", named.authorities, true);
    if (!files.error().empty()) return fail(Errc::kMalformed, "{}", files.error());
    config.group.tls = shell::TlsFiles{beside(file, named.certificate), beside(file, named.key),
                                       beside(file, named.authorities)};
  }
  const auto members = in.tables("member");
  if (!in.error().empty()) return fail(Errc::kMalformed, "{}", in.error());
  if (config.agrees_on == AgreesOn::kFires)
    for (const char* key : {"joins", "admission_key"})
      if (root->contains(key))
        return fail(Errc::kUnsupported, "{}: key '{}': members come and go only where agrees_on = \"values\"",
                    file, key);
  config.clock_behind = from_seconds(behind_s);
  for (const toml::table* member : members)
    if (const auto read = read_member(*member, file, config); !read)
      return tl::unexpected<Error>(read.error());
  if (const auto valid = validate(config.identity); !valid)
    return fail(valid.error().code, "{}: {}", file, valid.error().message);
  const auto self = config.group.members.find(config.identity.node);
  if (self == config.group.members.end())
    return fail(Errc::kNotFound, "{}: node {} is not one of the members", file, config.identity.node.value());
  if (!config.joins && config.shares.size() < 2 * std::size_t{config.measured_shares} + 1)
    return fail(Errc::kOutOfRange, "{}: key 'measured_shares': for {} failures a group of {} or more", file,
                config.measured_shares, 2 * config.measured_shares + 1);
  if (config.joins)
    config.shares.clear();
  else if (const auto valid = consensus::validate(config.shares); !valid)
    return fail(valid.error().code, "{}: {}", file, valid.error().message);
  if (config.address.empty()) config.address = self->second.host;
  config.group.cluster = config.identity.cluster;
  config.data = beside(file, config.data);
  config.signing_key = beside(file, config.signing_key);
  config.admission_key = beside(file, config.admission_key);
  return config;
}

Result<NodeConfig> load_node_config(const std::string& file) {
  const auto text = formats::read_file(file, kConfigBytesMax);
  if (!text) return tl::unexpected<Error>(text.error());
  return parse_node_config(*text, file);
}

Result<std::optional<storage::SigningKey>> load_admission_key(const NodeConfig& config) {
  if (config.admission_key.empty()) return std::nullopt;
  const auto text = read_key(config.admission_key);
  if (!text) return tl::unexpected<Error>(text.error());
  auto key = storage::SigningKey::read_public(*text);
  if (!key) return fail(key.error().code, "{}: {}", config.admission_key, key.error().message);
  return std::optional(std::move(*key));
}

Result<std::optional<storage::SigningKeys>> load_keys(const NodeConfig& config) {
  if (config.signing_key.empty()) return std::nullopt;
  const auto text = read_key(config.signing_key);
  if (!text) return tl::unexpected<Error>(text.error());
  auto own = storage::SigningKey::read_private(*text);
  if (!own) return fail(own.error().code, "{}: {}", config.signing_key, own.error().message);
  storage::SigningKeys keys{std::move(*own), {}};
  for (const auto& [node, path] : config.public_keys) {
    const auto pem = read_key(path);
    if (!pem) return tl::unexpected<Error>(pem.error());
    auto key = storage::SigningKey::read_public(*pem);
    if (!key) return fail(key.error().code, "{}: {}", path, key.error().message);
    keys.members.emplace(node, std::move(*key));
  }
  return keys;
}

}  // namespace skywarden::app
