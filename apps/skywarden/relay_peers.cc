#include "relay_peers.h"

#include <charconv>

#include "base/text.h"
#include "formats/read_file.h"

namespace skywarden::app {
namespace {

constexpr std::size_t kPeersMax = 4096;
constexpr std::size_t kPeersBytesMax = std::size_t{1} << 20;

// NAME=HOST:PORT
Result<void> read_peer(std::string_view text, const network::PlanFile& plan, network::Vertex self,
                       Peers& peers) {
  const std::size_t equals = text.find('=');
  const std::size_t colon = text.rfind(':');
  PeerAddress address;
  if (equals != std::string_view::npos && colon != std::string_view::npos && colon > equals + 1) {
    address.host = std::string(text.substr(equals + 1, colon - equals - 1));
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data() + colon + 1, end, address.port);
    if (error != std::errc() || stop != end) address.port = 0;
  }
  if (address.port == 0)
    return fail(Errc::kMalformed, "expected NAME=HOST:PORT, found '{}'", printable(text));
  if (address.host.starts_with('[') && address.host.ends_with(']'))  // IPv6
    address.host = address.host.substr(1, address.host.size() - 2);
  const auto node = plan.find(text.substr(0, equals));
  if (!node) return fail(Errc::kNotFound, "node '{}' is not in the plan", printable(text.substr(0, equals)));
  if (*node == self) return fail(Errc::kConflict, "'{}' is this node", printable(text.substr(0, equals)));
  if (!peers.emplace(*node, std::move(address)).second)
    return fail(Errc::kConflict, "node '{}' is named twice", printable(text.substr(0, equals)));
  if (peers.size() > kPeersMax) return fail(Errc::kLimitReached, "more than {} peers", kPeersMax);
  return {};
}

}  // namespace

Result<Peers> read_peers(const std::vector<std::string>& texts, const std::string& file,
                         const network::PlanFile& plan, network::Vertex self) {
  Peers peers;
  for (const std::string& text : texts)
    if (const auto read = read_peer(text, plan, self, peers); !read)
      return fail(read.error().code, "--peer: {}", read.error().message);
  if (file.empty()) return peers;
  const auto text = formats::read_file(file, kPeersBytesMax);
  if (!text) return tl::unexpected<Error>(text.error());
  int number = 0;
  for (std::string_view rest = *text; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = trim(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    ++number;
    if (line.empty() || line[0] == '#') continue;
    if (const auto read = read_peer(line, plan, self, peers); !read)
      return fail(read.error().code, "{}:{}: {}", file, number, read.error().message);
  }
  return peers;
}

}  // namespace skywarden::app
