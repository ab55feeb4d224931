// The INT8 product on tiles (Intel's Architecture Instruction Set Extensions, chapter AMX): 16 rows by 64 of
// the depth times 64 by 16 columns, accumulated in INT32. Packed weights have the layout that tiles want.
#include "inference/kernel_bodies.h"
#include "inference/kernel_tables.h"

namespace skywarden::inference {

#if defined(__AMX_INT8__) && defined(__AVX512VNNI__)

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

// Sums that wait for their epilogue.
struct Pending {
  std::size_t row = 0, rows = 0, column = 0, blocks = 0;
};

template <Activation A>
inline void finish_rows_as(const ProductI8& p, const Sums& sums, const Pending& what) {
  Epilogue e = p.epilogue;  // copies, so that stores through `out` cannot change them
  e.activation = A;
  const float *row_scale = p.a.scale, *column_scale = p.column_scale;
  const std::size_t end = p.column_end;
  for (std::size_t c = 0; c < what.blocks; ++c) {
    const std::size_t column = what.column + c * kLanes;
    const F by = load(column_scale + column);
    for (std::size_t r = 0; r < what.rows; ++r) {
      const F sum = to_float(_mm512_load_si512(&sums.at[r][c * kLanes]));
      finish(e, mul(mul(sum, broadcast(row_scale[what.row + r])), by), what.row + r, column, end);
    }
  }
}

inline void finish_rows(const ProductI8& p, const Sums& sums, const Pending& what) {
  switch (p.epilogue.activation) {
    case Activation::kNone:
      return finish_rows_as<Activation::kNone>(p, sums, what);
    case Activation::kSilu:
      return finish_rows_as<Activation::kSilu>(p, sums, what);
    case Activation::kGelu:
      return finish_rows_as<Activation::kGelu>(p, sums, what);
    case Activation::kSigmoid:
      return finish_rows_as<Activation::kSigmoid>(p, sums, what);
    case Activation::kTanh:
      return finish_rows_as<Activation::kTanh>(p, sums, what);
    case Activation::kRelu:
      return finish_rows_as<Activation::kRelu>(p, sums, what);
  }
}

// Asks for the weights that the next two panels hold at the same depth. The processor's own prefetcher stops
// at pages.
SKYWARDEN_LANES void ask_ahead(const ProductI8& p, const std::int8_t* w) {
  const std::int8_t* next = w + 2 * p.depth * kLanes;
  for (std::size_t line = 0; line < 2 * kTileRows * kTileBytes; line += 64)
    _mm_prefetch(reinterpret_cast<const char*>(next + line), _MM_HINT_T1);
}

// 32 rows by 32 columns: each tile loaded is used twice.
template <bool Ahead>
inline void square(const ProductI8& p, std::size_t row, std::size_t column, Sums& sums) {
  const std::uint8_t* a = p.a.values + row * p.a.stride;
  const std::int8_t* w = p.weights + column * p.depth;
  _tile_loadd(0, p.offset + column, 0);  // stride 0: every row begins with the offsets
  _tile_loadd(1, p.offset + column + kLanes, 0);
  _tile_loadd(2, p.offset + column, 0);
  _tile_loadd(3, p.offset + column + kLanes, 0);
  for (std::size_t k = 0; k < p.depth; k += kTileBytes) {
    if constexpr (Ahead) ask_ahead(p, w + 2 * k * kLanes);
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

// The epilogue of one block runs while the tiles of the next are multiplied: the two need different units,
// and the processor sees far enough ahead to use both.
class Pipeline {
 public:
  explicit Pipeline(const ProductI8& p) : p_(p) {}

  template <typename Multiply>
  inline void add(Multiply multiply, std::size_t row, std::size_t rows, std::size_t column,
                  std::size_t blocks) {
    multiply(p_, row, column, sums_[turn_]);
    finish_last();
    const std::size_t left = p_.rows - row;
    pending_ = {row, left < rows ? left : rows, column, blocks};
    turn_ = 1 - turn_;
  }
  inline void finish_last() {
    if (pending_.blocks != 0) finish_rows(p_, sums_[1 - turn_], pending_);
  }

 private:
  const ProductI8& p_;
  Sums sums_[2];
  Pending pending_;
  int turn_ = 0;
};

// The first rows ask ahead for all.
inline void two_columns(const ProductI8& p, std::size_t column, Pipeline& pipeline) {
  if (p.rows <= kTileRows) return pipeline.add(strip, 0, kTileRows, column, 2);
  pipeline.add(square<true>, 0, 2 * kTileRows, column, 2);
  std::size_t row = 2 * kTileRows;
  for (; row + kTileRows < p.rows; row += 2 * kTileRows)
    pipeline.add(square<false>, row, 2 * kTileRows, column, 2);
  if (row < p.rows) pipeline.add(strip, row, kTileRows, column, 2);
}

}  // namespace

void product_i8_by_tiles(const ProductI8& p) {
  if (p.rows < kRowsWorthTiles) return product_i8(p);
  const TileShapes shapes;
  _tile_loadconfig(&shapes);
  Pipeline pipeline(p);
  std::size_t column = p.column_begin;
  for (; column + kLanes < p.column_end; column += 2 * kLanes) two_columns(p, column, pipeline);
  for (std::size_t row = 0; column < p.column_end && row < p.rows; row += kTileRows)
    pipeline.add(one_tile, row, kTileRows, column, 1);
  pipeline.finish_last();
  _tile_release();
}

#else

void product_i8_by_tiles(const ProductI8&) {}  // never called

#endif

}  // namespace skywarden::inference
