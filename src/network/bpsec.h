// Bundle Protocol Security (RFC 9172) with the default security contexts (RFC 9173): BIB-HMAC-SHA2 says that
// blocks are as their source made them, BCB-AES-GCM hides them too. Sources call add_…, whoever accepts calls
// open_security. Keys are agreed elsewhere and found by the security source (bpsec_keys.h).
//
// An initialization vector must never be used twice with one key: the caller draws it. One BCB has one vector
// for all its targets, so give each target a BCB of its own; several targets in one, as RFC 9173 A.4 has it,
// are understood and can be made, but repeat the key stream. Fragments are neither secured nor checked:
// reassemble first (RFC 9172 §5.2).
#pragma once

#include <string>
#include <vector>

#include "network/bpsec_block.h"
#include "network/bpsec_crypto.h"
#include "network/bpsec_keys.h"
#include "network/bundle.h"

namespace skywarden::network {

namespace scope_flag {  // what a result covers beside its target (RFC 9173 §3.3.3, §4.3.4)
inline constexpr std::uint64_t kPrimary = 1;
inline constexpr std::uint64_t kTargetHeader = 2;
inline constexpr std::uint64_t kSecurityHeader = 4;
inline constexpr std::uint64_t kAll = 7;  // the default
}  // namespace scope_flag

// The new block's place is after the security blocks already there.
struct SecurityRequest {
  std::uint64_t number = 0;  // of the new block
  std::uint64_t flags = 0;  // of the new block; a BCB over the payload is replicated in fragments in any case
  CrcType crc = CrcType::kNone;
  EndpointId source;
  std::vector<std::uint64_t> targets;  // block numbers
  std::uint64_t scope = scope_flag::kAll;
  std::vector<std::byte> wrapped_key;  // sent along when not empty
};
struct IntegrityRequest {
  SecurityRequest block;
  ShaVariant variant = ShaVariant::kHmac384;
};
struct ConfidentialityRequest {
  SecurityRequest block;
  AesVariant variant = AesVariant::kA256Gcm;
  std::vector<std::byte> iv;  // 12 bytes unless there is a reason
};

// kConflict where RFC 9172 §3.7 to §3.9 forbids it, kNotFound for a target that is not there.
[[nodiscard]] Result<void> add_integrity(Bundle& bundle, const IntegrityRequest& request,
                                         const SecretKey& key);
[[nodiscard]] Result<void> add_confidentiality(Bundle& bundle, const ConfidentialityRequest& request,
                                               const SecretKey& key);

enum class SecurityVerdict : std::uint8_t {
  kGood,
  kBad,          // changed on the way, another key, or against the rules
  kNoKey,        // no key for that source
  kUnsupported,  // another security context or variant
  kDeferred,     // a fragment, or still encrypted
};
[[nodiscard]] std::string_view to_string(SecurityVerdict verdict);

struct SecurityOutcome {
  std::uint64_t type = 0;    // of the security block: BIB or BCB
  std::uint64_t block = 0;   // its number
  std::uint64_t target = 0;  // block number
  SecurityVerdict verdict = SecurityVerdict::kDeferred;
  std::string reason;  // when not good
};

struct OpenedBundle {
  BundleView view;  // encrypted blocks whose key was there are plain, and their BCBs gone
  std::vector<std::vector<std::byte>> plaintexts;  // the view points into them
  std::vector<SecurityOutcome> outcomes;           // one for each security operation
  [[nodiscard]] bool all_good() const;
};

// Opens and checks everything it has keys for: first the BCBs, then the BIBs. kMalformed when a security
// block, or what was hidden in an extension block, cannot be read.
[[nodiscard]] Result<OpenedBundle> open_security(const BundleView& bundle, const KeyRing& keys);

}  // namespace skywarden::network
