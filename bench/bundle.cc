// How fast bundles of RFC 9173 appendix A's size are decoded, encoded, checked and opened on one core. One
// JSON line a figure: operations per second of CPU time, the median of several runs after one to warm up.
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "command_line/command_line.h"
#include "cpu_time.h"
#include "network/bpsec.h"
#include "network/bundle_decode.h"
#include "network/bundle_encode.h"

namespace {

using namespace skywarden;
using namespace skywarden::network;

constexpr int kRuns = 7;
constexpr double kSecondsPerRun = 0.3;

void must(bool good, std::string_view what) {
  if (good) return;
  fmt::print(stderr, "bench-bundle: {} failed\n", what);
  std::exit(1);
}

template <typename T>
T must_have(Result<T> result, std::string_view what) {
  must(result.has_value(), what);
  return std::move(*result);
}

// Operations per CPU second; `operation` says whether it succeeded.
template <typename Operation>
double rate_of(std::string_view name, const Operation& operation) {
  constexpr int kBatch = 1000;
  std::array<double, kRuns> rates{};
  for (int run = -1; run < kRuns; ++run) {
    long done = 0;
    const double begin = cpu_seconds();
    double spent = 0.0;
    do {
      bool good = true;
      for (int i = 0; i < kBatch; ++i) good = operation() && good;
      must(good, name);
      done += kBatch;
      spent = cpu_seconds() - begin;
    } while (spent < kSecondsPerRun);
    if (run >= 0) rates[static_cast<std::size_t>(run)] = static_cast<double>(done) / spent;
  }
  std::sort(rates.begin(), rates.end());
  return rates[kRuns / 2];
}

template <typename Operation>
void figure(std::string_view name, std::size_t bytes, const Operation& operation) {
  fmt::print(
      "{{\"figure\":\"{}\",\"per_second\":{:.0f},\"bundle_bytes\":{},\"runs\":{},\"clock\":\"cpu\"}}\n", name,
      rate_of(name, operation), bytes, kRuns);
  std::fflush(stdout);
}

SecretKey key_of(std::size_t size) {
  return SecretKey(std::vector<std::byte>(size, std::byte{0x1A}));
}

// RFC 9173 A.1.1: a payload of 35 bytes from ipn:2.1 to ipn:1.2.
Bundle plain_bundle(CrcType crc) {
  constexpr std::string_view kPayload = "Ready to generate a 32-byte payload";
  Bundle bundle;
  bundle.primary.crc = crc;
  bundle.primary.destination = EndpointId::ipn(1, 2);
  bundle.primary.source = EndpointId::ipn(2, 1);
  bundle.primary.report_to = EndpointId::ipn(2, 1);
  bundle.primary.created = {0, 40};
  bundle.primary.lifetime_ms = 1'000'000;
  bundle.blocks.push_back(payload_block(std::as_bytes(std::span(kPayload)), crc));
  return bundle;
}

// With the BIB of A.1 in it.
Bundle signed_bundle(CrcType crc) {
  Bundle bundle = plain_bundle(crc);
  IntegrityRequest request;
  request.block.number = 2;
  request.block.crc = crc;
  request.block.source = EndpointId::ipn(2, 1);
  request.block.targets = {kPayloadNumber};
  request.block.scope = 0;
  request.variant = ShaVariant::kHmac512;
  must(add_integrity(bundle, request, key_of(16)).has_value(), "signing");
  return bundle;
}

Bundle encrypted_bundle() {
  Bundle bundle = plain_bundle(CrcType::kCrc32c);
  ConfidentialityRequest request;
  request.block.number = 2;
  request.block.source = EndpointId::ipn(2, 1);
  request.block.targets = {kPayloadNumber};
  request.iv = std::vector<std::byte>(12, std::byte{0x54});
  must(add_confidentiality(bundle, request, key_of(32)).has_value(), "encrypting");
  return bundle;
}

void decoding(std::string_view name, const Bundle& bundle) {
  const auto bytes = must_have(encode_bundle(bundle), name);
  figure(name, bytes.size(), [&] { return decode_bundle(bytes).has_value(); });
}

void encoding(std::string_view name, const Bundle& bundle) {
  const auto bytes = must_have(encode_bundle(bundle), name);
  figure(name, bytes.size(), [&] { return encode_bundle(bundle).has_value(); });
}

void opening(std::string_view name, const Bundle& bundle, const KeyRing& keys) {
  const auto bytes = must_have(encode_bundle(bundle), name);
  figure(name, bytes.size(), [&] {
    const auto view = decode_bundle(bytes);
    if (!view) return false;
    const auto opened = open_security(*view, keys);
    return opened && opened->all_good() && opened->outcomes.size() == 1;
  });
}

}  // namespace

int main(int argc, char** argv) {
  skywarden::command_line::Program app(
      "How fast bundles are decoded, encoded, checked and opened on one core");
  app.footer("Example:\n  bench-bundle");
  if (const auto exit_code = app.parse(argc, argv)) return *exit_code;
  KeyRing keys;
  must(keys.add(KeyUse::kIntegrity, std::nullopt, key_of(16)).has_value(), "a key");
  must(keys.add(KeyUse::kConfidentiality, std::nullopt, key_of(32)).has_value(), "a key");
  decoding("decode_a1_original_crc32c", plain_bundle(CrcType::kCrc32c));
  decoding("decode_a1_original_crc16", plain_bundle(CrcType::kCrc16));
  decoding("decode_a1_final_crc32c", signed_bundle(CrcType::kCrc32c));
  decoding("decode_a1_final_no_crc", signed_bundle(CrcType::kNone));
  encoding("encode_a1_original_crc32c", plain_bundle(CrcType::kCrc32c));
  encoding("encode_a1_final_crc32c", signed_bundle(CrcType::kCrc32c));
  opening("decode_and_verify_hmac512", signed_bundle(CrcType::kCrc32c), keys);
  opening("decode_and_decrypt_aes256gcm", encrypted_bundle(), keys);
  return 0;
}
