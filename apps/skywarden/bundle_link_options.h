// Options that the commands which speak TCPCLv4 share: bundle send, receive and relay.
#pragma once

#include <string>

#include "command_line/command_line.h"
#include "shell/tcpcl_link.h"

namespace skywarden::app {

struct LinkArguments {
  std::string node, peer, certificate, key, authorities;
  std::uint16_t port = network::kTcpclPort;
  std::uint16_t keepalive_s = 30;
  std::uint64_t bundle_bytes_max = std::uint64_t{64} << 20;
  bool plain_too = false, any_certificate = false;
};

void add_link_options(command_line::Command command, LinkArguments& link);     // all but --bundle-bytes-max
void add_session_options(command_line::Command command, LinkArguments& link);  // keepalive and TLS
void add_bundle_bytes_max(command_line::Command command, LinkArguments& link);
[[nodiscard]] Result<shell::TcpclLinkOptions> link_options(const LinkArguments& arguments);

}  // namespace skywarden::app
