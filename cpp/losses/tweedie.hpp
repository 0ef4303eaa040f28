#pragma once

#include "losses/describe.hpp"

namespace gradstream::losses {

/// Half Tweedie deviance of power p with log link, without the terms in y alone:
///   exp((2 - p) z) / (2 - p) - y exp((1 - p) z) / (1 - p);  r = exp((2 - p) z) - y exp((1 - p) z)
/// p = 1 is poisson and p = 2 gamma, where the quotient becomes z. Domain: p >= 1; y >= 0, from p = 2 on y > 0.
struct Tweedie {
  static constexpr Description description{"tweedie", "regression", "power", "power", true, false, false, true};

  template <class V>
  static Evaluation<V> evaluate(V z, V y, V p) {
    const V a = V(1.0) - p, c = V(2.0) - p;
    const V mean = exp(c * z), drawn = exp(a * z);
    const auto none = y == V(0.0);  // also where exp overflows
    const V target = where(a == V(0.0), z, drawn / a);
    return {where(c == V(0.0), z, mean / c) - where(none, V(0.0), y * target), mean - where(none, V(0.0), y * drawn)};
  }

  /// With m = exp(-|z - log y|) the flow is that of f = logit(m), which always grows: df/dt = (1 + exp(-f))^(1 - k) in
  /// time t = h q y^(2 - p), k = p - 1 above log y and 2 - p below.
  template <class S>
  static S invariant_step(S z, S y, S h, S q, S p) {
    if (!(y > S(0.0))) return step_towards_nothing(z, h, q, S(2.0) - p);
    const S log_y = logarithm(maximum(y, S(2.3e-308)));
    const S way = z - log_y;
    if (way == S(0.0)) return S(0.0);
    const S size = maximum(absolute(way), S(1e-290));
    const S f = size > S(30.0) ? -size - log1p(-exp(-size)) : -logarithm(expm1(size));
    const S bend = way > S(0.0) ? S(2.0) - p : p - S(1.0);
    const S moved = travel(f, h * q * exp((S(2.0) - p) * log_y), bend);
    const S share = expm1(-moved) * expm1(-size);  // of exp(-size), that it grows by
    const S shorter = share < S(0.5) ? -log1p(-share) : size - log1p(exp(-(f + moved)));
    return (way > S(0.0) ? -shorter : shorter) / q;
  }

 private:
  /// y = 0: exp(-c z) grows at a constant rate.
  template <class S>
  static S step_towards_nothing(S z, S h, S q, S c) {
    if (!(c > S(0.0))) return -h * exp(c * z);
    const S hq = c * h * q, moved = hq * exp(c * z);
    if (moved < S(1e-14)) return -h * exp(c * z);
    if (moved < S(0.5)) return -log1p(moved) / (c * q);
    const S log_moved = c * z + logarithm(hq);
    return -(maximum(log_moved, S(0.0)) + log1p(exp(-absolute(log_moved)))) / (c * q);
  }

  /// (1 + exp(-f))^-bend: time that a unit of f takes.
  template <class S>
  static S slowness(S f, S bend) {
    return exp(-(bend * softplus(-f)));
  }

  /// How far f comes in time t. Far below, slowness is an exponential, far above 1; between them panels, each a Gauss
  /// quadrature that is exact to 1e-13 (the nearest poles are at +-i pi).
  template <class S>
  static S travel(S f, S t, S bend) {
    const S low(-36.0), high(38.0), panel(2.0);
    S moved(0.0);
    if (f < low) {
      const S first = exp(bend * f);
      const S needed = bend == S(0.0) ? low - f : (exp(bend * low) - first) / bend;
      if (t < needed) return bend == S(0.0) ? t : log1p(bend * t / first) / bend;
      t = t - needed;
      moved = low - f;
      f = low;
    }
    while (f < high) {
      const S least = panel * minimum(slowness(f, bend), slowness(f + panel, bend));
      const S needed = t <= least ? least : integral_of_logistic_power(f, panel, bend);
      if (t <= needed) return moved + within(f, minimum(t, needed), bend, panel);
      t = t - needed;
      moved = moved + panel;
      f = f + panel;
    }
    return moved + t;
  }

  /// Newton's method in a panel.
  template <class S>
  static S within(S f, S t, S bend, S panel) {
    S length = minimum(t / slowness(f, bend), panel);
    length = minimum(t / slowness(f + S(0.5) * length, bend), panel);
    for (int round = 0; round < 8; ++round) {
      const S change = (t - integral_of_logistic_power(f, length, bend)) / slowness(f + length, bend);
      length = minimum(maximum(length + change, S(0.0)), panel);
      if (absolute(change) <= S(1e-9) * length) break;
    }
    return length;
  }
};

}  // namespace gradstream::losses
