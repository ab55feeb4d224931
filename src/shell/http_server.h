// HTTP and one WebSocket (docs/console-protocol.md) on a loopback port, on its own thread: what the console
// and the service stand behind. It knows nothing of incidents: what is served and said comes from the
// callbacks. It guards the door (Host, Origin, sizes, times; see http_guard.h) and never lets a slow reader
// cost memory: a client that does not keep up is dropped, and its page connects again and gets the backlog.
// No TLS and no users: it is for the person at this machine or at the other end of an ssh tunnel. Standards:
// RFC 9112, RFC 6455.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "shell/http_message.h"

namespace skywarden::shell {

class HttpServer {
 public:
  struct Options {
    std::string address = "127.0.0.1";                   // an address, not a name
    std::uint16_t port = 8080;                           // 0: any free one
    int port_tries = 20;                                 // 8080, 8081, … until one is free
    std::vector<std::string> host_names = {};            // further names the page may be reached under
    std::size_t body_bytes_max = std::size_t{32} << 20;  // of a POST
    std::size_t connections_max = 64;                    // sockets included; the next one is closed at once
    std::size_t send_queue_bytes_max = std::size_t{32}
                                       << 20;  // news waiting for one client, backlog not counted
    std::size_t socket_message_bytes_max = std::size_t{64} << 10;  // one message from the page
    std::chrono::milliseconds request_time_max{30'000};  // a whole request, idle time before it included
    std::chrono::milliseconds stop_time_max{1'000};      // for the last messages to reach the pages
    bool socket = true;                                  // false: there is no /ws
    bool json_errors = false;  // refusals as {"error":{"code":…,"message":…}}, else as plain text
  };

  // All three run on the server's thread, one at a time, and should return soon: nothing else is served
  // meanwhile. They may call broadcast(), never stop(). An exception in one becomes status 500 or a closed
  // socket.
  using Handler = std::function<HttpResponse(const HttpRequest&)>;  // GET and POST, everything except /ws
  // The same for answers that take a while: called once, from any thread, at the latest before the server is
  // destroyed. Meanwhile others are served; of one connection, one request at a time.
  using Respond = std::function<void(HttpResponse)>;
  using DeferredHandler = std::function<void(HttpRequest, Respond)>;
  using OnSocketMessage = std::function<void(std::string)>;  // a text message from a page
  // What a page that has just connected is told first. When the caller appends to its history and calls
  // broadcast() under the lock that `backlog` also takes, each page gets every message once.
  using Backlog = std::function<std::vector<std::string>()>;

  // kUnavailable when no port is free, kOutOfRange for a bad address.
  [[nodiscard]] static Result<std::unique_ptr<HttpServer>> start(Options options, Handler handler,
                                                                 OnSocketMessage on_socket_message,
                                                                 Backlog backlog);
  // Of requests alone, without a socket.
  [[nodiscard]] static Result<std::unique_ptr<HttpServer>> start_deferred(Options options,
                                                                          DeferredHandler handler);
  ~HttpServer();  // stops
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  [[nodiscard]] std::uint16_t port() const;

  // From any thread; never waits for a client. Must be valid UTF-8.
  void broadcast(std::string message);

  [[nodiscard]] std::size_t socket_clients() const;   // pages connected now
  [[nodiscard]] std::size_t clients_dropped() const;  // closed because they did not keep up

  // Sends what is queued (stop_time_max at most), closes every connection and joins the thread. A second call
  // does nothing.
  void stop();

 private:
  class Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace skywarden::shell
