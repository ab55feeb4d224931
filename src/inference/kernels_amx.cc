// The INT8 product on tiles (Intel's Architecture Instruction Set Extensions, chapter AMX): 16 rows by 64 of
// the depth times 64 by 16 columns, accumulated in INT32. Packed weights have the layout that tiles want.
#include "inference/lanes_avx512.h"
#if defined(SKYWARDEN_LANES) && defined(__AMX_INT8__)
#include "inference/kernel_bodies.h"
#define SKYWARDEN_TILES
#endif
#include "inference/kernel_tables.h"

namespace skywarden::inference {

#if defined(SKYWARDEN_TILES)

namespace {

constexpr std::size_t kTileRows = 16, kTileBytes = 64;
static_assert(kTileRows == kRowStep && kTileBytes == kDepthStep);
constexpr std::size_t kRowsWorthTiles = 5;  // a tile takes its time however few of its rows are real

// Palette 1, all eight tiles 16 rows of 64 bytes.
struct alignas(64) TileShapes {
  std::uint8_t palette = 1, start_row = 0, reserved[14] = {};
  std::uint16_t bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};

struct alignas(64) Sums {
  std::int32_t at[2 * kTileRows][2 * kLanes];
};

SKYWARDEN_LANES void finish_rows(const ProductI8& p, const Sums& sums, std::size_t row, std::size_t rows,
                                 std::size_t column, std::size_t blocks) {
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t c = 0; c < blocks; ++c)
      finish(p, _mm512_load_si512(&sums.at[r][c * kLanes]), row + r, column + c * kLanes);
}

// 32 rows by 32 columns: each tile loaded is used twice.
inline void square(const ProductI8& p, std::size_t row, std::size_t column, Sums& sums) {
  const std::uint8_t* a = p.a.values + row * p.a.stride;
  const std::int8_t* w = p.weights + column * p.depth;
  _tile_loadd(0, p.offset + column, 0);  // stride 0: every row begins with the offsets
  _tile_loadd(1, p.offset + column + kLanes, 0);
  _tile_loadd(2, p.offset + column, 0);
  _tile_loadd(3, p.offset + column + kLanes, 0);
  for (std::size_t k = 0; k < p.depth; k += kTileBytes) {
    _tile_loadd(4, a + k, p.a.stride);
    _tile_loadd(6, w + k * kLanes, kTileBytes);
    _tile_loadd(7, w + (p.depth + k) * kLanes, kTileBytes);
    _tile_dpbusd(0, 4, 6);
    _tile_dpbusd(1, 4, 7);
    _tile_loadd(5, a + kTileRows * p.a.stride + k, p.a.stride);
    _tile_dpbusd(2, 5, 6);
    _tile_dpbusd(3, 5, 7);
  }
  _tile_stored(0, sums.at[0], sizeof sums.at[0]);
  _tile_stored(1, &sums.at[0][kLanes], sizeof sums.at[0]);
  _tile_stored(2, sums.at[kTileRows], sizeof sums.at[0]);
  _tile_stored(3, &sums.at[kTileRows][kLanes], sizeof sums.at[0]);
}

inline void strip(const ProductI8& p, std::size_t row, std::size_t column,
                  Sums& sums) {  // 16 rows by 32 columns
  const std::uint8_t* a = p.a.values + row * p.a.stride;
  const std::int8_t* w = p.weights + column * p.depth;
  _tile_loadd(0, p.offset + column, 0);
  _tile_loadd(1, p.offset + column + kLanes, 0);
  for (std::size_t k = 0; k < p.depth; k += kTileBytes) {
    _tile_loadd(4, a + k, p.a.stride);
    _tile_loadd(6, w + k * kLanes, kTileBytes);
    _tile_dpbusd(0, 4, 6);
    _tile_loadd(7, w + (p.depth + k) * kLanes, kTileBytes);
    _tile_dpbusd(1, 4, 7);
  }
  _tile_stored(0, sums.at[0], sizeof sums.at[0]);
  _tile_stored(1, &sums.at[0][kLanes], sizeof sums.at[0]);
}

inline void one_tile(const ProductI8& p, std::size_t row, std::size_t column, Sums& sums) {
  const std::uint8_t* a = p.a.values + row * p.a.stride;
  const std::int8_t* w = p.weights + column * p.depth;
  _tile_loadd(0, p.offset + column, 0);
  for (std::size_t k = 0; k < p.depth; k += kTileBytes) {
    _tile_loadd(4, a + k, p.a.stride);
    _tile_loadd(6, w + k * kLanes, kTileBytes);
    _tile_dpbusd(0, 4, 6);
  }
  _tile_stored(0, sums.at[0], sizeof sums.at[0]);
}

inline std::size_t rows_here(const ProductI8& p, std::size_t row, std::size_t most) {
  return p.rows - row < most ? p.rows - row : most;
}

inline void two_columns(const ProductI8& p, std::size_t column, Sums& sums) {
  std::size_t row = 0;
  for (; row + kTileRows < p.rows; row += 2 * kTileRows) {
    square(p, row, column, sums);
    finish_rows(p, sums, row, rows_here(p, row, 2 * kTileRows), column, 2);
  }
  if (row < p.rows) {
    strip(p, row, column, sums);
    finish_rows(p, sums, row, rows_here(p, row, kTileRows), column, 2);
  }
}

}  // namespace

void product_i8_by_tiles(const ProductI8& p) {
  if (p.rows < kRowsWorthTiles) return product_i8(p);
  const TileShapes shapes;
  _tile_loadconfig(&shapes);
  Sums sums;
  std::size_t column = p.column_begin;
  for (; column + kLanes < p.column_end; column += 2 * kLanes) two_columns(p, column, sums);
  for (std::size_t row = 0; column < p.column_end && row < p.rows; row += kTileRows) {
    one_tile(p, row, column, sums);
    finish_rows(p, sums, row, rows_here(p, row, kTileRows), column, 1);
  }
  _tile_release();
}

#else

void product_i8_by_tiles(const ProductI8&) {}  // never called

#endif

}  // namespace skywarden::inference
