#include "consensus/client_history.h"

#include <doctest/doctest.h>

namespace skywarden::consensus {
namespace {

std::string error_of(std::string_view text) {
  const auto history = read_client_history(text);
  return history ? "" : history.error().message;
}

TEST_CASE("a log about a register") {
  const auto history = read_client_history(
      "INFO  jepsen.util - 0\t:invoke\t:write\t3\n"
      "INFO  jepsen.util - :nemesis\t:info\t:start\tnil\n"
      "INFO  jepsen.util - 1\t:invoke\t:cas\t[3 4]\r\n"
      "INFO  jepsen.util - 0\t:ok\t:write\t3\n"
      "\n"
      "INFO  jepsen.util - 1\t:fail\t:cas\t[3 4]\n"
      "INFO  jepsen.util - 0\t:invoke\t:read\tnil\n"
      "INFO  jepsen.util - 0\t:fail\t:read\t:timed-out\n"
      "INFO  jepsen.util - 0\t:invoke\t:read\tnil\n"
      "INFO  jepsen.util - 1\t:invoke\t:write\t5\n"
      "INFO  jepsen.util - 0\t:ok\t:read\tnil\n"
      "INFO  jepsen.util - 1\t:info\t:write\t:timed-out\n"
      "INFO  jepsen.util - 2\t:invoke\t:cas\t[0 -1]\n");
  REQUIRE(history.has_value());
  const auto& operations = std::get<ClientHistory<RegisterOperation>>(*history);
  REQUIRE(operations.size() == 5);  // a read that failed is none
  CHECK(operations[0].what.value == 3);
  CHECK(line_of(operations[0].asked) == 1);
  CHECK(line_of(*operations[0].answered) == 4);
  CHECK(operations[1].what.expected == 3);
  CHECK(operations[1].what.value == 4);
  CHECK(!operations[1].what.swapped);
  CHECK(operations[1].answered.has_value());  // that it failed says something about the register
  CHECK(operations[2].what.value == std::nullopt);
  CHECK(!operations[3].answered.has_value());
  CHECK(operations[4].what.value == -1);
  CHECK(!operations[4].answered.has_value());
}

TEST_CASE("maps about texts by key") {
  const auto history = read_client_history(
      "{:process 0, :type :invoke, :f :append, :key \"7\", :value \"x \\\"1\\\" y\"}\n"
      "{:process 1, :type :invoke, :f :get, :key \"7\", :value nil}\n"
      "{:index 2 :process 0 :type :ok :f :append :key \"7\" :value \"x \\\"1\\\" y\"}\n"
      "{:process 1, :type :ok, :f :get, :key \"7\", :value \"\"}\n"
      "{:process 0, :type :invoke, :f :put, :key \"8\", :value \"a, b} c\"}\n"
      "{:process 0, :type :info, :f :put, :key \"8\", :value :timed-out}\n");
  REQUIRE(history.has_value());
  const auto& operations = std::get<ClientHistory<KeyValueOperation>>(*history);
  REQUIRE(operations.size() == 3);
  CHECK(operations[0].what.value == "x \"1\" y");
  CHECK(operations[1].what.value.empty());
  CHECK(line_of(*operations[1].answered) == 4);
  CHECK(operations[2].what.value == "a, b} c");
  CHECK(!operations[2].answered.has_value());
}

TEST_CASE("what is no history is refused, naming the line") {
  CHECK(error_of("") == "expected a history of clients, found nothing");
  CHECK(error_of("time,value\n1,2\n").starts_with("line 1: expected '... - PROCESS"));
  CHECK(error_of("x - 0 :invoke :read nil\nx - 0 :invoke :read nil\n") ==
        "line 2: process 0 asks again before it was answered");
  CHECK(error_of("x - 0 :ok :read 3\n") == "line 1: process 0 is answered and has asked nothing");
  CHECK(error_of("x - 0 :invoke :write 3\n\nx - 0 :ok :write 4\n") ==
        "line 3: process 0 is answered something else than it asked at line 1");
  for (const char* text :
       {"x - 0 :invoke :read :timed-out", "x - 0 :invoke :write", "x - 0 :invoke :cas [1]",
        "x - 0 :invoke :cas [", "x - 0 :invoke :cas [1 2 3]", "x - 0 :invoke :write 99999999999999999999",
        "x - a :invoke :read nil", "x - 0 :done :read nil", "x - 0 :invoke :append 3", "{", "{}",
        "{:process 0}", "{:process 0 :type :ok",
        "{:process 0, :type :invoke, :f :put, :key \"7\", :value nil}",
        "{:process 0, :type :invoke, :f :get, :key 7, :value nil}",
        "{:process 0, :type :invoke, :f :put, :key \"7\", :value \"open}",
        "{:process 0, :type :invoke, :f :put, :key \"7\", :value \"\\x\"}"}) {
    CAPTURE(text);
    CHECK(error_of(text).starts_with("line 1: expected "));
  }
}

}  // namespace
}  // namespace skywarden::consensus
