// Files that are there whole, or not at all, whatever happens to the program or the power: what is written
// has reached the disk when the call returns. Slow by nature (two waits for the disk); for what was promised
// to somebody else. A full disk is an error in words, and leaves nothing behind.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "base/result.h"

namespace skywarden::shell {

inline constexpr const char* kPartSuffix = ".part";  // of files not finished yet

// FOLDER/NAME, replaced when it is there. kInputOutput names the file.
[[nodiscard]] Result<void> write_durably(const std::string& folder, const std::string& name,
                                         std::span<const std::byte> bytes);
// Makes the folder, and those above it, if it is not there.
[[nodiscard]] Result<void> make_folder(const std::string& folder);

// A file that only grows, by whole records.
class DurableAppender {
 public:
  DurableAppender() = default;
  ~DurableAppender();
  DurableAppender(DurableAppender&& other) noexcept;
  DurableAppender& operator=(DurableAppender&& other) noexcept;
  DurableAppender(const DurableAppender&) = delete;
  DurableAppender& operator=(const DurableAppender&) = delete;

  [[nodiscard]] static Result<DurableAppender> open(const std::string& path);  // made when it is not there
  // On the disk when it returns. After an error the file is as long as before.
  [[nodiscard]] Result<void> append(std::span<const std::byte> bytes);

 private:
  int file_ = -1;
  std::string path_;
};

}  // namespace skywarden::shell
