// Answers made of bytes that already lie somewhere: the page inside the binary, the results in the output
// folder. It lists no folders and follows no link out of the folder it was given.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "shell/http_message.h"

namespace skywarden::shell {

inline constexpr std::size_t kServedBytesMax = std::size_t{256} << 20;

// A file compiled into the program by skywarden_embed (cmake/embed.cmake).
struct EmbeddedAsset {
  std::string_view path;  // begins with '/'
  std::string_view etag;  // with quotes
  std::string_view bytes;
};

// By the ending of the name; "application/octet-stream" when unknown.
[[nodiscard]] std::string_view content_type_of(std::string_view name);

// "/" is the index page; 404 when there is no such asset.
[[nodiscard]] HttpResponse asset_response(std::span<const EmbeddedAsset> assets, std::string_view path);

// A regular file below `folder`; 404 for anything else, a link that leads outside included. `relative` is a
// decoded path as in HttpRequest::path without its prefix. A page served this way may carry its own styles
// and scripts, but runs sandboxed, without access to the console.
[[nodiscard]] HttpResponse file_response(const std::string& folder, std::string_view relative);

}  // namespace skywarden::shell
