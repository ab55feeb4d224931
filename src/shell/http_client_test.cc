#include "shell/http_client.h"

#include <doctest/doctest.h>

#include <boost/asio/io_context.hpp>
#include <future>
#include <vector>

#include "shell/http_server.h"
#include "shell/listening.h"

using namespace skywarden;
using namespace skywarden::shell;
using namespace std::chrono_literals;

namespace {

Result<HttpResponse> ask(HttpClient& client, std::uint16_t port, HttpRequest request,
                         Duration time_max = 10s) {
  std::promise<Result<HttpResponse>> answered;
  client.ask({"127.0.0.1", port}, std::move(request), time_max,
             [&](Result<HttpResponse> answer) { answered.set_value(std::move(answer)); });
  return answered.get_future().get();
}

std::unique_ptr<HttpServer> echo() {
  HttpServer::Options options;
  options.port = 0;
  return HttpServer::start_deferred(options,
                                    [](HttpRequest request, HttpServer::Respond respond) {
                                      respond({request.path == "/busy" ? 503 : 200, "text/plain",
                                               request.method + " " + request.body});
                                    })
      .value();
}

}  // namespace

TEST_CASE("an address is read, and nothing else") {
  CHECK(parse_http_address("http://127.0.0.1:8090") == HttpAddress{"127.0.0.1", 8090});
  CHECK(parse_http_address("http://127.0.0.1:8090/") == HttpAddress{"127.0.0.1", 8090});
  CHECK(parse_http_address("http://[::1]:1") == HttpAddress{"::1", 1});
  CHECK(parse_http_address("http://10.0.0.7") == HttpAddress{"10.0.0.7", 80});
  CHECK(to_string(HttpAddress{"::1", 1}) == "http://[::1]:1");
  for (const char* wrong :
       {"", "127.0.0.1:8090", "https://127.0.0.1:1", "http://name:1", "http://127.0.0.1:0",
        "http://127.0.0.1:65536", "http://127.0.0.1:1/path", "http://::1:1", "http://[::1",
        "http://[127.0.0.1]:1", "http://127.0.0.1:", "http://"})
    CHECK_MESSAGE(!parse_http_address(wrong), wrong);
}

TEST_CASE("questions are answered, also many at once") {
  const auto server = echo();
  HttpClient client;
  const auto answer = ask(client, server->port(), {"POST", "/a", "hello"});
  REQUIRE(answer);
  CHECK(answer->status == 200);
  CHECK(answer->body == "POST hello");
  CHECK(ask(client, server->port(), {"GET", "/a", ""})->body == "GET ");
  CHECK(ask(client, server->port(), {"POST", "/busy", "x"})->status == 503);
  std::vector<std::future<Result<HttpResponse>>> all;
  for (int i = 0; i < 40; ++i) {
    auto promise = std::make_shared<std::promise<Result<HttpResponse>>>();
    all.push_back(promise->get_future());
    client.ask({"127.0.0.1", server->port()}, {"POST", "/a", std::to_string(i)}, 10s,
               [promise](Result<HttpResponse> got) { promise->set_value(std::move(got)); });
  }
  for (int i = 0; i < 40; ++i)
    CHECK(all[static_cast<std::size_t>(i)].get()->body == "POST " + std::to_string(i));
}

TEST_CASE("who is not there, does not answer or says too much is an error, and so is one question too many") {
  HttpClient client({.at_once_max = 1, .answer_bytes_max = 8});
  // Somebody who listens and never says a word.
  boost::asio::io_context context;
  boost::asio::ip::tcp::acceptor silent(context);
  const auto port = listen_at(silent, "127.0.0.1", 0);
  REQUIRE(port);
  const auto late = ask(client, *port, {"GET", "/", ""}, 30ms);
  REQUIRE_FALSE(late);
  CHECK(late.error().code == Errc::kUnavailable);
  CHECK(late.error().message.find("in time") != std::string::npos);
  const auto server = echo();
  CHECK_FALSE(ask(client, server->port(), {"POST", "/", "a long answer"}));
  CHECK(ask(client, server->port(), {"POST", "/", "abc"}));
  std::promise<Result<HttpResponse>> first;
  client.ask({"127.0.0.1", *port}, {"GET", "/", ""}, 10s,
             [&](Result<HttpResponse> got) { first.set_value(std::move(got)); });
  const auto second = ask(client, server->port(), {"GET", "/", ""});
  REQUIRE_FALSE(second);
  CHECK(second.error().code == Errc::kLimitReached);
  silent.close();
  CHECK_FALSE(first.get_future().get());
  CHECK(ask(client, *port, {"GET", "/", ""}).error().code == Errc::kUnavailable);
}

TEST_CASE("a client that ends answers what is under way") {
  boost::asio::io_context context;
  boost::asio::ip::tcp::acceptor silent(context);
  const auto port = listen_at(silent, "127.0.0.1", 0);
  REQUIRE(port);
  std::promise<Result<HttpResponse>> answered;
  {
    HttpClient client;
    client.ask({"127.0.0.1", *port}, {"GET", "/", ""}, 60s,
               [&](Result<HttpResponse> got) { answered.set_value(std::move(got)); });
  }
  CHECK(answered.get_future().get().error().code == Errc::kUnavailable);
}
