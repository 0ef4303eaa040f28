#pragma once

#include "losses/describe.hpp"

namespace gradstream::losses {

/// Logistic loss log(1 + exp(-y z)), r = -y / (1 + exp(y z)). Target -1/+1. K > 2 classes: softmax
/// (kernels/softmax-inl.hpp).
struct LogLoss {
  static constexpr Description description{"log_loss", "classification", "sign", "", true, true, true};

  template <class V>
  static Evaluation<V> evaluate(V z, V y, V) {
    const V m = y * z;
    const V e = exp(-absolute(m));
    const V p = where(m < V(0.0), V(1.0), e) / (V(1.0) + e);  // 1 / (1 + exp(m)), no overflow
    return {maximum(-m, V(0.0)) + log1p(e), -y * p};
  }

  /// Solves m + exp(m) = m0 + exp(m0) + h q for the displacement d = m - m0, divided by 1 + exp(m0):
  /// s d + p expm1(d) = d0, with p = sigmoid(m0), s = 1 - p and d0 = h q s the plain gradient step.
  /// m0 beyond +-700 moves as it does at +-700.
  template <class S>
  static S invariant_step(S z, S y, S h, S q, S) {
    if constexpr (S::lanes > 1) {
      return invariant_steps(z, y, h, q);
    } else {
      return invariant_single(z, y, h, q);
    }
  }

  template <class S>
  static S invariant_single(S z, S y, S h, S q) {
    const S e = exp_bounded(minimum(maximum(y * z, S(-700.0)), S(700.0)));
    const S s = S(1.0) / (S(1.0) + e);
    const S d0 = h * q * s;
    if (d0 < S(1e-16)) return y * h * s;
    const S inverse_q = S(1.0) / q;
    const S d = d0 < S(0.5) ? small_displacement(s, e * s, d0) : large_displacement(s, e * s, d0);
    return y * inverse_q * d;
  }

  /// Halley's iteration from a starting point right to d0^4. It is cubic (what is left is about a twelfth of the change
  /// cubed): mostly one round.
  template <class S>
  static S small_displacement(S s, S p, S d0) {
    const S x = p * d0;
    S d = d0 * ((S(6.0) + x) / (S(6.0) + S(4.0) * x) - x * d0 * s * S(1.0 / 6.0));
    for (;;) {
      const S change = halley(s, p, d0, d, expm1_small(d));
      d = d - change;
      if (absolute(change * change * change) <= S(1e-15) * d) return d;
    }
  }

  /// Large steps start from the smaller of two upper bounds.
  template <class S>
  static S large_displacement(S s, S p, S d0) {
    S d = minimum(d0 / s, log1p(d0 / maximum(p, S(1e-290))));
    for (int round = 0; round < 40; ++round) {
      const S change = halley(s, p, d0, d, expm1(d));
      d = d - change;
      if (absolute(change * change * change) <= S(1e-15) * d) break;
    }
    return d;
  }

  template <class S>
  static S halley(S s, S p, S d0, S d, S grown) {
    const S f = (s * d - d0) + p * grown;
    const S slope = S(1.0) + p * grown;  // s + p exp(d)
    const S bend = p + p * grown;
    return f * slope / (slope * slope - S(0.5) * f * bend);
  }

  /// The same for many margins, without a branch per margin: Halley's iteration from the smaller of two estimates that
  /// are a few percent off, until every lane has converged.
  template <class V>
  static V invariant_steps(V z, V y, V h, V q) {
    const V e = exp_bounded(minimum(maximum(y * z, V(-700.0)), V(700.0)));
    const V s = V(1.0) / (V(1.0) + e);
    const V p = e * s;
    const V d0 = h * q * s;
    const V floor = maximum(p, V(1e-290));
    V d = minimum(rough_log1p(p * d0) / floor, rough_log1p(d0 / floor));
    for (int round = 0; round < 40; ++round) {
      const V change = halley(s, p, d0, d, expm1(d));
      d = d - change;
      if (!any_above(absolute(change * change * change), V(1e-15) * d)) break;
    }
    return y * where(d0 < V(1e-16), h * s, d / q);
  }
};

}  // namespace gradstream::losses
