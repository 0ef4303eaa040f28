// CSR rows of a single column (binary, regression, not standardised) under sgd and AdaGrad, straight on the table: the
// named fast path of stream_sparse-inl.hpp, whose gathered form serves everything else. Learning and reporting share
// `settle`, so that they agree to the bit.
#pragma once

#include <limits>

#include "kernels/dense_row-inl.hpp"

namespace gradstream::kernels {
namespace {

/// Entries of one row and the table they point into.
template <class View>
struct RowEntries {
  using T = typename View::value_type;
  using I = typename View::index_type;
  const T* x;
  const I* index;
  std::int64_t count;
  T* table;
  std::int64_t width;

  RowEntries(const View& X, const WeightTable<T>& weights, std::int64_t row)
      : x(X.data + X.indptr[row]),
        index(X.indices + X.indptr[row]),
        count(static_cast<std::int64_t>(X.indptr[row + 1] - X.indptr[row])),
        table(weights.record),
        width(weights.record_width) {}
  GRADSTREAM_INLINE T* record(std::int64_t e) const { return table + static_cast<std::int64_t>(index[e]) * width; }
};

/// exp(-a) for 0 <= a < 2^-6, Taylor to 4e-17: what is pending is mostly tiny.
template <int N>
GRADSTREAM_INLINE Pack<N> small_decay(Pack<N> a) {
  using V = Pack<N>;
  const V a2 = a * a;
  return (V(1.0) - a) +
         a2 * ((V(0.5) - a * V(1.0 / 6.0)) + a2 * ((V(1.0 / 24.0) - a * V(1.0 / 120.0)) + a2 * V(1.0 / 720.0)));
}

/// Copies the weights of a row, and how long each has not paid its penalty; returns the longest.
template <class Penalty, class View>
GRADSTREAM_INLINE double gather_weights(const RowEntries<View>& row, double clock, double* w, double* lag) {
  double longest = 0.0;
  for (std::int64_t e = 0; e < row.count; ++e) {
    const auto* record = row.record(e);
    w[e] = static_cast<double>(record[0]);
    if constexpr (!std::is_same_v<Penalty, penalties::NoPenalty>) {
      double since;
      std::memcpy(&since, record + 1, sizeof(double));
      lag[e] = clock - since;
      longest = lag[e] > longest ? lag[e] : longest;
    }
  }
  return longest;
}

/// w[e] = weights with their pending l2 paid (rates are 1: sgd), at `clock`; returns sum x w. Not inlined: the same
/// rounding for all callers.
template <class Penalty, class View>
GRADSTREAM_NOINLINE double settle(const RowEntries<View>& row, const Spec& spec, double clock, double* w, double* lag) {
  const double l2 = spec.penalty.l2;
  const bool small = l2 * gather_weights<Penalty>(row, clock, w, lag) < 0.015625;
  Wide wide(0.0);
  One rest(0.0);
  each_pack(row.count, [&](auto tag, std::int64_t e) {
    using V = decltype(tag);
    V value = load<V>(w + e);
    if constexpr (!std::is_same_v<Penalty, penalties::NoPenalty>) {
      const V a = V(l2) * load<V>(lag + e);
      value = value * (small ? small_decay(a) : exp(-a));
      store(w + e, value);
    }
    const V product = load<V>(row.x + e) * value;
    if constexpr (V::lanes == 1) {
      rest += product;
    } else {
      wide += product;
    }
  });
  return kLanes > 1 ? sum_lanes(wide) + rest.v : rest.v;
}

/// G += s (r x)^2, c = 1/sqrt(G) into `rate`; returns q = sum c x^2. For sgd only q.
template <class Optimizer, class View>
GRADSTREAM_INLINE double measure_entries(const RowEntries<View>& row, const RowColumns& columns, double* rate) {
  One even(0.0), odd(0.0);
  const optimizers::StepContext context = columns.context;
  const One r(columns.r[0]), s(columns.s);
  const auto entry = [&](std::int64_t e, One& sum) {
    const One x(static_cast<double>(row.x[e]));
    One c(1.0);
    if constexpr (!Optimizer::description.uniform) {
      auto* record = row.record(e);
      One slots[SlotCount<Optimizer>::size] = {One(static_cast<double>(record[1]))};
      Optimizer::accumulate(context, r * x, s, slots);
      store(record + 1, slots[0]);
      c = Optimizer::rate(context, slots);
      rate[e] = c.v;
    }
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

/// record = w + u c x, settled at `clock`; false when a number of the row is no longer finite.
template <class Optimizer, class View>
GRADSTREAM_INLINE bool move_entries(const RowEntries<View>& row, double u, double clock, const double* w,
                                    const double* rate) {
  using T = typename View::value_type;
  constexpr int kSlots = SlotCount<Optimizer>::value;
  constexpr T kLargest = std::numeric_limits<T>::max();
  bool finite = true;
  for (std::int64_t e = 0; e < row.count; ++e) {
    T* record = row.record(e);
    double step = u * static_cast<double>(row.x[e]);
    if constexpr (!Optimizer::description.uniform) step *= rate[e];
    const T value = static_cast<T>(w[e] + step);
    record[0] = value;
    std::memcpy(record + 1 + kSlots, &clock, sizeof(double));
    finite &= (value <= kLargest) & (value >= -kLargest);
    if constexpr (kSlots > 0) finite &= record[1] <= kLargest;
  }
  return finite;
}

template <class View>
GRADSTREAM_INLINE void prefetch_entries(const View& X, const WeightTable<typename View::value_type>& weights,
                                        RowSet set, std::int64_t i) {
  if (i >= set.count) return;
  const RowEntries<View> row(X, weights, set[i]);
  for (std::int64_t e = 0; e < row.count; ++e) {
    GRADSTREAM_PREFETCH_WRITE(row.record(e));
    if (e % 8 == 0) GRADSTREAM_PREFETCH(row.x + e);
  }
}

/// `w`, `rate`: longest row doubles each (`rate` is first the lag of the pending penalty); `at`: 4 packs.
template <class Optimizer, class Penalty, class View>
Status single_learn(const View& X, RowSet set, StreamJob<typename View::value_type>& job, double* w, double* rate,
                    double* at) {
  RowColumns columns = stream_columns(job, at);
  Counters& counters = *job.counters;
  for (std::int64_t i = 0; i < set.count; ++i) {
    prefetch_entries(X, job.table, set, i + 2);
    const std::int64_t index = set[i];
    columns.s = row_weight(job.weight, index, job.weight_factor);
    columns.y = job.y[index];
    const bool counts = columns.s > 0.0;
    if (!counts && job.report == nullptr) continue;
    const RowEntries<View> row(X, job.table, index);
    columns.z[0] = settle<Penalty>(row, *job.spec, counters.clock, w, rate) + job.bias[0];
    if (!std::isfinite(columns.z[0])) return {Code::non_finite, index};
    if (job.report != nullptr) job.report[i] = columns.z[0];
    if (!counts) continue;
    prepare_step(*job.spec, counters, columns.context);
    if (!Optimizer::description.uniform || columns.want_loss) residuals(columns);
    const double q = measure_entries<Optimizer>(row, columns, rate);
    const double u = displacement<Optimizer>(columns, 0, columns.z[0], q);
    const bool finite = move_entries<Optimizer>(row, u, counters.clock, w, rate);
    if (!finite || !std::isfinite(job.bias[0]) || !std::isfinite(job.bias[SlotCount<Optimizer>::value])) {
      return {Code::non_finite, index};
    }
    count_step(counters, columns.context.eta, columns.s, columns.s);
    counters.samples += 1.0;
  }
  job.loss = columns.loss;
  return {};
}

template <class Penalty, class View>
Status single_report(const View& X, RowSet set, const StreamJob<typename View::value_type>& job, double* w,
                     double* lag) {
  for (std::int64_t i = 0; i < set.count; ++i) {
    const RowEntries<View> row(X, job.table, set[i]);
    job.report[i] = settle<Penalty>(row, *job.spec, job.counters->clock, w, lag) + job.bias[0];
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
