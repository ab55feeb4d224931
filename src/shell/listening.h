// A TCP port of this machine to accept connections at.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <string>

#include "base/result.h"

namespace skywarden::shell {

// The port, which with `port` 0 is any free one; what `acceptor` listened at before is closed. Usable again
// at once after the program ended. kOutOfRange: not an IP address; kUnavailable: it is taken or not allowed.
[[nodiscard]] Result<std::uint16_t> listen_at(boost::asio::ip::tcp::acceptor& acceptor,
                                              const std::string& address, std::uint16_t port);

}  // namespace skywarden::shell
