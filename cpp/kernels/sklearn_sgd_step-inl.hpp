// One step of scikit-learn's SGD but for the loops over features: loss, rate, what happens to the scalars of a column.
#pragma once

#include <cmath>
#include <limits>

#include "kernels/math-inl.hpp"
#include "kernels/sklearn_sgd.hpp"

namespace gradstream::kernels {
namespace {

inline constexpr double kLargestSlope = 1e12;
inline constexpr double kSmallestScale = 1e-9;

/// Two equal lanes: choices between packs are never branches, which the labels of noisy rows would mispredict.
#ifdef GRADSTREAM_VECTOR_EXTENSIONS
using Even = Pack<2>;
GRADSTREAM_INLINE double first_lane(Even x) { return x.v[0]; }
#else
using Even = One;
GRADSTREAM_INLINE double first_lane(Even x) { return x.v; }
#endif

/// Clipped as scikit-learn clips slopes that have no bound.
GRADSTREAM_INLINE Even clipped(Even slope) {
  return maximum(Even(-kLargestSlope), minimum(Even(kLargestSlope), slope));
}

/// 1 / (1 + exp(m)) from an exponential that needs no sign; |m| beyond 700 gives 0 and 1.
GRADSTREAM_INLINE Even upper_tail(Even m) {
  const Even p = Even(1.0) / (Even(1.0) + exp_bounded(m));
  return where(m > Even(700.0), Even(0.0), where(m < Even(-700.0), Even(1.0), p));
}

GRADSTREAM_INLINE bool of_classes(SgdLoss loss) { return loss <= SgdLoss::modified_huber; }

/// -y for losses of a margin y z, 1 for those of a gap z - y.
GRADSTREAM_INLINE double slope_sign(SgdLoss loss, double y) { return of_classes(loss) ? -y : 1.0; }

/// The size of the slope, dloss/dz = sign size. y is -1 or +1 in classification, the log loss included; squared_error
/// and huber are halved, squared_hinge and squared_epsilon_insensitive are not.
GRADSTREAM_INLINE Even sgd_slope(const SgdRule& rule, Even z, Even y) {
  const Even zero(0.0), one(1.0), two(2.0), m = y * z, gap = z - y, epsilon(rule.epsilon);
  switch (rule.loss) {
    case SgdLoss::hinge: return where(m <= one, one, zero);
    case SgdLoss::perceptron: return where(m <= zero, one, zero);
    case SgdLoss::squared_hinge: return clipped(two * maximum(zero, one - m));
    case SgdLoss::log_loss: return upper_tail(m);
    case SgdLoss::modified_huber: return where(m < Even(-1.0), Even(4.0), two * maximum(zero, one - m));
    case SgdLoss::squared_error: return clipped(gap);
    case SgdLoss::huber: return maximum(-epsilon, minimum(epsilon, gap));
    case SgdLoss::epsilon_insensitive: return where(absolute(gap) > epsilon, sign_of(gap), zero);
    case SgdLoss::squared_epsilon_insensitive:
      return clipped(two * sign_of(gap) * maximum(zero, absolute(gap) - epsilon));
  }
  return zero;
}

/// The loss itself, which a step needs for passive-aggressive rates and the objective only.
GRADSTREAM_INLINE double sgd_loss(const SgdRule& rule, double margin, double target) {
  const One z(margin), y(target), zero(0.0), one(1.0), m = y * z, epsilon(rule.epsilon);
  const One short_of = maximum(zero, one - m), a = absolute(z - y), over = maximum(zero, a - epsilon);
  switch (rule.loss) {
    case SgdLoss::hinge: return short_of.v;
    case SgdLoss::perceptron: return maximum(zero, -m).v;
    case SgdLoss::squared_hinge: return (short_of * short_of).v;
    case SgdLoss::log_loss: return (maximum(-m, zero) + log1p_unit(exp_negative(-absolute(m)))).v;
    case SgdLoss::modified_huber: return where(m < One(-1.0), One(-4.0) * m, short_of * short_of).v;
    case SgdLoss::squared_error: return (One(0.5) * a * a).v;
    case SgdLoss::huber: return where(a <= epsilon, One(0.5) * a * a, epsilon * (a - One(0.5) * epsilon)).v;
    case SgdLoss::epsilon_insensitive: return over.v;
    case SgdLoss::squared_epsilon_insensitive: return (over * over).v;
  }
  return 0.0;
}

/// 1 / t^power.
GRADSTREAM_INLINE double inverse_power(double t, double power) {
  if (power == 0.5) return 1.0 / __builtin_sqrt(t);
  if (power == 0.25) return 1.0 / __builtin_sqrt(__builtin_sqrt(t));
  return exp(One(-power) * logarithm(One(t))).v;
}

GRADSTREAM_INLINE double sgd_rate(const SgdRule& rule, const SgdColumn& column) {
  if (rule.rate == SgdRate::optimal) return 1.0 / (rule.alpha * (rule.start + column.t - 1.0));
  if (rule.rate == SgdRate::invscaling) return rule.eta0 * inverse_power(column.t, rule.power_t);
  return column.eta;
}

/// Crammer et al. (2006): the step that meets the loss, bounded (pa1) or softened (pa2) by eta0. No step for a row of
/// zeros under pa1.
GRADSTREAM_INLINE double passive_aggressive(const SgdRule& rule, double z, double y, double square) {
  const double loss = sgd_loss(rule, z, y);
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

/// Pays the l2 penalty of the step.
GRADSTREAM_INLINE SgdPlan sgd_plan(const SgdRule& rule, SgdColumn& column, SgdTarget target, SgdMove& move) {
  const double eta = sgd_rate(rule, column);
  if (rule.shrinks) {
    move.shrink = first_lane(maximum(Even(0.0), Even(1.0 - (1.0 - rule.l1_ratio) * eta * rule.alpha)));
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
  if constexpr (kObjective) add_objective(rule, column, sgd_loss(rule, z, target.y) * target.weight);
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
    const double size = first_lane(sgd_slope(rule, Even(z), Even(target.y)));
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
