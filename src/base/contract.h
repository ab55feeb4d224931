// Contracts that stay on in every build. A broken contract is a bug: the node stops, restarts and catches up.
// Never use them for input: bad input is a Result or a Missing field.
#pragma once

namespace skywarden {

[[noreturn]] void contract_failed(const char* kind, const char* condition, const char* file, int line);

}  // namespace skywarden

#define SKYWARDEN_CONTRACT(kind, condition) \
  ((condition) ? static_cast<void>(0) : ::skywarden::contract_failed(kind, #condition, __FILE__, __LINE__))
#define EXPECTS(condition) SKYWARDEN_CONTRACT("expects", condition)
#define ENSURES(condition) SKYWARDEN_CONTRACT("ensures", condition)
