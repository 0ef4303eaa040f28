// One step of scikit-learn's SGD but for the loops over features: loss, rate, what happens to the scalars of a column.
#pragma once

#include <cmath>
#include <limits>

#include "kernels/sklearn_sgd_loss-inl.hpp"

namespace gradstream::kernels {
namespace {

inline constexpr double kSmallestScale = 1e-9;

/// 1 / t^power.
template <class V>
GRADSTREAM_INLINE V inverse_power(V t, double power) {
  if (power == 0.5) return V(1.0) / square_root(t);
  if (power == 0.25) return V(1.0) / square_root(square_root(t));
  return exp(V(-power) * logarithm(t));
}

/// eta of the steps t, of one row or of a pack of rows.
template <class V>
GRADSTREAM_INLINE V sgd_rate(const SgdRule& rule, V t, double eta) {
  if (rule.rate == SgdRate::optimal) return V(1.0) / (V(rule.alpha) * (V(rule.start) + t - V(1.0)));
  if (rule.rate == SgdRate::invscaling) return V(rule.eta0) * inverse_power(t, rule.power_t);
  return V(eta);
}

/// Crammer et al. (2006): the step that meets the loss, bounded (pa1) or softened (pa2) by eta0. No step for a row of
/// zeros under pa1.
GRADSTREAM_INLINE double passive_aggressive(const SgdRule& rule, double z, double y, double square) {
  const double loss = sgd_loss(rule, sgd_argument(rule.loss, z, y));
  const double size =
      rule.rate == SgdRate::pa1 ? minimum(One(rule.eta0), One(loss / square)).v : loss / (square + 0.5 / rule.eta0);
  if (rule.loss == SgdLoss::hinge) return size * y;
  return y - z < 0.0 ? -size : size;
}

GRADSTREAM_INLINE void add_objective(const SgdRule& rule, SgdColumn& column, double loss) {
  column.loss += loss;
  double sum = loss;
  if (!rule.passive_aggressive()) {
    if (rule.shrinks || rule.truncates) {
      const double square = column.square * column.scale * column.scale;
      sum += rule.alpha * ((1.0 - rule.l1_ratio) * 0.5 * square + rule.l1_ratio * column.absolute * column.scale);
    }
    if (rule.one_class) sum += rule.alpha * column.intercept;
  }
  column.objective += sum;
}

/// Weights and average as plain numbers, in place. By value, so that a column whose address is not taken stays in
/// registers.
GRADSTREAM_NOINLINE void settle_weights(double* v, double* averaged, std::int64_t width, double scale, double share,
                                        double unit) {
  for (std::int64_t i = 0; averaged != nullptr && i < width; ++i) averaged[i] = (averaged[i] + share * v[i]) / unit;
  for (std::int64_t i = 0; i < width; ++i) v[i] *= scale;
}

/// `scale` and `unit` are 1 after it.
GRADSTREAM_INLINE void settle(SgdColumn& column) {
  settle_weights(column.v, column.averaged, column.width, column.scale, column.share, column.unit);
  column.share = 0.0;
  column.unit = 1.0;
  column.square *= column.scale * column.scale;
  column.absolute *= column.scale;
  column.scale = 1.0;
}
inline void settle_column(SgdColumn& column) { settle(column); }

/// A row's target and its weight, class and sample together.
struct SgdTarget {
  double y;
  double weight;
};

GRADSTREAM_INLINE SgdTarget sgd_target(const SgdTargets& targets, const SgdColumn& column, std::int64_t row) {
  static constexpr double kSigns[] = {-1.0, 1.0};
  const double s = targets.weight != nullptr ? targets.weight[row] : 1.0;
  if (targets.code == nullptr) {
    const double y = targets.y[row];
    return {y, column.weight[y > 0.0] * s};
  }
  const bool positive = targets.code[row] == column.positive;
  return {kSigns[positive], column.weight[positive] * s};  // looked up, for a branch would often be mispredicted
}

/// What features do in a step: v += c x, averaged += average_c x, then the penalty up to `owed`.
struct SgdMove {
  double c = 0.0;
  double average_c = 0.0;
  double shrink = 1.0;   // of the l2 penalty, paid before c x
  double scale = 1.0;    // after it
  double inverse = 1.0;  // 1 / scale
  double owed = 0.0;
  bool settled = false;  // v was multiplied by the scale, which is 1 again
  bool skip = false;     // pa1 and a row of zeros: no step, t stays
};

/// What of a step is known before the margin.
struct SgdPlan {
  double eta;
  double gain;  // -eta times sign and weight: the intercept moves by gain size
  double c;     // the same for v, which has a scale
};

/// What a step leaves of the weights: the l2 penalty.
template <class V>
GRADSTREAM_INLINE V sgd_shrink(const SgdRule& rule, V eta) {
  return maximum(V(0.0), V(1.0) - V((1.0 - rule.l1_ratio) * rule.alpha) * eta);
}

/// Pays the l2 penalty of the step.
GRADSTREAM_INLINE SgdPlan sgd_plan(const SgdRule& rule, SgdColumn& column, SgdTarget target, SgdMove& move) {
  const double eta = sgd_rate(rule, One(column.t), column.eta).v;
  if (rule.shrinks) {
    move.shrink = first_lane(sgd_shrink(rule, Even(eta)));
    column.scale *= move.shrink;
    if (column.scale < kSmallestScale) {
      settle(column);
      move.settled = true;
    }
  }
  move.scale = column.scale;
  move.inverse = 1.0 / column.scale;
  const double gain = -eta * (slope_sign(rule.loss, target.y) * target.weight);
  return {eta, gain, gain * move.inverse};
}

/// Of the intercept. Rounded before it is added, as scikit-learn does: the sum of such steps may come back to exactly
/// 0.
GRADSTREAM_INLINE void move_intercept(const SgdRule& rule, SgdColumn& column, double update, double eta) {
  if (!rule.fit_intercept) return;
  const double moved = rule.one_class ? update - eta * rule.alpha : update;
  column.intercept += rule.intercept_decay == 1.0 ? moved : moved * rule.intercept_decay;
}

GRADSTREAM_INLINE void move_average(const SgdRule& rule, SgdColumn& column, SgdMove& move) {
  const double steps = column.t - rule.average + 1.0;
  if (steps < 1.0) return;
  move.average_c = -column.share * move.c;
  const double mu = 1.0 / steps;
  if (steps > 1.0) column.unit /= 1.0 - mu;
  column.share += mu * column.unit * column.scale;
  column.averaged_intercept += (column.intercept - column.averaged_intercept) * mu;
}

/// The step of a row with margin z. `square`: |x|^2, read by pa1 and pa2 only.
template <bool kAverage, bool kTruncate, bool kObjective>
GRADSTREAM_INLINE SgdMove sgd_move(const SgdRule& rule, SgdColumn& column, double z, SgdTarget target, double square) {
  SgdMove move;
  column.probe += 0.0 * z;
  const double u = sgd_argument(rule.loss, z, target.y);
  if constexpr (kObjective) add_objective(rule, column, sgd_loss(rule, u) * target.weight);
  if (rule.rate == SgdRate::pa1 && square == 0.0) {
    move.skip = true;
    move.scale = column.scale;
    return move;
  }
  const SgdPlan plan = sgd_plan(rule, column, target, move);
  if (rule.passive_aggressive()) {
    const double update = passive_aggressive(rule, z, target.y, square) * target.weight;
    move.c = update * move.inverse;
    move_intercept(rule, column, update, plan.eta);
  } else {
    const double size = first_lane(sgd_slope(rule, Even(u)));
    move.c = size * plan.c;
    move_intercept(rule, column, size * plan.gain, plan.eta);
  }
  if constexpr (kAverage) move_average(rule, column, move);
  if constexpr (kTruncate) {
    column.owed += rule.l1_ratio * plan.eta * rule.alpha;
    move.owed = column.owed;
  }
  column.t += 1.0;
  return move;
}

/// A weight after it paid what it owes, no further than to 0; `paid` follows.
template <class V>
GRADSTREAM_INLINE V truncated(const SgdMove& move, V v, V& paid) {
  const V zero(0.0), inverse(move.inverse), owed(move.owed);
  const V down = maximum(zero, v - (owed + paid) * inverse);
  const V up = minimum(zero, v + (owed - paid) * inverse);
  const V after = where(v > zero, down, where(v < zero, up, v));
  paid = paid + V(move.scale) * (after - v);
  return after;
}

GRADSTREAM_INLINE std::int64_t visited(const SgdColumn& column, std::int64_t i) {
  return column.order != nullptr ? static_cast<std::int64_t>(column.order[i]) : i;
}

GRADSTREAM_INLINE void prefetch_targets(const SgdTargets& targets, std::int64_t row) {
  if (targets.code != nullptr) {
    GRADSTREAM_PREFETCH(targets.code + row);
  } else {
    GRADSTREAM_PREFETCH(targets.y + row);
  }
  if (targets.weight != nullptr) GRADSTREAM_PREFETCH(targets.weight + row);
}

/// f(average, truncate, objective) with the flags of the rule as types.
template <class F>
GRADSTREAM_INLINE void with_flags(const SgdRule& rule, F&& f) {
  const auto average = [&](auto truncate, auto objective) {
    if (rule.average > 0.0) {
      f(std::true_type{}, truncate, objective);
    } else {
      f(std::false_type{}, truncate, objective);
    }
  };
  const auto truncate = [&](auto objective) {
    if (rule.truncates) {
      average(std::true_type{}, objective);
    } else {
      average(std::false_type{}, objective);
    }
  };
  if (rule.objective) {
    truncate(std::true_type{});
  } else {
    truncate(std::false_type{});
  }
}

}  // namespace
}  // namespace gradstream::kernels
