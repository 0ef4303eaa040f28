// Losses of scikit-learn's SGD and their slopes.
#pragma once

#include "kernels/math-inl.hpp"
#include "kernels/sklearn_sgd.hpp"

namespace gradstream::kernels {
namespace {

inline constexpr double kLargestSlope = 1e12;

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

GRADSTREAM_INLINE bool of_classes(SgdLoss loss) { return loss <= SgdLoss::modified_huber; }

/// -y for losses of a margin y z, 1 for those of a gap z - y.
GRADSTREAM_INLINE double slope_sign(SgdLoss loss, double y) { return of_classes(loss) ? -y : 1.0; }

/// What a loss is a function of: the margin y z in classification, where y is -1 or +1 (the log loss included), else
/// the gap z - y.
GRADSTREAM_INLINE double sgd_argument(SgdLoss loss, double z, double y) { return of_classes(loss) ? y * z : z - y; }

/// 1 / (1 + exp(m)); beyond |m| = 700 it is 0 or 1. Made for latency, which the steps of a stream wait for: by 2^t,
/// which needs no reduced argument of two parts and is exact to 1e-16 |m|, with every sum but the last one made beside
/// the series, which is exp's in f ln 2.
GRADSTREAM_INLINE Even upper_tail(Even m) {
  using V = Even;
  const V magic(6755399441055744.0);  // as in exp_parts
  const V t = m * V(1.4426950408889634074), k = (t + magic) - magic, f = t - k;
  const V f2 = f * f, f4 = f2 * f2, f8 = f4 * f4, scale = power_of_two(k);
  const V p0 = V(2.40226506959100712334e-1) + f * V(5.55041086648215799531e-2);
  const V p1 = V(9.61812910762847716198e-3) + f * V(1.33335581464284434234e-3);
  const V p2 = V(1.54035303933816099544e-4) + f * V(1.52527338040598402800e-5);
  const V p3 = V(1.32154867901443094884e-6) + f * V(1.01780860092396997275e-7);
  const V p4 = V(7.05491162080112332988e-9) + f * V(4.44553827187081149760e-10);
  const V p5 = V(2.56784359934882051420e-11) + f * V(1.36914888539041288809e-12);
  const V near = (V(1.0) + scale) + (scale * V(6.93147180559945309417e-1)) * f;
  const V p = V(1.0) / (near + (scale * f2) * ((p0 + f2 * p1) + f4 * (p2 + f2 * p3) + f8 * (p4 + f2 * p5)));
  return where(m > V(700.0), V(0.0), where(m < V(-700.0), V(1.0), p));
}

/// The size of the slope, dloss/dz = sign size, by the argument. squared_error and huber are halved, squared_hinge and
/// squared_epsilon_insensitive are not.
GRADSTREAM_INLINE Even sgd_slope(const SgdRule& rule, Even u) {
  const Even zero(0.0), one(1.0), two(2.0), epsilon(rule.epsilon);
  switch (rule.loss) {
    case SgdLoss::hinge: return where(u <= one, one, zero);
    case SgdLoss::perceptron: return where(u <= zero, one, zero);
    case SgdLoss::squared_hinge: return clipped(two * maximum(zero, one - u));
    case SgdLoss::log_loss: return upper_tail(u);
    case SgdLoss::modified_huber: return where(u < Even(-1.0), Even(4.0), two * maximum(zero, one - u));
    case SgdLoss::squared_error: return clipped(u);
    case SgdLoss::huber: return maximum(-epsilon, minimum(epsilon, u));
    case SgdLoss::epsilon_insensitive: return where(absolute(u) > epsilon, sign_of(u), zero);
    case SgdLoss::squared_epsilon_insensitive: return clipped(two * sign_of(u) * maximum(zero, absolute(u) - epsilon));
  }
  return zero;
}

/// The loss itself, which a step needs for passive-aggressive rates and the objective only.
GRADSTREAM_INLINE double sgd_loss(const SgdRule& rule, double argument) {
  const One u(argument), zero(0.0), one(1.0), epsilon(rule.epsilon);
  const One short_of = maximum(zero, one - u), a = absolute(u), over = maximum(zero, a - epsilon);
  switch (rule.loss) {
    case SgdLoss::hinge: return short_of.v;
    case SgdLoss::perceptron: return maximum(zero, -u).v;
    case SgdLoss::squared_hinge: return (short_of * short_of).v;
    case SgdLoss::log_loss: return (maximum(-u, zero) + log1p_unit(exp_negative(-absolute(u)))).v;
    case SgdLoss::modified_huber: return where(u < One(-1.0), One(-4.0) * u, short_of * short_of).v;
    case SgdLoss::squared_error: return (One(0.5) * a * a).v;
    case SgdLoss::huber: return where(a <= epsilon, One(0.5) * a * a, epsilon * (a - One(0.5) * epsilon)).v;
    case SgdLoss::epsilon_insensitive: return over.v;
    case SgdLoss::squared_epsilon_insensitive: return (over * over).v;
  }
  return 0.0;
}

}  // namespace
}  // namespace gradstream::kernels
