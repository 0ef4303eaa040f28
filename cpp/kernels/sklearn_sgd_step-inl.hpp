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

struct SgdLossAt {
  double value;
  double slope;
};

/// Loss and dloss/dz. y is -1 or +1 in classification, the log loss included; squared_error and huber are halved,
/// squared_hinge and squared_epsilon_insensitive are not.
GRADSTREAM_INLINE SgdLossAt sgd_loss(const SgdRule& rule, double z, double y) {
  const One zero(0.0), one(1.0), Y(y), m(y * z), gap(z - y), epsilon(rule.epsilon);
  switch (rule.loss) {
    case SgdLoss::hinge: return {where(m <= one, one - m, zero).v, where(m <= one, -Y, zero).v};
    case SgdLoss::perceptron: return {where(m <= zero, -m, zero).v, where(m <= zero, -Y, zero).v};
    case SgdLoss::squared_hinge: {
      const One short_of = maximum(zero, one - m);
      return {(short_of * short_of).v, (One(-2.0) * Y * short_of).v};
    }
    case SgdLoss::log_loss: {
      const One e = exp_negative(-absolute(m));
      const One p = where(m < zero, one, e) / (one + e);
      return {(maximum(-m, zero) + log1p_unit(e)).v, (-Y * p).v};
    }
    case SgdLoss::modified_huber: {
      const One short_of = maximum(zero, one - m);
      const auto far = m < One(-1.0);
      return {where(far, One(-4.0) * m, short_of * short_of).v,
              where(far, One(-4.0) * Y, One(-2.0) * Y * short_of).v};
    }
    case SgdLoss::squared_error: return {0.5 * gap.v * gap.v, gap.v};
    case SgdLoss::huber: {
      const One a = absolute(gap);
      return {where(a <= epsilon, One(0.5) * a * a, epsilon * (a - One(0.5) * epsilon)).v,
              maximum(-epsilon, minimum(epsilon, gap)).v};
    }
    case SgdLoss::epsilon_insensitive: {
      const One over = maximum(zero, absolute(gap) - epsilon);
      return {over.v, where(over > zero, sign_of(gap), zero).v};
    }
    case SgdLoss::squared_epsilon_insensitive: {
      const One over = maximum(zero, absolute(gap) - epsilon);
      return {(over * over).v, (One(2.0) * sign_of(gap) * over).v};
    }
  }
  return {0.0, 0.0};
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
GRADSTREAM_INLINE double passive_aggressive(const SgdRule& rule, double loss, double z, double y, double square) {
  const double size = rule.rate == SgdRate::pa1 ? minimum(One(rule.eta0), One(loss / square)).v
                                                : loss / (square + 0.5 / rule.eta0);
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

/// Weights and average as plain numbers: `scale` and `unit` are 1 after it.
inline void settle_column(SgdColumn& column) {
  if (column.averaged != nullptr) {
    for (std::int64_t i = 0; i < column.width; ++i) {
      column.averaged[i] = (column.averaged[i] + column.share * column.v[i]) / column.unit;
    }
    column.share = 0.0;
    column.unit = 1.0;
  }
  for (std::int64_t i = 0; i < column.width; ++i) column.v[i] *= column.scale;
  column.square *= column.scale * column.scale;
  column.absolute *= column.scale;
  column.scale = 1.0;
}
GRADSTREAM_NOINLINE void settle_column_far(SgdColumn& column) { settle_column(column); }

/// What features do in a step: v += c x, averaged += average_c x, then the penalty up to `owed`.
struct SgdMove {
  double c = 0.0;
  double average_c = 0.0;
  double shrink = 1.0;   // of the l2 penalty, paid before c x
  double scale = 1.0;    // after it
  double inverse = 1.0;  // 1 / scale
  double owed = 0.0;
  bool skip = false;  // pa1 and a row of zeros: no step, t stays
};

/// The step of a row with margin z. `square`: |x|^2, read by pa1 and pa2 only.
template <bool kAverage, bool kTruncate, bool kObjective>
GRADSTREAM_INLINE SgdMove sgd_move(const SgdRule& rule, SgdColumn& column, double z, double y, double s,
                                   double square) {
  SgdMove move;
  const double eta = sgd_rate(rule, column);
  const double weight = (y > 0.0 ? column.weight_positive : column.weight_negative) * s;
  const SgdLossAt at = sgd_loss(rule, z, y);
  column.probe += 0.0 * z;
  if constexpr (kObjective) add_objective(rule, column, at.value * weight);
  double update;
  if (rule.passive_aggressive()) {
    move.skip = rule.rate == SgdRate::pa1 && square == 0.0;
    if (move.skip) return move;
    update = passive_aggressive(rule, at.value, z, y, square) * weight;
  } else {
    const One slope = maximum(One(-kLargestSlope), minimum(One(kLargestSlope), One(at.slope)));
    update = -eta * slope.v * weight;
  }
  if (rule.shrinks) {
    move.shrink = maximum(One(0.0), One(1.0 - (1.0 - rule.l1_ratio) * eta * rule.alpha)).v;
    column.scale *= move.shrink;
    if (column.scale < kSmallestScale) settle_column_far(column);
  }
  move.scale = column.scale;
  move.inverse = 1.0 / column.scale;
  move.c = update * move.inverse;
  if (rule.fit_intercept) {
    const double moved = rule.one_class ? update - eta * rule.alpha : update;
    // Rounded before it is added, as scikit-learn does: the sum of such steps may come back to exactly 0.
    column.intercept += rule.intercept_decay == 1.0 ? moved : moved * rule.intercept_decay;
  }
  if constexpr (kAverage) {
    const double steps = column.t - rule.average + 1.0;
    if (steps >= 1.0) {
      move.average_c = -column.share * move.c;
      const double mu = 1.0 / steps;
      if (steps > 1.0) column.unit /= 1.0 - mu;
      column.share += mu * column.unit * column.scale;
      column.averaged_intercept += (column.intercept - column.averaged_intercept) * mu;
    }
  }
  if constexpr (kTruncate) {
    column.owed += rule.l1_ratio * eta * rule.alpha;
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

GRADSTREAM_INLINE double sgd_target(const SgdTargets& targets, const SgdColumn& column, std::int64_t row) {
  if (targets.code == nullptr) return targets.y[row];
  return static_cast<double>(targets.code[row]) == column.positive ? 1.0 : -1.0;
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
