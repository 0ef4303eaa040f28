// Sums of products of rows with themselves and with their targets, in one read of X: all that least squares needs.
#pragma once

#include "kernels/gram-inl.hpp"
#include "kernels/gram_sparse-inl.hpp"
#include "kernels/rows-inl.hpp"

namespace gradstream::kernels {
namespace {

/// The lower triangle of the first `inner` rows and columns, and rows [inner, height) up to there: sums += left' right.
/// Three packs of columns at a time, which stay in the first-level cache while all rows below pass.
inline void add_gram_sums(const GramTile& tile, std::int64_t inner, std::int64_t height, double* sums) {
  constexpr std::int64_t most = 3;
  for (std::int64_t i = 0; i < inner; i += most * kLanes) {
    for (std::int64_t j = i / kGramRows * kGramRows; j < height; j += kGramRows) {
      const std::int64_t end = j < inner ? j + kGramRows : inner;
      const std::int64_t packs = (end - i + kLanes - 1) / kLanes;
      if (packs >= most) {
        add_gram_block<3>(tile, j, i, sums);
      } else if (packs == 2) {
        add_gram_block<2>(tile, j, i, sums);
      } else {
        add_gram_block<1>(tile, j, i, sums);
      }
    }
  }
}

/// x - shift, whole packs and then single elements. The row `ahead` is asked for on the way.
template <class T>
GRADSTREAM_INLINE void shifted_row(const T* x, const T* ahead, std::int64_t d, const double* shift, double* out) {
  using V = RowPack<T>;
  constexpr std::int64_t lanes = V::lanes;
  prefetch_second_level(ahead, 0, d);
  std::int64_t j = 0;
  for (; j + lanes <= d; j += lanes) store(out + j, load<V>(x + j) - load<V>(shift + j));
  for (; j < d; ++j) out[j] = static_cast<double>(x[j]) - shift[j];
}

/// Rows of a tile, less the shift; `copy` has room for kGramTile rows of a strided view.
template <class View>
void shifted_rows(const View& X, RowSet set, const GramJob& job, std::int64_t width, double* out, double* copy) {
  if constexpr (is_csr<View>) {
    (void)copy;
    for (std::int64_t i = 0; i < set.count; ++i) {
      double* row = out + i * width;
      for (std::int64_t j = 0; j < X.columns; ++j) row[j] = -job.shift[j];
      for (auto at = X.indptr[set[i]]; at < X.indptr[set[i] + 1]; ++at) {
        row[X.indices[at]] += static_cast<double>(X.data[at]);
      }
    }
  } else {
    Tile<View> tile;
    tile.fill(X, set, 0, set.count, reinterpret_cast<typename View::value_type*>(copy));
    for (std::int64_t i = 0; i < set.count; ++i) {
      shifted_row(tile.rows[i], tile.ahead[i], X.columns, job.shift, out + i * width);
    }
  }
}

inline void add_target_squares(const GramTile& tile, std::int64_t first, std::int64_t targets, double* squares) {
  for (std::int64_t k = 0; k < targets; ++k) {
    double sum[4] = {0.0, 0.0, 0.0, 0.0};
    for (std::int64_t i = 0; i < tile.rows; ++i) {
      const std::int64_t at = i * tile.width + first + k;
      sum[i % 4] += tile.left[at] * tile.right[at];
    }
    squares[k] += (sum[0] + sum[1]) + (sum[2] + sum[3]);
  }
}

/// Rows (x - shift, 1, y - shift, zeros) tile by tile in the workspace. Products of targets among themselves are left
/// out, but for their squares.
template <class View>
void gram_rows(const View& X, RowSet set, const GramJob& job, double* workspace) {
  if constexpr (is_csr<View>) {
    if (job.row_by_row) {
      gram_sparse_rows(X, set, job, workspace);
      return;
    }
  }
  const std::int64_t d = X.columns, inner = d + 1, width = gram_width(d, job.targets);
  constexpr std::int64_t line = 8;  // doubles: packs should not straddle lines of the cache
  const auto past = static_cast<std::int64_t>(reinterpret_cast<std::uintptr_t>(workspace) / sizeof(double) % line);
  double* const right = workspace + (line - past) % line;
  double *const scaled = right + kGramTile * width, *const copy = scaled + kGramTile * width;
  for (std::int64_t at = 0; at < 2 * kGramTile * width; ++at) right[at] = 0.0;
  for (std::int64_t first = 0; first < set.count; first += kGramTile) {
    const RowSet rows = set.part(first, set.count - first < kGramTile ? set.count - first : kGramTile);
    shifted_rows(X, rows, job, width, right, copy);
    for (std::int64_t i = 0; i < rows.count; ++i) {
      const double* y = job.y + rows[i] * job.targets;
      double* row = right + i * width;
      row[d] = 1.0;
      for (std::int64_t k = 0; k < job.targets; ++k) row[inner + k] = y[k] - job.shift[d + k];
      if (job.weight == nullptr) continue;
      const double s = job.weight[rows[i]];
      for (std::int64_t j = 0; j < width; j += kLanes) store(scaled + i * width + j, Wide(s) * load<Wide>(row + j));
    }
    const GramTile tile{rows.count, width, job.weight != nullptr ? scaled : right, right};
    add_gram_sums(tile, inner, inner + job.targets, job.sums);
    add_target_squares(tile, inner, job.targets, job.squares);
  }
}

}  // namespace
}  // namespace gradstream::kernels
