#include "shell/disk_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "shell/durable_file.h"
#include "storage/segment.h"

namespace skywarden::shell {
namespace {

constexpr mode_t kMode = 0600;
constexpr std::size_t kZerosAtOnce = std::size_t{1} << 20;

tl::unexpected<Error> failure(const std::string& path) {
  const int code = errno;
  const bool full = code == ENOSPC || code == EDQUOT || code == EFBIG;
  return fail(full ? Errc::kLimitReached : Errc::kInputOutput, "{}: {}", path,
              std::strerror(code));  // NOLINT(concurrency-mt-unsafe)
}

class FolderFile final : public storage::DiskFile {
 public:
  FolderFile(int file, std::string path) : file_(file), path_(std::move(path)) {}
  ~FolderFile() override { ::close(file_); }
  FolderFile(const FolderFile&) = delete;
  FolderFile& operator=(const FolderFile&) = delete;

  Result<void> write(std::uint64_t offset, std::span<const std::byte> bytes) override {
    while (!bytes.empty()) {
      const ssize_t done = ::pwrite(file_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (done < 0 && errno == EINTR) continue;
      if (done <= 0) return failure(path_);
      bytes = bytes.subspan(static_cast<std::size_t>(done));
      offset += static_cast<std::uint64_t>(done);
    }
    return {};
  }

  // Never tried again after an error: what reached the disk is not known then.
  Result<void> sync() override {
    if (::fdatasync(file_) != 0) return failure(path_);
    return {};
  }

 private:
  int file_;
  std::string path_;
};

}  // namespace

Result<std::unique_ptr<DiskFolder>> DiskFolder::take(const std::string& path) {
  if (const auto made = make_folder(path); !made) return tl::unexpected<Error>(made.error());
  auto disk = look_at(path);
  if (!disk) return disk;
  const std::string lock_path = path + "/lock";
  (*disk)->lock_ = ::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kMode);
  if ((*disk)->lock_ < 0) return failure(lock_path);
  if (::flock((*disk)->lock_, LOCK_EX | LOCK_NB) != 0)
    return fail(Errc::kConflict, "{}: another program keeps its log there", path);
  return disk;
}

Result<std::unique_ptr<DiskFolder>> DiskFolder::look_at(const std::string& path) {
  const int folder = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return failure(path);
  return std::unique_ptr<DiskFolder>(new DiskFolder(path, folder, -1));
}

DiskFolder::~DiskFolder() {
  if (lock_ >= 0) ::close(lock_);
  ::close(folder_);
}

Result<std::vector<std::string>> DiskFolder::names() {
  std::vector<std::string> all;
  std::error_code error;
  for (std::filesystem::directory_iterator each(path_, error), end; !error && each != end;
       each.increment(error))
    all.push_back(each->path().filename().string());
  if (error) return fail(Errc::kInputOutput, "{}: {}", path_, error.message());
  std::sort(all.begin(), all.end());
  return all;
}

Result<std::vector<std::byte>> DiskFolder::read(const std::string& name) {
  const int number = ::openat(folder_, name.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (number < 0) return failure(path_of(name));
  const FolderFile file(number, path_of(name));
  struct stat about{};
  if (::fstat(number, &about) != 0) return failure(path_of(name));
  if (!S_ISREG(about.st_mode) || about.st_size < 0 ||
      static_cast<std::uint64_t>(about.st_size) > storage::kSegmentBytesMax)
    return fail(Errc::kMalformed, "{}: not a file of at most {} bytes", path_of(name),
                storage::kSegmentBytesMax);
  std::vector<std::byte> bytes(static_cast<std::size_t>(about.st_size));
  for (std::size_t at = 0; at < bytes.size();) {
    const ssize_t done = ::pread(number, bytes.data() + at, bytes.size() - at, static_cast<off_t>(at));
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return failure(path_of(name));
    if (done == 0) return fail(Errc::kInputOutput, "{}: became shorter while it was read", path_of(name));
    at += static_cast<std::size_t>(done);
  }
  return bytes;
}

Result<std::unique_ptr<storage::DiskFile>> DiskFolder::create(const std::string& name, std::uint64_t size) {
  const int number =
      ::openat(folder_, name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, kMode);
  if (number < 0) return failure(path_of(name));
  auto file = std::make_unique<FolderFile>(number, path_of(name));
  const auto give_up = [&](tl::unexpected<Error> error) {
    ::unlinkat(folder_, name.c_str(), 0);
    return error;
  };
  // Says at once when there is no room, instead of half way.
  if (const int code = ::posix_fallocate(number, 0, static_cast<off_t>(size)); size > 0 && code != 0) {
    errno = code;
    return give_up(failure(path_of(name)));
  }
  const std::vector<std::byte> zeros(static_cast<std::size_t>(std::min<std::uint64_t>(size, kZerosAtOnce)));
  for (std::uint64_t at = 0; at < size; at += zeros.size()) {
    const auto part = std::min<std::uint64_t>(zeros.size(), size - at);
    if (const auto done = file->write(at, std::span(zeros).first(static_cast<std::size_t>(part))); !done)
      return give_up(tl::unexpected<Error>(done.error()));
  }
  return file;
}

Result<std::unique_ptr<storage::DiskFile>> DiskFolder::open(const std::string& name) {
  const int number = ::openat(folder_, name.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  if (number < 0) return failure(path_of(name));
  return std::make_unique<FolderFile>(number, path_of(name));
}

Result<void> DiskFolder::rename(const std::string& from, const std::string& to) {
  if (::renameat(folder_, from.c_str(), folder_, to.c_str()) != 0) return failure(path_of(from));
  return {};
}

Result<void> DiskFolder::remove(const std::string& name) {
  if (::unlinkat(folder_, name.c_str(), 0) != 0) return failure(path_of(name));
  return {};
}

Result<void> DiskFolder::sync_names() {
  if (::fsync(folder_) != 0) return failure(path_);
  return {};
}

}  // namespace skywarden::shell
