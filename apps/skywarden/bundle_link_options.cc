#include "bundle_link_options.h"

#include "command_line/command_line.h"
#include "network/bundle.h"

namespace skywarden::app {

void add_link_options(command_line::Command command, LinkArguments& link) {
  command.add_option("--node", link.node, "Node ID told to the peer, such as ipn:7.0 or dtn://node/");
  command.add_option("--peer", link.peer, "end the session unless the peer tells this Node ID");
  command.add_option("--port", link.port, "TCP").capture_default_str();
  add_session_options(command, link);
}

void add_session_options(command_line::Command command, LinkArguments& link) {
  command.add_option("--keepalive-s", link.keepalive_s, "seconds proposed; 0: none").capture_default_str();
  command.add_option("--tls-certificate", link.certificate,
                     "of this node, PEM, chain included: TLS 1.3 is required");
  command.add_option("--tls-key", link.key, "PEM");
  command.add_option("--tls-authorities", link.authorities, "certificates that vouch for peers, PEM");
  command.add_flag("--plain-too", link.plain_too, "with TLS: talk to peers without it as well");
  command.add_flag("--any-certificate", link.any_certificate,
                   "with TLS: take certificates without a Node ID (subjectAltName bundleEID)");
}

void add_bundle_bytes_max(command_line::Command command, LinkArguments& link) {
  command.add_option("--bundle-bytes-max", link.bundle_bytes_max, "longest bundle taken")
      .check(command_line::range(std::uint64_t{1}, std::uint64_t{network::kBundleBytesMax}))
      .capture_default_str();
}

Result<shell::TcpclLinkOptions> link_options(const LinkArguments& arguments) {
  shell::TcpclLinkOptions link;
  link.session.node_id = arguments.node;
  if (!arguments.peer.empty()) link.session.peer_node = arguments.peer;
  link.session.keepalive = std::chrono::seconds(arguments.keepalive_s);
  link.session.transfer_mru = arguments.bundle_bytes_max;
  link.session.node_id_required = !arguments.any_certificate;
  const int given = (arguments.certificate.empty() ? 0 : 1) + (arguments.key.empty() ? 0 : 1) +
                    (arguments.authorities.empty() ? 0 : 1);
  if (given != 0 && given != 3)
    return fail(Errc::kConflict, "TLS needs --tls-certificate, --tls-key and --tls-authorities");
  if (given == 3) link.tls = shell::TlsFiles{arguments.certificate, arguments.key, arguments.authorities};
  link.tls_optional = arguments.plain_too;
  return link;
}

}  // namespace skywarden::app
