#include "bundle_files.h"

#include <cstdio>
#include <span>

#include "base/text.h"
#include "bundle_json.h"
#include "formats/read_file.h"
#include "network/bundle.h"

namespace skywarden::app {
namespace {

constexpr std::size_t kProblemLinesMax = 20;
constexpr std::size_t kFileBytesMax =
    2 * network::kBundleBytesMax + (std::size_t{1} << 20);  // in hexadecimal
constexpr std::size_t kKeyFileBytesMax = std::size_t{4} << 20;

// A bundle begins with a byte that is no character of hexadecimal text.
bool is_hex_text(std::string_view bytes) {
  const auto text = trim(bytes);
  constexpr std::string_view kDigits = "0123456789abcdefABCDEF";
  return text.size() >= 2 && kDigits.find(text[0]) != std::string_view::npos &&
         kDigits.find(text[1]) != std::string_view::npos;
}

}  // namespace

Result<std::vector<std::byte>> read_bundle_bytes(const std::string& path) {
  const auto bytes = formats::read_file(path, kFileBytesMax);
  if (!bytes) return tl::unexpected<Error>(bytes.error());
  if (is_hex_text(*bytes)) {
    auto parsed = bytes_from_hex(*bytes);
    if (!parsed) return fail(parsed.error().code, "{}: {}", path, parsed.error().message);
    return parsed;
  }
  const auto span = std::as_bytes(std::span(*bytes));
  return std::vector<std::byte>(span.begin(), span.end());
}

Result<network::KeyRing> load_keys(const std::string& path) {
  if (path.empty()) return network::KeyRing();
  const auto text = formats::read_file(path, kKeyFileBytesMax);
  if (!text) return tl::unexpected<Error>(text.error());
  return network::read_keys(*text, path);
}

Result<void> write_out(const std::string& path, std::string_view bytes) {
  if (path == "-") {
    const bool good =
        std::fwrite(bytes.data(), 1, bytes.size(), stdout) == bytes.size() && std::fflush(stdout) == 0;
    return good ? Result<void>() : fail(Errc::kInputOutput, "standard output cannot be written");
  }
  const auto written = formats::write_file(path, bytes);
  return written ? Result<void>() : tl::unexpected<Error>(written.error());
}

void report_bundle(const char* command, const Result<int>& code, int* exit_code) {
  if (!code) fmt::print(stderr, "skywarden bundle {}: {}\n", command, code.error().message);
  *exit_code = code ? *code : 1;
}

Complaints::~Complaints() {
  if (count_ > kProblemLinesMax)
    fmt::print(stderr, "skywarden bundle {}: {} more files\n", command_, count_ - kProblemLinesMax);
}

void Complaints::add(const std::string& file, const Error& error) {
  if (++count_ > kProblemLinesMax) return;
  const bool named = error.message.starts_with(file);
  fmt::print(stderr, "skywarden bundle {}: {}{}{}\n", command_, named ? "" : file, named ? "" : ": ",
             error.message);
}

}  // namespace skywarden::app
