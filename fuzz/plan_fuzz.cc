// Contact plans in any format: whatever is read makes a graph, and survives being written as JSON and CSV.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "network/plan_file.h"

namespace network = skywarden::network;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto plan = network::read_plan(bytes, "plan");
  if (!plan) return 0;
  if (!network::ContactGraph::make(static_cast<std::uint32_t>(plan->nodes.size()), plan->contacts))
    std::abort();
  for (const std::string& text : {network::to_hdtn_json(*plan), network::to_plan_csv(*plan)}) {
    const auto again = network::read_plan(text, "again");
    if (!again || again->nodes != plan->nodes || !again->problems.empty()) std::abort();
  }
  return 0;
}
