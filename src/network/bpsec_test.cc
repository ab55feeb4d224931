#include "network/bpsec.h"

#include <doctest/doctest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "network/bundle_decode.h"
#include "network/bundle_test_data.h"
#include "testing/reference_data.h"

namespace skywarden::network {
namespace {

const SecretKey kHmacKey(from_hex("1a2b1a2b1a2b1a2b1a2b1a2b1a2b1a2b"));
const SecretKey kContentKey128(from_hex("71776572747975696f70617364666768"));
const SecretKey kContentKey256(from_hex("71776572747975696f7061736466676871776572747975696f70617364666768"));
const SecretKey kWrappingKey(from_hex("6162636465666768696a6b6c6d6e6f70"));
const std::vector<std::byte> kIv = from_hex("5477656c7665313231323132");

// What an example of RFC 9173 appendix A leads to.
struct Example {
  Bundle plain;    // before security
  Bundle secured;  // the final bundle
  KeyRing keys;
};

void must_add(KeyRing& keys, KeyUse use, const SecretKey& key) {
  REQUIRE(keys.add(use, std::nullopt, key));
}

SecurityRequest request_of(std::uint64_t number, EndpointId source, std::vector<std::uint64_t> targets,
                           std::uint64_t scope) {
  SecurityRequest request;
  request.number = number;
  request.source = std::move(source);
  request.targets = std::move(targets);
  request.scope = scope;
  return request;
}

Example example_1() {
  Example example{rfc9173_bundle(), rfc9173_bundle(), {}};
  REQUIRE(add_integrity(example.secured, {request_of(2, EndpointId::ipn(2, 1), {1}, 0), ShaVariant::kHmac512},
                        kHmacKey));
  must_add(example.keys, KeyUse::kIntegrity, kHmacKey);
  return example;
}

Example example_2() {
  Example example{rfc9173_bundle(), rfc9173_bundle(), {}};
  ConfidentialityRequest request{request_of(2, EndpointId::ipn(2, 1), {1}, 0), AesVariant::kA128Gcm, kIv};
  request.block.wrapped_key = *wrap_key(kWrappingKey.bytes(), kContentKey128.bytes());
  REQUIRE(add_confidentiality(example.secured, request, kContentKey128));
  must_add(example.keys, KeyUse::kWrapping, kWrappingKey);
  return example;
}

Example example_3() {
  Example example{rfc9173_bundle(), {}, {}};
  Block age = bundle_age_block(2, 300, CrcType::kNone);
  age.flags = 0;
  example.plain.blocks.insert(example.plain.blocks.begin(), age);
  example.secured = example.plain;
  REQUIRE(add_integrity(example.secured,
                        {request_of(3, EndpointId::ipn(3, 0), {0, 2}, 0), ShaVariant::kHmac256}, kHmacKey));
  REQUIRE(add_confidentiality(example.secured,
                              {request_of(4, EndpointId::ipn(2, 1), {1}, 0), AesVariant::kA128Gcm, kIv},
                              kContentKey128));
  must_add(example.keys, KeyUse::kIntegrity, kHmacKey);
  must_add(example.keys, KeyUse::kConfidentiality, kContentKey128);
  return example;
}

Example example_4() {
  Example example{rfc9173_bundle(), rfc9173_bundle(), {}};
  REQUIRE(add_integrity(example.secured, {request_of(3, EndpointId::ipn(2, 1), {1}, 7), ShaVariant::kHmac384},
                        kHmacKey));
  REQUIRE(add_confidentiality(example.secured,
                              {request_of(2, EndpointId::ipn(2, 1), {3, 1}, 7), AesVariant::kA256Gcm, kIv},
                              kContentKey256));
  must_add(example.keys, KeyUse::kIntegrity, kHmacKey);
  must_add(example.keys, KeyUse::kConfidentiality, kContentKey256);
  return example;
}

const Block& block_of(const Bundle& bundle, std::uint64_t type) {
  for (const Block& block : bundle.blocks)
    if (block.type == type) return block;
  FAIL("no block of type " << type);
  return bundle.blocks.back();
}

std::string result_hex(const Bundle& bundle, std::uint64_t type, std::size_t target) {
  const Block& block = block_of(bundle, type);
  const auto security = read_security_block({.type = block.type, .number = block.number, .data = block.data});
  REQUIRE(security);
  for (const auto& result : security->results)
    if (result.target == target) {
      const std::size_t head = result.value.encoded.size() > 25 ? 2 : 1;
      return to_hex(result.value.encoded.subspan(head));
    }
  return {};
}

// Everything the RFC prints of an example, by the names of the reference file.
std::map<std::string, std::string> printed(const std::string& section, const Example& example) {
  std::map<std::string, std::string> values;
  const auto& plain = example.plain;
  const auto& secured = example.secured;
  const bool has_bib = section != "A.2";
  values["expectedSerializedPrimaryString"] = to_hex(encode_primary(plain.primary));
  values["payloadString"] = std::string(reinterpret_cast<const char*>(plain.blocks.back().data.data()),
                                        plain.blocks.back().data.size());
  values["expectedSerializedPayloadBlockString"] = to_hex(encode_block(plain.blocks.back()));
  values["plain bundle"] = to_hex(*encode_bundle(plain));
  values["final bundle"] = to_hex(*encode_bundle(secured));
  values["payloadCipherTextString"] = to_hex(secured.blocks.back().data);
  values["expectedInitializationVectorString"] = to_hex(kIv);
  values["expectedAesWrappedKeyString"] = to_hex(*wrap_key(kWrappingKey.bytes(), kContentKey128.bytes()));
  if (section == "A.3")
    values["expectedSerializedBundleAgeBlockString"] = to_hex(encode_block(plain.blocks.front()));
  if (has_bib) {  // as it was before any encryption
    Bundle with_bib = plain;
    const auto decoded = encode_bundle(secured);
    const auto opened = open_security(*decode_bundle(*decoded), example.keys);
    REQUIRE(opened);
    const Bundle open = to_bundle(opened->view);
    const Block& bib = block_of(open, block_type::kIntegrity);
    values["expectedSerializedBibString"] = to_hex(bib.data);
    values["expectedSerializedBibBlockString"] = to_hex(encode_block(bib));
    values["expectedSecurityResultBibString"] = result_hex(open, block_type::kIntegrity, 0);
    values["expectedSecurityResult1PrimaryBlockString"] = result_hex(open, block_type::kIntegrity, 0);
    values["expectedSecurityResult2BundleAgeBlockString"] = result_hex(open, block_type::kIntegrity, 1);
    values["bibCipherTextString"] = to_hex(block_of(secured, block_type::kIntegrity).data);
    values["expectedSecurityResultString"] = result_hex(open, block_type::kIntegrity, 0);
  }
  if (section != "A.1") {
    const Block& bcb = block_of(secured, block_type::kConfidentiality);
    values["expectedSerializedBcbString"] = to_hex(bcb.data);
    values["expectedSerializedBcbBlockString"] = to_hex(encode_block(bcb));
    const std::string first = result_hex(secured, block_type::kConfidentiality, 0);
    values["expectedSecurityResult1PayloadAuthTagString"] = first;
    values["expectedSecurityResult1BibAuthTagString"] = first;
    values["expectedSecurityResult2PayloadAuthTagString"] =
        result_hex(secured, block_type::kConfidentiality, 1);
    if (!has_bib) values["expectedSecurityResultString"] = first;
  }
  return values;
}

std::map<std::string, Example> all_examples() {
  std::map<std::string, Example> examples;
  examples.emplace("A.1", example_1());
  examples.emplace("A.2", example_2());
  examples.emplace("A.3", example_3());
  examples.emplace("A.4", example_4());
  return examples;
}

TEST_CASE("RFC 9173 appendix A: every value is made byte for byte") {
  REFERENCE_OR_SKIP(path, "space/bpv7/rfc9173_appendix_a.json");
  const auto examples = all_examples();
  std::map<std::string, std::map<std::string, std::string>> made;
  for (const auto& [section, example] : examples) made[section] = printed(section, example);
  int compared = 0;
  const auto reference = nlohmann::json::parse(testing::read_file(path));
  for (const auto& vector : reference["vectors"]) {
    const auto section = vector["section"].get<std::string>();
    auto name = vector["name"].get<std::string>();
    if (name == "expectedSerializedBundleString")
      name = section.find("Final Bundle") == std::string::npos ? "plain bundle" : "final bundle";
    CAPTURE(section);
    CAPTURE(name);
    CHECK(made[section.substr(0, 3)][name] == vector["value"].get<std::string>());
    ++compared;
  }
  CHECK(compared == 49);
}

TEST_CASE("RFC 9173 appendix A: the published bundles open to the plain ones") {
  REFERENCE_OR_SKIP(path, "space/bpv7/rfc9173_appendix_a.json");
  const auto examples = all_examples();
  int opened_count = 0;
  const auto reference = nlohmann::json::parse(testing::read_file(path));
  for (const auto& vector : reference["vectors"]) {
    const auto section = vector["section"].get<std::string>();
    if (section.find("Final Bundle") == std::string::npos ||
        vector["name"] != "expectedSerializedBundleString")
      continue;
    CAPTURE(section);
    const Example& example = examples.at(section.substr(0, 3));
    const auto bytes = from_hex(vector["value"].get<std::string>());
    const auto view = decode_bundle(bytes);
    REQUIRE(view);
    CHECK(*encode_bundle(*view) == bytes);
    const auto opened = open_security(*view, example.keys);
    REQUIRE(opened);
    CHECK(opened->all_good());
    Bundle plain = to_bundle(opened->view);
    std::erase_if(plain.blocks, [](const Block& block) { return block.type == block_type::kIntegrity; });
    CHECK(plain == example.plain);
    ++opened_count;
  }
  CHECK(opened_count == 4);
}

TEST_CASE("no bit of a secured bundle can be turned unnoticed, except where the scope leaves it out") {
  for (const auto& [section, example] : all_examples()) {
    CAPTURE(section);
    // The scope of the examples but the last leaves out primary block and headers.
    const bool covers_all = section == "A.4";
    auto bytes = *encode_bundle(example.secured);
    const auto primary_size = encode_primary(example.secured.primary).size();
    int noticed = 0;
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
      const auto mask = static_cast<std::byte>(1U << (bit % 8));
      bytes[bit / 8] ^= mask;
      const auto view = decode_bundle(bytes);
      const auto opened = view ? open_security(*view, example.keys) : tl::unexpected<Error>(view.error());
      const bool bad = !opened || !opened->all_good() || opened->outcomes.empty();
      noticed += bad ? 1 : 0;
      const bool in_payload = bit / 8 + 1 + 35 >= bytes.size() && bit / 8 + 1 < bytes.size();
      const bool in_primary = bit / 8 >= 1 && bit / 8 < 1 + primary_size;
      CAPTURE(bit);
      if (in_payload || (covers_all && in_primary)) CHECK(bad);
      bytes[bit / 8] ^= mask;
    }
    CHECK(noticed > static_cast<int>(bytes.size()) * 5);
  }
}

TEST_CASE("without the key nothing is opened, and with another it is refused") {
  const Example example = example_4();
  const auto bytes = *encode_bundle(example.secured);
  const auto view = *decode_bundle(bytes);
  CHECK(view.payload().encrypted);
  const KeyRing none;
  const auto unopened = open_security(view, none);
  REQUIRE(unopened);
  REQUIRE(unopened->outcomes.size() == 3);
  CHECK(unopened->outcomes[0].verdict == SecurityVerdict::kNoKey);
  CHECK(unopened->outcomes[0].reason == "no confidentiality key for ipn:2.1");
  CHECK(unopened->outcomes[2].verdict == SecurityVerdict::kDeferred);
  CHECK(*encode_bundle(unopened->view) == bytes);

  KeyRing other;
  must_add(other, KeyUse::kConfidentiality, SecretKey(std::vector<std::byte>(32, std::byte{7})));
  const auto refused = open_security(view, other);
  REQUIRE(refused);
  CHECK(refused->outcomes[0].verdict == SecurityVerdict::kBad);
  CHECK(refused->outcomes[0].reason == "the authentication tag does not fit");
  CHECK(refused->view.payload().encrypted);

  KeyRing wrong_wrap;
  must_add(wrong_wrap, KeyUse::kWrapping, SecretKey(std::vector<std::byte>(16, std::byte{7})));
  const Example wrapped = example_2();
  const auto wrapped_bytes = *encode_bundle(wrapped.secured);
  const auto outcome = open_security(*decode_bundle(wrapped_bytes), wrong_wrap)->outcomes.at(0);
  CHECK(outcome.verdict == SecurityVerdict::kBad);
  CHECK(outcome.reason == "the wrapped key was wrapped with another key");
}

TEST_CASE("keys are found by source, before the key of every source") {
  const auto keys = read_keys(
      "# agreed in spring\n"
      "integrity * 0101\n"
      "integrity ipn:2.1 0202   # the relay\r\n"
      "\n"
      "wrapping dtn://fire/keys 6162636465666768696a6b6c6d6e6f70\n",
      "keys.txt");
  REQUIRE(keys);
  CHECK(to_hex(keys->find(KeyUse::kIntegrity, EndpointId::ipn(2, 1).view())->bytes()) == "0202");
  CHECK(to_hex(keys->find(KeyUse::kIntegrity, EndpointId::ipn(2, 2).view())->bytes()) == "0101");
  CHECK(keys->find(KeyUse::kConfidentiality, EndpointId::ipn(2, 1).view()) == nullptr);
  CHECK(keys->find(KeyUse::kWrapping, parse_endpoint("dtn://fire/keys")->view())->size() == 16);
}

TEST_CASE("a key file's fault is named by line, and never its key") {
  const auto message = [](std::string_view text) {
    const auto keys = read_keys(text, "keys.txt");
    REQUIRE(!keys);
    CHECK(keys.error().message.find("c0ffee") == std::string::npos);
    return keys.error().message;
  };
  CHECK(message("\nsecret * c0ffee\n") == "keys.txt:2: expected integrity, confidentiality or wrapping");
  CHECK(message("integrity c0ffee\n") == "keys.txt:1: expected '*' or a security source such as ipn:2.1");
  CHECK(message("integrity * c0ffeeg\n") == "keys.txt:1: expected a key in hexadecimal and nothing after");
  CHECK(message("integrity * c0ffee c0ffee\n") ==
        "keys.txt:1: expected a key in hexadecimal and nothing after");
  CHECK(message("confidentiality * c0ffee\n") == "keys.txt:1: a key of 3 bytes does not fit");
}

TEST_CASE("what RFC 9172 forbids cannot be asked for") {
  const auto integrity = [](Bundle bundle, std::uint64_t number, std::vector<std::uint64_t> targets) {
    const auto added = add_integrity(
        bundle, {request_of(number, EndpointId::ipn(2, 1), std::move(targets), 7), ShaVariant::kHmac256},
        kHmacKey);
    return added ? "" : added.error().message;
  };
  const auto hide = [](Bundle bundle, std::uint64_t number, std::vector<std::uint64_t> targets) {
    const auto added = add_confidentiality(
        bundle, {request_of(number, EndpointId::ipn(2, 1), std::move(targets), 7), AesVariant::kA256Gcm, kIv},
        kContentKey256);
    return added ? "" : added.error().message;
  };
  const Bundle plain = rfc9173_bundle();
  const Bundle signed_bundle = example_1().secured;
  const Bundle hidden = example_2().secured;
  CHECK(integrity(plain, 2, {}) == "a security block needs a target");
  CHECK(integrity(plain, 1, {1}) == "block number 1 is not free");
  CHECK(integrity(plain, 2, {1, 1}) == "target 1 is named twice");
  CHECK(integrity(plain, 2, {9}) == "there is no block 9 to secure");
  CHECK(integrity(hidden, 3, {1}) == "block 1 is encrypted already");
  CHECK(integrity(hidden, 3, {2}) == "block 2 is a security block itself");
  CHECK(integrity(signed_bundle, 3, {1}) == "block 1 has an integrity block already");
  CHECK(integrity(plain, 2, {0, 1}).empty());
  CHECK(hide(plain, 2, {0}) == "the primary block cannot be encrypted");
  CHECK(hide(hidden, 3, {2}) == "block 2 is a BCB itself");
  CHECK(hide(hidden, 3, {1}) == "block 1 is encrypted already");
  CHECK(hide(signed_bundle, 3, {1}) == "integrity block 2 covers what is to be encrypted: encrypt it first");
  CHECK(hide(signed_bundle, 3, {2, 1}).empty());
  Bundle fragment = plain;
  fragment.primary.flags = bundle_flag::kFragment;
  fragment.primary.total_bytes = 35;
  CHECK(integrity(fragment, 2, {1}) == "a fragment cannot be secured");
}

TEST_CASE("a BIB and the payload it covers can be hidden by a BCB each, with a vector each") {
  Bundle bundle = example_1().secured;
  REQUIRE(add_confidentiality(
      bundle, {request_of(3, EndpointId::ipn(2, 1), {2}, 7), AesVariant::kA256Gcm, kIv}, kContentKey256));
  REQUIRE(add_confidentiality(bundle,
                              {request_of(4, EndpointId::ipn(2, 1), {1}, 7), AesVariant::kA256Gcm,
                               from_hex("000102030405060708090a0b")},
                              kContentKey256));
  KeyRing keys;
  must_add(keys, KeyUse::kIntegrity, kHmacKey);
  must_add(keys, KeyUse::kConfidentiality, kContentKey256);
  const auto bytes = *encode_bundle(bundle);
  const auto opened = open_security(*decode_bundle(bytes), keys);
  REQUIRE(opened);
  CHECK(opened->all_good());
  CHECK(opened->outcomes.size() == 3);
  CHECK(to_bundle(opened->view) == example_1().secured);
}

TEST_CASE("malformed security blocks are refused with their byte") {
  // The BIB of RFC 9173 A.1 cut down: targets, context, flags, source, parameters, results.
  const auto message = [](std::string_view hex) {
    const auto data = from_hex(hex);
    const auto read = read_security_block({.type = block_type::kIntegrity, .data = data, .data_offset = 100});
    return read ? std::string() : read.error().message;
  };
  CHECK(message("8101 01 00 820282020181818201 40").empty());
  CHECK(message("80 01 00 8202820201 80") == "bundle at byte 100: a security block without targets");
  CHECK(message("820101 01 00 8202820201 8080") == "bundle at byte 102: security target 1 is named twice");
  CHECK(message("8101 01 02 8202820201 8180") ==
        "bundle at byte 103: security context flags 2, expected 0 or 1");
  CHECK(message("8101 01 01 8202820201 82820100820100 8180") ==
        "bundle at byte 113: security parameter 1 is given twice");
  CHECK(message("8101 01 00 8202820201 8280") ==
        "bundle at byte 109: expected the security results, an item for each target of 1 items, found 2");
  CHECK(message("8101 01 00 8202820201 8180 00") ==
        "bundle at byte 111: the security block: 1 bytes too many");
  CHECK(message("8101 01 00 8202820201 8181 8201 818181818181818181 00") ==
        "bundle at byte 121: a security result: nested deeper than 8");
  CHECK(message("9f01ff 01 00 8202820201 8180") ==
        "bundle at byte 100: expected the security targets, found an array of indefinite length");
  CHECK(message("9bffffffffffffffff") ==
        "bundle at byte 100: 18446744073709551615 security targets, at most 128 allowed");
}

}  // namespace
}  // namespace skywarden::network
