// One CSR row at a time in gathered form: weights and slots of its features come from the table into flat float64
// buffers, are caught up with the steps they missed, stepped (row_step-inl.hpp), and scattered back: O(nnz) for every
// optimizer, penalty and number of columns.
#pragma once

#include <limits>

#include "kernels/dense_row-inl.hpp"
#include "kernels/sparse_columns-inl.hpp"

namespace gradstream::kernels {
namespace {

template <class View>
std::int64_t longest_row(const View& X, RowSet set) {
  std::int64_t longest = 1;
  for (std::int64_t i = 0; i < set.count; ++i) {
    const auto length = static_cast<std::int64_t>(X.indptr[set[i] + 1] - X.indptr[set[i]]);
    longest = length > longest ? length : longest;
  }
  return longest;
}

/// exp(-l2 (clock - folded)): what weights that shrink together have shrunk by since it went into the table.
inline GRADSTREAM_NOINLINE double shrunk(const Spec& spec, double clock) {
  if (!shrinks_together(spec)) return 1.0;
  const double l2 = spec.penalty.l2;
  return exp(One(l2 * (folded_clock(l2, clock) - clock))).v;
}

/// Flat buffers of one row, m = padded(longest row * K) each, and values per column.
struct SparseStreamScratch {
  static constexpr int kBuffers = 9;
  std::int64_t m;
  double* buffer[kBuffers];
  double* columns;

  static std::int64_t size(std::int64_t longest, std::int64_t K) {
    return kBuffers * padded(longest * K) + 4 * padded(K);
  }
  SparseStreamScratch(double* at, std::int64_t longest, std::int64_t K) : m(padded(longest * K)) {
    for (int b = 0; b < kBuffers; ++b) buffer[b] = at + b * m;
    columns = at + kBuffers * m;
  }
};

template <class View>
std::int64_t sparse_stream_workspace(const View& X, RowSet set, std::int64_t K) {
  return SparseStreamScratch::size(longest_row(X, set), K);
}

template <class View>
class SparseStream {
 public:
  using T = typename View::value_type;

  SparseStream(const View& X, RowSet set, const StreamJob<T>& job)
      : X_(X),
        job_(job),
        K_(job.spec->loss.columns),
        scratch_(job.workspace, longest_row(X, set), K_),
        catch_up_(catch_up_function(*job.spec)) {
    shape_ = record_shape(*job.spec);
    for (int a = 0; a < 3; ++a) row_.slot[a] = scratch_.buffer[a];
    row_.x = row_.next = x_ = scratch_.buffer[3];
    row_.rate = scratch_.buffer[4];
    row_.column = scratch_.buffer[5];
    lag_ = scratch_.buffer[6];
    elapsed_ = scratch_.buffer[7];
    step_ = scratch_.buffer[8];
  }

  /// Weights and slots of the row's features, settled as of `counters`.
  void gather(std::int64_t row, const Counters& counters, const optimizers::StepContext& context) {
    begin_ = static_cast<std::int64_t>(X_.indptr[row]);
    entries_ = static_cast<std::int64_t>(X_.indptr[row + 1]) - begin_;
    shrunk_ = shrunk(*job_.spec, counters.clock);
    with_record_shape([&](auto shape) { gather_records<decltype(shape)>(counters); });
    const std::int64_t used = entries_ * K_;
    row_.n = padded(used);
    for (std::int64_t i = used; i < row_.n; ++i) {
      x_[i] = row_.slot[0][i] = lag_[i] = elapsed_[i] = 0.0;
      row_.slot[1][i] = row_.slot[2][i] = step_[i] = 1.0;
    }
    if (shape_.clocked) catch_up_(*job_.spec, context, row_.n, lag_, elapsed_, step_, row_.slot);
  }

  /// Writes weights and slots back, settled as of `clock` and `step`; false, and nothing written, when one of them is
  /// not finite.
  bool scatter(double clock, double step) {
    if (!storable()) return false;
    with_record_shape([&](auto shape) { scatter_records<decltype(shape)>(clock, step); });
    return true;
  }

  /// Values as stored, or over the column's deviation before or after the row (weight it has then).
  void read_plain() {
    if (K_ > 1) return read([](double x, std::int64_t) { return x; });
    const T* from = X_.data + begin_;
    double* to = x_;
    each_pack(entries_, [&](auto tag, std::int64_t e) { store(to + e, load<decltype(tag)>(from + e)); });
  }
  void read_scaled(double weight) {
    read([&](double x, std::int64_t j) { return x * column_scale(job_.standardizer, j, weight); });
  }
  void read_block_scale() {
    read([&](double x, std::int64_t j) { return x * job_.block.scale[j]; });
  }

  /// False when a column's moments are no longer finite.
  bool update(double s, double weight_before) {
    bool finite = true;
    for (std::int64_t e = 0; e < entries_; ++e) {
      finite =
          add_to_column(job_.standardizer, feature(e), static_cast<double>(X_.data[begin_ + e]), s, weight_before) &&
          finite;
    }
    return finite;
  }

  bool margins(double* z) { return flat_margins(row_, K_, job_.bias, z); }

  /// First time the block meets a feature: remember it and its deviation as of the block's start.
  void touch(double weight_at_start) {
    for (std::int64_t e = 0; e < entries_; ++e) {
      const auto j = feature(e);
      if (job_.block.touched[j] != 0.0) continue;
      job_.block.touched[j] = 1.0 + *job_.block.first;
      *job_.block.first = 1.0 + static_cast<double>(j);
      if (job_.standardizer.mean == nullptr) continue;
      job_.block.scale[j] = column_scale(job_.standardizer, j, weight_at_start);
    }
  }

  void add_gradient(const double* r) {
    for (std::int64_t e = 0; e < entries_; ++e) {
      const double x = static_cast<double>(X_.data[begin_ + e]);
      double* g = job_.block.coef + feature(e) * K_;
      for (std::int64_t k = 0; k < K_; ++k) g[k] += r[k] * x;
    }
  }

  void prefetch(std::int64_t row) const {
    const std::int64_t width = job_.table.record_width;
    const auto ahead = X_.row(row);
    for (std::int64_t e = 0; e < ahead.count; ++e) {
      GRADSTREAM_PREFETCH_WRITE(job_.table.record + static_cast<std::int64_t>(ahead.index[e]) * width);
      if (e % 8 == 0) GRADSTREAM_PREFETCH(ahead.x + e);
    }
  }

  RowColumns columns() const { return stream_columns(job_, scratch_.columns); }
  const FlatRow<double>& flat() const { return row_; }
  std::int64_t count() const { return K_; }

 private:
  std::int64_t feature(std::int64_t e) const { return static_cast<std::int64_t>(X_.indices[begin_ + e]); }

  /// What a record holds, known to the compiler where rows have one column (12 -> 5 ns per stored value for sgd).
  template <int kSlots, bool kClocked, bool kDecays>
  struct SingleRecord {
    static constexpr RecordShape of(const RecordShape&) { return {1, kSlots, kClocked, kDecays}; }
  };
  struct AnyRecord {
    static RecordShape of(const RecordShape& shape) { return shape; }
  };
  template <class F>
  void with_record_shape(F&& f) const {
    if (K_ > 1) return f(AnyRecord{});
    if (shape_.slots == 2) return f(SingleRecord<2, true, true>{});
    if (shape_.decays) return f(SingleRecord<1, true, true>{});
    if (shape_.slots == 1)
      return shape_.clocked ? f(SingleRecord<1, true, false>{}) : f(SingleRecord<1, false, false>{});
    return shape_.clocked ? f(SingleRecord<0, true, false>{}) : f(SingleRecord<0, false, false>{});
  }

  // Both loops work on local copies of pointers: the raw bytes of the times may alias any member, which would be read
  // again for every entry.
  template <class Shape>
  GRADSTREAM_INLINE void gather_records(const Counters& counters) {
    const RecordShape shape = Shape::of(shape_);
    const std::int64_t K = shape.columns, width = job_.table.record_width, entries = entries_;
    const int slots = shape.slots;
    const double clock = counters.clock, steps = counters.steps, shrunk = shrunk_;
    const T* const table = job_.table.record;
    const auto* const index = X_.indices + begin_;
    double* const slot[3] = {row_.slot[0], row_.slot[1], row_.slot[2]};
    double *const lag = lag_, *const elapsed = elapsed_, *const step = step_;
    for (std::int64_t e = 0; e < entries; ++e) {
      const T* record = table + static_cast<std::int64_t>(index[e]) * width;
      double settled_clock = 0.0, settled_step = 0.0;
      const T* times = record + (1 + slots) * K;
      if (shape.clocked) std::memcpy(&settled_clock, times, sizeof(double));
      if (shape.decays) std::memcpy(&settled_step, times + sizeof(double) / sizeof(T), sizeof(double));
      for (std::int64_t k = 0; k < K; ++k) {
        const std::int64_t i = e * K + k;
        slot[0][i] = static_cast<double>(record[k]) * shrunk;
        for (int a = 1; a <= slots; ++a) slot[a][i] = static_cast<double>(record[a * K + k]);
        if (!shape.clocked) continue;
        lag[i] = clock - settled_clock;
        if (!shape.decays) continue;
        elapsed[i] = steps - settled_step;
        step[i] = settled_step;
      }
    }
  }

  template <class Shape>
  GRADSTREAM_INLINE void scatter_records(double clock, double step) {
    const RecordShape shape = Shape::of(shape_);
    const std::int64_t K = shape.columns, width = job_.table.record_width, entries = entries_;
    const int slots = shape.slots;
    const double grown = 1.0 / shrunk_;
    T* const table = job_.table.record;
    const auto* const index = X_.indices + begin_;
    const double* const slot[3] = {row_.slot[0], row_.slot[1], row_.slot[2]};
    for (std::int64_t e = 0; e < entries; ++e) {
      T* record = table + static_cast<std::int64_t>(index[e]) * width;
      for (std::int64_t k = 0; k < K; ++k) record[k] = static_cast<T>(slot[0][e * K + k] * grown);
      for (int a = 1; a <= slots; ++a) {
        for (std::int64_t k = 0; k < K; ++k) record[a * K + k] = static_cast<T>(slot[a][e * K + k]);
      }
      T* times = record + (1 + slots) * K;
      if (shape.clocked) std::memcpy(times, &clock, sizeof(double));
      if (shape.decays) std::memcpy(times + sizeof(double) / sizeof(T), &step, sizeof(double));
    }
  }

  /// Whether every number of the row can be stored as T. Padding (0 and 1 before the step) stays finite.
  bool storable() const {
    constexpr double kLargest = static_cast<double>(std::numeric_limits<T>::max());
    Wide probe(0.0);
    for (int a = 0; a <= shape_.slots; ++a) {
      const Wide largest(a == 0 ? kLargest * shrunk_ : kLargest);
      for (std::int64_t i = 0; i < row_.n; i += kLanes) {
        const Wide value = load<Wide>(row_.slot[a] + i);
        probe += where(absolute(value) <= largest, Wide(0.0), Wide(1.0));
      }
    }
    double rest = 0.0;
    for (std::int64_t i = 0; i < (1 + shape_.slots) * K_; ++i) rest += 0.0 * job_.bias[i];
    return sum_lanes(probe) == 0.0 && rest == 0.0;
  }

  template <class F>
  void read(F&& f) {
    for (std::int64_t e = 0; e < entries_; ++e) {
      const double x = f(static_cast<double>(X_.data[begin_ + e]), feature(e));
      for (std::int64_t k = 0; k < K_; ++k) x_[e * K_ + k] = x;
    }
  }

  const View& X_;
  const StreamJob<T>& job_;
  std::int64_t K_;
  SparseStreamScratch scratch_;
  CatchUp catch_up_;
  RecordShape shape_{};
  double shrunk_ = 1.0;  // by how much weights that shrink together have shrunk
  std::int64_t begin_ = 0;
  std::int64_t entries_ = 0;
  FlatRow<double> row_;
  double* x_ = nullptr;
  double* lag_ = nullptr;
  double* elapsed_ = nullptr;
  double* step_ = nullptr;
};

}  // namespace
}  // namespace gradstream::kernels
