#pragma once

#include "losses/describe.hpp"

namespace gradstream::losses {

/// Half Tweedie deviance of power p with log link, without the terms in y alone:
///   exp((2 - p) z) / (2 - p) - y exp((1 - p) z) / (1 - p);  r = exp((2 - p) z) - y exp((1 - p) z)
/// p = 1 is poisson and p = 2 gamma, where the quotient becomes z; p = 0 is half the squared error of exp(z). Convex
/// for p in [1, 2], with a single minimum where y > 0 for any. Domain: y >= 0, from p = 2 on y > 0, up to p = 0 any y.
struct Tweedie {
  static constexpr Description description{.name = "tweedie",
                                           .task = "regression",
                                           .domain = "power",
                                           .parameter = "power",
                                           .smooth = true,
                                           .probabilities = false,
                                           .log_link = true,
                                           .convex_from = 1.0,
                                           .convex_to = 2.0};

  template <class V>
  static Evaluation<V> evaluate(V z, V y, V p) {
    const V a = V(1.0) - p, c = V(2.0) - p;
    const V mean = exp(c * z), drawn = exp(a * z);
    const auto none = y == V(0.0);  // also where exp overflows
    const V target = where(a == V(0.0), z, drawn / a);
    return {where(c == V(0.0), z, mean / c) - where(none, V(0.0), y * target), mean - where(none, V(0.0), y * drawn)};
  }

  /// With m = exp(-|z - log y|) the flow is that of f = logit(m), which always grows: df/dt = (1 + exp(-f))^bend in
  /// time t = h q y^(2 - p), bend = 2 - p above log y and p - 1 below.
  template <class S>
  static S invariant_step(S z, S y, S h, S q, S p) {
    if (y < S(0.0)) return step_down(z, -y, h, q, p);
    if (!(y > S(0.0))) return step_towards_nothing(z, h, q, S(2.0) - p);
    const S log_y = logarithm(maximum(y, S(2.3e-308)));
    const S way = z - log_y;
    if (way == S(0.0)) return S(0.0);
    const S size = maximum(absolute(way), S(1e-290));
    const S f = size > S(30.0) ? -size - log1p(-exp(-size)) : -logarithm(expm1(size));
    const S bend = way > S(0.0) ? S(2.0) - p : p - S(1.0);
    const S moved = travel(f, h * q * exp((S(2.0) - p) * log_y), {S(0.0), bend});
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

  /// y < 0, p <= 0: z falls for ever, f = log |y| - z grows by df/dt = exp(-(1 - p) f) (1 + exp(-f)).
  template <class S>
  static S step_down(S z, S size, S h, S q, S p) {
    const S log_size = logarithm(maximum(size, S(2.3e-308)));
    return -travel(log_size - z, h * q * exp((S(2.0) - p) * log_size), {S(1.0) - p, S(1.0)}) / q;
  }

  /// How slowly f grows: exp(growth f) (1 + exp(-f))^-bend is the time that a unit of it takes.
  template <class S>
  struct Slowness {
    S growth, bend;
    S operator()(S f) const { return exp(growth * f - bend * softplus(-f)); }
    S time(S f, S length) const { return integral_of_logistic_power(f, length, growth, bend); }
    /// Panels that a quadrature of eight nodes integrates to 1e-13 (the nearest poles are at +-i pi).
    S panel() const { return S(2.0) / maximum(S(1.0), (growth + absolute(bend)) / S(2.0)); }
  };

  /// Where slowness is exp(k f): how far f comes in time t.
  template <class S>
  static S along_exponential(S f, S t, S k) {
    if (k == S(0.0)) return t;
    const S grown = k * t * exp(-(k * f));
    return grown < S(1e300) ? log1p(grown) / k : logarithm(k * t) / k - f;
  }

  /// How far f comes in time t. Far below and far above slowness is an exponential, between them there are panels.
  template <class S>
  static S travel(S f, S t, Slowness<S> slowness) {
    const S low(-36.0), high(38.0), panel = slowness.panel(), k = slowness.growth + slowness.bend;
    S moved(0.0);
    if (!(t > S(0.0))) return moved;
    if (f < low) {
      const S needed = k == S(0.0) ? low - f : (exp(k * low) - exp(k * f)) / k;
      if (t < needed) return along_exponential(f, t, k);
      t = t - needed;
      moved = low - f;
      f = low;
    }
    while (f < high) {
      const S least = panel * minimum(slowness(f), slowness(f + panel));
      const S needed = t <= least ? least : slowness.time(f, panel);
      if (t <= needed) return moved + within(f, minimum(t, needed), slowness);
      t = t - needed;
      moved = moved + panel;
      f = f + panel;
    }
    return moved + along_exponential(f, t, slowness.growth);
  }

  /// Newton's method in a panel.
  template <class S>
  static S within(S f, S t, Slowness<S> slowness) {
    const S panel = slowness.panel();
    S length = minimum(t / slowness(f), panel);
    length = minimum(t / slowness(f + S(0.5) * length), panel);
    for (int round = 0; round < 8; ++round) {
      const S change = (t - slowness.time(f, length)) / slowness(f + length);
      length = minimum(maximum(length + change, S(0.0)), panel);
      if (absolute(change) <= S(1e-9) * length) break;
    }
    return length;
  }
};

}  // namespace gradstream::losses
