#include <algorithm>

#include "base/contract.h"
#include "network/bundle_decode.h"
#include "network/bundle_node.h"
#include "network/bundle_seen.h"

// What a node takes it can send on, and what it has kept it takes again.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace skywarden;
  using namespace skywarden::network;
  const auto bytes = std::as_bytes(std::span(data, size));
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto id = bundle_id_from_words(text)) EXPECTS(bundle_id_from_words(to_words(*id)).value() == *id);

  static const PlanFile plan =
      read_plan(
          "from,to,start_s,end_s,rate_bps,owlt_s\n1,2,0,9,1000000,0\n7,1,0,9,1000000,0\nx,1,0,9,1000000,0\n",
          "plan")
          .value();
  static const ContactGraph graph = ContactGraph::make(4, plan.contacts).value();
  auto node = BundleNode::make(plan, graph, plan.find("1").value(), {}).value();
  NodeEffects effects;
  if (auto kept = read_kept_bundle(bytes)) (void)node.restore(std::move(*kept), {}, effects);
  effects.clear();
  node.tick({}, effects);
  node.session_up(PlannedContactId(0), {}, effects);
  effects.clear();
  const auto reception = node.receive({bytes.begin(), bytes.end()}, {}, effects);
  EXPECTS(reception.refused.has_value() <= !reception.why.empty());
  for (const NodeEffect& effect : effects) {
    if (const auto* keep = std::get_if<NodeKeep>(&effect)) {
      const auto kept = read_kept_bundle(write_kept_bundle(*node.store().find(keep->slot)));
      EXPECTS(kept && std::ranges::equal(kept->bytes, node.store().find(keep->slot)->bytes));
    }
    if (const auto* transmit = std::get_if<NodeTransmit>(&effect))
      EXPECTS(decode_bundle(transmit->bytes).has_value());
  }
  return 0;
}
