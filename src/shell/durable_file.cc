#include "shell/durable_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

namespace skywarden::shell {
namespace {

constexpr mode_t kMode = 0600;  // bundles are between their nodes

class File {
 public:
  explicit File(int number) : number_(number) {}
  ~File() {
    if (number_ >= 0) ::close(number_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  [[nodiscard]] int number() const { return number_; }

 private:
  int number_;
};

tl::unexpected<Error> failure(const std::string& path) {
  const int code = errno;
  return fail(Errc::kInputOutput, "{}: {}", path, std::strerror(code));  // NOLINT(concurrency-mt-unsafe)
}

bool write_all(int file, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t done = ::write(file, bytes.data(), bytes.size());
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(done));
  }
  return true;
}

}  // namespace

Result<void> write_durably(const std::string& folder, const std::string& name,
                           std::span<const std::byte> bytes) {
  const std::string path = (std::filesystem::path(folder) / name).string();
  const std::string part = path + kPartSuffix;
  const auto give_up = [&] {
    const auto error = failure(path);
    ::unlink(part.c_str());
    return error;
  };
  {
    const File file(::open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kMode));
    if (file.number() < 0) return failure(path);
    if (!write_all(file.number(), bytes) || ::fsync(file.number()) != 0) return give_up();
  }
  if (::rename(part.c_str(), path.c_str()) != 0) return give_up();
  const File directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.number() < 0 || ::fsync(directory.number()) != 0) return failure(folder);
  return {};
}

Result<void> make_folder(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return fail(Errc::kInputOutput, "{}: {}", folder, error.message());
  return {};
}

DurableAppender::~DurableAppender() {
  if (file_ >= 0) ::close(file_);
}

DurableAppender::DurableAppender(DurableAppender&& other) noexcept
    : file_(std::exchange(other.file_, -1)), path_(std::move(other.path_)) {}

DurableAppender& DurableAppender::operator=(DurableAppender&& other) noexcept {
  std::swap(file_, other.file_);
  std::swap(path_, other.path_);
  return *this;
}

Result<DurableAppender> DurableAppender::open(const std::string& path) {
  DurableAppender appender;
  appender.path_ = path;
  appender.file_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, kMode);
  if (appender.file_ < 0) return failure(path);
  return appender;
}

Result<void> DurableAppender::append(std::span<const std::byte> bytes) {
  const off_t before = ::lseek(file_, 0, SEEK_END);
  if (before < 0) return failure(path_);
  if (write_all(file_, bytes) && ::fsync(file_) == 0) return {};
  const auto error = failure(path_);
  if (::ftruncate(file_, before) != 0) return failure(path_);
  return error;
}

}  // namespace skywarden::shell
