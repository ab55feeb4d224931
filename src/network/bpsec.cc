#include "network/bpsec.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "network/bundle_cursor.h"
#include "network/bundle_decode.h"
#include "network/bundle_encode.h"
#include "wire/cbor_head.h"

namespace skywarden::network {
namespace {

using wire::append_cbor_head;
using wire::CborMajor;

constexpr std::uint64_t kPrimaryNumber = 0;

// Identifiers of parameters and results (RFC 9173 §3.3, §3.4, §4.3, §4.4).
namespace integrity_parameter {
constexpr std::uint64_t kVariant = 1, kWrappedKey = 2, kScope = 3;
}
namespace confidentiality_parameter {
constexpr std::uint64_t kIv = 1, kVariant = 2, kWrappedKey = 3, kScope = 4;
}
constexpr std::uint64_t kResultId = 1;  // the expected HMAC of a BIB, the authentication tag of a BCB

struct Header {  // what says which block it is, beside its data
  std::uint64_t type = 0, number = 0, flags = 0;
};

struct Covered {
  std::uint64_t scope = scope_flag::kAll;
  ByteView primary;
  Header target;
  Header security;
};

// The pieces over which a result is computed, with room for those that exist nowhere else. Integrity: RFC
// 9173 §3.7; associated data: §4.7.2, where `data` is left out.
class Pieces {
 public:
  explicit Pieces(const Covered& covered) {
    heads_.reserve(kHeadsMax);
    const std::uint64_t scope = covered.scope & scope_flag::kAll;
    append_cbor_head(heads_, CborMajor::kUnsigned, scope);
    close_head(0);
    const bool of_primary = covered.target.number == kPrimaryNumber;
    if ((scope & scope_flag::kPrimary) != 0 && !of_primary) pieces_.push_back(covered.primary);
    if ((scope & scope_flag::kTargetHeader) != 0 && !of_primary) add_header(covered.target);
    if ((scope & scope_flag::kSecurityHeader) != 0) add_header(covered.security);
  }
  Pieces(const Pieces&) = delete;
  Pieces& operator=(const Pieces&) = delete;

  void add_data(ByteView data) {  // a byte string with its head
    const std::size_t begin = heads_.size();
    append_cbor_head(heads_, CborMajor::kBytes, data.size());
    close_head(begin);
    pieces_.push_back(data);
  }
  [[nodiscard]] std::span<const ByteView> view() const { return {pieces_.data(), pieces_.size()}; }

 private:
  static constexpr std::size_t kHeadsMax = 9 * 8;  // so that the views into heads_ stay good

  void add_header(const Header& header) {
    const std::size_t begin = heads_.size();
    append_cbor_head(heads_, CborMajor::kUnsigned, header.type);
    append_cbor_head(heads_, CborMajor::kUnsigned, header.number);
    append_cbor_head(heads_, CborMajor::kUnsigned, header.flags);
    close_head(begin);
  }
  void close_head(std::size_t begin) { pieces_.push_back(ByteView(heads_).subspan(begin)); }

  std::vector<std::byte> heads_;
  InlineVector<ByteView, 8> pieces_;
};

Result<Mac> integrity_of(const Hmac& hmac, const Covered& covered, ByteView data) {
  Pieces pieces(covered);
  // As a target the primary block stands in a byte string too: RFC 9173 A.3.3.2 shows what §3.7 leaves open.
  pieces.add_data(covered.target.number == kPrimaryNumber ? covered.primary : data);
  return hmac.over(pieces.view());
}

// ---- adding

Block* find_block(Bundle& bundle, std::uint64_t number) {
  const auto found = std::find_if(bundle.blocks.begin(), bundle.blocks.end(),
                                  [&](const Block& block) { return block.number == number; });
  return found == bundle.blocks.end() ? nullptr : &*found;
}

BlockView view_of(const Block& block) {
  return {
      .type = block.type, .number = block.number, .flags = block.flags, .crc = block.crc, .data = block.data};
}

Header header_of(const Block& block) {
  return {block.type, block.number, block.flags};
}

// Numbers that blocks of this type already target.
Result<std::vector<std::uint64_t>> targets_of(const Bundle& bundle, std::uint64_t type) {
  std::vector<std::uint64_t> targets;
  for (const Block& block : bundle.blocks) {
    if (block.type != type) continue;
    const auto security = read_security_block(view_of(block));
    if (!security) return tl::unexpected<Error>(security.error());
    targets.insert(targets.end(), security->targets.begin(), security->targets.end());
  }
  return targets;
}

bool contains(const std::vector<std::uint64_t>& numbers, std::uint64_t number) {
  return std::find(numbers.begin(), numbers.end(), number) != numbers.end();
}

Result<void> check_request(Bundle& bundle, const SecurityRequest& request) {
  if (bundle.primary.has(bundle_flag::kFragment))
    return fail(Errc::kConflict, "a fragment cannot be secured");
  if (request.targets.empty()) return fail(Errc::kMalformed, "a security block needs a target");
  if (request.number <= kPayloadNumber || find_block(bundle, request.number) != nullptr)
    return fail(Errc::kConflict, "block number {} is not free", request.number);
  for (std::size_t i = 0; i < request.targets.size(); ++i) {
    const std::uint64_t target = request.targets[i];
    if (std::count(request.targets.begin(), request.targets.end(), target) > 1)
      return fail(Errc::kConflict, "target {} is named twice", target);
    if (target != kPrimaryNumber && find_block(bundle, target) == nullptr)
      return fail(Errc::kNotFound, "there is no block {} to secure", target);
  }
  return {};
}

// RFC 9172 §3.7.
Result<void> check_integrity_targets(Bundle& bundle, const SecurityRequest& request) {
  const auto encrypted = targets_of(bundle, block_type::kConfidentiality);
  if (!encrypted) return tl::unexpected<Error>(encrypted.error());
  for (const std::uint64_t target : request.targets) {
    if (contains(*encrypted, target)) return fail(Errc::kConflict, "block {} is encrypted already", target);
    const Block* block = target == kPrimaryNumber ? nullptr : find_block(bundle, target);
    if (block != nullptr && is_security_type(block->type))
      return fail(Errc::kConflict, "block {} is a security block itself", target);
  }
  for (const Block& block : bundle.blocks) {  // one BIB a target; what an encrypted one covers cannot be read
    if (block.type != block_type::kIntegrity || contains(*encrypted, block.number)) continue;
    const auto security = read_security_block(view_of(block));
    if (!security) return tl::unexpected<Error>(security.error());
    for (const std::uint64_t target : security->targets)
      if (contains(request.targets, target))
        return fail(Errc::kConflict, "block {} has an integrity block already", target);
  }
  return {};
}

// RFC 9172 §3.8 and §3.9: a BIB over what is hidden must be hidden too.
Result<void> check_confidentiality_targets(Bundle& bundle, const SecurityRequest& request) {
  const auto encrypted = targets_of(bundle, block_type::kConfidentiality);
  if (!encrypted) return tl::unexpected<Error>(encrypted.error());
  for (const std::uint64_t target : request.targets) {
    if (target == kPrimaryNumber) return fail(Errc::kConflict, "the primary block cannot be encrypted");
    if (find_block(bundle, target)->type == block_type::kConfidentiality)
      return fail(Errc::kConflict, "block {} is a BCB itself", target);
    if (contains(*encrypted, target)) return fail(Errc::kConflict, "block {} is encrypted already", target);
  }
  for (const Block& block : bundle.blocks) {
    if (block.type != block_type::kIntegrity || contains(*encrypted, block.number)) continue;
    const auto security = read_security_block(view_of(block));
    if (!security) return tl::unexpected<Error>(security.error());
    const auto& covered = security->targets;
    const auto shared = std::count_if(covered.begin(), covered.end(), [&](std::uint64_t target) {
      return contains(request.targets, target);
    });
    if (shared == 0 || contains(request.targets, block.number)) continue;
    return fail(Errc::kConflict, "integrity block {} covers what is to be encrypted: encrypt it first",
                block.number);
  }
  return {};
}

void insert_security_block(Bundle& bundle, Block block) {
  const auto last = std::find_if(bundle.blocks.rbegin(), bundle.blocks.rend(),
                                 [](const Block& each) { return is_security_type(each.type); });
  bundle.blocks.insert(last.base(), std::move(block));
}

SecurityBlock security_block_of(const SecurityRequest& request, std::int64_t context) {
  SecurityBlock security;
  security.targets = request.targets;
  security.context = context;
  security.source = request.source;
  return security;
}

// ---- opening

SecurityOutcome outcome_of(const BlockView& block, std::uint64_t target, SecurityVerdict verdict,
                           std::string reason = {}) {
  return {block.type, block.number, target, verdict, std::move(reason)};
}

SecurityVerdict verdict_of(const Error& error) {
  return error.code == Errc::kNotFound      ? SecurityVerdict::kNoKey
         : error.code == Errc::kUnsupported ? SecurityVerdict::kUnsupported
                                            : SecurityVerdict::kBad;
}

Result<std::uint64_t> unsigned_of(const SecurityValueView& value, const char* what) {
  BundleCursor in(value.encoded, value.offset);
  std::uint64_t number = 0;
  if (!in.unsigned_integer(number, what)) return in.error();
  return number;
}

Result<ByteView> bytes_of(const SecurityValueView& value, const char* what) {
  BundleCursor in(value.encoded, value.offset);
  ByteView bytes;
  if (!in.bytes(bytes, what)) return in.error();
  return bytes;
}

// The one result of a target, a byte string with the identifier both contexts use.
Result<ByteView> result_of(const SecurityBlockView& security, std::size_t target) {
  const SecurityValueView* found = nullptr;
  for (const auto& result : security.results) {
    if (result.target != target) continue;
    if (found != nullptr || result.value.id != kResultId)
      return fail(Errc::kUnsupported, "security result {} is unknown or given twice", result.value.id);
    found = &result.value;
  }
  if (found == nullptr) return fail(Errc::kMalformed, "the target has no security result");
  return bytes_of(*found, "the security result");
}

struct IntegrityParameters {
  ShaVariant variant = ShaVariant::kHmac384;
  ByteView wrapped_key;
  std::uint64_t scope = scope_flag::kAll;
};

Result<IntegrityParameters> integrity_parameters(const SecurityBlockView& security) {
  if (security.context != kBibHmacSha2)
    return fail(Errc::kUnsupported, "security context {}", security.context);
  IntegrityParameters parameters;
  for (const SecurityValueView& value : security.parameters) {
    if (value.id == integrity_parameter::kWrappedKey) {
      const auto wrapped = bytes_of(value, "the wrapped key");
      if (!wrapped) return tl::unexpected<Error>(wrapped.error());
      parameters.wrapped_key = *wrapped;
      continue;
    }
    const auto number = unsigned_of(value, "an integrity parameter");
    if (!number) return tl::unexpected<Error>(number.error());
    if (value.id == integrity_parameter::kScope) {
      parameters.scope = *number;
    } else if (value.id == integrity_parameter::kVariant && *number >= 5 && *number <= 7) {
      parameters.variant = static_cast<ShaVariant>(*number);
    } else {
      return fail(Errc::kUnsupported, "integrity parameter {} of value {}", value.id, *number);
    }
  }
  return parameters;
}

struct ConfidentialityParameters {
  AesVariant variant = AesVariant::kA256Gcm;
  ByteView iv;
  ByteView wrapped_key;
  std::uint64_t scope = scope_flag::kAll;
};

Result<ConfidentialityParameters> confidentiality_parameters(const SecurityBlockView& security) {
  if (security.context != kBcbAesGcm)
    return fail(Errc::kUnsupported, "security context {}", security.context);
  ConfidentialityParameters parameters;
  for (const SecurityValueView& value : security.parameters) {
    const bool is_iv = value.id == confidentiality_parameter::kIv;
    if (is_iv || value.id == confidentiality_parameter::kWrappedKey) {
      const auto bytes = bytes_of(value, is_iv ? "the initialization vector" : "the wrapped key");
      if (!bytes) return tl::unexpected<Error>(bytes.error());
      (is_iv ? parameters.iv : parameters.wrapped_key) = *bytes;
      continue;
    }
    const auto number = unsigned_of(value, "a confidentiality parameter");
    if (!number) return tl::unexpected<Error>(number.error());
    if (value.id == confidentiality_parameter::kScope) {
      parameters.scope = *number;
    } else if (value.id == confidentiality_parameter::kVariant && (*number == 1 || *number == 3)) {
      parameters.variant = static_cast<AesVariant>(*number);
    } else {
      return fail(Errc::kUnsupported, "confidentiality parameter {} of value {}", value.id, *number);
    }
  }
  return parameters;
}

Result<SecretKey> unwrapped(const KeyRing& keys, const EndpointView& source, ByteView wrapped) {
  const SecretKey* wrapping = keys.find(KeyUse::kWrapping, source);
  if (wrapping == nullptr) return fail(Errc::kNotFound, "no wrapping key for {}", to_string(source));
  return unwrap_key(wrapping->bytes(), wrapped);
}

class Opener {
 public:
  Opener(const BundleView& bundle, const KeyRing& keys) : keys_(keys) { opened_.view = bundle; }

  Result<OpenedBundle> open() {
    for (const std::uint64_t type : {block_type::kConfidentiality, block_type::kIntegrity})
      for (std::size_t i = 0; i < opened_.view.blocks.size(); ++i)
        if (opened_.view.blocks[i].type == type)
          if (const auto done = open_block(i); !done) return tl::unexpected<Error>(done.error());
    drop_finished();
    if (const auto read = read_extension_blocks(opened_.view); !read)
      return tl::unexpected<Error>(read.error());
    return std::move(opened_);
  }

 private:
  Result<void> open_block(std::size_t index) {
    const BlockView block = opened_.view.blocks[index];
    if (block.encrypted) {  // a BIB whose BCB could not be opened, or a BCB over a BCB, which is against the
                            // rules
      opened_.outcomes.push_back(outcome_of(block, 0, SecurityVerdict::kDeferred, "it is encrypted itself"));
      return {};
    }
    const auto security = read_security_block(block);
    if (!security) return tl::unexpected<Error>(security.error());
    bool all_good = true;
    const auto note = [&](SecurityOutcome outcome) {
      all_good = all_good && outcome.verdict == SecurityVerdict::kGood;
      opened_.outcomes.push_back(std::move(outcome));
    };
    if (opened_.view.primary.has(bundle_flag::kFragment)) {
      for (const std::uint64_t target : security->targets)
        note(outcome_of(block, target, SecurityVerdict::kDeferred, "a fragment: reassemble first"));
    } else if (block.type == block_type::kConfidentiality) {
      open_confidentiality(block, *security, note);
    } else {
      check_integrity(block, *security, note);
    }
    if (block.type == block_type::kConfidentiality && all_good) finished_.push_back(block.number);
    return {};
  }

  template <typename Note>
  void all_the_same(const BlockView& block, const SecurityBlockView& security, const Error& error,
                    const Note& note) {
    for (const std::uint64_t target : security.targets)
      note(outcome_of(block, target, verdict_of(error), error.message));
  }

  BlockView* find(std::uint64_t number) {
    auto& blocks = opened_.view.blocks;
    auto* found =
        std::find_if(blocks.begin(), blocks.end(), [&](const BlockView& b) { return b.number == number; });
    return found == blocks.end() ? nullptr : found;
  }

  [[nodiscard]] Covered covered(const BlockView& security, const BlockView& target,
                                std::uint64_t scope) const {
    return {scope,
            opened_.view.primary_bytes,
            {target.type, target.number, target.flags},
            {security.type, security.number, security.flags}};
  }

  template <typename Note>
  void open_confidentiality(const BlockView& block, const SecurityBlockView& security, const Note& note) {
    const auto parameters = confidentiality_parameters(security);
    if (!parameters) return all_the_same(block, security, parameters.error(), note);
    SecretKey own;
    const SecretKey* key = &own;
    if (!parameters->wrapped_key.empty()) {
      auto unwrapped_key = unwrapped(keys_, security.source, parameters->wrapped_key);
      if (!unwrapped_key) return all_the_same(block, security, unwrapped_key.error(), note);
      own = std::move(*unwrapped_key);
    } else {
      key = keys_.find(KeyUse::kConfidentiality, security.source);
      if (key == nullptr)
        return all_the_same(
            block, security,
            {Errc::kNotFound, fmt::format("no confidentiality key for {}", to_string(security.source))},
            note);
    }
    for (std::size_t i = 0; i < security.targets.size(); ++i) {
      const auto done = decrypt(block, security, i, *parameters, *key);
      const std::uint64_t target = security.targets[i];
      note(done ? outcome_of(block, target, SecurityVerdict::kGood)
                : outcome_of(block, target, verdict_of(done.error()), done.error().message));
    }
  }

  Result<void> decrypt(const BlockView& block, const SecurityBlockView& security, std::size_t index,
                       const ConfidentialityParameters& parameters, const SecretKey& key) {
    BlockView* target = find(security.targets[index]);
    if (target == nullptr) return fail(Errc::kMalformed, "there is no such block");
    if (target->type == block_type::kConfidentiality) return fail(Errc::kMalformed, "a BCB over a BCB");
    if (!target->encrypted) return fail(Errc::kMalformed, "two BCBs over one block");
    const auto tag = result_of(security, index);
    if (!tag) return tl::unexpected<Error>(tag.error());
    const Pieces associated(covered(block, *target, parameters.scope));
    auto plaintext =
        gcm_open({parameters.variant, key.bytes(), parameters.iv}, associated.view(), target->data, *tag);
    if (!plaintext) return tl::unexpected<Error>(plaintext.error());
    opened_.plaintexts.push_back(std::move(*plaintext));
    target->data = opened_.plaintexts.back();
    target->encrypted = false;
    return {};
  }

  template <typename Note>
  void check_integrity(const BlockView& block, const SecurityBlockView& security, const Note& note) {
    const auto parameters = integrity_parameters(security);
    if (!parameters) return all_the_same(block, security, parameters.error(), note);
    std::optional<Hmac> own;
    const Hmac* hmac = nullptr;
    if (!parameters->wrapped_key.empty()) {
      const auto key = unwrapped(keys_, security.source, parameters->wrapped_key);
      if (!key) return all_the_same(block, security, key.error(), note);
      auto keyed = Hmac::with_key(parameters->variant, key->bytes());
      if (!keyed) return all_the_same(block, security, keyed.error(), note);
      hmac = &own.emplace(std::move(*keyed));
    } else {
      hmac = keys_.find_hmac(security.source, parameters->variant);
      if (hmac == nullptr)
        return all_the_same(
            block, security,
            {Errc::kNotFound, fmt::format("no integrity key for {}", to_string(security.source))}, note);
    }
    for (std::size_t i = 0; i < security.targets.size(); ++i)
      note(check_target(block, security, i, parameters->scope, *hmac));
  }

  SecurityOutcome check_target(const BlockView& block, const SecurityBlockView& security, std::size_t index,
                               std::uint64_t scope, const Hmac& hmac) {
    const std::uint64_t number = security.targets[index];
    const BlockView primary;  // number 0
    const BlockView* target = number == kPrimaryNumber ? &primary : find(number);
    if (target == nullptr) return outcome_of(block, number, SecurityVerdict::kBad, "there is no such block");
    if (is_security_type(target->type))
      return outcome_of(block, number, SecurityVerdict::kBad, "a BIB over a security block");
    if (target->encrypted)
      return outcome_of(block, number, SecurityVerdict::kDeferred, "the target is encrypted");
    const auto expected = result_of(security, index);
    if (!expected) return outcome_of(block, number, verdict_of(expected.error()), expected.error().message);
    const auto mac = integrity_of(hmac, covered(block, *target, scope), target->data);
    if (!mac) return outcome_of(block, number, SecurityVerdict::kBad, mac.error().message);
    if (!equal_in_constant_time(mac->view(), *expected))
      return outcome_of(block, number, SecurityVerdict::kBad, "the HMAC does not fit");
    return outcome_of(block, number, SecurityVerdict::kGood);
  }

  void drop_finished() {
    if (finished_.empty()) return;
    opened_.view.blocks.erase_if([&](const BlockView& block) { return contains(finished_, block.number); });
  }

  const KeyRing& keys_;
  OpenedBundle opened_;
  std::vector<std::uint64_t> finished_;  // BCBs with nothing left to open
};

}  // namespace

Result<void> add_integrity(Bundle& bundle, const IntegrityRequest& request, const SecretKey& key) {
  const SecurityRequest& wanted = request.block;
  if (auto checked = check_request(bundle, wanted); !checked) return checked;
  if (auto checked = check_integrity_targets(bundle, wanted); !checked) return checked;
  const auto hmac = Hmac::with_key(request.variant, key.bytes());
  if (!hmac) return tl::unexpected<Error>(hmac.error());
  SecurityBlock security = security_block_of(wanted, kBibHmacSha2);
  security.parameters.push_back(
      unsigned_value(integrity_parameter::kVariant, static_cast<std::uint64_t>(request.variant)));
  if (!wanted.wrapped_key.empty())
    security.parameters.push_back(bytes_value(integrity_parameter::kWrappedKey, wanted.wrapped_key));
  security.parameters.push_back(unsigned_value(integrity_parameter::kScope, wanted.scope & scope_flag::kAll));

  const std::vector<std::byte> primary = encode_primary(bundle.primary);
  Block made{block_type::kIntegrity, wanted.number, wanted.flags, wanted.crc, {}};
  for (const std::uint64_t number : wanted.targets) {
    const Block* target = number == kPrimaryNumber ? nullptr : find_block(bundle, number);
    const Covered covered{wanted.scope, primary, target == nullptr ? Header{} : header_of(*target),
                          header_of(made)};
    const auto mac = integrity_of(*hmac, covered, target == nullptr ? ByteView() : ByteView(target->data));
    if (!mac) return tl::unexpected<Error>(mac.error());
    security.results.push_back({bytes_value(kResultId, mac->view())});
  }
  made.data = write_security_block(security);
  insert_security_block(bundle, std::move(made));
  return {};
}

Result<void> add_confidentiality(Bundle& bundle, const ConfidentialityRequest& request,
                                 const SecretKey& key) {
  const SecurityRequest& wanted = request.block;
  if (auto checked = check_request(bundle, wanted); !checked) return checked;
  if (auto checked = check_confidentiality_targets(bundle, wanted); !checked) return checked;
  SecurityBlock security = security_block_of(wanted, kBcbAesGcm);
  security.parameters.push_back(bytes_value(confidentiality_parameter::kIv, request.iv));
  security.parameters.push_back(
      unsigned_value(confidentiality_parameter::kVariant, static_cast<std::uint64_t>(request.variant)));
  if (!wanted.wrapped_key.empty())
    security.parameters.push_back(bytes_value(confidentiality_parameter::kWrappedKey, wanted.wrapped_key));
  security.parameters.push_back(
      unsigned_value(confidentiality_parameter::kScope, wanted.scope & scope_flag::kAll));

  const std::vector<std::byte> primary = encode_primary(bundle.primary);
  // RFC 9172 §3.8: fragments of an encrypted payload each need the block that opens it.
  const std::uint64_t replicate = contains(wanted.targets, kPayloadNumber) ? block_flag::kReplicate : 0;
  Block made{block_type::kConfidentiality, wanted.number, wanted.flags | replicate, wanted.crc, {}};
  std::vector<std::vector<std::byte>> ciphertexts;  // applied when all have succeeded
  for (const std::uint64_t number : wanted.targets) {
    const Block& target = *find_block(bundle, number);
    const Pieces associated({wanted.scope, primary, header_of(target), header_of(made)});
    auto sealed = gcm_seal({request.variant, key.bytes(), request.iv}, associated.view(), target.data);
    if (!sealed) return tl::unexpected<Error>(sealed.error());
    security.results.push_back({bytes_value(kResultId, sealed->tag)});
    ciphertexts.push_back(std::move(sealed->ciphertext));
  }
  for (std::size_t i = 0; i < wanted.targets.size(); ++i)
    find_block(bundle, wanted.targets[i])->data = std::move(ciphertexts[i]);
  made.data = write_security_block(security);
  insert_security_block(bundle, std::move(made));
  return {};
}

std::string_view to_string(SecurityVerdict verdict) {
  switch (verdict) {
    case SecurityVerdict::kGood:
      return "good";
    case SecurityVerdict::kBad:
      return "bad";
    case SecurityVerdict::kNoKey:
      return "no_key";
    case SecurityVerdict::kUnsupported:
      return "unsupported";
    case SecurityVerdict::kDeferred:
      return "deferred";
  }
  return "bad";
}

bool OpenedBundle::all_good() const {
  return std::all_of(outcomes.begin(), outcomes.end(), [](const SecurityOutcome& outcome) {
    return outcome.verdict == SecurityVerdict::kGood;
  });
}

Result<OpenedBundle> open_security(const BundleView& bundle, const KeyRing& keys) {
  return Opener(bundle, keys).open();
}

}  // namespace skywarden::network
