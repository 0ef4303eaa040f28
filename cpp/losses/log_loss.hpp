#pragma once

#include "losses/describe.hpp"

namespace gradstream::losses {

/// Logistic loss log(1 + exp(-y z)), r = -y / (1 + exp(y z)). Target -1/+1. K > 2 classes: softmax (kernels/softmax-inl.hpp).
struct LogLoss {
  static constexpr Description description{"log_loss", "classification", "sign", "", true, true};

  template <class V>
  static Evaluation<V> evaluate(V z, V y, V) {
    const V m = y * z;
    const V e = exp(-absolute(m));
    const V p = where(m < V(0.0), V(1.0), e) / (V(1.0) + e);  // 1 / (1 + exp(m)), no overflow
    return {maximum(-m, V(0.0)) + log1p(e), -y * p};
  }

  /// Solves m + exp(m) = m0 + exp(m0) + h q for the displacement d = m - m0, divided by 1 + exp(m0):
  /// s d + p expm1(d) = d0, with p = sigmoid(m0), s = 1 - p and d0 = h q s the plain gradient step. Halley's iteration (cubic):
  /// one round for small steps, two or three for large ones.
  template <class S>
  static S invariant_step(S z, S y, S h, S q, S) {
    const S m = y * z;
    const S e = exp(-absolute(m));
    const S low = e / (S(1.0) + e);
    const S s = where(m < S(0.0), S(1.0) - low, low);
    const S p = where(m < S(0.0), low, S(1.0) - low);
    const S d0 = h * q * s;
    if (d0 < S(1e-16)) return y * h * s;
    return y * (displacement(s, p, d0) / q);
  }

  /// The root d > 0 of s d + p expm1(d) = d0.
  template <class S>
  static S displacement(S s, S p, S d0) {
    S d = starting_point(s, p, d0);
    for (int round = 0; round < 24; ++round) {
      const S grown = expm1(d);
      const S f = s * d + p * grown - d0;
      const S slope = S(1.0) + p * grown;  // s + p exp(d)
      const S bend = p * (S(1.0) + grown);
      const S change = f * slope / (slope * slope - S(0.5) * f * bend);
      d = d - change;
      if (absolute(change) <= S(1e-5) * d) break;
    }
    return d;
  }

  /// Small steps: the series in d0 to third order, its first two terms as a Pade quotient. Large ones: the smaller of two upper bounds.
  template <class S>
  static S starting_point(S s, S p, S d0) {
    if (d0 < S(0.5)) {
      const S x = p * d0;
      return d0 * ((S(6.0) + x) / (S(6.0) + S(4.0) * x) - d0 * d0 * s * p * S(1.0 / 6.0));
    }
    return minimum(d0 / s, log1p(d0 / maximum(p, S(1e-290))));
  }
};

}  // namespace gradstream::losses
