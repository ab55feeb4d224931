#include "shell/listening.h"

#include <tuple>

#include "base/text.h"

namespace skywarden::shell {

namespace asio = boost::asio;

Result<std::uint16_t> listen_at(asio::ip::tcp::acceptor& acceptor, const std::string& address,
                                std::uint16_t port) {
  boost::system::error_code error;
  const auto here = asio::ip::make_address(address, error);
  if (error) return fail(Errc::kOutOfRange, "'{}' is not an address", printable(address));
  const asio::ip::tcp::endpoint endpoint(here, port);
  std::ignore = acceptor.close(error);
  std::ignore = acceptor.open(endpoint.protocol(), error);
  if (!error) std::ignore = acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) std::ignore = acceptor.bind(endpoint, error);
  if (!error) std::ignore = acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) return fail(Errc::kUnavailable, "{} port {}: {}", address, port, error.message());
  return acceptor.local_endpoint(error).port();
}

}  // namespace skywarden::shell
