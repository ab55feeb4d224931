// One HTTP request and its answer as plain values, so that what the program serves can be tested without a
// socket.
#pragma once

#include <string>

namespace skywarden::shell {

struct HttpRequest {
  std::string method;  // GET or POST; HEAD arrives as GET and is answered without the body
  std::string target;  // as the client sent it
  std::string body;
  std::string path =
      {};  // decoded, begins with '/', no empty, "." or ".." part, no control bytes or backslash
  std::string query = {};  // what follows '?', still encoded; see query_value in http_guard.h
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string body = {};
  std::string etag = {};  // with quotes; when given, the client may answer itself from its cache
  std::string content_security_policy = {};  // instead of the server's strict one
  unsigned retry_after_s = 0;                // beside a refusal: when it may go better; 0: not said
};

}  // namespace skywarden::shell
