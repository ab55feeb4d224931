// Until when each contact of a plan is taken: nothing more can be sent over it before. Mostly nothing is
// said, and what is said lies close together, since a node's own contacts do: it is kept in pages.
#pragma once

#include <cstddef>
#include <vector>

#include "base/time.h"

namespace skywarden::network {

class BusyTimes {
 public:
  // By the contact's place in the graph's list; Duration::min() where nothing was said.
  [[nodiscard]] Duration operator[](std::size_t contact) const {
    const std::size_t page = contact / kPage;
    return page < pages_.size() && !pages_[page].empty() ? pages_[page][contact % kPage] : Duration::min();
  }
  void set(std::size_t contact, Duration until) {
    const std::size_t page = contact / kPage;
    if (page >= pages_.size()) pages_.resize(page + 1);
    if (pages_[page].empty()) pages_[page].assign(kPage, Duration::min());
    pages_[page][contact % kPage] = until;
  }

 private:
  static constexpr std::size_t kPage = 256;
  std::vector<std::vector<Duration>> pages_;
};

}  // namespace skywarden::network
