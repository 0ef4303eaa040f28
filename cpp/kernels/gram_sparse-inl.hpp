// Sums of products of CSR rows with themselves and with their targets, in one read of X: a row costs the square of what
// it stores, not of what X has columns.
#pragma once

#include "kernels/gram-inl.hpp"
#include "kernels/table.hpp"

namespace gradstream::kernels {
namespace {

/// What rows look like less the shift, which only columns have that (nearly) every row stores: a row that lacks one of
/// them has it at -shift. All others are as they are: a mean far from 0 needs a column that is stored.
template <class View>
class ShiftedSparseRows {
 public:
  ShiftedSparseRows(const View& X, const GramJob& job, double* workspace)
      : X_(X),
        shift_(job.shift),
        value_(workspace),
        place_(reinterpret_cast<std::int64_t*>(workspace + X.columns + 1)) {
    for (std::int64_t j = 0; j < X.columns; ++j) shifted_ += shift_[j] != 0.0 ? 1 : 0;
  }

  /// Reads a row, and a 1 behind it; returns how many elements that are. Their columns increase.
  GRADSTREAM_INLINE std::int64_t read(std::int64_t row) {
    const auto begin = static_cast<std::int64_t>(X_.indptr[row]), end = static_cast<std::int64_t>(X_.indptr[row + 1]);
    const std::int64_t count = end - begin;
    std::int64_t found = 0;
    for (std::int64_t at = 0; at < count; ++at) {
      const auto j = static_cast<std::int64_t>(X_.indices[begin + at]);
      place_[at] = j;
      value_[at] = static_cast<double>(X_.data[begin + at]) - shift_[j];
      found += shift_[j] != 0.0 ? 1 : 0;
    }
    const std::int64_t all = found == shifted_ ? count : filled(count);
    place_[all] = X_.columns;
    value_[all] = 1.0;
    return all + 1;
  }

  const double* values() const { return value_; }
  const std::int64_t* columns() const { return place_; }

 private:
  /// Puts what the row lacks where it belongs, from the end on: columns stay in order.
  GRADSTREAM_NOINLINE std::int64_t filled(std::int64_t count) {
    std::int64_t lacking = shifted_;
    for (std::int64_t at = 0; at < count; ++at) lacking -= shift_[place_[at]] != 0.0 ? 1 : 0;
    const std::int64_t all = count + lacking;
    std::int64_t to = all;
    for (std::int64_t j = X_.columns - 1, from = count - 1; j >= 0 && to > from + 1; --j) {
      if (from >= 0 && place_[from] == j) {
        --to;
        place_[to] = j;
        value_[to] = value_[from--];
      } else if (shift_[j] != 0.0) {
        --to;
        place_[to] = j;
        value_[to] = -shift_[j];
      }
    }
    return all;
  }

  const View& X_;
  const double* shift_;
  double* value_;
  std::int64_t* place_;
  std::int64_t shifted_ = 0;
};

/// A few rows of the triangle, from a on: what is left of them first, then the corner.
template <int kRows>
GRADSTREAM_INLINE void add_outer_rows(std::int64_t a, const std::int64_t* columns, const double* v, double s,
                                      std::int64_t width, double* sums) {
  double* row[kRows];
  double factor[kRows];
  for (int r = 0; r < kRows; ++r) {
    row[r] = sums + columns[a + r] * width;
    factor[r] = s * v[a + r];
  }
  for (std::int64_t b = 0; b < a; ++b) {
    const std::int64_t j = columns[b];
    const double x = v[b];
    for (int r = 0; r < kRows; ++r) row[r][j] += factor[r] * x;
  }
  for (int r = 0; r < kRows; ++r) {
    for (int b = 0; b <= r; ++b) row[r][columns[a + b]] += factor[r] * v[a + b];
  }
}

/// sums += s v v', lower triangle, v (count,) at `columns` in increasing order. Four rows at a time: a quarter of the
/// loops, whose ends the processor does not foresee, and of the reads of v.
GRADSTREAM_INLINE void add_outer_product(std::int64_t count, const std::int64_t* columns, const double* v, double s,
                                         std::int64_t width, double* sums) {
  std::int64_t a = 0;
  for (; a + 4 <= count; a += 4) add_outer_rows<4>(a, columns, v, s, width, sums);
  if (a + 2 <= count) {
    add_outer_rows<2>(a, columns, v, s, width, sums);
    a += 2;
  }
  if (a < count) add_outer_rows<1>(a, columns, v, s, width, sums);
}

/// Four targets at a time, or one: the rows of the sums below the triangle.
template <int kRows>
GRADSTREAM_INLINE void add_target_rows(std::int64_t count, const std::int64_t* columns, const double* v,
                                       const double* factor, std::int64_t width, double* sums) {
  for (std::int64_t b = 0; b < count; ++b) {
    for (int r = 0; r < kRows; ++r) sums[r * width + columns[b]] += factor[r] * v[b];
  }
}

/// As gram_rows, row by row.
template <class View>
void gram_sparse_rows(const View& X, RowSet set, const GramJob& job, double* workspace) {
  const std::int64_t d = X.columns, m = job.targets, width = gram_width(d, m);
  ShiftedSparseRows<View> rows(X, job, workspace);
  double* const y = workspace + 2 * (d + 1);
  for (std::int64_t i = 0; i < set.count; ++i) {
    const std::int64_t row = set[i];
    const double s = job.weight != nullptr ? job.weight[row] : 1.0;
    const std::int64_t count = rows.read(row);
    add_outer_product(count, rows.columns(), rows.values(), s, width, job.sums);
    for (std::int64_t k = 0; k < m; ++k) {
      const double deviation = job.y[row * m + k] - job.shift[d + k];
      y[k] = s * deviation;
      job.squares[k] += y[k] * deviation;
    }
    double* below = job.sums + (d + 1) * width;
    std::int64_t k = 0;
    for (; k + 4 <= m; k += 4, below += 4 * width) {
      add_target_rows<4>(count, rows.columns(), rows.values(), y + k, width, below);
    }
    for (; k < m; ++k, below += width) add_target_rows<1>(count, rows.columns(), rows.values(), y + k, width, below);
  }
}

}  // namespace
}  // namespace gradstream::kernels
