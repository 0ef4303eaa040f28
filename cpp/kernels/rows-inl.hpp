// Single rows and tiles of dense rows: dot products and rank-one updates, K = 1. Every function sums a row in the same
// order whatever tile it is in, so splitting rows into calls does not change a bit.
#pragma once

#include <cmath>

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

/// out[r] = sum_j (x_rj - center_j) v_j for R rows. Two accumulators per row, packs in turn, then the last
/// pack, which starts at d - kLanes and of which only what no pack has covered counts.
template <int R, bool kCentered, class T>
GRADSTREAM_INLINE void dot_rows(const T* const* rows, std::int64_t d, const double* center, const double* v,
                                double* out) {
  if (d < kLanes) {
    for (int r = 0; r < R; ++r) {
      double sum = 0.0;
      for (std::int64_t j = 0; j < d; ++j) sum += centered<One, kCentered>(rows[r], center, j).v * v[j];
      out[r] = sum;
    }
    return;
  }
  Wide even[R], odd[R];
  for (int r = 0; r < R; ++r) even[r] = odd[r] = Wide(0.0);
  std::int64_t j = 0;
  for (; j + 2 * kLanes <= d; j += 2 * kLanes) {
    const Wide v0 = load<Wide>(v + j), v1 = load<Wide>(v + j + kLanes);
    for (int r = 0; r < R; ++r) {
      even[r] += centered<Wide, kCentered>(rows[r], center, j) * v0;
      odd[r] += centered<Wide, kCentered>(rows[r], center, j + kLanes) * v1;
    }
  }
  if (j + kLanes <= d) {
    const Wide v0 = load<Wide>(v + j);
    for (int r = 0; r < R; ++r) even[r] += centered<Wide, kCentered>(rows[r], center, j) * v0;
    j += kLanes;
  }
  if (j < d) {
    const std::int64_t last = d - kLanes;
    const Wide v0 = with_last_lanes(Wide(0.0), load<Wide>(v + last), d - j);
    for (int r = 0; r < R; ++r) odd[r] += centered<Wide, kCentered>(rows[r], center, last) * v0;
  }
  for (int r = 0; r < R; ++r) out[r] = sum_lanes(even[r] + odd[r]);
}

/// g_j += sum_r a_r (x_rj - center_j), added row by row.
template <int R, bool kCentered, class T>
GRADSTREAM_INLINE void axpy_rows(const T* const* rows, std::int64_t d, const double* center, const double* a,
                                 double* g) {
  std::int64_t j = 0;
  for (; j + kLanes <= d; j += kLanes) {
    Wide sum = load<Wide>(g + j);
    for (int r = 0; r < R; ++r) sum += Wide(a[r]) * centered<Wide, kCentered>(rows[r], center, j);
    store(g + j, sum);
  }
  if (j == d) return;
  if (d < kLanes) {
    for (; j < d; ++j) {
      for (int r = 0; r < R; ++r) g[j] += a[r] * centered<One, kCentered>(rows[r], center, j).v;
    }
    return;
  }
  const std::int64_t last = d - kLanes;
  const Wide before = load<Wide>(g + last);
  Wide sum = before;
  for (int r = 0; r < R; ++r) sum += Wide(a[r]) * centered<Wide, kCentered>(rows[r], center, last);
  store(g + last, with_last_lanes(before, sum, d - j));
}

/// Every line of a row, the last one too: a row that does not start on a line ends on one more.
template <class T>
GRADSTREAM_INLINE void prefetch_second_level(const T* row, std::int64_t d) {
  const char* bytes = reinterpret_cast<const char*>(row);
  const std::int64_t size = d * static_cast<std::int64_t>(sizeof(T));
  for (std::int64_t b = 0; b < size; b += 64) GRADSTREAM_PREFETCH_SECOND_LEVEL(bytes + b);
  GRADSTREAM_PREFETCH_SECOND_LEVEL(bytes + size - 1);
}

/// The first read of a tile comes from memory: one row after the other, because one stream is what the hardware fetches
/// ahead best, and the next tile (`ahead`, or null) is asked for on the way, here and again in axpy_tile, into the
/// second-level cache. Measured on 200,000 x 100 float64 where a sum reads 34 GB/s: this 25.6; without
/// prefetching 14.6; into the first-level cache 11; four rows at once 10, prefetched or not.
template <bool kCentered, class T>
void dot_tile(const T* const* rows, const T* const* ahead, std::int64_t count, std::int64_t d, const double* center,
              const double* v, double* out) {
  for (std::int64_t i = 0; i < count; ++i) {
    if (ahead != nullptr) prefetch_second_level(ahead[i], d);
    dot_rows<1, kCentered>(rows + i, d, center, v, out + i);
  }
}

/// Four rows at a time, from cache: they share each load and store of g.
template <bool kCentered, class T>
void axpy_tile(const T* const* rows, const T* const* ahead, std::int64_t count, std::int64_t d, const double* center,
               const double* a, double* g) {
  std::int64_t i = 0;
  for (; i + 4 <= count; i += 4) {
    for (int r = 0; ahead != nullptr && r < 4; ++r) prefetch_second_level(ahead[i + r], d);
    axpy_rows<4, kCentered>(rows + i, d, center, a + i, g);
  }
  for (; i < count; ++i) axpy_rows<1, kCentered>(rows + i, d, center, a + i, g);
}

/// Rows per tile: enough for a vector of losses, few enough that the second read of the tile comes from the first-level
/// caches.
inline constexpr std::int64_t kTileRows = 64;
template <class T>
GRADSTREAM_INLINE std::int64_t tile_rows(std::int64_t d) {
  const std::int64_t rows = 16 * 1024 / (static_cast<std::int64_t>(sizeof(T)) * (d > 0 ? d : 1));
  return rows < 8 ? 8 : (rows > kTileRows ? kTileRows : rows / 8 * 8);
}

/// A tile of rows as pointers to contiguous rows; a strided view is copied into `copy` (tile_rows * d elements).
template <class View>
struct Tile {
  using T = typename View::value_type;
  const T* rows[kTileRows];
  const T* next[kTileRows];  // rows one tile later
  const T* const* ahead = nullptr;
  std::int64_t count = 0;

  void fill(const View& X, RowSet set, std::int64_t first, std::int64_t size, T* copy) {
    count = size;
    for (std::int64_t i = 0; i < size; ++i) {
      const T* row = X.row(set[first + i]);
      if constexpr (is_strided<View>) {
        T* to = copy + i * X.columns;
        rows[i] = to;
      } else {
        (void)copy;
        rows[i] = row;
      }
    }
    ahead = nullptr;
    // in stored order the tile after the set's last one is most likely the next set's first
    const std::int64_t known = set.order == nullptr ? X.rows - set.begin : set.ordered - set.begin;
    if (!is_strided<View> && first + 2 * size <= known) {
      for (std::int64_t i = 0; i < size; ++i) next[i] = X.row(set[first + size + i]);
      ahead = next;
    }
    if constexpr (is_strided<View>) {
      // column by column: the reads run along the contiguous direction of a Fortran-ordered array
      for (std::int64_t j = 0; j < X.columns; ++j) {
        for (std::int64_t i = 0; i < size; ++i) {
          copy[i * X.columns + j] = X.row(set[first + i])[j * X.column_stride];
        }
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
