#include "base/contract.h"
#include "orbit/omm.h"

// Every form of OMM reads any bytes; what is kept is plausible.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const auto& file : {skywarden::orbit::parse_omm_csv(bytes), skywarden::orbit::parse_omm_json(bytes),
                           skywarden::orbit::parse_omm_xml(bytes)})
    if (file)
      for (const auto& set : file->sets) EXPECTS(skywarden::orbit::implausible(set).empty());
  return 0;
}
