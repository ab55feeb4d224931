// Asks other services over HTTP/1.1 without holding up the caller: a connection a question, all of them on
// one thread. Everything is bounded: questions under way, the time of each, the bytes of an answer; beyond,
// the answer is an error at once. Addresses, not names, so that nothing waits for a resolver. No TLS, no
// redirects. Standard: RFC 9112.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "shell/http_message.h"

namespace skywarden::shell {

struct HttpAddress {
  std::string host;  // an IP address, without brackets
  std::uint16_t port = 80;
  friend bool operator==(const HttpAddress&, const HttpAddress&) = default;
};

// http://ADDRESS[:PORT][/], an IPv6 address in brackets. kMalformed for anything else.
[[nodiscard]] Result<HttpAddress> parse_http_address(const std::string& url);
[[nodiscard]] std::string to_string(const HttpAddress& address);  // as a URL without a path

class HttpClient {
 public:
  struct Options {
    std::size_t at_once_max = 64;                          // questions under way
    std::size_t answer_bytes_max = std::size_t{16} << 20;  // of a body
  };
  // Called once: on the client's thread, or on the caller's when refused at once. Must return soon. An
  // answer of any status is an answer. kLimitReached: too many under way; kUnavailable: no connection, cut,
  // too late, or the client is gone.
  using Done = std::function<void(Result<HttpResponse>)>;

  HttpClient() : HttpClient(Options{}) {}
  explicit HttpClient(const Options& options);
  ~HttpClient();  // what is under way ends as kUnavailable
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // GET or POST of request.target with request.body. From any thread.
  void ask(const HttpAddress& to, HttpRequest request, Duration time_max, Done done);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace skywarden::shell
