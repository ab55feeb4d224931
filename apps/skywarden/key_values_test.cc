#include "key_values.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "node_config.h"

namespace skywarden::app {
namespace {

consensus::Entry entry_of(const KeyCommand& command) {
  return {Term(1), LogIndex(1), encode(command)};
}

std::optional<std::string> value_of(const KeyValues& values, const std::string& key) {
  return decode_key_answer(values.read(std::as_bytes(std::span(key)))).value().value;
}

constexpr std::string_view kConfig = R"(
cluster = "forest"
node = 2
data = "log"
[[member]]
id = 1
address = "127.0.0.1:7101"
share = 3
[[member]]
id = 2
address = "[::1]:7102"
)";

}  // namespace

TEST_CASE("values are set, compared and taken away, and a snapshot holds them all") {
  KeyValues values;
  CHECK(decode_key_answer(values.apply(entry_of({"a", "1", {}, false})))->done);
  CHECK(decode_key_answer(values.apply(entry_of({"a", "2", "1", true})))->done);
  const auto refused = decode_key_answer(values.apply(entry_of({"a", "3", "1", true})));
  CHECK(!refused->done);
  CHECK(refused->value == "2");
  CHECK(!decode_key_answer(values.apply(entry_of({"a", "3", {}, true})))->done);  // it is there
  CHECK(decode_key_answer(values.apply(entry_of({"b", "4", {}, true})))->done);
  KeyValues again;
  REQUIRE(again.restore(values.snapshot()));
  CHECK(again.snapshot() == values.snapshot());
  CHECK(value_of(again, "a") == "2");
  values.apply(entry_of({"a", {}, {}, false}));
  CHECK(value_of(values, "a") == std::nullopt);
}

TEST_CASE("whatever is proposed or restored, nothing breaks") {
  rc::check([](const std::vector<std::uint8_t>& noise) {
    const auto bytes = std::as_bytes(std::span(noise));
    KeyValues values;
    const auto answer =
        values.apply({Term(1), LogIndex(1), std::vector<std::byte>(bytes.begin(), bytes.end())});
    RC_ASSERT(decode_key_answer(answer).has_value());
    if (!values.restore(bytes)) RC_ASSERT(values.snapshot() == KeyValues().snapshot());
  });
}

TEST_CASE("a node's file says who it is and where the others are") {
  const auto config = parse_node_config(kConfig, "folder/node.toml");
  REQUIRE(config);
  CHECK(config->identity == storage::LogIdentity{"forest", NodeId(2)});
  CHECK(config->address == "::1");
  CHECK(config->data == "folder/log");
  CHECK(config->shares == consensus::Shares{{NodeId(1), 3}, {NodeId(2), 1}});
  CHECK(config->group.members.at(NodeId(1)).port == 7101);
}

TEST_CASE("what is wrong with a node's file is said in one line, with file and key") {
  const auto error_of = [](std::string_view from, std::string_view to) {
    std::string text(kConfig);
    text.replace(text.find(from), from.size(), to);
    const auto config = parse_node_config(text, "node.toml");
    return config ? "none" : config.error().message;
  };
  CHECK(error_of("node = 2", "node = 0") == "node.toml: key 'node': expected a node id from 1 up");
  CHECK(error_of("node = 2", "node = 3") == "node.toml: node 3 is not one of the members");
  CHECK(error_of("id = 1", "id = 2") == "node.toml: member 2 is named twice");
  CHECK(error_of(":7101", "") == "node.toml: member: key 'address': expected HOST:PORT");
  CHECK(error_of("share = 3", "share = -3") ==
        "node.toml: member: key 'share': expected a whole number from 0 up");
  CHECK(error_of("\"forest\"", "\"two words\"") ==
        "node.toml: a cluster's name has 1 to 64 printable characters without spaces");
  CHECK(error_of("data", "date") == "node.toml: key 'date': expected no such key");
}

}  // namespace skywarden::app
