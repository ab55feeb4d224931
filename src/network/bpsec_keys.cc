#include "network/bpsec_keys.h"

#include <algorithm>

#include "base/text.h"

namespace skywarden::network {
namespace {

constexpr std::size_t kKeysMax = 10'000;
constexpr std::array kVariants = {ShaVariant::kHmac256, ShaVariant::kHmac384, ShaVariant::kHmac512};

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<SecretKey> key_from_hex(std::string_view hex) {
  if (hex.empty() || hex.size() % 2 != 0) return std::nullopt;
  std::vector<std::byte> bytes;
  bytes.reserve(hex.size() / 2);
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    const int high = hex_digit(hex[i]), low = hex_digit(hex[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes.push_back(static_cast<std::byte>(high * 16 + low));
  }
  return SecretKey(std::move(bytes));
}

std::optional<KeyUse> use_named(std::string_view name) {
  if (name == "integrity") return KeyUse::kIntegrity;
  if (name == "confidentiality") return KeyUse::kConfidentiality;
  if (name == "wrapping") return KeyUse::kWrapping;
  return std::nullopt;
}

bool length_fits(KeyUse use, std::size_t size) {
  switch (use) {
    case KeyUse::kIntegrity:
      return size >= 1 && size <= kSecretBytesMax;
    case KeyUse::kConfidentiality:
      return size == 16 || size == 32;
    case KeyUse::kWrapping:
      return size == 16 || size == 24 || size == 32;
  }
  return false;
}

// The next word of a line, taken off it.
std::string_view take_word(std::string_view& line) {
  line = trim(line);
  const std::size_t end = std::min(line.find_first_of(" \t"), line.size());
  const auto word = line.substr(0, end);
  line.remove_prefix(end);
  return word;
}

Result<void> read_line(std::string_view line, KeyRing& keys) {
  const auto use = use_named(take_word(line));
  if (!use) return fail(Errc::kMalformed, "expected integrity, confidentiality or wrapping");
  const auto source = take_word(line);
  std::optional<EndpointId> endpoint;
  if (source != "*") {
    auto parsed = parse_endpoint(source);
    if (!parsed) return fail(Errc::kMalformed, "expected '*' or a security source such as ipn:2.1");
    endpoint = *parsed;
  }
  auto key = key_from_hex(take_word(line));
  if (!key || !trim(line).empty())
    return fail(Errc::kMalformed, "expected a key in hexadecimal and nothing after");
  return keys.add(*use, std::move(endpoint), std::move(*key));
}

}  // namespace

Result<void> KeyRing::add(KeyUse use, std::optional<EndpointId> source, SecretKey key) {
  if (!length_fits(use, key.size()))
    return fail(Errc::kOutOfRange, "a key of {} bytes does not fit", key.size());
  if (entries_.size() >= kKeysMax) return fail(Errc::kLimitReached, "more than {} keys", kKeysMax);
  Entry entry{use, std::move(source), std::move(key), {}};
  if (use == KeyUse::kIntegrity)
    for (const ShaVariant variant : kVariants) {
      auto hmac = Hmac::with_key(variant, entry.key.bytes());
      if (!hmac) return tl::unexpected<Error>(hmac.error());
      entry.hmacs.push_back(std::move(*hmac));
    }
  entries_.push_back(std::move(entry));
  return {};
}

const KeyRing::Entry* KeyRing::entry(KeyUse use, const EndpointView& source) const {
  const Entry* for_all = nullptr;
  for (const Entry& each : entries_) {
    if (each.use != use) continue;
    if (!each.source) {
      if (for_all == nullptr) for_all = &each;
    } else if (each.source->view() == source) {
      return &each;
    }
  }
  return for_all;
}

const SecretKey* KeyRing::find(KeyUse use, const EndpointView& source) const {
  const Entry* found = entry(use, source);
  return found == nullptr ? nullptr : &found->key;
}

const Hmac* KeyRing::find_hmac(const EndpointView& source, ShaVariant variant) const {
  const Entry* found = entry(KeyUse::kIntegrity, source);
  if (found == nullptr) return nullptr;
  const auto index =
      static_cast<std::size_t>(std::find(kVariants.begin(), kVariants.end(), variant) - kVariants.begin());
  return &found->hmacs[index];
}

Result<KeyRing> read_keys(std::string_view text, std::string_view file) {
  KeyRing keys;
  for (std::size_t number = 1; !text.empty(); ++number) {
    std::string_view line = take_line(text);
    line = trim(line.substr(0, line.find('#')));
    if (line.empty()) continue;
    if (const auto read = read_line(line, keys); !read)
      return fail(read.error().code, "{}:{}: {}", file, number, read.error().message);
  }
  return keys;
}

}  // namespace skywarden::network
