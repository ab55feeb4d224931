#include "shell/http_client.h"

#include <algorithm>
#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <charconv>
#include <optional>
#include <set>
#include <string_view>
#include <thread>
#include <utility>

#include "base/text.h"

namespace skywarden::shell {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = asio::ip::tcp;
using ErrorCode = beast::error_code;

std::string host_field(const HttpAddress& address) {
  const bool six = address.host.find(':') != std::string::npos;
  return fmt::format("{}{}{}:{}", six ? "[" : "", address.host, six ? "]" : "", address.port);
}

}  // namespace

Result<HttpAddress> parse_http_address(const std::string& url) {
  const auto bad = [&] {
    return fail(Errc::kMalformed, "'{}': expected http://ADDRESS:PORT, an address and not a name",
                printable(url));
  };
  std::string_view rest = url;
  constexpr std::string_view kScheme = "http://";
  if (!rest.starts_with(kScheme)) return bad();
  rest.remove_prefix(kScheme.size());
  if (rest.ends_with('/')) rest.remove_suffix(1);
  HttpAddress out;
  const bool bracketed = rest.starts_with('[');
  const std::size_t end = bracketed ? rest.find(']') : std::min(rest.find(':'), rest.size());
  if (end == std::string_view::npos) return bad();
  out.host = bracketed ? rest.substr(1, end - 1) : rest.substr(0, end);
  rest.remove_prefix(std::min(rest.size(), end + (bracketed ? 1 : 0)));
  ErrorCode error;
  const auto address = asio::ip::make_address(out.host, error);
  if (error || address.is_v6() != bracketed) return bad();
  if (rest.empty()) return out;
  if (!rest.starts_with(':')) return bad();
  rest.remove_prefix(1);
  const auto [stop, wrong] = std::from_chars(rest.data(), rest.data() + rest.size(), out.port);
  if (wrong != std::errc{} || stop != rest.data() + rest.size() || out.port == 0) return bad();
  return out;
}

std::string to_string(const HttpAddress& address) {
  return "http://" + host_field(address);
}

class HttpClient::Impl {
 public:
  explicit Impl(const Options& options) : options_(options), work_(asio::make_work_guard(context_)) {
    thread_ = std::thread([this] { context_.run(); });
  }

  ~Impl() {
    asio::post(context_, [this] {
      stopping_ = true;
      for (const auto& question : questions_) question->close();
      work_.reset();
    });
    thread_.join();
  }

  void ask(const HttpAddress& to, HttpRequest request, Duration time_max, Done done) {
    if (under_way_.fetch_add(1) >= options_.at_once_max) {
      --under_way_;
      return done(fail(Errc::kLimitReached, "{} questions to other services are under way already",
                       options_.at_once_max));
    }
    auto question = std::make_shared<Question>(*this, to, std::move(request), time_max, std::move(done));
    asio::post(context_, [this, question = std::move(question)] {
      if (stopping_) return question->end(fail(Errc::kUnavailable, "the client ends"));
      questions_.insert(question);
      question->start();
    });
  }

 private:
  // Owns itself through its pending operation; the set lets the client reach it.
  class Question : public std::enable_shared_from_this<Question> {
   public:
    Question(Impl& client, const HttpAddress& to, HttpRequest request, Duration time_max, Done done)
        : client_(client),
          to_(to),
          time_max_(time_max),
          done_(std::move(done)),
          stream_(client.context_),
          request_(request.method == "GET" ? http::verb::get : http::verb::post, request.target, 11) {
      request_.set(http::field::host, host_field(to));
      request_.set(http::field::user_agent, "skywarden");
      request_.keep_alive(false);
      if (request.method != "GET") {
        request_.set(http::field::content_type, "application/json");
        request_.body() = std::move(request.body);
      }
      request_.prepare_payload();
      parser_.body_limit(client.options_.answer_bytes_max);
    }

    void start() {
      ErrorCode error;
      const auto address = asio::ip::make_address(to_.host, error);
      if (error) return finish(fail(Errc::kMalformed, "'{}' is not an address", printable(to_.host)));
      stream_.expires_after(time_max_);  // all of it
      stream_.async_connect(tcp::endpoint(address, to_.port),
                            [self = shared_from_this()](ErrorCode failed) { self->connected(failed); });
    }

    void close() { stream_.close(); }

    // Once.
    void end(Result<HttpResponse> answer) {
      --client_.under_way_;
      done_(std::move(answer));
    }

   private:
    void connected(ErrorCode failed) {
      if (failed) return broken(failed);
      ErrorCode ignored;
      std::ignore = stream_.socket().set_option(tcp::no_delay(true), ignored);
      http::async_write(stream_, request_, [self = shared_from_this()](ErrorCode error, std::size_t) {
        if (error) return self->broken(error);
        self->read();
      });
    }

    void read() {
      http::async_read_header(stream_, buffer_, parser_,
                              [self = shared_from_this()](ErrorCode error, std::size_t) {
                                if (error) return self->broken(error);
                                self->header_read();
                              });
    }

    // A length that is stated is looked at here: Beast 1.74 lets one beyond its limit pass in answers.
    void header_read() {
      const auto length = parser_.content_length();
      if (length && *length > client_.options_.answer_bytes_max) return broken(http::error::body_limit);
      http::async_read(stream_, buffer_, parser_, [self = shared_from_this()](ErrorCode error, std::size_t) {
        if (error) return self->broken(error);
        auto& message = self->parser_.get();
        HttpResponse answer;
        answer.status = message.result_int();
        answer.content_type = std::string(message[http::field::content_type]);
        answer.body = std::move(message.body());
        self->finish(std::move(answer));
      });
    }

    void broken(ErrorCode error) {
      const bool late = error == beast::error::timeout;
      finish(
          fail(Errc::kUnavailable, "{}: {}", to_string(to_), late ? "no answer in time" : error.message()));
    }

    void finish(Result<HttpResponse> answer) {
      stream_.close();
      client_.questions_.erase(shared_from_this());
      end(std::move(answer));
    }

    Impl& client_;
    HttpAddress to_;
    Duration time_max_;
    Done done_;
    beast::tcp_stream stream_;
    http::request<http::string_body> request_;
    beast::flat_buffer buffer_;
    http::response_parser<http::string_body> parser_;
  };

  Options options_;
  asio::io_context context_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  std::atomic<std::size_t> under_way_ = 0;
  bool stopping_ = false;  // of the client's thread, as the set
  std::set<std::shared_ptr<Question>> questions_;
  std::thread thread_;
};

HttpClient::HttpClient(const Options& options) : impl_(std::make_unique<Impl>(options)) {}
HttpClient::~HttpClient() = default;

void HttpClient::ask(const HttpAddress& to, HttpRequest request, Duration time_max, Done done) {
  impl_->ask(to, std::move(request), time_max, std::move(done));
}

}  // namespace skywarden::shell
