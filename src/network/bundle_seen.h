// Which bundles were there before, to tell replays (a bundle is known by its identity, RFC 9171 §4.2.7):
// bounded, the oldest forgotten first. It judges no content: add only what was verified.
#pragma once

#include <deque>
#include <set>
#include <string>
#include <string_view>

#include "network/bundle.h"

namespace skywarden::network {

// "ipn:7.1 created 820454400000 sequence 3", and for fragments " offset 10 bytes 20".
[[nodiscard]] std::string to_string(const BundleId& id);
// "ipn:7.1 820454400000 3 0 0": source, creation time, sequence, fragment offset and bytes; and back.
[[nodiscard]] std::string to_words(const BundleId& id);
[[nodiscard]] Result<BundleId> bundle_id_from_words(std::string_view words);

class SeenBundles {
 public:
  static constexpr std::size_t kDefaultMax = 1'000'000;

  explicit SeenBundles(std::size_t max = kDefaultMax) : max_(max) {}
  // Lines as text() writes them. kMalformed names the line.
  [[nodiscard]] static Result<SeenBundles> read(std::string_view text, std::string_view file_name,
                                                std::size_t max = kDefaultMax);

  [[nodiscard]] bool add(const BundleId& id);  // false: seen before
  [[nodiscard]] std::string text() const;      // a line each, oldest first
  [[nodiscard]] std::size_t size() const { return seen_.size(); }

 private:
  std::size_t max_;
  std::set<BundleId> seen_;
  std::deque<BundleId> by_age_;
};

}  // namespace skywarden::network
