#include "shell/served_files.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

namespace skywarden::shell {
namespace {

// What a self-contained report needs, and nothing else: no request leaves it, no access to the console's
// origin.
constexpr std::string_view kReportPolicy =
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data: blob:; "
    "font-src data:; "
    "form-action 'none'; frame-ancestors 'self'; sandbox allow-scripts allow-downloads allow-popups";

constexpr std::array<std::pair<std::string_view, std::string_view>, 15> kContentTypes{{
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".mjs", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".json", "application/json"},
    {".geojson", "application/geo+json"},
    {".jsonl", "text/plain; charset=utf-8"},  // shown by the browser instead of downloaded
    {".xml", "application/xml; charset=utf-8"},
    {".csv", "text/csv; charset=utf-8"},
    {".txt", "text/plain; charset=utf-8"},
    {".toml", "text/plain; charset=utf-8"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".ico", "image/x-icon"},
    {".woff2", "font/woff2"},
}};

HttpResponse not_found() {
  return {404, "text/plain; charset=utf-8", "not found\n"};
}

bool lies_below(const std::filesystem::path& file, const std::filesystem::path& folder) {
  return std::mismatch(folder.begin(), folder.end(), file.begin(), file.end()).first == folder.end();
}

}  // namespace

std::string_view content_type_of(std::string_view name) {
  for (const auto& [ending, type] : kContentTypes) {
    if (name.ends_with(ending)) return type;
  }
  return "application/octet-stream";
}

HttpResponse asset_response(std::span<const EmbeddedAsset> assets, std::string_view path) {
  const std::string_view wanted = path == "/" ? "/index.html" : path;
  const auto found = std::ranges::find(assets, wanted, &EmbeddedAsset::path);
  if (found == assets.end()) return not_found();
  return {200, std::string(content_type_of(wanted)), std::string(found->bytes), std::string(found->etag)};
}

HttpResponse file_response(const std::string& folder, std::string_view relative) {
  std::error_code error;
  while (relative.starts_with('/')) relative.remove_prefix(1);
  const std::filesystem::path root = std::filesystem::canonical(folder, error);
  if (error) return not_found();
  const std::filesystem::path file =
      std::filesystem::canonical(root / std::filesystem::path(relative), error);
  if (error || !lies_below(file, root) || !std::filesystem::is_regular_file(file, error)) return not_found();
  const std::uintmax_t size = std::filesystem::file_size(file, error);
  if (error) return not_found();
  if (size > kServedBytesMax)
    return {413, "text/plain; charset=utf-8", "the file is too large to be served\n"};
  std::ifstream stream(file, std::ios::binary);
  std::string bytes(static_cast<std::size_t>(size), '\0');
  stream.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(stream.gcount()));
  return {200, std::string(content_type_of(file.filename().string())), std::move(bytes), "",
          std::string(kReportPolicy)};
}

}  // namespace skywarden::shell
