// What fuzzers of model files share: a schema of one number, and the checksum made right, because no fuzzer
// guesses one.
#pragma once

#include <cstddef>
#include <vector>

#include "base/little_endian.h"
#include "datum/schema.h"
#include "wire/crc32c.h"

namespace skywarden::fuzz {

inline const datum::Schema& one_field_schema() {
  static const datum::Schema schema = [] {
    datum::Schema out;
    out.name = "f";
    out.fields.resize(1);
    out.fields[0].name = "x";
    return out;
  }();
  return schema;
}

inline std::vector<std::byte> with_checksum(const unsigned char* data, std::size_t size) {
  std::vector<std::byte> bytes;
  for (std::size_t i = 0; i < size; ++i) bytes.push_back(static_cast<std::byte>(data[i]));
  append_little_endian(bytes, wire::crc32c(bytes), 4);
  return bytes;
}

}  // namespace skywarden::fuzz
