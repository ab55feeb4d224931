#include "formats/read_blocks.h"

#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>

namespace skywarden::formats {
namespace {

constexpr std::size_t kCarryBlocks = 4;

// Behind the last line break that is not inside quotes; 0 when there is none.
std::size_t last_cut(std::string_view bytes, bool quotes) {
  if (!quotes) {
    const std::size_t at = bytes.rfind('\n');
    return at == std::string_view::npos ? 0 : at + 1;
  }
  bool inside = false;
  std::size_t cut = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (bytes[i] == '"') inside = !inside;
    if (bytes[i] == '\n' && !inside) cut = i + 1;
  }
  return cut;
}

}  // namespace

Result<std::size_t> for_each_block(const std::string& path, const BlockOptions& options,
                                   const std::function<Result<bool>(std::string_view)>& visit) {
  if (std::error_code ignored; std::filesystem::is_directory(path, ignored))
    return fail(Errc::kInputOutput, "{}: expected a file, found a folder", path);
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> file(gzopen(path.c_str(), "rb"), gzclose);
  if (!file) return fail(Errc::kInputOutput, "{}: cannot be read: {}", path, std::strerror(errno));
  gzbuffer(file.get(), 1 << 17);
  std::string held;
  std::size_t total = 0;
  char buffer[1 << 16];
  for (;;) {
    const int got = gzread(file.get(), buffer, sizeof buffer);
    if (got < 0) return fail(Errc::kMalformed, "{}: expected an undamaged gzip file", path);
    if (got == 0) break;
    held.append(buffer, static_cast<std::size_t>(got));
    total += static_cast<std::size_t>(got);
    if (held.size() < options.block_bytes) continue;
    std::size_t cut = last_cut(held, options.quotes);
    const bool too_long = held.size() > kCarryBlocks * options.block_bytes;
    if (cut == 0 && too_long) cut = last_cut(held, false);
    if (cut == 0 && too_long)
      return fail(Errc::kLimitReached, "{}: expected lines of at most {} bytes", path,
                  kCarryBlocks * options.block_bytes);
    if (cut == 0) continue;
    if (auto visited = visit(std::string_view(held).substr(0, cut)); !visited)
      return tl::unexpected(visited.error());
    held.erase(0, cut);
  }
  int code = Z_OK;
  gzerror(file.get(), &code);
  if (code == Z_BUF_ERROR)
    return fail(Errc::kMalformed, "{}: expected a complete gzip file, it ends too early", path);
  if (held.empty()) return total;
  if (auto visited = visit(held); !visited) return tl::unexpected(visited.error());
  return total;
}

}  // namespace skywarden::formats
