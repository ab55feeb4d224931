// Keeps the parameters of a loaded program as they were: memory in orbit flips bits. Matrices and tables are
// guarded by checksums and parity, what is small by two more copies (guarded_bytes.h): any single flipped bit
// of either, or of what guards them, is found and undone by the next round. The graph and the plan of memory
// are not guarded.
//
// A caller's thread calls `step` now and then while sessions run. Between flip and repair a session may use
// the flipped value: results stay bounded (kernels.h), they are not right. Who must know asks `rounds` before
// and after: an answer is right if a whole round that began after it found nothing.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "inference/guarded_bytes.h"
#include "inference/program.h"

namespace skywarden::inference {

class Scrubber {
 public:
  // The program must outlive it and its parameters must be sound now.
  explicit Scrubber(Program& program);

  // Checks the next pieces, at least `bytes` of them, and goes round and round.
  Repairs step(std::size_t bytes);
  // Checks everything once.
  Repairs round();

  [[nodiscard]] std::uint64_t rounds() const { return rounds_; }      // completed by `step`
  [[nodiscard]] std::size_t guarded_bytes() const { return bytes_; }  // of parameters
  [[nodiscard]] std::size_t extra_bytes() const;                      // what guards them

 private:
  struct Large {
    std::span<std::byte> bytes;
    Guard guard;
  };
  struct Small {
    std::span<std::byte> bytes;
    std::vector<std::byte> second, third;
  };
  struct Piece {
    bool large = false;
    std::size_t place = 0, group = 0, bytes = 0;
  };

  void guard_large(std::span<std::byte> bytes);
  void guard_small(std::span<std::byte> bytes);
  Repairs check(const Piece& piece);

  std::vector<Large> large_;
  std::vector<Small> small_;
  std::vector<Piece> pieces_;
  std::size_t next_ = 0, bytes_ = 0;
  std::uint64_t rounds_ = 0;
};

}  // namespace skywarden::inference
