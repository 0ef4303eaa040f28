// CSR rows of a single column (binary, regression, not standardised) under sgd and AdaGrad, straight on the table: the
// named fast path of stream_sparse-inl.hpp, whose gathered form serves everything else. Learning and reporting share
// `settle`, so that they agree to the bit.
#pragma once

#include <limits>

#include "kernels/dense_row-inl.hpp"

namespace gradstream::kernels {
namespace {

/// Entries of one row and the table they point into: records of a width that the compiler knows.
template <class Optimizer, class View>
struct RowEntries {
  using T = typename View::value_type;
  using I = typename View::index_type;
  static constexpr std::int64_t kWidth = record_width<T>(1, Optimizer::description.slots, false);
  const T* x;
  const I* index;
  std::int64_t count;
  T* table;

  RowEntries(const View& X, const WeightTable<T>& weights, std::int64_t row)
      : x(X.data + X.indptr[row]),
        index(X.indices + X.indptr[row]),
        count(static_cast<std::int64_t>(X.indptr[row + 1] - X.indptr[row])),
        table(weights.record) {}
  GRADSTREAM_INLINE T* record(std::int64_t e) const { return table + static_cast<std::int64_t>(index[e]) * kWidth; }
  /// The clock behind a weight without slots.
  GRADSTREAM_INLINE double clock(std::int64_t e) const {
    double value;
    std::memcpy(&value, record(e) + 1, sizeof(double));
    return value;
  }
};

/// value(e) of the entries e, e + 1, ... side by side: built in registers, for a wide load that follows narrow stores
/// would wait for them.
template <class V, class F, std::size_t... I>
GRADSTREAM_INLINE V gather_lanes(std::int64_t e, F&& value, std::index_sequence<I...>) {
  if constexpr (V::lanes == 1) {
    return V(value(e));
  } else {
    return V(typename V::Real{value(e + static_cast<std::int64_t>(I))...});
  }
}

template <class V, class F>
GRADSTREAM_INLINE V gather(std::int64_t e, F&& value) {
  return gather_lanes<V>(e, value, std::make_index_sequence<V::lanes>{});
}

/// A running sum over packs and single elements.
struct PackSum {
  Wide wide{0.0};
  One rest{0.0};
  template <class V>
  GRADSTREAM_INLINE void add(V x) {
    if constexpr (V::lanes == 1) {
      rest += x;
    } else {
      wide += x;
    }
  }
  GRADSTREAM_INLINE double total() const { return kLanes > 1 ? sum_lanes(wide) + rest.v : rest.v; }
};

/// Of a row: sum x w and sum x^2.
struct RowSums {
  double product;
  double square;
};

/// w[e] = weights with their pending l2 paid (rates are 1: sgd), at `clock`. Not inlined: the same rounding for all
/// callers.
template <class Penalty, class Row>
GRADSTREAM_NOINLINE RowSums settle(const Row& row, const Spec& spec, double clock, double* w) {
  const double l2 = spec.penalty.l2;
  PackSum product, square;
  each_pack(row.count, [&](auto tag, std::int64_t e) {
    using V = decltype(tag);
    V value = gather<V>(e, [&](std::int64_t at) { return static_cast<double>(row.record(at)[0]); });
    if constexpr (!std::is_same_v<Penalty, penalties::NoPenalty>) {
      const V since = gather<V>(e, [&](std::int64_t at) { return row.clock(at); });
      value = value * exp_bounded(maximum(V(l2) * (since - V(clock)), V(-700.0)));
    }
    store(w + e, value);
    const V x = load<V>(row.x + e);
    product.add(x * value);
    square.add(x * x);
  });
  return {product.total(), square.total()};
}

/// AdaGrad: G += s (r x)^2, c = 1/sqrt(G) into `rate`; returns q = sum c x^2.
template <class Optimizer, class View>
GRADSTREAM_INLINE double measure_entries(const RowEntries<Optimizer, View>& row, const RowColumns& columns,
                                         double* rate) {
  One even(0.0), odd(0.0);
  const optimizers::StepContext context = columns.context;
  const One r(columns.r[0]), s(columns.s);
  const auto entry = [&](std::int64_t e, One& sum) {
    const One x(static_cast<double>(row.x[e]));
    auto* record = row.record(e);
    One slots[SlotCount<Optimizer>::size] = {One(static_cast<double>(record[1]))};
    Optimizer::accumulate(context, r * x, s, slots);
    store(record + 1, slots[0]);
    const One c = Optimizer::rate(context, slots);
    rate[e] = c.v;
    sum += c * x * x;
  };
  std::int64_t e = 0;
  for (; e + 2 <= row.count; e += 2) {
    entry(e, even);
    entry(e + 1, odd);
  }
  if (e < row.count) entry(e, even);
  return (even + odd).v;
}

/// w += u c x; false when a number of the row can no longer be stored.
template <class Optimizer, class View>
GRADSTREAM_INLINE bool move_weights(const RowEntries<Optimizer, View>& row, double u, double* w, const double* rate) {
  constexpr auto kLargest = static_cast<double>(std::numeric_limits<typename View::value_type>::max());
  PackSum spoilt;
  each_pack(row.count, [&](auto tag, std::int64_t e) {
    using V = decltype(tag);
    V step = V(u) * load<V>(row.x + e);
    if constexpr (!Optimizer::description.uniform) step = step * load<V>(rate + e);
    const V value = load<V>(w + e) + step;
    store(w + e, value);
    spoilt.add(where(absolute(value) <= V(kLargest), V(0.0), V(1.0)));
  });
  return spoilt.total() == 0.0;
}

/// Writes the weights back, settled at `clock`; false when a slot is no longer finite.
template <class Optimizer, class View>
GRADSTREAM_INLINE bool scatter_weights(const RowEntries<Optimizer, View>& row, double clock, const double* w) {
  using T = typename View::value_type;
  constexpr int kSlots = SlotCount<Optimizer>::value;
  bool finite = true;
  for (std::int64_t e = 0; e < row.count; ++e) {
    T* record = row.record(e);
    record[0] = static_cast<T>(w[e]);
    std::memcpy(record + 1 + kSlots, &clock, sizeof(double));
    if constexpr (kSlots > 0) finite &= record[1] <= std::numeric_limits<T>::max();
  }
  return finite;
}

template <class Optimizer, class View>
GRADSTREAM_INLINE void prefetch_entries(const View& X, const WeightTable<typename View::value_type>& weights,
                                        RowSet set, std::int64_t i) {
  if (i >= set.count) return;
  const RowEntries<Optimizer, View> row(X, weights, set[i]);
  for (std::int64_t e = 0; e < row.count; ++e) {
    GRADSTREAM_PREFETCH_WRITE(row.record(e));
    if (e % 8 == 0) GRADSTREAM_PREFETCH(row.x + e);
  }
}

/// `w`, `rate`: longest row doubles each; `at`: 4 packs.
template <class Optimizer, class Penalty, class View>
Status single_learn(const View& X, RowSet set, StreamJob<typename View::value_type>& job, double* w, double* rate,
                    double* at) {
  RowColumns columns = stream_columns(job, at);
  Counters& counters = *job.counters;
  for (std::int64_t i = 0; i < set.count; ++i) {
    prefetch_entries<Optimizer>(X, job.table, set, i + 2);
    const std::int64_t index = set[i];
    columns.s = row_weight(job.weight, index, job.weight_factor);
    columns.y = job.y[index];
    const bool counts = columns.s > 0.0;
    if (!counts && job.report == nullptr) continue;
    const RowEntries<Optimizer, View> row(X, job.table, index);
    const RowSums sums = settle<Penalty>(row, *job.spec, counters.clock, w);
    const double z = sums.product + job.bias[0];
    if (!std::isfinite(z)) return {Code::non_finite, index};
    if (job.report != nullptr) job.report[i] = z;
    if (!counts) continue;
    prepare_step(*job.spec, counters, columns.context);
    columns.z[0] = z;
    if (!Optimizer::description.uniform || columns.want_loss) residuals(columns);
    double q = sums.square;
    if constexpr (!Optimizer::description.uniform) q = measure_entries<Optimizer>(row, columns, rate);
    const double u = displacement<Optimizer>(columns, 0, z, q);
    const bool finite = move_weights<Optimizer>(row, u, w, rate) && scatter_weights<Optimizer>(row, counters.clock, w);
    if (!finite || !std::isfinite(job.bias[0]) || !std::isfinite(job.bias[SlotCount<Optimizer>::value])) {
      return {Code::non_finite, index};
    }
    count_step(counters, columns.context.eta, columns.s, columns.s);
    counters.samples += 1.0;
  }
  job.loss = columns.loss;
  return {};
}

template <class Optimizer, class Penalty, class View>
Status single_report(const View& X, RowSet set, const StreamJob<typename View::value_type>& job, double* w) {
  for (std::int64_t i = 0; i < set.count; ++i) {
    const RowEntries<Optimizer, View> row(X, job.table, set[i]);
    job.report[i] = settle<Penalty>(row, *job.spec, job.counters->clock, w).product + job.bias[0];
    if (!std::isfinite(job.report[i])) return {Code::non_finite, set[i]};
  }
  return {};
}

/// f(optimizer, penalty) when this path serves the job; false when it does not. Where each entry costs square roots or
/// exponentials besides (AdaGrad with a penalty, l1) the gathered form, eight lanes wide, is faster.
template <class T, class F>
bool with_single_path(const StreamJob<T>& job, F&& f) {
  const PenaltySpec& penalty = job.spec->penalty;
  if (job.spec->loss.columns > 1 || job.standardizer.mean != nullptr || penalty.l1 > 0.0) return false;
  const int optimizer = job.spec->optimizer.optimizer;
  if (optimizer == optimizers::id_of<optimizers::Sgd>()) {
    if (penalty.l2 > 0.0) {
      f(optimizers::Sgd{}, penalties::L2{});
    } else {
      f(optimizers::Sgd{}, penalties::NoPenalty{});
    }
    return true;
  }
  if (optimizer != optimizers::id_of<optimizers::AdaGrad>() || penalty.l2 > 0.0) return false;
  f(optimizers::AdaGrad{}, penalties::NoPenalty{});
  return true;
}

}  // namespace
}  // namespace gradstream::kernels
