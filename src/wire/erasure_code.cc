#include "wire/erasure_code.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "base/contract.h"

namespace skywarden::wire {
namespace {

constexpr unsigned kPolynomial = 0x11d;
constexpr std::size_t kOrder = 255;  // of the multiplicative group, which 2 generates

struct Tables {
  std::array<std::uint8_t, 2 * kOrder> power{};  // twice round, so that sums of logarithms need no remainder
  std::array<std::uint8_t, 256> logarithm{};
};

constexpr Tables make_tables() {
  Tables tables;
  unsigned value = 1;
  for (std::size_t i = 0; i < kOrder; ++i) {
    tables.power[i] = tables.power[i + kOrder] = static_cast<std::uint8_t>(value);
    tables.logarithm[value] = static_cast<std::uint8_t>(i);
    value <<= 1U;
    if (value > 0xff) value ^= kPolynomial;
  }
  return tables;
}
constexpr Tables kTables = make_tables();

std::uint8_t multiply(std::uint8_t a, std::uint8_t b) {
  if (a == 0 || b == 0) return 0;
  return kTables.power[std::size_t{kTables.logarithm[a]} + kTables.logarithm[b]];
}

std::uint8_t inverse(std::uint8_t a) {
  EXPECTS(a != 0);
  return kTables.power[kOrder - kTables.logarithm[a]];
}

// Of data piece `column` in parity piece `row`; never zero.
std::uint8_t coefficient(std::size_t data, std::size_t row, std::size_t column) {
  return inverse(static_cast<std::uint8_t>((data + row) ^ column));
}

void add_multiple(std::span<std::byte> sum, std::span<const std::byte> piece, std::uint8_t factor) {
  std::array<std::byte, 256> product;
  for (std::size_t i = 0; i < product.size(); ++i)
    product[i] = static_cast<std::byte>(multiply(factor, static_cast<std::uint8_t>(i)));
  for (std::size_t i = 0; i < piece.size(); ++i) sum[i] ^= product[std::to_integer<std::size_t>(piece[i])];
}

void scale(std::span<std::byte> piece, std::uint8_t factor) {
  for (std::byte& each : piece)
    each = static_cast<std::byte>(multiply(factor, std::to_integer<std::uint8_t>(each)));
}

// rows · x = right, solved by Gauss and Jordan: right becomes x. The matrix is known to have an inverse.
void solve(std::vector<std::vector<std::uint8_t>>& rows, std::vector<PieceBytes>& right) {
  const std::size_t size = rows.size();
  for (std::size_t column = 0; column < size; ++column) {
    std::size_t pivot = column;
    while (pivot < size && rows[pivot][column] == 0) ++pivot;
    ENSURES(pivot < size);
    std::swap(rows[pivot], rows[column]);
    std::swap(right[pivot], right[column]);
    const std::uint8_t by = inverse(rows[column][column]);
    for (std::uint8_t& each : rows[column]) each = multiply(by, each);
    scale(right[column], by);
    for (std::size_t row = 0; row < size; ++row) {
      const std::uint8_t factor = rows[row][column];
      if (row == column || factor == 0) continue;
      for (std::size_t i = 0; i < size; ++i) rows[row][i] ^= multiply(factor, rows[column][i]);
      add_multiple(right[row], right[column], factor);
    }
  }
}

using ByIndex = std::array<std::optional<std::span<const std::byte>>, kCodePiecesMax>;

Result<ByIndex> sorted(CodeShape shape, std::span<const IndexedPiece> pieces) {
  ByIndex by_index;
  for (const IndexedPiece& piece : pieces) {
    if (piece.index >= shape.pieces())
      return fail(Errc::kOutOfRange, "piece {} of {}", piece.index, shape.pieces());
    if (by_index[piece.index]) return fail(Errc::kConflict, "piece {} twice", piece.index);
    if (piece.bytes.size() != pieces.front().bytes.size())
      return fail(Errc::kConflict, "pieces of {} and {} bytes", pieces.front().bytes.size(),
                  piece.bytes.size());
    by_index[piece.index] = piece.bytes;
  }
  if (pieces.size() < shape.data)
    return fail(Errc::kNotFound, "{} pieces, expected {}", pieces.size(), shape.data);
  return by_index;
}

}  // namespace

std::vector<PieceBytes> parity_pieces(CodeShape shape, std::span<const PieceBytes> data) {
  EXPECTS(shape.valid() && data.size() == shape.data);
  std::vector<PieceBytes> parity(shape.parity, PieceBytes(data.front().size()));
  for (std::size_t column = 0; column < data.size(); ++column) {
    EXPECTS(data[column].size() == data.front().size());
    for (std::size_t row = 0; row < parity.size(); ++row)
      add_multiple(parity[row], data[column], coefficient(shape.data, row, column));
  }
  return parity;
}

Result<std::vector<PieceBytes>> restore_pieces(CodeShape shape, std::span<const IndexedPiece> pieces) {
  if (!shape.valid())
    return fail(Errc::kOutOfRange, "{} data and {} parity pieces", shape.data, shape.parity);
  const auto by_index = sorted(shape, pieces);
  if (!by_index) return tl::unexpected<Error>(by_index.error());
  std::vector<PieceBytes> data(shape.data);
  std::vector<std::size_t> missing;
  for (std::size_t j = 0; j < shape.data; ++j) {
    if (const auto& piece = (*by_index)[j])
      data[j].assign(piece->begin(), piece->end());
    else
      missing.push_back(j);
  }
  // What the parity says of the missing ones alone.
  std::vector<std::vector<std::uint8_t>> rows;
  std::vector<PieceBytes> right;
  for (std::size_t row = 0; rows.size() < missing.size(); ++row) {
    const auto& piece = (*by_index)[shape.data + row];
    if (!piece) continue;
    right.emplace_back(piece->begin(), piece->end());
    for (std::size_t j = 0; j < shape.data; ++j)
      if ((*by_index)[j]) add_multiple(right.back(), data[j], coefficient(shape.data, row, j));
    rows.emplace_back();
    for (const std::size_t j : missing) rows.back().push_back(coefficient(shape.data, row, j));
  }
  solve(rows, right);
  for (std::size_t i = 0; i < missing.size(); ++i) data[missing[i]] = std::move(right[i]);
  return data;
}

}  // namespace skywarden::wire
