// A vector whose first N items need no allocation: for short lists on hot paths. Items are plain values; the
// rest of std::vector is left out.
#pragma once

#include <array>
#include <cstddef>
#include <type_traits>
#include <vector>

namespace skywarden::network {

template <typename T, std::size_t N>
class InlineVector {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  void push_back(const T& item) {
    if (size_ < N) {
      inline_[size_++] = item;
      return;
    }
    if (size_ == N) heap_.assign(inline_.begin(), inline_.end());
    heap_.push_back(item);
    ++size_;
  }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] const T* data() const { return size_ <= N ? inline_.data() : heap_.data(); }
  [[nodiscard]] T* data() { return size_ <= N ? inline_.data() : heap_.data(); }
  [[nodiscard]] const T* begin() const { return data(); }
  [[nodiscard]] const T* end() const { return data() + size_; }
  [[nodiscard]] T* begin() { return data(); }
  [[nodiscard]] T* end() { return data() + size_; }
  [[nodiscard]] const T& operator[](std::size_t i) const { return data()[i]; }
  [[nodiscard]] T& operator[](std::size_t i) { return data()[i]; }
  [[nodiscard]] const T& back() const { return data()[size_ - 1]; }
  [[nodiscard]] T& back() { return data()[size_ - 1]; }

  template <typename Condition>
  void erase_if(Condition condition) {
    InlineVector kept;
    for (const T& item : *this)
      if (!condition(item)) kept.push_back(item);
    *this = kept;
  }

 private:
  std::array<T, N> inline_{};
  std::vector<T> heap_;  // everything, once there are more than N
  std::size_t size_ = 0;
};

}  // namespace skywarden::network
