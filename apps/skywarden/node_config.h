// The TOML file of one member of a consensus group; its clients read it too. See docs/formats.md.
#pragma once

#include <optional>
#include <string>

#include "consensus/configuration.h"
#include "shell/group_call.h"
#include "storage/signed_head.h"

namespace skywarden::app {

enum class AgreesOn { kFires, kValues };

struct NodeConfig {
  storage::LogIdentity identity;
  AgreesOn agrees_on = AgreesOn::kFires;
  Duration clock_behind{};  // of nodes that agree on fires, behind UTC: an exercise in the past
  std::string address;      // to listen at
  std::string data;         // folder of the log; empty: in memory
  std::optional<std::size_t> compact_bytes;  // of log, then a snapshot is made; nothing: the service's own
  shell::GroupAddresses group;               // this node included
  bool joins = false;                        // a group that runs, instead of founding one; values only
  consensus::Shares shares;                  // that the group was founded with; empty when it joins
  std::uint32_t measured_shares = 0;         // f: leaders measure and move shares; 0: they stay
  consensus::FailureDomains domains;         // what fails together, of founding members
  std::string signing_key;                   // files; empty: nothing is signed
  std::map<NodeId, std::string> public_keys;
  std::string admission_key;  // whose statements let nodes join and leave; empty: nobody's
};

// Paths are taken from where the file lies. Errors name file and key.
[[nodiscard]] Result<NodeConfig> parse_node_config(std::string_view text, const std::string& file);
[[nodiscard]] Result<NodeConfig> load_node_config(const std::string& file);
[[nodiscard]] Result<std::optional<storage::SigningKeys>> load_keys(const NodeConfig& config);
[[nodiscard]] Result<std::optional<storage::SigningKey>> load_admission_key(const NodeConfig& config);

}  // namespace skywarden::app
