// What the subcommands of `bundle` share: files of bundles and keys, and complaints about them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "command_line/command_line.h"
#include "network/bpsec_keys.h"

namespace skywarden::app {

void add_bundle_encode(command_line::Command bundle, int* exit_code);
void add_bundle_pieces(command_line::Command bundle, int* exit_code);  // split and join
void add_bundle_links(command_line::Command bundle, int* exit_code);   // send and receive
void add_bundle_relay(command_line::Command bundle, int* exit_code);

[[nodiscard]] Result<std::vector<std::byte>> read_bundle_bytes(const std::string& path);  // hexadecimal too
[[nodiscard]] Result<network::KeyRing> load_keys(const std::string& path);                // none: no keys
[[nodiscard]] Result<void> write_out(const std::string& path,
                                     std::string_view bytes);  // - is standard output
// One line on standard error when a command failed.
void report_bundle(const char* command, const Result<int>& code, int* exit_code);

// Complains about files, at most so often.
class Complaints {
 public:
  explicit Complaints(const char* command) : command_(command) {}
  ~Complaints();
  Complaints(const Complaints&) = delete;
  Complaints& operator=(const Complaints&) = delete;
  void add(const std::string& file, const Error& error);
  [[nodiscard]] std::size_t count() const { return count_; }

 private:
  const char* command_;
  std::size_t count_ = 0;
};

}  // namespace skywarden::app
