// Bytes to bundles, strictly (RFC 9171). Nothing is copied: the view points into the input, which must
// outlive it. Every checksum is verified. A bundle is refused at its first fault, with one message that says
// the byte.
//
// Where readers of the RFC differ, this one
// - takes the outer array only as 0x9f … 0xff, and everything inside only in shortest form with definite
// lengths;
// - refuses bytes after the bundle, tags, URI schemes other than dtn and ipn, dtn names without "//node/";
// - takes ipn names of two or three numbers (RFC 9758) and keeps the form;
// - refuses duplicate block numbers, number 0, a payload that is not last, absent, doubled or not number 1,
// block
//   type 0, and more than one previous node, age, hop count or criticality block;
// - refuses a fragment that must not be fragmented or reaches beyond its total, and flags that contradict an
//   administrative record or a source without name (RFC 9171 §4.2.3); passes flags that are not assigned;
// - keeps blocks of unknown type with their flags: discarding them is the forwarder's decision;
// - takes a primary block without checksum, and creation time 0 without a bundle age block, because the
// examples
//   of RFC 9173 have both, unless `whole_rfc` asks for the rules of §4.3.1 and §4.4.2;
// - reads the data of an encrypted block as bytes only.
#pragma once

#include <span>

#include "network/bundle.h"

namespace skywarden::network {

struct DecodeOptions {
  std::size_t bytes_max = kBundleBytesMax;
  std::size_t blocks_max = kBlocksMax;  // at most kBlocksMax
  bool whole_rfc = false;
};

// kMalformed, kUnsupported (another version or scheme) or kLimitReached: "bundle at byte 31: …".
[[nodiscard]] Result<BundleView> decode_bundle(std::span<const std::byte> input,
                                               const DecodeOptions& options = {});

// Reads again what extension blocks say, after encrypted ones have been opened.
[[nodiscard]] Result<void> read_extension_blocks(BundleView& bundle);

}  // namespace skywarden::network
