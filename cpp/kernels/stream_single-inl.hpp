// CSR rows of a single column (binary, regression, not standardised) under sgd and AdaGrad, straight on the table: the
// named fast path of stream_sparse-inl.hpp, whose gathered form serves everything else. Learning and reporting share
// `collect`, so that they agree to the bit.
#pragma once

#include <limits>

#include "kernels/dense_row-inl.hpp"

namespace gradstream::kernels {
namespace {

/// A row and the table its entries point into: records of a width that the compiler knows.
template <class Optimizer, class View>
struct RowEntries : CsrRow<typename View::value_type, typename View::index_type> {
  using T = typename View::value_type;
  static constexpr std::int64_t kWidth = RecordShape{1, Optimizer::description.slots, false, false}.width<T>();
  T* table;

  RowEntries(const View& X, const WeightTable<T>& weights, std::int64_t row)
      : CsrRow<T, typename View::index_type>(X.row(row)), table(weights.record) {}
  GRADSTREAM_INLINE T* record(std::int64_t e) const {
    return table + static_cast<std::int64_t>(this->index[e]) * kWidth;
  }
};

template <class F, std::size_t... I>
GRADSTREAM_INLINE void eight_entries(std::int64_t e, F& f, std::index_sequence<I...>) {
  (f(e + static_cast<std::int64_t>(I)), ...);
}

/// f(e) for all entries, eight between two branches: rows are bound by the number of instructions.
template <class F>
GRADSTREAM_INLINE void each_entry(std::int64_t count, F&& f) {
  std::int64_t e = 0;
  for (; e + 8 <= count; e += 8) eight_entries(e, f, std::make_index_sequence<8>{});
  for (; e < count; ++e) f(e);
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

/// v[e] = weights as the table holds them. Not inlined: the same rounding for all callers.
template <class Row>
GRADSTREAM_NOINLINE RowSums collect(const Row& row, double* v) {
  double product[4] = {0.0, 0.0, 0.0, 0.0};
  const std::int64_t n = row.count;
  const auto add = [&](std::int64_t e, double& sum) {
    v[e] = static_cast<double>(*row.record(e));
    sum += static_cast<double>(row.x[e]) * v[e];
  };
  std::int64_t e = 0;
  for (; e + 4 <= n; e += 4) {
    for (std::int64_t a = 0; a < 4; ++a) add(e + a, product[a]);
  }
  for (; e < n; ++e) add(e, product[0]);
  PackSum square;
  each_pack(n, [&](auto tag, std::int64_t at) {
    const auto x = load<decltype(tag)>(row.x + at);
    square.add(x * x);
  });
  return {(product[0] + product[1]) + (product[2] + product[3]), square.total()};
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

/// Writes the weights back; false when a slot is no longer finite.
template <class Optimizer, class View>
GRADSTREAM_INLINE bool scatter_weights(const RowEntries<Optimizer, View>& row, const double* w) {
  using T = typename View::value_type;
  const RowEntries<Optimizer, View> own = row;  // a copy: stores may alias the members
  bool finite = true;
  each_entry(own.count, [&](std::int64_t e) {
    T* record = own.record(e);
    record[0] = static_cast<T>(w[e]);
    if constexpr (SlotCount<Optimizer>::value > 0) finite &= record[1] <= std::numeric_limits<T>::max();
  });
  return finite;
}

/// Tables that the caches hold do not need it: fetching costs 10 % at 2 MB and saves 20 % at 32 MB.
inline constexpr std::int64_t kPrefetchBytes = std::int64_t{8} << 20;

template <class Optimizer, class View>
GRADSTREAM_INLINE void prefetch_entries(const View& X, const WeightTable<typename View::value_type>& weights,
                                        RowSet set, std::int64_t i) {
  using Row = RowEntries<Optimizer, View>;
  if (i >= set.count || X.columns * Row::kWidth * static_cast<std::int64_t>(sizeof(typename Row::T)) < kPrefetchBytes)
    return;
  const Row row(X, weights, set[i]);
  each_entry(row.count, [&](std::int64_t e) { GRADSTREAM_PREFETCH_WRITE(row.record(e)); });
  for (std::int64_t e = 0; e < row.count; e += 8) GRADSTREAM_PREFETCH(row.x + e);
}

/// `w`, `rate`: longest row doubles each; `at`: 4 packs.
template <class Optimizer, class View>
Status single_learn(const View& X, RowSet set, StreamJob<typename View::value_type>& job, double* w, double* rate,
                    double* at) {
  RowColumns columns = stream_columns(job, at);
  Counters& counters = *job.counters;
  Status status;
  double small = shrunk(*job.spec, counters.clock);
  for (std::int64_t i = 0; i < set.count && status.ok(); ++i) {
    const std::int64_t index = set[i];
    columns.s = row_weight(job.weight, index, job.weight_factor);
    columns.y = job.y[index];
    const bool counts = columns.s > 0.0;
    if (!counts && job.report == nullptr) continue;
    const RowEntries<Optimizer, View> row(X, job.table, index);
    const RowSums sums = collect(row, w);
    const double z = small * sums.product + job.bias[0];
    if (!std::isfinite(z)) return {Code::non_finite, index};
    if (job.report != nullptr) job.report[i] = z;
    if (!counts) continue;
    prepare_step(*job.spec, counters, columns.context);
    columns.z[0] = z;
    if (!Optimizer::description.uniform || columns.want_loss) residuals(columns);
    double q = sums.square;
    if constexpr (!Optimizer::description.uniform) q = measure_entries<Optimizer>(row, columns, rate);
    const double u = displacement<Optimizer>(columns, 0, z, q);
    // what does not wait for u comes first, in its shadow
    const double clock = counters.clock, u_of_table = u / small;
    count_step(counters, columns.context.eta, columns.s, columns.s);
    small = shrunk(*job.spec, counters.clock);
    prefetch_entries<Optimizer>(X, job.table, set, i + 2);
    const bool finite = move_weights<Optimizer>(row, u_of_table, w, rate) && scatter_weights<Optimizer>(row, w);
    if (!finite || !std::isfinite(job.bias[0]) || !std::isfinite(job.bias[SlotCount<Optimizer>::value])) {
      return {Code::non_finite, index};
    }
    count_row(counters, job.standardizer, columns.s);
    if (folds(*job.spec, clock, counters.clock)) status = {Code::rescale, i + 1};
  }
  job.loss = columns.loss;
  return status;
}

template <class Optimizer, class View>
Status single_report(const View& X, RowSet set, const StreamJob<typename View::value_type>& job, double* w) {
  const double small = shrunk(*job.spec, job.counters->clock);
  for (std::int64_t i = 0; i < set.count; ++i) {
    const RowEntries<Optimizer, View> row(X, job.table, set[i]);
    job.report[i] = small * collect(row, w).product + job.bias[0];
    if (!std::isfinite(job.report[i])) return {Code::non_finite, set[i]};
  }
  return {};
}

/// f(optimizer) when this path serves the job; false when it does not. Where each entry costs square roots or
/// exponentials besides (AdaGrad with a penalty, l1) the gathered form, eight lanes wide, is faster.
template <class T, class F>
bool with_single_path(const StreamJob<T>& job, F&& f) {
  const PenaltySpec& penalty = job.spec->penalty;
  if (job.spec->loss.columns > 1 || job.standardizer.mean != nullptr || penalty.l1 > 0.0) return false;
  const int optimizer = job.spec->optimizer.optimizer;
  if (optimizer == optimizers::id_of<optimizers::Sgd>()) {
    f(optimizers::Sgd{});
    return true;
  }
  if (optimizer != optimizers::id_of<optimizers::AdaGrad>() || penalty.l2 > 0.0) return false;
  f(optimizers::AdaGrad{});
  return true;
}

}  // namespace
}  // namespace gradstream::kernels
