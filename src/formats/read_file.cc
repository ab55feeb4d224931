#include "formats/read_file.h"

#include <zlib.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>

namespace skywarden::formats {

Result<std::string> read_file(const std::string& path, std::size_t bytes_max) {
  if (std::error_code ignored; std::filesystem::is_directory(path, ignored))
    return fail(Errc::kInputOutput, "{}: expected a file, found a folder", path);
  // gzread hands plain files through unchanged and notices gzip by its magic bytes.
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> file(gzopen(path.c_str(), "rb"), gzclose);
  if (!file) return fail(Errc::kInputOutput, "{}: cannot be read: {}", path, std::strerror(errno));
  gzbuffer(file.get(), 1 << 17);
  std::string out;
  char buffer[1 << 16];
  for (;;) {
    const int got = gzread(file.get(), buffer, sizeof buffer);
    if (got < 0) return fail(Errc::kMalformed, "{}: expected an undamaged gzip file", path);
    if (got == 0) break;
    if (out.size() + static_cast<std::size_t>(got) > bytes_max)
      return fail(Errc::kLimitReached, "{}: expected at most {} bytes once unpacked", path, bytes_max);
    out.append(buffer, static_cast<std::size_t>(got));
  }
  int code = Z_OK;
  gzerror(file.get(), &code);
  if (code == Z_BUF_ERROR)
    return fail(Errc::kMalformed, "{}: expected a complete gzip file, it ends too early", path);
  return out;
}

Result<std::size_t> write_file(const std::string& path, std::string_view bytes) {
  const std::string temporary = path + ".part";
  {
    std::ofstream out(temporary, std::ios::binary | std::ios::trunc);
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    out.flush();
    if (!out) return fail(Errc::kInputOutput, "{}: cannot be written: {}", path, std::strerror(errno));
  }
  std::error_code error;
  std::filesystem::rename(temporary, path, error);
  if (error) return fail(Errc::kInputOutput, "{}: cannot be written: {}", path, error.message());
  return bytes.size();
}

}  // namespace skywarden::formats
