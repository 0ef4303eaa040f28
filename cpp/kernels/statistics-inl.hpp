// Moments, squared gradients, single rows and finiteness of dense rows.
#pragma once

#include "kernels/dense-inl.hpp"

namespace gradstream::kernels {
namespace {

/// A column whose deviation is at the level of rounding of its mean is constant (numerics.md).
inline constexpr double kConstantColumn = 16.0 * 2.220446049250313e-16;

/// 1/sd, 0 for a constant column; `inverse_weight` = 1 / weight, 0 before any weight.
template <class V>
GRADSTREAM_INLINE V inverse_deviation_of(V mean, V m2, V inverse_weight) {
  const V variance = m2 * inverse_weight;
  const V floor = V(kConstantColumn) * mean;
  return where(variance > floor * floor, inverse_square_root(variance), V(0.0));
}

inline void inverse_deviation(std::int64_t n, const double* mean, const double* m2, double weight, double* scale) {
  const double inverse = weight > 0.0 ? 1.0 / weight : 0.0;
  each_pack(n, [&](auto tag, std::int64_t j) {
    using V = decltype(tag);
    store(scale + j, inverse_deviation_of(load<V>(mean + j), load<V>(m2 + j), V(inverse)));
  });
}

/// Merges a tile's (mean, m2, weight) into the sums: Chan, Golub, LeVeque (1983).
inline void merge_moments(std::int64_t d, const double* mean, const double* m2, double weight, MomentSums& sums) {
  const double total = sums.weight + weight;
  if (!(weight > 0.0)) return;
  const double share = weight / total;
  const double cross = sums.weight * share;
  for (std::int64_t j = 0; j < d; ++j) {
    const double delta = mean[j] - sums.mean[j];
    sums.mean[j] += delta * share;
    sums.m2[j] += m2[j] + delta * delta * cross;
  }
  sums.weight = total;
}

/// Rows of a tile with their weights, whose sum is `total`.
template <class T>
struct WeightedTile {
  const T* const* rows;
  const T* const* ahead;  // Tile::ahead
  std::int64_t count;
  const double* s;
  double total;
};

/// Two passes over the tile in cache: the mean, then squared deviations from it. `kPacks` packs of columns from j on at
/// once, so that no sum waits for itself.
template <class V, int kPacks, class T>
GRADSTREAM_INLINE void moments_of_packs(const WeightedTile<T>& tile, std::int64_t j, double* mean, double* m2) {
  V center[kPacks], squares[kPacks];
  for (int p = 0; p < kPacks; ++p) center[p] = squares[p] = V(0.0);
  for (std::int64_t i = 0; i < tile.count; ++i) {
    prefetch_second_level(tile.ahead[i], j, j + kPacks * V::lanes);
    for (int p = 0; p < kPacks; ++p) center[p] += V(tile.s[i]) * load<V>(tile.rows[i] + j + p * V::lanes);
  }
  for (int p = 0; p < kPacks; ++p) center[p] = center[p] / V(tile.total);
  for (std::int64_t i = 0; i < tile.count; ++i) {
    for (int p = 0; p < kPacks; ++p) {
      const V deviation = load<V>(tile.rows[i] + j + p * V::lanes) - center[p];
      squares[p] += V(tile.s[i]) * deviation * deviation;
    }
  }
  for (int p = 0; p < kPacks; ++p) {
    store(mean + j + p * V::lanes, center[p]);
    store(m2 + j + p * V::lanes, squares[p]);
  }
}

template <class T>
void tile_moments(const WeightedTile<T>& tile, std::int64_t d, double* mean, double* m2) {
  std::int64_t j = 0;
  for (; j + 8 * kLanes <= d; j += 8 * kLanes) moments_of_packs<Wide, 8>(tile, j, mean, m2);
  for (; j + 3 * kLanes <= d; j += 3 * kLanes) moments_of_packs<Wide, 3>(tile, j, mean, m2);
  for (; j + kLanes <= d; j += kLanes) moments_of_packs<Wide, 1>(tile, j, mean, m2);
  for (; j + 3 <= d; j += 3) moments_of_packs<One, 3>(tile, j, mean, m2);
  for (; j < d; ++j) moments_of_packs<One, 1>(tile, j, mean, m2);
}

template <class View>
void dense_moments(const View& X, RowSet set, const double* weight, MomentSums& sums, double* workspace) {
  using T = typename View::value_type;
  const std::int64_t d = X.columns, step = tile_rows<T>(d);
  double* mean = workspace;
  double* m2 = mean + d;
  double* s = m2 + d;
  T* copy = reinterpret_cast<T*>(s + kTileRows);
  for (std::int64_t j = 0; j < d; ++j) sums.mean[j] = sums.m2[j] = 0.0;
  sums.weight = 0.0;
  Tile<View> tile;
  for (std::int64_t first = 0; first < set.count; first += step) {
    const std::int64_t count = set.count - first < step ? set.count - first : step;
    double tile_weight = 0.0;
    for (std::int64_t i = 0; i < count; ++i) {
      s[i] = weight != nullptr ? weight[set[first + i]] : 1.0;
      tile_weight += s[i];
    }
    if (!(tile_weight > 0.0)) continue;
    tile.fill(X, set, first, count, copy);
    tile_moments(WeightedTile<T>{tile.rows, tile.ahead, count, s, tile_weight}, d, mean, m2);
    merge_moments(d, mean, m2, tile_weight, sums);
  }
}

/// G_jk += squares_k (x_j - center_j)^2
template <class T>
GRADSTREAM_INLINE void add_squares(const T* x, std::int64_t d, const double* center, std::int64_t K,
                                   const double* squares, double* G) {
  if (K > 1) {
    for (std::int64_t j = 0; j < d; ++j) {
      const double deviation = static_cast<double>(x[j]) - (center != nullptr ? center[j] : 0.0);
      for (std::int64_t k = 0; k < K; ++k) G[j * K + k] += squares[k] * deviation * deviation;
    }
    return;
  }
  each_pack(d, [&](auto tag, std::int64_t j) {
    using V = decltype(tag);
    const V deviation = center != nullptr ? load<V>(x + j) - load<V>(center + j) : load<V>(x + j);
    store(G + j, load<V>(G + j) + V(squares[0]) * deviation * deviation);
  });
}

/// For the hand-over to AdaGrad: at most 10,000 rows.
template <class View>
void dense_squared_gradients(const View& X, RowSet set, const LinearModel& model, const Targets& targets,
                             const LossSpec& loss, GradientSums& sums, double* workspace) {
  using T = typename View::value_type;
  const std::int64_t d = X.columns, K = loss.columns, step = tile_rows<T>(d);
  const BatchScratch scratch(workspace, d, K);
  scratch.take_coefficients(d, K, model.coef);
  Tile<View> tile;
  for (std::int64_t first = 0; first < set.count; first += step) {
    const std::int64_t count = set.count - first < step ? set.count - first : step;
    tile.fill(X, set, first, count, reinterpret_cast<T*>(scratch.copy));
    if (model.center != nullptr) {
      margins_tile<true>(tile, X, model, scratch, K, scratch.z);
    } else {
      margins_tile<false>(tile, X, model, scratch, K, scratch.z);
    }
    const TileTargets own = tile_targets(targets, set, first, count, scratch.y, scratch.s);
    sums.loss += loss_rows(loss, count, scratch.z, own.y, nullptr, scratch.z);
    for (std::int64_t i = 0; i < count; ++i) {
      double* const squares = scratch.z + i * K;
      for (std::int64_t k = 0; k < K; ++k) {
        squares[k] = (own.s != nullptr ? own.s[i] : 1.0) * squares[k] * squares[k];
        sums.intercept[k] += squares[k];
      }
      add_squares(tile.rows[i], d, model.center, K, squares, sums.coef);
      sums.weight += own.s != nullptr ? own.s[i] : 1.0;
    }
  }
}

/// f(row as a contiguous or strided accessor); the three row functions of coordinate methods.
template <class View>
GRADSTREAM_INLINE double element(const View& X, const typename View::value_type* row, std::int64_t j) {
  if constexpr (is_strided<View>) {
    return static_cast<double>(row[j * X.column_stride]);
  } else {
    (void)X;
    return static_cast<double>(row[j]);
  }
}

template <class View>
double dense_row_dot(const View& X, std::int64_t i, const double* center, const double* v) {
  const auto* row = X.row(i);
  double out = 0.0;
  if constexpr (!is_strided<View>) {
    if (center != nullptr) {
      out = dot_row<true>(row, row, X.columns, center, v);
    } else {
      out = dot_row<false>(row, row, X.columns, center, v);
    }
  } else {
    for (std::int64_t j = 0; j < X.columns; ++j)
      out += (element(X, row, j) - (center != nullptr ? center[j] : 0.0)) * v[j];
  }
  return out;
}

template <class View>
void dense_row_axpy(const View& X, std::int64_t i, const double* center, double a, double* v) {
  const auto* row = X.row(i);
  if constexpr (!is_strided<View>) {
    if (center != nullptr) {
      axpy_rows<true>(&row, 1, X.columns, center, &a, v);
    } else {
      axpy_rows<false>(&row, 1, X.columns, center, &a, v);
    }
  } else {
    for (std::int64_t j = 0; j < X.columns; ++j)
      v[j] += a * (element(X, row, j) - (center != nullptr ? center[j] : 0.0));
  }
}

template <class View>
double dense_row_norm(const View& X, std::int64_t i, const double* center, const double* scale) {
  const auto* row = X.row(i);
  double out = 0.0;
  for (std::int64_t j = 0; j < X.columns; ++j) {
    const double x = (element(X, row, j) - (center != nullptr ? center[j] : 0.0)) * (scale != nullptr ? scale[j] : 1.0);
    out += x * x;
  }
  return out;
}

/// A row is finite when 0 * (sum of 0 * x_j) is 0: one multiply-add per element, no branch.
template <class View>
Status dense_check_finite(const View& X, RowSet set) {
  for (std::int64_t i = 0; i < set.count; ++i) {
    const auto* row = X.row(set[i]);
    double probe = 0.0;
    if constexpr (is_strided<View>) {
      for (std::int64_t j = 0; j < X.columns; ++j) probe += 0.0 * element(X, row, j);
    } else {
      Wide wide(0.0);
      each_pack(X.columns, [&](auto tag, std::int64_t j) {
        using V = decltype(tag);
        const V zero = V(0.0) * load<V>(row + j);
        if constexpr (V::lanes == 1) {
          probe += zero.v;
        } else {
          wide += zero;
        }
      });
      if constexpr (kLanes > 1) probe += sum_lanes(wide);
    }
    if (!(probe == 0.0)) return {Code::non_finite, set[i]};
  }
  return {};
}

}  // namespace
}  // namespace gradstream::kernels
