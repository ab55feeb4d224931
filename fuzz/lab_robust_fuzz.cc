#include <string>

#include "base/contract.h"
#include "lab_robust.h"

// The bytes up to the first 0 are the reference, the others whatever file it asks for. Whatever they are,
// there is an answer, and no value passes that was not computed.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  if (size > 2048) return 0;  // exact searches over many rows are slow, not wrong
  const std::string all(reinterpret_cast<const char*>(data), size);
  const std::string reference = all.substr(0, all.find('\0'));
  const std::string beside = reference.size() < all.size() ? all.substr(reference.size() + 1) : "";
  const auto cases = skywarden::app::check_robust(
      reference, "reference.csv", [&](const std::string&) { return skywarden::Result<std::string>(beside); });
  if (!cases) return 0;
  for (const auto& one : *cases) EXPECTS(!one.malformed || !one.difference.empty());
  return 0;
}
