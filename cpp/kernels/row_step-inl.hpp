// One row's step on flat buffers.
#pragma once

#include <array>
#include <utility>

#include "kernels/flat_row-inl.hpp"
#include "penalties/list.hpp"

namespace gradstream::kernels {
namespace {

/// Penalty flow for eta s c: computed once when c is the same everywhere.
template <class Optimizer, class Penalty>
struct PenaltyStep {
  const PenaltySpec& spec;
  double tau;
  penalties::Flow<One> once;
  PenaltyStep(const PenaltySpec& penalty, double tau_of_unit_rate, double uniform_rate)
      : spec(penalty),
        tau(tau_of_unit_rate),
        once(Penalty::flow(penalty, One(Optimizer::description.uniform ? tau * uniform_rate : 0.0))) {}
  template <class V>
  GRADSTREAM_INLINE V apply(V w, V c) const {
    if constexpr (Optimizer::description.uniform) {
      (void)c;
      return Penalty::apply(w, penalties::Flow<V>{V(once.decay.v), V(once.threshold.v)});
    } else {
      return Penalty::apply(w, Penalty::flow(spec, V(tau) * c));
    }
  }
};

template <class Optimizer>
struct SlotCount {
  static constexpr int value = Optimizer::description.slots;
  static constexpr int size = value > 0 ? value : 1;
};

template <class Optimizer, class V, class T>
GRADSTREAM_INLINE void load_slots(T* const* slot, std::int64_t i, V* out) {
  for (int a = 0; a < SlotCount<Optimizer>::value; ++a) out[a] = load<V>(slot[1 + a] + i);
}
template <class Optimizer, class V, class T>
GRADSTREAM_INLINE void store_slots(T* const* slot, std::int64_t i, const V* from) {
  for (int a = 0; a < SlotCount<Optimizer>::value; ++a) store(slot[1 + a] + i, from[a]);
}

/// sum of the squares of a flat row of one column.
GRADSTREAM_INLINE double squared_norm(std::int64_t n, const double* x) {
  Wide sum(0.0);
  for (std::int64_t i = 0; i < n; i += kLanes) sum += load<Wide>(x + i) * load<Wide>(x + i);
  return sum_lanes(sum);
}

/// Accumulates the gradient, leaves the rates in `row.rate` and calls take(i, c x^2) for every pack.
template <class Optimizer, class R, class T, class Take>
GRADSTREAM_INLINE void accumulate_row(const RowColumns& columns, const FlatRow<T>& row, const R& r, Take&& take) {
  for (std::int64_t i = 0; i < row.n; i += kLanes) {
    const Wide x = load<Wide>(row.x + i);
    Wide slots[SlotCount<Optimizer>::size];
    load_slots<Optimizer>(row.slot, i, slots);
    Optimizer::accumulate(columns.context, r.template at<Wide>(i) * x, Wide(columns.s), slots);
    const Wide c = Optimizer::rate(columns.context, slots);
    store_slots<Optimizer>(row.slot, i, slots);
    store(row.rate + i, c);
    take(i, c * x * x);
  }
}

/// q = sum_j c_j x_j^2 of a single column.
template <class Optimizer, class T>
GRADSTREAM_INLINE double measure_single(const RowColumns& columns, const FlatRow<T>& row) {
  if constexpr (Optimizer::description.uniform) {
    return squared_norm(row.n, row.x);
  } else {
    Wide sum(0.0);
    accumulate_row<Optimizer>(columns, row, ColumnValue<false>{columns.r[0], nullptr},
                              [&](std::int64_t, Wide product) { sum += product; });
    return sum_lanes(sum);
  }
}

/// q_k of every column.
template <class Optimizer, class T>
GRADSTREAM_INLINE void measure_columns(const RowColumns& columns, const FlatRow<T>& row) {
  const std::int64_t K = columns_of(columns);
  for (std::int64_t k = 0; k < K; ++k) columns.q[k] = 0.0;
  if constexpr (Optimizer::description.uniform) {
    double q = 0.0;
    for (std::int64_t i = 0; i < row.n; i += K) q += row.x[i] * row.x[i];
    for (std::int64_t k = 0; k < K; ++k) columns.q[k] = q;
  } else {
    const ColumnValue<true> r = column_values<true>(row, K, columns.r);
    accumulate_row<Optimizer>(columns, row, r, [&](std::int64_t i, Wide product) { store(row.column + i, product); });
    for (std::int64_t i = 0; i < row.n; i += K) {
      for (std::int64_t k = 0; k < K && i + k < row.n; ++k) columns.q[k] += row.column[i + k];
    }
  }
}

/// u_k of one column at z, with q of its features, the intercept included as one more coordinate with x = 1; moves the
/// intercept.
template <class Optimizer>
GRADSTREAM_INLINE double displacement(const RowColumns& row, std::int64_t k, double z, double q) {
  const Spec& spec = *row.spec;
  const std::int64_t K = columns_of(row);
  const double h = row.context.eta * row.s;
  One slots[SlotCount<Optimizer>::size] = {};
  One c(0.0);
  if (spec.fit_intercept) {
    for (int a = 0; a < SlotCount<Optimizer>::value; ++a) slots[a] = One(row.bias[(1 + a) * K + k]);
    Optimizer::accumulate(row.context, One(row.r[k]), One(row.s), slots);
    c = Optimizer::rate(row.context, slots);
    for (int a = 0; a < SlotCount<Optimizer>::value; ++a) row.bias[(1 + a) * K + k] = slots[a].v;
  }
  const double u = spec.loss.kind == ColumnsKind::softmax
                       ? -h * row.r[k]
                       : row.invariant(z, column_target(spec.loss, One(row.y), k).v, h, q + c.v, spec.loss.parameter);
  row.bias[k] += u * c.v;
  return u;
}

/// w = flow(w + u c x); returns w.next of a single column.
template <class Optimizer, class Penalty, bool kMany, class T>
GRADSTREAM_INLINE double move_row(const RowColumns& columns, const FlatRow<T>& row, const ColumnValue<kMany>& u) {
  const PenaltyStep<Optimizer, Penalty> penalty(columns.spec->penalty, columns.context.eta * columns.s, 1.0);
  T* const weights = row.slot[0];  // copies: stores may alias the members
  const double *const x = row.x, *const next = row.next, *const rate = row.rate;
  return sum_products(row.n, [=](std::int64_t i) {
    Wide c(1.0);
    if constexpr (!Optimizer::description.uniform) c = load<Wide>(rate + i);
    const Wide w = load<Wide>(weights + i) + u.template at<Wide>(i) * (c * load<Wide>(x + i));
    store(weights + i, penalty.apply(w, c));
    return kMany ? Wide(0.0) : load<Wide>(next + i) * load<Wide>(weights + i);
  });
}

/// The importance-invariant step: sgd, AdaGrad.
template <class Optimizer, class Penalty, bool kMany, class T>
GRADSTREAM_INLINE double glide_row(RowColumns& columns, const FlatRow<T>& row, double z) {
  if (!Optimizer::description.uniform || columns.want_loss || columns.spec->loss.kind == ColumnsKind::softmax)
    residuals(columns);
  if constexpr (kMany) {
    const std::int64_t K = columns_of(columns);
    measure_columns<Optimizer>(columns, row);
    for (std::int64_t k = 0; k < K; ++k) columns.u[k] = displacement<Optimizer>(columns, k, columns.z[k], columns.q[k]);
    return move_row<Optimizer, Penalty>(columns, row, column_values<true>(row, K, columns.u));
  } else {
    const double u = displacement<Optimizer>(columns, 0, z, measure_single<Optimizer>(columns, row));
    return move_row<Optimizer, Penalty>(columns, row, ColumnValue<false>{u, nullptr});
  }
}

/// Plain gradient steps: momentum, Adam.
template <class Optimizer, class Penalty, bool kMany, class T>
GRADSTREAM_INLINE double descend_row(RowColumns& columns, const FlatRow<T>& row) {
  const std::int64_t K = columns_of(columns);
  const ColumnValue<kMany> r = column_values<kMany>(row, K, columns.r);
  const double eta = columns.context.eta;
  One no_slots[SlotCount<Optimizer>::size] = {};
  const double uniform = Optimizer::description.uniform ? Optimizer::rate(columns.context, no_slots).v : 0.0;
  const PenaltyStep<Optimizer, Penalty> penalty(columns.spec->penalty, eta * columns.s, uniform);
  const double ahead = sum_products(row.n, [&](std::int64_t i) {
    Wide slots[SlotCount<Optimizer>::size];
    load_slots<Optimizer>(row.slot, i, slots);
    const Wide g = Wide(columns.s) * r.template at<Wide>(i) * load<Wide>(row.x + i);
    Optimizer::accumulate(columns.context, g, Wide(1.0), slots);
    const Wide c = Optimizer::rate(columns.context, slots);
    const Wide w = load<Wide>(row.slot[0] + i) - Wide(eta) * Optimizer::direction(columns.context, g, c, slots);
    store_slots<Optimizer>(row.slot, i, slots);
    store(row.slot[0] + i, penalty.apply(w, c));
    return kMany ? Wide(0.0) : load<Wide>(row.next + i) * load<Wide>(row.slot[0] + i);
  });
  if (!columns.spec->fit_intercept) return ahead;
  for (std::int64_t k = 0; k < K; ++k) {
    One slots[SlotCount<Optimizer>::size];
    for (int a = 0; a < SlotCount<Optimizer>::value; ++a) slots[a] = One(columns.bias[(1 + a) * K + k]);
    const One g(columns.s * columns.r[k]);
    Optimizer::accumulate(columns.context, g, One(1.0), slots);
    const One c = Optimizer::rate(columns.context, slots);
    columns.bias[k] -= eta * Optimizer::direction(columns.context, g, c, slots).v;
    for (int a = 0; a < SlotCount<Optimizer>::value; ++a) columns.bias[(1 + a) * K + k] = slots[a].v;
  }
  return ahead;
}

/// Steps, and returns w.next as it is then (of a single column). `z` of a single column comes by value as well: memory
/// is slow where each row waits for the one before.
template <class Optimizer, class Penalty, bool kMany, class T>
double step_row(RowColumns& columns, const FlatRow<T>& row, double z) {
  if constexpr (Optimizer::description.invariant) {
    return glide_row<Optimizer, Penalty, kMany>(columns, row, z);
  } else {
    residuals(columns);
    return descend_row<Optimizer, Penalty, kMany>(columns, row);
  }
}

template <class T>
using StepRow = double (*)(RowColumns&, const FlatRow<T>&, double);

template <class Penalty, class T, std::size_t... I>
StepRow<T> step_row_function(int optimizer, bool many, std::index_sequence<I...>) {
  static constexpr std::array<StepRow<T>, sizeof...(I)> one{
      &step_row<std::tuple_element_t<I, optimizers::AllOptimizers>, Penalty, false, T>...};
  static constexpr std::array<StepRow<T>, sizeof...(I)> columns{
      &step_row<std::tuple_element_t<I, optimizers::AllOptimizers>, Penalty, true, T>...};
  return (many ? columns : one)[static_cast<std::size_t>(optimizer)];
}

inline constexpr auto kOptimizers = std::make_index_sequence<static_cast<std::size_t>(optimizers::kOptimizerCount)>{};

/// Dense rows pay their penalty with the step.
template <class T>
StepRow<T> dense_step(const Spec& spec) {
  return penalties::visit(spec.penalty, [&](auto penalty) {
    return step_row_function<decltype(penalty), T>(spec.optimizer.optimizer, spec.loss.columns > 1, kOptimizers);
  });
}

/// Sparse rows leave it pending.
inline StepRow<double> sparse_step(const Spec& spec) {
  return step_row_function<penalties::NoPenalty, double>(spec.optimizer.optimizer, spec.loss.columns > 1, kOptimizers);
}

}  // namespace
}  // namespace gradstream::kernels
