// One dense row at a time: read, standardised, its margins.
#pragma once

#include "kernels/clock-inl.hpp"
#include "kernels/coordinates-inl.hpp"
#include "kernels/statistics-inl.hpp"
#include "kernels/table.hpp"

namespace gradstream::kernels {
namespace {

/// Scratch of a dense stream: the row and the next as read and standardised, the row flat, and values per column.
struct DenseStreamScratch {
  double* raw[2];   // (padded d)
  double* read[2];  // (padded d) standardised
  double* flat;     // (padded d K), K > 1
  double* rate;     // (padded d K)
  double* column;   // (padded d K)
  double* columns;  // 4 * padded K

  static std::int64_t size(std::int64_t d, std::int64_t K) { return 4 * padded(d) + 3 * padded(d * K) + 4 * padded(K); }
  DenseStreamScratch(double* at, std::int64_t d, std::int64_t K)
      : raw{at, at + padded(d)},
        read{at + 2 * padded(d), at + 3 * padded(d)},
        flat(at + 4 * padded(d)),
        rate(flat + padded(d * K)),
        column(rate + padded(d * K)),
        columns(column + padded(d * K)) {}
};

template <class View>
std::int64_t dense_stream_workspace(const View& X, RowSet, std::int64_t K) {
  return DenseStreamScratch::size(X.columns, K);
}

/// True when reading whole packs from this row stays inside the array.
template <class T>
GRADSTREAM_INLINE bool may_overread(const DenseView<T>& X, const T* row) {
  return X.row_stride >= 0 && row + padded(X.columns) <= X.data + (X.rows - 1) * X.row_stride + X.columns;
}

/// The row as float64, padded with zeros. Whole packs only: a wide load that follows narrow stores would wait for them.
template <class View>
GRADSTREAM_INLINE void read_row(const View& X, std::int64_t i, double* raw) {
  const auto* row = X.row(i);
  const std::int64_t d = X.columns;
  if constexpr (!is_strided<View>) {
    if (may_overread(X, row)) {
      std::int64_t j = 0;
      for (; j + kLanes <= d; j += kLanes) store(raw + j, load<Wide>(row + j));
      if (j < d) store(raw + j, first_lanes(load<Wide>(row + j), d - j));
      return;
    }
  }
  for (std::int64_t j = 0; j < d; ++j) raw[j] = element(X, row, j);
}

/// read = (raw - mean) scale, or raw scale, or raw. All arrays are whole packs, padded with zeros.
GRADSTREAM_INLINE const double* standardized(const Standardizer& standardizer, std::int64_t d, const double* raw,
                                             double* read) {
  if (standardizer.mean == nullptr) return raw;
  for (std::int64_t j = 0; j < d; j += kLanes) {
    const Wide x = standardizer.center ? load<Wide>(raw + j) - load<Wide>(standardizer.mean + j) : load<Wide>(raw + j);
    store(read + j, x * load<Wide>(standardizer.scale + j));
  }
  return read;
}

/// Welford's update with weight s; the scale follows.
GRADSTREAM_INLINE void update_statistics(const Standardizer& standardizer, std::int64_t d, const double* raw, double s,
                                         double weight_before) {
  const double inverse = 1.0 / (weight_before + s);
  const Wide share(weight_before > 0.0 ? s * inverse : 1.0);  // s (1/s) need not be 1, and the first mean is the row
  for (std::int64_t j = 0; j < d; j += kLanes) {
    const Wide x = load<Wide>(raw + j);
    const Wide deviation = x - load<Wide>(standardizer.mean + j);
    const Wide mean = load<Wide>(standardizer.mean + j) + share * deviation;
    const Wide m2 = load<Wide>(standardizer.m2 + j) + Wide(s) * deviation * (x - mean);
    store(standardizer.mean + j, mean);
    store(standardizer.m2 + j, m2);
    store(standardizer.scale + j, inverse_deviation_of(mean, m2, Wide(inverse)));
  }
}

/// z_k of a flat row. One summation order for learning, reporting and predicting.
template <class T>
GRADSTREAM_INLINE bool flat_margins(const FlatRow<T>& row, std::int64_t K, const double* bias, double* z) {
  if (K == 1) {
    z[0] = bias[0] +
           sum_products(row.n, [&](std::int64_t i) { return load<Wide>(row.x + i) * load<Wide>(row.slot[0] + i); });
    return std::isfinite(z[0]);
  }
  for (std::int64_t k = 0; k < K; ++k) z[k] = bias[k];
  for (std::int64_t i = 0; i < row.n; i += K) {
    if (i + K > row.n) break;
    each_pack(K, [&](auto tag, std::int64_t k) {
      using V = decltype(tag);
      store(z + k, load<V>(z + k) + load<V>(row.x + i + k) * load<V>(row.slot[0] + i + k));
    });
  }
  bool finite = true;
  for (std::int64_t k = 0; k < K; ++k) finite = finite && std::isfinite(z[k]);
  return finite;
}

/// `at`: 4 * padded(K) doubles.
template <class T>
RowColumns stream_columns(const StreamJob<T>& job, double* at) {
  const std::int64_t width = padded(job.spec->loss.columns);
  RowColumns columns;
  columns.spec = job.spec;
  columns.context = job.context;
  columns.evaluate = kEvaluate[static_cast<std::size_t>(job.spec->loss.loss)];
  columns.invariant = kInvariant[static_cast<std::size_t>(job.spec->loss.loss)];
  columns.z = at;
  columns.r = at + width;
  columns.u = at + 2 * width;
  columns.q = at + 3 * width;
  columns.bias = job.bias;
  columns.want_loss = job.want_loss;
  return columns;
}

template <class View>
class DenseStream {
 public:
  using T = typename View::value_type;

  DenseStream(const View& X, const StreamJob<T>& job)
      : X_(X), job_(job), K_(job.spec->loss.columns), scratch_(job.workspace, X.columns, K_) {
    for (int b = 0; b < 2; ++b) {
      for (std::int64_t j = X.columns; j < padded(X.columns); ++j) scratch_.raw[b][j] = scratch_.read[b][j] = 0.0;
    }
    row_.n = padded(X.columns * K_);
    row_.rate = scratch_.rate;
    row_.column = scratch_.column;
    for (int a = 0; a < 3; ++a) row_.slot[a] = job.table.slot[a];
  }

  /// Into the buffer that the row before does not use.
  void read(std::int64_t row) {
    buffer_ = 1 - buffer_;
    read_row(X_, row, scratch_.raw[buffer_]);
  }

  /// Margins of the row read last, under the current statistics; it is the row to step on.
  bool margins(double* z) {
    const double* x = standardized();
    if (K_ > 1) {
      for (std::int64_t j = 0; j < X_.columns; ++j) {
        for (std::int64_t k = 0; k < K_; ++k) scratch_.flat[j * K_ + k] = x[j];
      }
      for (std::int64_t i = X_.columns * K_; i < row_.n; ++i) scratch_.flat[i] = 0.0;
      x = scratch_.flat;
    }
    row_.x = row_.next = x;
    return flat_margins(row_, K_, job_.bias, z);
  }

  /// The row read last is the one after the row to step on.
  void look_ahead() { row_.next = standardized(); }
  /// And now it is its turn.
  void turn() { row_.x = row_.next; }

  void update(double s, double weight_before) {
    update_statistics(job_.standardizer, X_.columns, scratch_.raw[buffer_], s, weight_before);
  }

  RowColumns columns() const { return stream_columns(job_, scratch_.columns); }
  const FlatRow<T>& flat() const { return row_; }
  std::int64_t count() const { return K_; }

 private:
  const double* standardized() {
    return kernels::standardized(job_.standardizer, X_.columns, scratch_.raw[buffer_], scratch_.read[buffer_]);
  }

  const View& X_;
  const StreamJob<T>& job_;
  std::int64_t K_;
  int buffer_ = 0;
  DenseStreamScratch scratch_;
  FlatRow<T> row_;
};

}  // namespace
}  // namespace gradstream::kernels
