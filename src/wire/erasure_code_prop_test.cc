// The code against its definition by slow arithmetic, and restored from every choice of pieces.
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <bit>

#include "base/random.h"
#include "wire/erasure_code.h"

namespace skywarden::wire {
namespace {

// Multiplication of polynomials over GF(2), then its remainder by x⁸ + x⁴ + x³ + x² + 1.
unsigned slow_product(unsigned a, unsigned b) {
  unsigned product = 0;
  for (unsigned bit = 0; bit < 8; ++bit)
    if ((b >> bit & 1U) != 0) product ^= a << bit;
  for (unsigned bit = 15; bit >= 8; --bit)
    if ((product >> bit & 1U) != 0) product ^= 0x11dU << (bit - 8);
  return product;
}

unsigned slow_inverse(unsigned a) {
  for (unsigned b = 1; b < 256; ++b)
    if (slow_product(a, b) == 1) return b;
  return 0;
}

std::vector<PieceBytes> any_data(Random& random, std::size_t pieces, std::size_t bytes) {
  std::vector<PieceBytes> data(pieces, PieceBytes(bytes));
  for (PieceBytes& piece : data)
    for (std::byte& each : piece) each = static_cast<std::byte>(random.below(256));
  return data;
}

std::vector<PieceBytes> all_pieces(CodeShape shape, const std::vector<PieceBytes>& data) {
  std::vector<PieceBytes> all = data;
  for (PieceBytes& piece : parity_pieces(shape, data)) all.push_back(std::move(piece));
  return all;
}

TEST_CASE("parity is what its definition says") {
  CHECK(rc::check([] {
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    const CodeShape shape{1 + random.below(20), random.below(20)};
    const auto data = any_data(random, shape.data, 3);
    const auto parity = parity_pieces(shape, data);
    RC_ASSERT(parity.size() == shape.parity);
    for (std::size_t i = 0; i < shape.parity; ++i)
      for (std::size_t byte = 0; byte < 3; ++byte) {
        unsigned sum = 0;
        for (std::size_t j = 0; j < shape.data; ++j)
          sum ^= slow_product(std::to_integer<unsigned>(data[j][byte]),
                              slow_inverse(static_cast<unsigned>((shape.data + i) ^ j)));
        RC_ASSERT(std::to_integer<unsigned>(parity[i][byte]) == sum);
      }
  }));
}

TEST_CASE("every choice of k pieces restores the data, for every small shape") {
  Random random(7);
  constexpr std::size_t kPieces = 9;
  for (std::size_t pieces = 1; pieces <= kPieces; ++pieces)
    for (std::size_t k = 1; k <= pieces; ++k) {
      const CodeShape shape{k, pieces - k};
      const auto data = any_data(random, k, 5);
      const auto all = all_pieces(shape, data);
      for (unsigned choice = 0; choice < 1U << pieces; ++choice) {
        if (std::popcount(choice) != static_cast<int>(k)) continue;
        std::vector<IndexedPiece> kept;
        for (std::size_t i = 0; i < pieces; ++i)
          if ((choice >> i & 1U) != 0) kept.push_back({i, all[i]});
        REQUIRE(restore_pieces(shape, kept).value() == data);
      }
    }
}

TEST_CASE("any pieces restore the data, whatever the shape and the order") {
  CHECK(rc::check([] {
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    const std::size_t pieces = 1 + random.below(kCodePiecesMax);
    const CodeShape shape{1 + random.below(pieces), 0};
    const CodeShape full{shape.data, pieces - shape.data};
    const auto data = any_data(random, full.data, random.below(4));
    const auto all = all_pieces(full, data);
    std::vector<IndexedPiece> kept;
    for (std::size_t i = 0; i < pieces; ++i) kept.push_back({i, all[i]});
    for (std::size_t i = pieces; i > 1; --i) std::swap(kept[i - 1], kept[random.below(i)]);
    kept.resize(full.data + random.below(full.parity + 1));
    RC_ASSERT(restore_pieces(full, kept).value() == data);
    kept.resize(full.data - 1);
    RC_ASSERT(restore_pieces(full, kept).error().code == Errc::kNotFound);
  }));
}

TEST_CASE("pieces that contradict each other or the shape are refused") {
  const std::vector<std::byte> two(2), three(3);
  const auto code_of = [](CodeShape shape, std::vector<IndexedPiece> pieces) {
    return restore_pieces(shape, pieces).error().code;
  };
  CHECK(code_of({2, 1}, {{0, two}, {3, two}}) == Errc::kOutOfRange);
  CHECK(code_of({2, 1}, {{1, two}, {1, two}}) == Errc::kConflict);
  CHECK(code_of({2, 1}, {{0, two}, {1, three}}) == Errc::kConflict);
  CHECK(code_of({2, 1}, {{0, two}}) == Errc::kNotFound);
  CHECK(code_of({2, 1}, {}) == Errc::kNotFound);
  CHECK(code_of({0, 1}, {}) == Errc::kOutOfRange);
  CHECK(code_of({200, 57}, {}) == Errc::kOutOfRange);
  CHECK(code_of({1, static_cast<std::size_t>(-1)}, {}) == Errc::kOutOfRange);
  CHECK(CodeShape{200, 56}.valid());
}

}  // namespace
}  // namespace skywarden::wire
