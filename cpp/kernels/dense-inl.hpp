// Batch kernels on dense rows: each tile is read from memory once, its second use comes from cache.
#pragma once

#include "kernels/columns-inl.hpp"
#include "kernels/curvature-inl.hpp"
#include "kernels/loss-inl.hpp"
#include "kernels/table.hpp"

namespace gradstream::kernels {
namespace {

/// Scratch of the batch kernels, carved from the caller's workspace: arrays on lines of the cache, which packs of
/// coefficients then do not straddle.
struct BatchScratch {
  double* z;     // (tile, K) margins, then r
  double* y;     // (tile,)
  double* s;     // (tile,)
  double* r;     // (tile, padded K)
  double* W;     // (d, padded K), (d,) for K = 1
  double* G;     // (d, padded K), K > 1
  double* copy;  // strided tiles

  static constexpr std::int64_t kLine = 8;
  static std::int64_t lines(std::int64_t doubles) { return (doubles + kLine - 1) / kLine * kLine; }
  static std::int64_t width(std::int64_t K) { return K > 1 ? padded(K) : 1; }
  static std::int64_t size(std::int64_t d, std::int64_t K) {
    return kLine + kTileRows * (K + 2 + padded(K)) + (K > 1 ? 2 : 1) * lines(d * width(K));
  }
  BatchScratch(double* at, std::int64_t d, std::int64_t K) {
    const auto past = static_cast<std::int64_t>(reinterpret_cast<std::uintptr_t>(at) / sizeof(double) % kLine);
    z = at + (kLine - past) % kLine;
    y = z + kTileRows * K;
    s = y + kTileRows;
    r = s + kTileRows;
    W = r + kTileRows * padded(K);
    G = W + lines(d * width(K));
    copy = G + (K > 1 ? lines(d * width(K)) : 0);
  }

  /// `coef` (d, K) into W.
  void take_coefficients(std::int64_t d, std::int64_t K, const double* coef) const {
    if (K > 1) {
      pad_columns(d, K, coef, W);
    } else {
      for (std::int64_t j = 0; j < d; ++j) W[j] = coef[j];
    }
  }
};

template <class View>
std::int64_t dense_workspace(const View& X, std::int64_t K) {
  const std::int64_t sums = BatchScratch::size(X.columns, K);
  const std::int64_t moments = 2 * X.columns + kTileRows;  // of a tile, and its weights
  return (sums > moments ? sums : moments) + tile_copy_doubles(X);
}

/// Targets and weights of a tile, in the arrays they come from where the rows stand in order.
struct TileTargets {
  const double* y;
  const double* s;  // null: all 1
};
inline TileTargets tile_targets(const Targets& targets, RowSet set, std::int64_t first, std::int64_t count, double* y,
                                double* s) {
  if (set.order == nullptr) {
    const std::int64_t row = set.begin + first;
    return {targets.y + row, targets.weight != nullptr ? targets.weight + row : nullptr};
  }
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t row = set[first + i];
    y[i] = targets.y[row];
    s[i] = targets.weight != nullptr ? targets.weight[row] : 1.0;
  }
  return {y, targets.weight != nullptr ? s : nullptr};
}

/// r (count, K) into rows padded with zeros, for axpy_columns.
inline void pad_rows(std::int64_t count, std::int64_t K, const double* r, double* to) {
  const std::int64_t width = padded(K);
  for (std::int64_t i = 0; i < count; ++i) {
    for (std::int64_t k = 0; k < width; ++k) to[i * width + k] = k < K ? r[i * K + k] : 0.0;
  }
}

inline void add_row_sums(std::int64_t count, std::int64_t K, const double* r, const double* s, GradientSums& sums) {
  if (K == 1) {
    double total = sums.intercept[0];
    for (std::int64_t i = 0; i < count; ++i) total += r[i];
    sums.intercept[0] = total;
  } else {
    for (std::int64_t i = 0; i < count; ++i) {
      for (std::int64_t k = 0; k < K; ++k) sums.intercept[k] += r[i * K + k];
    }
  }
  if (s == nullptr) {
    sums.weight += static_cast<double>(count);
    return;
  }
  for (std::int64_t i = 0; i < count; ++i) sums.weight += s[i];
}

template <bool kCentered, class View>
void margins_tile(const Tile<View>& tile, const View& X, const LinearModel& model, const BatchScratch& scratch,
                  std::int64_t K, double* out) {
  if (K > 1) {
    dot_columns_tile<kCentered>(tile.rows, tile.count, X.columns, model.center, scratch.W, model.intercept, K, out);
    return;
  }
  dot_rows<kCentered>(tile.rows, tile.ahead, tile.count, X.columns, model.center, scratch.W, model.intercept[0], out);
}

/// sums.coef += (x - center)' rows((x - center) . coef + intercept) over the rows of a set: rows(tile, first, z) turns
/// the margins (count, K) of a tile into what is summed.
template <bool kCentered, class View, class Rows>
GRADSTREAM_INLINE void dense_pass_of(const View& X, RowSet set, const LinearModel& model, std::int64_t K,
                                     GradientSums& sums, const BatchScratch& scratch, const Rows& rows) {
  using T = typename View::value_type;
  const std::int64_t d = X.columns, step = tile_rows<T>(d);
  scratch.take_coefficients(d, K, model.coef);
  if (K > 1) pad_columns(d, K, sums.coef, scratch.G);
  Tile<View> tile;
  for (std::int64_t first = 0; first < set.count; first += step) {
    const std::int64_t count = set.count - first < step ? set.count - first : step;
    tile.fill(X, set, first, count, reinterpret_cast<T*>(scratch.copy));
    margins_tile<kCentered>(tile, X, model, scratch, K, scratch.z);
    rows(tile, first, scratch.z);
    if (K > 1) {
      pad_rows(count, K, scratch.z, scratch.r);
      axpy_columns_tile<kCentered>(tile.rows, count, d, model.center, scratch.r, padded(K), scratch.G);
    } else {
      axpy_rows<kCentered>(tile.rows, count, d, model.center, scratch.z, sums.coef);
    }
  }
  if (K > 1) unpad_columns(d, K, scratch.G, sums.coef);
}

template <class View, class Rows>
GRADSTREAM_INLINE void dense_pass(const View& X, RowSet set, const LinearModel& model, std::int64_t K,
                                  GradientSums& sums, const BatchScratch& scratch, const Rows& rows) {
  if (model.center != nullptr) {
    dense_pass_of<true>(X, set, model, K, sums, scratch, rows);
  } else {
    dense_pass_of<false>(X, set, model, K, sums, scratch, rows);
  }
}

/// A tile at w = 0, while it is in cache; z has room for its margins.
template <class View>
void add_blank(const Tile<View>& tile, std::int64_t d, const double* center, const LossSpec& loss,
               const TileTargets& own, double* z, BlankSums& blank) {
  for (std::int64_t i = 0; i < tile.count; ++i) z[i] = blank.intercept;
  blank.loss += loss_rows_function(loss)(loss, tile.count, z, own.y, own.s, z);
  for (std::int64_t i = 0; i < tile.count; ++i) blank.slope += z[i];
  if (center != nullptr) {
    axpy_rows<true>(tile.rows, tile.count, d, center, z, blank.coef);
  } else {
    axpy_rows<false>(tile.rows, tile.count, d, center, z, blank.coef);
  }
}

template <class View>
void dense_loss_gradient(const View& X, RowSet set, const LinearModel& model, const Targets& targets,
                         const LossSpec& loss, GradientSums& sums, double* workspace) {
  const std::int64_t K = loss.columns;
  const LossRows rows_loss = loss_rows_function(loss);
  const BatchScratch scratch(workspace, X.columns, K);
  dense_pass(X, set, model, K, sums, scratch, [&](const Tile<View>& tile, std::int64_t first, double* z) {
    keep_margins(set, first, tile.count, K, z, sums.margins);
    const TileTargets own = tile_targets(targets, set, first, tile.count, scratch.y, scratch.s);
    sums.loss += rows_loss(loss, tile.count, z, own.y, own.s, z);
    add_row_sums(tile.count, K, z, own.s, sums);
    if (sums.blank != nullptr) add_blank(tile, X.columns, model.center, loss, own, scratch.r, *sums.blank);
  });
}

template <class View>
void dense_curvature_product(const View& X, RowSet set, const LinearModel& direction, std::int64_t K,
                             const RowCurvatures& curvatures, GradientSums& sums, double* workspace) {
  dense_pass(X, set, direction, K, sums, BatchScratch(workspace, X.columns, K),
             [&](const Tile<View>& tile, std::int64_t first, double* z) {
               apply_curvatures(curvatures, set, first, tile.count, K, z);
               add_row_sums(tile.count, K, z, nullptr, sums);
             });
}

template <class View>
void dense_margins(const View& X, RowSet set, const LinearModel& model, std::int64_t K, double* out,
                   double* workspace) {
  using T = typename View::value_type;
  const std::int64_t step = tile_rows<T>(X.columns);
  const BatchScratch scratch(workspace, X.columns, K);
  scratch.take_coefficients(X.columns, K, model.coef);
  Tile<View> tile;
  for (std::int64_t first = 0; first < set.count; first += step) {
    const std::int64_t count = set.count - first < step ? set.count - first : step;
    tile.fill(X, set, first, count, reinterpret_cast<T*>(scratch.copy));
    if (model.center != nullptr) {
      margins_tile<true>(tile, X, model, scratch, K, out + first * K);
    } else {
      margins_tile<false>(tile, X, model, scratch, K, out + first * K);
    }
  }
}

template <class View>
void dense_curvature_diagonal(const View& X, RowSet set, const double* center, std::int64_t K,
                              const RowCurvatures& curvatures, GradientSums& sums, double* workspace) {
  using T = typename View::value_type;
  const std::int64_t d = X.columns, step = tile_rows<T>(d);
  const BatchScratch scratch(workspace, d, K);
  Tile<View> tile;
  for (std::int64_t first = 0; first < set.count; first += step) {
    const std::int64_t count = set.count - first < step ? set.count - first : step;
    tile.fill(X, set, first, count, reinterpret_cast<T*>(scratch.copy));
    for (std::int64_t i = 0; i < count; ++i) {
      for (std::int64_t k = 0; k < K; ++k) {
        const double c = own_curvature(curvatures, set[first + i], K, k);
        sums.intercept[k] += c;
        for (std::int64_t j = 0; j < d; ++j) {
          const double x = static_cast<double>(tile.rows[i][j]) - (center != nullptr ? center[j] : 0.0);
          sums.coef[j * K + k] += c * x * x;
        }
      }
    }
  }
}

}  // namespace
}  // namespace gradstream::kernels
