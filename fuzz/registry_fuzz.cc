#include <span>

#include "agents/registry.h"
#include "base/contract.h"

// Whatever is accepted has no other bytes, and the registry that comes of it goes on.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace skywarden;
  using namespace skywarden::agents;
  const auto bytes = std::as_bytes(std::span(data, size));
  auto registry = Registry::restore(bytes);
  if (!registry) return 0;
  const auto again = registry->save();
  EXPECTS(std::equal(again.begin(), again.end(), bytes.begin(), bytes.end()));
  const auto known = registry->agents();
  for (const auto& [by, teller] : known)
    for (const auto& [name, agent] : known) {
      (void)registry->apply(AgentEvent{registry->now(), by, Renewed{name, registry->now()}});
      for (const AgentState to :
           {AgentState::kActive, AgentState::kDegraded, AgentState::kSuspended, AgentState::kRetired})
        (void)registry->apply(AgentEvent{registry->now(), by, Moved{name, to}});
      (void)registry->apply(AgentEvent{registry->now(), by, Appointed{name, Term(1)}});
      (void)registry->apply(AgentEvent{registry->now(), by, Measured{name, Ability::kWatch, 1, 2, ~0ULL}});
    }
  EXPECTS(Registry::restore(registry->save()).has_value());
  return 0;
}
