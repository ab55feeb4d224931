// A folder of bundles that have come to the end of their way, one a file, named by identity. What keep() has
// returned is on the disk.
#pragma once

#include <string>

#include "base/result.h"
#include "network/bundle.h"

namespace skywarden::app {

class BundleInbox {
 public:
  explicit BundleInbox(std::string path) : path_(std::move(path)) {}  // of a folder that is there

  struct Kept {
    std::string path;
    bool fresh = true;  // false: the same bundle lay there
  };
  // Another bundle whose name reads the same gets a number.
  [[nodiscard]] Result<Kept> keep(const network::BundleView& view, std::span<const std::byte> bytes) const;

 private:
  std::string path_;
};

}  // namespace skywarden::app
