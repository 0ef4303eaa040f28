// Learning from dense rows one by one, and collecting blocks of them.
#pragma once

#include "kernels/clock-inl.hpp"
#include "kernels/coordinates-inl.hpp"
#include "kernels/statistics-inl.hpp"
#include "kernels/table.hpp"

namespace gradstream::kernels {
namespace {

/// Scratch of a dense stream: the row as read, standardised and flat, and values per column.
struct DenseStreamScratch {
  double* raw;      // (padded d)
  double* read;     // (padded d) standardised
  double* flat;     // (padded d K), K > 1
  double* rate;     // (padded d K)
  double* column;   // (padded d K)
  double* columns;  // 4 * padded K

  static std::int64_t size(std::int64_t d, std::int64_t K) { return 2 * padded(d) + 3 * padded(d * K) + 4 * padded(K); }
  DenseStreamScratch(double* at, std::int64_t d, std::int64_t K)
      : raw(at),
        read(raw + padded(d)),
        flat(read + padded(d)),
        rate(flat + padded(d * K)),
        column(rate + padded(d * K)),
        columns(column + padded(d * K)) {}
};

template <class View>
std::int64_t dense_stream_workspace(const View& X, std::int64_t K) {
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
  const Wide share(s * inverse);
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
    Wide even(0.0), odd(0.0);
    std::int64_t i = 0;
    for (; i + 2 * kLanes <= row.n; i += 2 * kLanes) {
      even += load<Wide>(row.x + i) * load<Wide>(row.slot[0] + i);
      odd += load<Wide>(row.x + i + kLanes) * load<Wide>(row.slot[0] + i + kLanes);
    }
    if (i < row.n) even += load<Wide>(row.x + i) * load<Wide>(row.slot[0] + i);
    z[0] = sum_lanes(even + odd) + bias[0];
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
    for (std::int64_t j = X.columns; j < padded(X.columns); ++j) scratch_.raw[j] = scratch_.read[j] = 0.0;
    row_.n = padded(X.columns * K_);
    row_.rate = scratch_.rate;
    row_.column = scratch_.column;
    for (int a = 0; a < 3; ++a) row_.slot[a] = job.table.slot[a];
  }

  void read(std::int64_t row) { read_row(X_, row, scratch_.raw); }

  /// Margins of the row under the current statistics.
  bool margins(double* z) {
    const double* x = standardized(job_.standardizer, X_.columns, scratch_.raw, scratch_.read);
    if (K_ > 1) {
      for (std::int64_t j = 0; j < X_.columns; ++j) {
        for (std::int64_t k = 0; k < K_; ++k) scratch_.flat[j * K_ + k] = x[j];
      }
      for (std::int64_t i = X_.columns * K_; i < row_.n; ++i) scratch_.flat[i] = 0.0;
      x = scratch_.flat;
    }
    row_.x = x;
    return flat_margins(row_, K_, job_.bias, z);
  }

  void update(double s, double weight_before) {
    update_statistics(job_.standardizer, X_.columns, scratch_.raw, s, weight_before);
  }

  RowColumns columns() const { return stream_columns(job_, scratch_.columns); }
  const FlatRow<T>& flat() const { return row_; }
  std::int64_t count() const { return K_; }

 private:
  const View& X_;
  const StreamJob<T>& job_;
  std::int64_t K_;
  DenseStreamScratch scratch_;
  FlatRow<T> row_;
};

/// The rows an epoch's order will visit are far apart: fetch them ahead.
template <class View>
GRADSTREAM_INLINE void prefetch_row(const View& X, RowSet set, std::int64_t i) {
  if (set.order == nullptr || i >= set.count) return;
  const char* at = reinterpret_cast<const char*>(X.row(set[i]));
  const auto bytes = static_cast<std::int64_t>(sizeof(typename View::value_type)) * X.columns;
  for (std::int64_t b = 0; b < bytes && b < 1024; b += 64) GRADSTREAM_PREFETCH(at + b);
  GRADSTREAM_PREFETCH(at + bytes - 1);
}

inline constexpr std::int64_t kRowsAhead = 8;

template <class View>
Status dense_learn(const View& X, RowSet set, StreamJob<typename View::value_type>& job) {
  using T = typename View::value_type;
  DenseStream<View> stream(X, job);
  RowColumns columns = stream.columns();
  const StepRow<T> step = dense_step<T>(*job.spec);
  const bool running = job.standardizer.mean != nullptr && !job.standardizer.frozen;
  const std::int64_t K = stream.count();
  Counters& counters = *job.counters;
  for (std::int64_t i = 0; i < set.count; ++i) {
    prefetch_row(X, set, i + kRowsAhead);
    const std::int64_t row = set[i];
    columns.s = row_weight(job.weight, row, job.weight_factor);
    columns.y = job.y[row];
    const bool counts = columns.s > 0.0;
    if (!counts && job.report == nullptr) continue;
    stream.read(row);
    if (job.report != nullptr || !running) {
      if (!stream.margins(columns.z)) return {Code::non_finite, row};
      if (job.report != nullptr) {
        for (std::int64_t k = 0; k < K; ++k) job.report[i * K + k] = columns.z[k];
      }
      if (!counts) continue;
    }
    if (running) {
      stream.update(columns.s, counters.weight);
      counters.weight += columns.s;
      if (!stream.margins(columns.z)) return {Code::non_finite, row};
    }
    prepare_step(*job.spec, counters, columns.context);
    step(columns, stream.flat());
    count_step(counters, columns.context.eta, columns.s, columns.s);
    counters.samples += 1.0;
  }
  job.loss = columns.loss;
  return {};
}

template <class View>
Status dense_report(const View& X, RowSet set, const StreamJob<typename View::value_type>& job) {
  DenseStream<View> stream(X, job);
  const std::int64_t K = stream.count();
  RowColumns columns = stream.columns();
  for (std::int64_t i = 0; i < set.count; ++i) {
    stream.read(set[i]);
    const bool finite = stream.margins(columns.z);
    for (std::int64_t k = 0; k < K; ++k) job.report[i * K + k] = columns.z[k];
    if (!finite) return {Code::non_finite, set[i]};
  }
  return {};
}

/// Running statistics take in the rows of a block one by one; its gradient is the solver's (loss_gradient under the
/// block's own model).
template <class View>
Status dense_accumulate(const View& X, RowSet set, StreamJob<typename View::value_type>& job) {
  DenseStream<View> stream(X, job);
  for (std::int64_t i = 0; i < set.count; ++i) {
    const double s = row_weight(job.weight, set[i], job.weight_factor);
    if (!(s > 0.0)) continue;
    stream.read(set[i]);
    stream.update(s, job.counters->weight);
    job.counters->weight += s;
  }
  return {};
}

}  // namespace
}  // namespace gradstream::kernels
