#pragma once

#include "losses/describe.hpp"

namespace gradstream::losses {

/// Logistic loss log(1 + exp(-y z)), r = -y / (1 + exp(y z)). Target -1/+1. K > 2 classes: softmax
/// (kernels/softmax-inl.hpp).
struct LogLoss {
  static constexpr Description description{"log_loss", "classification", "sign", "", true, true};

  template <class V>
  static Evaluation<V> evaluate(V z, V y, V) {
    const V m = y * z;
    const V e = exp_negative(-absolute(m));
    const V p = where(m < V(0.0), V(1.0), e) / (V(1.0) + e);  // 1 / (1 + exp(m)), no overflow
    return {maximum(-m, V(0.0)) + log1p_unit(e), -y * p};
  }

  /// Solves m + exp(m) = m0 + exp(m0) + h q for the displacement d = m - m0, divided by 1 + exp(m0):
  /// s d + p expm1(d) = d0, with p = sigmoid(m0), s = 1 - p and d0 = h q s the plain gradient step.
  /// m0 beyond +-700 moves as it does at +-700.
  template <class S>
  static S invariant_step(S z, S y, S h, S q, S) {
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
};

}  // namespace gradstream::losses
