// Single rows and tiles of dense rows: dot products and rank-one updates, K = 1. Every function sums a row in the same
// order whatever tile it is in, so splitting rows into calls does not change a bit.
#pragma once

#include <cmath>
#include <utility>

#include "kernels/math-inl.hpp"
#include "views/rows.hpp"

namespace gradstream::kernels {
namespace {

/// x - center where there is one.
template <class V, bool kCentered, class T>
GRADSTREAM_INLINE V centered(const T* x, const double* center, std::int64_t j) {
  if constexpr (kCentered) {
    return load<V>(x + j) - load<V>(center + j);
  } else {
    (void)center;
    return load<V>(x + j);
  }
}

/// Packs of a row. Four floats become doubles in one operation on their way from memory; eight take three times as long
/// (Zen 4).
template <class T>
using RowPack = Pack<(sizeof(T) < sizeof(double) && kLanes > 4) ? 4 : kLanes>;

/// The lines of the elements [begin, end), or of more.
template <class T>
GRADSTREAM_INLINE void prefetch_second_level(const T* row, std::int64_t begin, std::int64_t end) {
  constexpr std::int64_t line = 64 / sizeof(T);
  for (std::int64_t j = begin; j < end; j += line) GRADSTREAM_PREFETCH_SECOND_LEVEL(row + j);
}

/// sum_j (x_j - center_j) v_j. Four sums in turn, then the last pack, which starts at d - lanes and of which only what
/// no pack has covered counts. The row `ahead` is asked for on the way, into the second-level cache: evenly, because
/// bursts cost more.
template <bool kCentered, class T>
GRADSTREAM_INLINE double dot_row(const T* x, const T* ahead, std::int64_t d, const double* center, const double* v) {
  using V = RowPack<T>;
  constexpr std::int64_t lanes = V::lanes;
  if (d < lanes) {
    double sum = 0.0;
    for (std::int64_t j = 0; j < d; ++j) sum += centered<One, kCentered>(x, center, j).v * v[j];
    prefetch_second_level(ahead, 0, d);
    return sum;
  }
  V sum0(0.0), sum1(0.0), sum2(0.0), sum3(0.0);
  std::int64_t j = 0;
  for (; j + 4 * lanes <= d; j += 4 * lanes) {
    prefetch_second_level(ahead, j, j + 4 * lanes);
    sum0 += centered<V, kCentered>(x, center, j) * load<V>(v + j);
    sum1 += centered<V, kCentered>(x, center, j + lanes) * load<V>(v + j + lanes);
    sum2 += centered<V, kCentered>(x, center, j + 2 * lanes) * load<V>(v + j + 2 * lanes);
    sum3 += centered<V, kCentered>(x, center, j + 3 * lanes) * load<V>(v + j + 3 * lanes);
  }
  prefetch_second_level(ahead, j, d);
  GRADSTREAM_PREFETCH_SECOND_LEVEL(ahead + d - 1);  // a row that does not start on a line ends on one more
  for (; j + lanes <= d; j += lanes) sum0 += centered<V, kCentered>(x, center, j) * load<V>(v + j);
  if (j < d) {
    const std::int64_t last = d - lanes;
    sum1 += centered<V, kCentered>(x, center, last) * with_last_lanes(V(0.0), load<V>(v + last), d - j);
  }
  return sum_lanes((sum0 + sum1) + (sum2 + sum3));
}

/// g_j += sum_r a_r (x_rj - center_j) for the columns [begin, end), as many packs as there are numbers in `pack`: they
/// stay in registers while the rows pass. The last pack starts at end - lanes: what it shares with the one before is
/// computed twice, to the same bits. (A fold, because GCC keeps an array that loops index in memory.)
template <bool kCentered, class T, int... pack>
GRADSTREAM_INLINE void axpy_block(const T* const* rows, std::int64_t count, std::int64_t begin, std::int64_t end,
                                  const double* center, const double* a, double* g,
                                  std::integer_sequence<int, pack...>) {
  using V = RowPack<T>;
  constexpr int last = sizeof...(pack) - 1;
  const std::int64_t last_at = end - begin - V::lanes;
  const auto at = [last_at](int p) { return p < last ? std::int64_t{p} * V::lanes : last_at; };
  const double* origin = kCentered ? center + begin : nullptr;
  V sum[] = {load<V>(g + begin + at(pack))...};
  for (std::int64_t i = 0; i < count; ++i) {
    const V factor(a[i]);
    const T* x = rows[i] + begin;
    ((sum[pack] += factor * centered<V, kCentered>(x, origin, at(pack))), ...);
  }
  (store(g + begin + at(pack), sum[pack]), ...);
}

template <bool kCentered, int N, class T>
void axpy_packs(const T* const* rows, std::int64_t count, std::int64_t packs, std::int64_t begin, std::int64_t end,
                const double* center, const double* a, double* g) {
  if (packs == N) {
    axpy_block<kCentered>(rows, count, begin, end, center, a, g, std::make_integer_sequence<int, N>{});
  } else if constexpr (N > 1) {
    axpy_packs<kCentered, N - 1>(rows, count, packs, begin, end, center, a, g);
  }
}

/// g_j += sum_r a_r (x_rj - center_j), added row by row. Columns in blocks of nearly equal size.
template <bool kCentered, class T>
void axpy_rows(const T* const* rows, std::int64_t count, std::int64_t d, const double* center, const double* a,
               double* g) {
  constexpr std::int64_t lanes = RowPack<T>::lanes, most = 13;  // leaves two of 16 registers
  if (d < lanes) {
    for (std::int64_t i = 0; i < count; ++i) {
      for (std::int64_t j = 0; j < d; ++j) g[j] += a[i] * centered<One, kCentered>(rows[i], center, j).v;
    }
    return;
  }
  std::int64_t packs = (d + lanes - 1) / lanes, begin = 0;
  for (std::int64_t blocks = (packs + most - 1) / most; blocks > 0; --blocks) {
    const std::int64_t own = packs / blocks;
    const std::int64_t end = blocks > 1 ? begin + own * lanes : d;
    axpy_packs<kCentered, most>(rows, count, own, begin, end, center, a, g);
    packs -= own;
    begin = end;
  }
}

/// The first read of a tile comes from memory: one row after the other, because one stream is what the hardware fetches
/// ahead best. Measured with tiles of 16 rows, one, two and four rows at once: float64 without prefetching
/// 20, 10 and 9 GB/s; float32 with it 24, 24 and 12.
template <bool kCentered, class T>
void dot_rows(const T* const* rows, const T* const* ahead, std::int64_t count, std::int64_t d, const double* center,
              const double* v, double intercept, double* out) {
  for (std::int64_t i = 0; i < count; ++i) out[i] = dot_row<kCentered>(rows[i], ahead[i], d, center, v) + intercept;
}

/// Rows per tile: enough for vectors of losses, few enough that memory does not idle while the tile is read again
/// (small tiles) and that what is done once per tile does not show (large ones; floats are bound by arithmetic).
/// 200,000 x 100 on Zen 4, one thread: float64 24 GB/s with 8 rows, 20 with 16; float32 23 GB/s with 32 rows, 21
/// with 16.
inline constexpr std::int64_t kTileRows = 64;
template <class T>
GRADSTREAM_INLINE std::int64_t tile_rows(std::int64_t d) {
  const std::int64_t rows = (sizeof(T) == 8 ? 7 : 14) * 1024 / (static_cast<std::int64_t>(sizeof(T)) * (d > 0 ? d : 1));
  return rows < 8 ? 8 : (rows > kTileRows ? kTileRows : rows / 8 * 8);
}

/// A tile of rows as pointers to contiguous rows; a strided view is copied into `copy` (tile_rows * d elements).
template <class View>
struct Tile {
  using T = typename View::value_type;
  static constexpr std::int64_t kAhead = 2;  // tiles
  const T* rows[kTileRows];
  const T* ahead[kTileRows];  // rows that many tiles later; the rows themselves where there are none
  std::int64_t count = 0;

  void fill(const View& X, RowSet set, std::int64_t first, std::int64_t size, T* copy) {
    count = size;
    if constexpr (is_strided<View>) {
      copy_rows(X, set, first, copy);
      for (std::int64_t i = 0; i < size; ++i) ahead[i] = rows[i] = copy + i * X.columns;
    } else {
      point(X, set, first, rows);
      // in stored order the tile after the set's last one is most likely the next set's first
      const std::int64_t known = set.order == nullptr ? X.rows - set.begin : set.ordered - set.begin;
      const std::int64_t later = first + kAhead * size;
      point(X, set, later + size <= known ? later : first, ahead);
    }
  }

 private:
  void point(const View& X, RowSet set, std::int64_t first, const T** to) const {
    if (set.order == nullptr) {
      const T* row = X.row(set.begin + first);
      for (std::int64_t i = 0; i < count; ++i) to[i] = row + i * X.row_stride;
    } else {
      for (std::int64_t i = 0; i < count; ++i) to[i] = X.row(set[first + i]);
    }
  }
  /// Column by column: the reads run along the contiguous direction of a Fortran-ordered array.
  void copy_rows(const View& X, RowSet set, std::int64_t first, T* copy) const {
    for (std::int64_t j = 0; j < X.columns; ++j) {
      for (std::int64_t i = 0; i < count; ++i) {
        copy[i * X.columns + j] = X.row(set[first + i])[j * X.column_stride];
      }
    }
  }
};

template <class View>
GRADSTREAM_INLINE std::int64_t tile_copy_doubles(const View& X) {
  using T = typename View::value_type;
  if constexpr (is_strided<View>) {
    return (tile_rows<T>(X.columns) * X.columns * static_cast<std::int64_t>(sizeof(T)) + 7) / 8;
  }
  return 0;
}

}  // namespace
}  // namespace gradstream::kernels
