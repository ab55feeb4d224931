// A real client over loopback against a real server.
#include "shell/http_server.h"

#include <doctest/doctest.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>
#include <mutex>
#include <stdexcept>
#include <thread>

using namespace skywarden;

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = asio::ip::tcp;
using Answer = http::response<http::string_body>;
using Ask = http::request<http::string_body>;
using shell::HttpServer;

constexpr int kPollsMax = 2'000;  // of 5 ms: a bound for a broken build, not a time anybody waits for

template <typename Condition>
bool eventually(Condition condition) {
  for (int i = 0; i < kPollsMax; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return false;
}

// A program with one page, one upload, a history and a list of what pages said.
struct Program {
  std::mutex mutex;
  std::vector<std::string> history;
  std::vector<std::string> heard;
  std::unique_ptr<HttpServer> server;

  explicit Program(HttpServer::Options options = {}) {
    options.port = 0;
    server = HttpServer::start(
                 options, [](const shell::HttpRequest& request) { return answer(request); },
                 [this](std::string text) {
                   if (text == "throw") throw std::runtime_error("a bad day");
                   const std::lock_guard lock(mutex);
                   heard.push_back(std::move(text));
                 },
                 [this] {
                   const std::lock_guard lock(mutex);
                   return history;
                 })
                 .value();
  }

  void say(const std::string& text) {
    const std::lock_guard lock(mutex);
    history.push_back(text);
    server->broadcast(text);
  }

  bool has_heard(const std::string& text) {
    const std::lock_guard lock(mutex);
    return std::ranges::find(heard, text) != heard.end();
  }

  static shell::HttpResponse answer(const shell::HttpRequest& request) {
    if (request.path == "/throw") throw std::runtime_error("a bad day");
    if (request.path == "/page") return {200, "text/html", "<p>page</p>", "\"v1\""};
    if (request.path == "/own") return {200, "text/html", "<p>", "", "sandbox"};
    if (request.method == "POST")
      return {200, "text/plain", request.query + ":" + std::to_string(request.body.size())};
    return {404, "text/plain", request.path};
  }
};

struct Client {
  asio::io_context context;
  tcp::socket socket{context};
  beast::flat_buffer buffer;
  std::string host;

  explicit Client(std::uint16_t port) : host("127.0.0.1:" + std::to_string(port)) {
    socket.connect({asio::ip::make_address("127.0.0.1"), port});
  }

  Ask ask(http::verb method, const std::string& target) const {
    Ask request(method, target, 11);
    request.set(http::field::host, host);
    return request;
  }

  Answer send(Ask request, bool head = false) {
    request.prepare_payload();
    beast::error_code error;
    http::write(socket, request,
                error);  // a refusing server may have stopped listening: its answer still comes
    return receive(head);
  }

  Answer receive(bool head = false) {
    http::response_parser<http::string_body> parser;
    parser.skip(head);
    http::read(socket, buffer, parser);
    return parser.release();
  }

  Answer raw(const std::string& bytes) {
    asio::write(socket, asio::buffer(bytes));
    return receive();
  }

  bool closed_by_server() {
    beast::error_code error;
    std::array<char, 1> byte{};
    asio::read(socket, asio::buffer(byte), error);
    return error == asio::error::eof || error == asio::error::connection_reset;
  }
};

struct Page {
  asio::io_context context;
  beast::websocket::stream<tcp::socket> stream{context};
  std::string host;

  explicit Page(std::uint16_t port) : host("127.0.0.1:" + std::to_string(port)) {
    stream.next_layer().connect({asio::ip::make_address("127.0.0.1"), port});
  }

  beast::error_code open(const std::string& origin = "", const std::string& target = "/ws") {
    stream.set_option(
        beast::websocket::stream_base::decorator([origin](beast::websocket::request_type& request) {
          if (!origin.empty()) request.set(http::field::origin, origin);
        }));
    beast::error_code error;
    stream.handshake(host, target, error);
    return error;
  }

  std::string hear() {
    beast::flat_buffer buffer;
    stream.read(buffer);
    return beast::buffers_to_string(buffer.data());
  }

  bool closed() {
    beast::flat_buffer buffer;
    beast::error_code error;
    while (!error) stream.read(buffer, error);
    return true;
  }
};

}  // namespace

TEST_CASE("pages, uploads and errors over one connection") {
  Program program;
  Client client(program.server->port());

  const Answer page = client.send(client.ask(http::verb::get, "/page"));
  CHECK(page.result_int() == 200);
  CHECK(page.body() == "<p>page</p>");
  CHECK(page[http::field::etag] == "\"v1\"");
  CHECK(page["X-Content-Type-Options"] == "nosniff");
  CHECK(std::string(page["Content-Security-Policy"])
            .starts_with("default-src 'self'; connect-src 'self' ws://127.0.0.1:"));

  Ask again = client.ask(http::verb::get, "/page");
  again.set(http::field::if_none_match, "\"v1\"");
  CHECK(client.send(again).result_int() == 304);

  const Answer head = client.send(client.ask(http::verb::head, "/page"), true);
  CHECK(head[http::field::content_length] == "11");
  CHECK(head.body().empty());

  Ask upload = client.ask(http::verb::post, "/api/hotspots?name=a.csv");
  upload.body() = std::string(100'000, 'x');
  CHECK(client.send(upload).body() == "name=a.csv:100000");

  CHECK(client.send(client.ask(http::verb::get, "/own"))["Content-Security-Policy"] == "sandbox");
  CHECK(client.send(client.ask(http::verb::get, "/absent")).result_int() == 404);
  CHECK(client.send(client.ask(http::verb::get, "/throw")).result_int() == 500);
  CHECK(client.send(client.ask(http::verb::get, "/page")).result_int() == 200);
}

TEST_CASE("a busy port leads to the next one") {
  asio::io_context context;
  tcp::acceptor busy(context, {asio::ip::make_address("127.0.0.1"), 0});
  const std::uint16_t taken = busy.local_endpoint().port();
  REQUIRE(taken < 65'000);
  HttpServer::Options options;
  options.port = taken;
  const auto handler = [](const shell::HttpRequest&) { return shell::HttpResponse{}; };
  auto server = HttpServer::start(options, handler, nullptr, nullptr);
  REQUIRE(server.has_value());
  CHECK((*server)->port() > taken);
  CHECK((*server)->port() < taken + options.port_tries);

  options.port_tries = 1;
  CHECK(HttpServer::start(options, handler, nullptr, nullptr).error().code == Errc::kUnavailable);
  options.address = "localhost";
  CHECK(HttpServer::start(options, handler, nullptr, nullptr).error().code == Errc::kOutOfRange);
}

TEST_CASE("an oversize body is refused and the reason arrives") {
  HttpServer::Options options;
  options.body_bytes_max = 1'000;
  Program program(options);
  Client client(program.server->port());
  Ask upload = client.ask(http::verb::post, "/api/hotspots");
  upload.body() = std::string(4'000'000, 'x');
  CHECK(client.send(upload).result_int() == 413);

  Client chunked(program.server->port());
  Ask stream = chunked.ask(http::verb::post, "/api/hotspots");
  stream.chunked(true);
  stream.body() = std::string(50'000, 'x');
  CHECK(chunked.send(stream).result_int() == 413);

  Client fitting(program.server->port());
  Ask small = fitting.ask(http::verb::post, "/api/hotspots");
  small.body() = std::string(1'000, 'x');
  CHECK(fitting.send(small).body() == ":1000");
}

TEST_CASE("a client that asks for permission gets it before it sends its body") {
  Program program;
  Client client(program.server->port());
  asio::write(client.socket, asio::buffer("POST /x HTTP/1.1\r\nHost: " + client.host +
                                          "\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"));
  CHECK(client.receive(true).result_int() == 100);
  CHECK(client.raw("abc").body() == ":3");
}

TEST_CASE("foreign hosts, foreign pages, odd methods and odd paths are refused") {
  Program program;
  const auto status = [&](const Ask& request) {
    return Client(program.server->port()).send(request).result_int();
  };
  const Client client(program.server->port());

  Ask rebound = client.ask(http::verb::get, "/page");
  rebound.set(http::field::host, "evil.example");
  CHECK(status(rebound) == 421);
  Ask nameless = client.ask(http::verb::get, "/page");
  nameless.erase(http::field::host);
  CHECK(status(nameless) == 421);
  Ask twice = client.ask(http::verb::get, "/page");
  twice.insert(http::field::host, "evil.example");
  CHECK(status(twice) == 421);

  Ask foreign = client.ask(http::verb::post, "/api/hotspots");
  foreign.set(http::field::origin, "http://evil.example");
  CHECK(status(foreign) == 403);
  foreign.set(http::field::origin, "null");
  CHECK(status(foreign) == 403);
  foreign.set(http::field::origin, "http://" + client.host);
  CHECK(status(foreign) == 200);

  CHECK(status(client.ask(http::verb::delete_, "/page")) == 405);
  CHECK(status(client.ask(http::verb::get, "/../etc/passwd")) == 400);
  CHECK(status(client.ask(http::verb::get, "/files/%2e%2e/secret")) == 400);
  CHECK(Client(program.server->port()).raw("nonsense\r\n\r\n").result_int() == 400);

  Ask long_header = client.ask(http::verb::get, "/page");
  long_header.set("X-Long", std::string(40'000, 'x'));
  CHECK(status(long_header) == 431);
}

TEST_CASE("a connection that says nothing, or one too many, is closed") {
  HttpServer::Options options;
  options.request_time_max = std::chrono::milliseconds(50);
  options.connections_max = 2;
  Program program(options);
  Client silent(program.server->port());
  CHECK(silent.closed_by_server());

  HttpServer::Options patient;
  patient.connections_max = 2;
  Program full(patient);
  Client first(full.server->port());
  Client second(full.server->port());
  CHECK(first.send(first.ask(http::verb::get, "/page")).result_int() == 200);
  CHECK(second.send(second.ask(http::verb::get, "/page")).result_int() == 200);
  Client third(full.server->port());
  CHECK(third.closed_by_server());
}

TEST_CASE("a page hears the backlog, then the news, each once, and is heard") {
  Program program;
  program.say("one");
  program.say("two");
  Page page(program.server->port());
  REQUIRE_FALSE(page.open("http://" + page.host));
  CHECK(page.hear() == "one");
  CHECK(page.hear() == "two");
  program.say("three");
  CHECK(page.hear() == "three");
  page.stream.write(asio::buffer(std::string(R"({"cmd":"pause"})")));
  CHECK(eventually([&] { return program.has_heard(R"({"cmd":"pause"})"); }));
  CHECK(program.server->socket_clients() == 1);
  page.stream.close(beast::websocket::close_code::normal);
  CHECK(eventually([&] { return program.server->socket_clients() == 0; }));
  CHECK(program.server->clients_dropped() == 0);
}

TEST_CASE("pages that connect during a storm of news miss nothing and hear nothing twice") {
  constexpr int kMessages = 2'000;
  Program program;
  std::thread speaker([&] {
    for (int i = 0; i < kMessages; ++i) {
      program.say(std::to_string(i));
      if (i % 20 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  });
  for (int visit = 0; visit < 3; ++visit) {
    Page page(program.server->port());
    REQUIRE_FALSE(page.open());
    int wrong = 0;
    for (int i = 0; i < kMessages; ++i) wrong += page.hear() != std::to_string(i) ? 1 : 0;
    CHECK(wrong == 0);
  }
  speaker.join();
}

TEST_CASE("the socket is refused to other pages and elsewhere") {
  Program program;
  CHECK(Page(program.server->port()).open("http://evil.example"));
  CHECK(Page(program.server->port()).open("null"));
  CHECK(Page(program.server->port()).open("", "/other"));
  CHECK_FALSE(Page(program.server->port()).open());
}

TEST_CASE("a page that shouts, sends bytes or breaks the program is closed, the others stay") {
  HttpServer::Options options;
  options.socket_message_bytes_max = 100;
  Program program(options);
  Page good(program.server->port());
  REQUIRE_FALSE(good.open());
  const auto closed_after = [&](const std::string& text, bool binary) {
    Page page(program.server->port());
    REQUIRE_FALSE(page.open());
    page.stream.binary(binary);
    page.stream.write(asio::buffer(text));
    return page.closed();
  };
  CHECK(closed_after(std::string(1'000, 'x'), false));
  CHECK(closed_after("bytes", true));
  CHECK(closed_after("throw", false));
  CHECK(eventually([&] { return program.server->socket_clients() == 1; }));
  program.say("still here");
  CHECK(good.hear() == "still here");
}

TEST_CASE("a page that does not read is dropped, and the others hear everything") {
  HttpServer::Options options;
  options.send_queue_bytes_max = 1'000'000;
  Program program(options);
  Page slow(program.server->port());
  REQUIRE_FALSE(slow.open());
  REQUIRE(eventually([&] { return program.server->socket_clients() == 1; }));
  const std::string big(400'000, 'x');
  int sent = 0;
  const bool dropped = eventually([&] {
    program.server->broadcast(big);
    ++sent;
    return program.server->clients_dropped() > 0;
  });
  CHECK(dropped);
  CHECK(sent < 100);  // the system's own socket buffers take some of it
  CHECK(eventually([&] { return program.server->socket_clients() == 0; }));
  Page quick(program.server->port());
  REQUIRE_FALSE(quick.open());
  REQUIRE(eventually([&] { return program.server->socket_clients() == 1; }));
  for (int i = 0; i < 20; ++i) {
    program.server->broadcast(big);
    CHECK(quick.hear().size() == big.size());
  }
}

TEST_CASE("news beyond the limit while the program is busy drop the pages instead of filling memory") {
  HttpServer::Options options;
  options.port = 0;
  options.send_queue_bytes_max = 1'000;
  std::atomic<bool> busy = false;
  std::atomic<bool> go_on = false;
  auto server = HttpServer::start(
                    options,
                    [&](const shell::HttpRequest&) {
                      busy = true;
                      while (!go_on) std::this_thread::yield();
                      return shell::HttpResponse{};
                    },
                    nullptr, nullptr)
                    .value();
  Page page(server->port());
  REQUIRE_FALSE(page.open());
  REQUIRE(eventually([&] { return server->socket_clients() == 1; }));
  Client client(server->port());
  std::thread asking([&] { client.send(client.ask(http::verb::get, "/")); });
  REQUIRE(eventually([&] { return busy.load(); }));
  for (int i = 0; i < 100; ++i) server->broadcast(std::string(100, 'x'));
  go_on = true;
  asking.join();
  CHECK(eventually([&] { return server->clients_dropped() == 1; }));
  CHECK(page.closed());
}

TEST_CASE("stopping tells the last news, closes everything and frees the port") {
  Program program;
  const std::uint16_t port = program.server->port();
  Page page(port);
  REQUIRE_FALSE(page.open());
  Client idle(port);
  REQUIRE(idle.send(idle.ask(http::verb::get, "/page")).result_int() == 200);
  Client silent(port);
  REQUIRE(eventually([&] { return program.server->socket_clients() == 1; }));
  std::string last;
  std::thread reading([&] {
    last = page.hear();
    page.closed();
  });
  program.say("good night");
  program.server->stop();
  reading.join();
  CHECK(last == "good night");
  CHECK(page.stream.reason().code == beast::websocket::close_code::going_away);
  CHECK(idle.closed_by_server());
  program.server->stop();
  HttpServer::Options options;
  options.port = port;
  options.port_tries = 1;
  CHECK(HttpServer::start(
            options, [](const shell::HttpRequest&) { return shell::HttpResponse{}; }, nullptr, nullptr)
            .has_value());
}

TEST_CASE("a page that never reads does not hold up the stop") {
  HttpServer::Options options;
  options.stop_time_max = std::chrono::milliseconds(50);
  Program program(options);
  Page slow(program.server->port());
  REQUIRE_FALSE(slow.open());
  REQUIRE(eventually([&] { return program.server->socket_clients() == 1; }));
  for (int i = 0; i < 20; ++i) program.server->broadcast(std::string(1'000'000, 'x'));
  program.server->stop();
  CHECK(program.server->socket_clients() == 0);
}
