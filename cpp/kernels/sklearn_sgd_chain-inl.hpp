// scikit-learn's SGD on dense rows of few features. Row by row is a chain: margin, step, weights, margin; everything
// that does not hang on the margin is done beforehand, and the next margins are summed while the weights change.
#pragma once

#include "kernels/sklearn_sgd_dense_row-inl.hpp"

namespace gradstream::kernels {
namespace {

inline constexpr std::int64_t kSgdPlanned = 64;

/// What rows of a visit do but for their margins, a pack of rows at a time.
struct SgdPlans {
  std::int64_t count;
  double y[kSgdPlanned + 1];  // of the row after them, too
  double weight[kSgdPlanned + 1];
  double eta[kSgdPlanned];
  double scale[kSgdPlanned];  // after the row
  double gain[kSgdPlanned];   // as in SgdPlan
  double c[kSgdPlanned];
  double push[kSgdPlanned];  // the gain of the intercept: 0 without one
};

/// f(pack number) for packs that cover the rows planned; what the last lanes hold is of no row.
template <class F>
GRADSTREAM_INLINE void each_planned(std::int64_t count, F&& f) {
  static_assert(kSgdPlanned % kLanes == 0);
  for (std::int64_t k = 0; k < count; k += kLanes) f(k);
}

/// Scales after the rows. The plans end before a row that makes the scale too small; one that begins with it settles
/// the column first and says so.
GRADSTREAM_INLINE bool plan_scales(SgdColumn& column, SgdPlans& plans, const double* shrink) {
  double scale = column.scale;
  bool settled = false;
  for (std::int64_t k = 0; k < plans.count; ++k) {
    scale *= shrink[k];
    if (scale < kSmallestScale) {
      if (k > 0) {
        plans.count = k;
        break;
      }
      column.scale = scale;
      settle(column);
      settled = true;
      scale = 1.0;
    }
    plans.scale[k] = scale;
  }
  return settled;
}

/// Rows [begin, end) of a visit, or as many as there is room for. Returns whether the column was settled.
GRADSTREAM_NOINLINE bool plan_rows(const SgdRule& rule, const SgdTargets& targets, std::int64_t begin, std::int64_t end,
                                   SgdColumn& column, SgdPlans& plans) {
  plans.count = end - begin < kSgdPlanned ? end - begin : kSgdPlanned;
  double shrink[kSgdPlanned];
  each_planned(plans.count, [&](std::int64_t k) {
    const Wide eta = sgd_rate(rule, Wide(column.t + static_cast<double>(k)) + lane_numbers<Wide::lanes>(), column.eta);
    store(plans.eta + k, eta);
    store(shrink + k, rule.shrinks ? sgd_shrink(rule, eta) : Wide(1.0));
  });
  const bool settled = plan_scales(column, plans, shrink);
  for (std::int64_t k = 0; k <= plans.count && begin + k < end; ++k) {
    const SgdTarget target = sgd_target(targets, column, visited(column, begin + k));
    plans.y[k] = target.y;
    plans.weight[k] = target.weight;
  }
  const bool classes = of_classes(rule.loss);
  const Wide push(rule.fit_intercept ? 1.0 : 0.0);
  each_planned(plans.count, [&](std::int64_t k) {
    const Wide sign = classes ? -load<Wide>(plans.y + k) : Wide(1.0);
    const Wide gain = -load<Wide>(plans.eta + k) * (sign * load<Wide>(plans.weight + k));
    store(plans.gain + k, gain);
    store(plans.push + k, gain * push);
    store(plans.c + k, gain * (Wide(1.0) / load<Wide>(plans.scale + k)));
  });
  return settled;
}

/// The product of two rows, features in the last pack but once.
template <class V, class T>
GRADSTREAM_INLINE double dense_gram(const SgdLayout& layout, const T* a, const T* b) {
  V even(0.0), odd(0.0);
  sgd_packs<V>(layout, [&](std::int64_t, std::int64_t from, auto is_odd, auto is_rest) {
    V values = load<V>(a + from);
    if constexpr (is_rest) values = with_last_lanes(V(0.0), values, layout.d - layout.whole);
    (is_odd ? odd : even) += values * load<V>(b + from);
  });
  return sum_lanes(even + odd);
}

/// Two products with the weights after a step, and of rows.
struct SgdLookAhead {
  double product;  // v . x of the row two on
  double gram;     // x . x of the next row and the one after it
};

/// Makes the step of row x[0]; x[1] and x[2] are the rows after it.
template <class V, bool kAverage, bool kObjective, class T>
GRADSTREAM_INLINE SgdLookAhead dense_look_ahead(const SgdLayout& layout, SgdColumn& column, const SgdMove& move,
                                                const T* const (&x)[3]) {
  const std::int64_t rest = layout.d - layout.whole;
  V even(0.0), odd(0.0), gram_even(0.0), gram_odd(0.0), square(0.0);
  sgd_packs<V>(layout, [&](std::int64_t at, std::int64_t from, auto is_odd, auto is_rest) {
    const auto lanes_that_count = [&](double value) {
      if constexpr (is_rest) return with_last_lanes(V(0.0), V(value), rest);
      return V(value);
    };
    const V values = load<V>(x[0] + from), last = load<V>(x[2] + from);
    const V v = load<V>(column.v + at) + lanes_that_count(move.c) * values;
    if constexpr (kAverage) {
      store(column.averaged + at, load<V>(column.averaged + at) + lanes_that_count(move.average_c) * values);
    }
    if constexpr (kObjective) square += v * v;
    store(column.v + at, v);
    (is_odd ? odd : even) += v * last;
    V next = load<V>(x[1] + from);
    if constexpr (is_rest) next = with_last_lanes(V(0.0), next, rest);
    (is_odd ? gram_odd : gram_even) += next * last;
  });
  if constexpr (kObjective) column.square = sum_lanes(square);
  return {sum_lanes(even + odd), sum_lanes(gram_even + gram_odd)};
}

/// The margin of the next row is z' = scale (v . x' + c (x . x')) + intercept, of which only the size of the slope, a
/// factor of c and of what the intercept moves by, is late. So a row waits for the row before it by one product of
/// numbers, and by a sum over features for the one before that. `u` is the loss's argument (sgd_argument) of that
/// margin.
template <class V, bool kAverage, bool kObjective, class T>
void sgd_dense_chain(const DenseView<T>& X, const SgdRule& rule, const SgdTargets& targets, SgdVisit visit,
                     SgdColumn& result) {
  const SgdLayout layout(X.columns, V::lanes);
  SgdPlans plans{};
  const auto row_at = [&](std::int64_t i) { return X.row(visited(result, i < visit.known ? i : visit.known - 1)); };
  const T* x[3] = {row_at(visit.begin), row_at(visit.begin + 1), row_at(visit.begin + 2)};
  const bool classes = of_classes(rule.loss);
  const double first = dense_product<V>(layout, result.v, x[0]) * result.scale + result.intercept;
  double u = sgd_argument(rule.loss, first, sgd_target(targets, result, visited(result, visit.begin)).y);
  SgdLookAhead ahead{dense_product<V>(layout, result.v, x[1]), dense_gram<V>(layout, x[0], x[1])};
  for (std::int64_t begin = visit.begin; begin < visit.end; begin += plans.count) {
    double scale = result.scale;
    if (plan_rows(rule, targets, begin, visit.end, result, plans)) {
      ahead.product = dense_product<V>(layout, result.v, x[1]);
    }
    SgdColumn column = result;  // in registers, for nobody asks for its address
    for (std::int64_t k = 0; k < plans.count; ++k) {
      const std::int64_t i = begin + k;
      prefetch_dense(X, column.order, i, visit.known);
      if (column.order != nullptr && i + kSgdPlanned < visit.known) {
        prefetch_targets(targets, visited(column, i + kSgdPlanned));
      }
      column.probe += 0.0 * u;
      if constexpr (kObjective) {
        column.scale = scale;
        add_objective(rule, column, sgd_loss(rule, u) * plans.weight[k]);
      }
      scale = column.scale = plans.scale[k];
      const double drift = rule.one_class && rule.fit_intercept ? plans.eta[k] * rule.alpha : 0.0;
      const double next_y = plans.y[k + 1], sign = classes ? next_y : 1.0;
      const double still = sign * (ahead.product * scale + (column.intercept - drift)) - (classes ? 0.0 : next_y);
      const double moving = sign * (ahead.gram * plans.c[k] * scale + plans.push[k]);
      const double size = first_lane(sgd_slope(rule, Even(u)));
      u = still + size * moving;
      SgdMove move;
      move.c = size * plans.c[k];
      column.intercept += size * plans.push[k] - drift;
      if constexpr (kAverage) move_average(rule, column, move);
      column.t += 1.0;
      ahead = dense_look_ahead<V, kAverage, kObjective>(layout, column, move, x);
      x[0] = x[1];
      x[1] = x[2];
      x[2] = row_at(i + 3);
    }
    result = column;
  }
}

}  // namespace
}  // namespace gradstream::kernels
