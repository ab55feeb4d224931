#include "inference/scrubber.h"

#include <algorithm>

namespace skywarden::inference {
namespace {

template <typename Numbers>
std::span<std::byte> bytes_of(Numbers& numbers) {
  return std::as_writable_bytes(std::span(numbers));
}

}  // namespace

Scrubber::Scrubber(Program& program) {
  for (Tensor& t : program.model.tensors) {
    const bool vector = t.type == TensorType::kVector;
    guard_large(bytes_of(t.bytes));
    if (vector)
      guard_small(bytes_of(t.numbers));
    else
      guard_large(bytes_of(t.numbers));
    guard_small(bytes_of(t.scale));
    guard_small(bytes_of(t.offset));
  }
}

void Scrubber::guard_large(std::span<std::byte> bytes) {
  if (bytes.empty()) return;
  bytes_ += bytes.size();
  for (std::size_t g = 0; g < guard_groups(bytes.size()); ++g)
    pieces_.push_back(
        {true, large_.size(), g,
         std::min(kGuardGroup * kGuardBlockBytes, bytes.size() - g * kGuardGroup * kGuardBlockBytes)});
  large_.push_back({bytes, guard_of(bytes)});
}

void Scrubber::guard_small(std::span<std::byte> bytes) {
  if (bytes.empty()) return;
  bytes_ += bytes.size();
  pieces_.push_back({false, small_.size(), 0, bytes.size()});
  small_.push_back({bytes, {bytes.begin(), bytes.end()}, {bytes.begin(), bytes.end()}});
}

Repairs Scrubber::check(const Piece& piece) {
  if (piece.large) return repair_group(large_[piece.place].bytes, large_[piece.place].guard, piece.group);
  Small& small = small_[piece.place];
  return {vote(small.bytes, small.second, small.third) > 0 ? std::size_t{1} : 0, 0};
}

Repairs Scrubber::step(std::size_t bytes) {
  Repairs all;
  for (std::size_t seen = 0; seen < bytes && !pieces_.empty();) {
    const Repairs one = check(pieces_[next_]);
    all.repaired += one.repaired;
    all.lost += one.lost;
    seen += pieces_[next_].bytes;
    next_ = (next_ + 1) % pieces_.size();
    if (next_ == 0) ++rounds_;
  }
  return all;
}

Repairs Scrubber::round() {
  Repairs all;
  for (const Piece& piece : pieces_) {
    const Repairs one = check(piece);
    all.repaired += one.repaired;
    all.lost += one.lost;
  }
  return all;
}

std::size_t Scrubber::extra_bytes() const {
  std::size_t sum = 0;
  for (const Large& l : large_)
    sum += l.guard.parity.size() + l.guard.checksums.size() * sizeof(std::uint32_t);
  for (const Small& s : small_) sum += 2 * s.bytes.size();
  return sum;
}

}  // namespace skywarden::inference
