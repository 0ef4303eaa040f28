#pragma once

#include "core/compiler.hpp"
#include "losses/describe.hpp"

namespace gradstream::losses {

/// Logistic loss log(1 + exp(-y z)), r = -y / (1 + exp(y z)). Target -1/+1. K > 2 classes: softmax
/// (kernels/softmax-inl.hpp).
struct LogLoss {
  static constexpr Description description{"log_loss", "classification", "sign", "", true, true, true};

  template <class V>
  static Evaluation<V> evaluate(V z, V y, V) {
    const V m = y * z;
    const V e = exp_negative(-absolute(m));
    const V p = where(m < V(0.0), V(1.0), e) / (V(1.0) + e);  // 1 / (1 + exp(m)), no overflow
    return {maximum(-m, V(0.0)) + log1p_unit(e), -y * p};
  }

  /// y d / q with d = m - m0 from m + exp(m) = m0 + exp(m0) + h q. Steps that are no use to anyone, or pass the bend of
  /// m + exp(m) from afar, go the long way.
  template <class S>
  static S invariant_step(S z, S y, S h, S q, S) {
    if constexpr (S::lanes > 1) {
      return steps_of_lanes(z, y, h, q);
    } else {
      return step_of_one(z, y, h, q);
    }
  }

  /// A coordinate of the dual at its best while all others stay: the share a in (0, 1) with a = 1 / (1 + exp(v)), where
  /// the margin v = m + q (a - share). Newton's method on v, kept in its bracket. `slope`: 1 / (1 + exp(m)), which a
  /// would be at the optimum.
  template <class S>
  static S dual_share(S m, S share, S q, S& slope) {
    const S base = m - q * share;
    S low = base, high = base + q, v = m, p = slope = inverse_odds(m);
    for (int rounds = 0; rounds < 60; ++rounds) {
      const S f = v - base - q * p;
      if (f > S(0.0)) {
        high = v;
      } else {
        low = v;
      }
      S next = v - f / (S(1.0) + q * p * (S(1.0) - p));
      if (!(next > low) || !(next < high)) next = S(0.5) * (low + high);
      const S change = absolute(next - v);
      v = next;
      p = inverse_odds(v);
      if (change <= S(1e-7) * (S(1.0) + absolute(v))) break;
    }
    return p;
  }

 private:
  /// 1 / (1 + exp(m)), no overflow.
  template <class S>
  static S inverse_odds(S m) {
    const S e = exp_negative(-absolute(m));
    return (m < S(0.0) ? S(1.0) : e) / (S(1.0) + e);
  }

  template <class S>
  static S step_of_one(S z, S y, S h, S q) {
    const S m0 = y * z;
    const S way = h * q;
    const S p = rough_slope(m0);
    const bool near = way <= S(4.0) || (way <= S(50.0) && way * p <= S(1.0));
    if (near && way > S(1e-16) && absolute(m0) < S(300.0)) return y / q * displacement(m0, way, p);
    return far_step(m0, y, h, q);
  }

  /// Made for latency: the next row waits for it. With E = exp(m0), f(d) = d + E expm1(d) - way. At the root f' = 1 + E
  /// + way - d holds without an exponential, so f and 1/f' are computed side by side. A round is the inverse of f as a
  /// series in x = f / (1 + E + way - d), which leaves an error of order x^5: one round for way <= 0.6, at most three.
  template <class S>
  static S displacement(S m0, S way, S p) {
    const S e = exp_bounded(m0);
    S d = way / (S(1.0) + e * mean_growth(rough_displacement(way * p, p)));
    S x;
    do {
      const Round<S> round = inverse_series(e, way, d, d < S(0.5) ? expm1_small(d) : expm1(d));
      d = d - round.change;
      x = round.x;
    } while ((x * x) * (x * x) * absolute(x) > S(2e-16) * d);
    return d;
  }

  /// x of one round and the part of d that it moves by. `grown`: expm1(d).
  template <class S>
  struct Round {
    S x;
    S change;
  };
  template <class S>
  static Round<S> inverse_series(S e, S way, S d, S grown) {
    const S i = S(1.0) / ((S(1.0) + e + way) - d);
    const S x = ((d - way) + e * grown) * i;
    const S second = S(1.0 / 2) + i * S(1.0 / 2);
    const S third = S(1.0 / 3) + i * (S(2.0 / 3) + i * S(1.0 / 2));
    const S fourth = S(1.0 / 4) + i * (S(3.0 / 4) + i * (S(25.0 / 24) + i * S(5.0 / 8)));
    return {x, x * ((S(1.0) - x * second) + x * x * (third - x * fourth))};
  }

  /// Many margins at once, to nine digits: one round in most cases. It starts from the smaller of two estimates, of
  /// which the first, log1p(p d0)/p, is right to d0^3. Margins beyond +-700 move as they do at +-700.
  template <class V>
  static GRADSTREAM_INLINE V steps_of_lanes(V z, V y, V h, V q) {
    const V way = h * q, per_length = y / q;
    const V e = exp_bounded(minimum(maximum(y * z, V(-700.0)), V(700.0)));
    const V s = V(1.0) / (V(1.0) + e);
    const V p = maximum(e * s, V(1e-290)), inverse_p = V(1.0) / p;
    const V d0 = way * s;
    const V near = where(p * d0 < V(1e-3), d0 - V(0.5) * p * d0 * d0, rough_log1p(p * d0) * inverse_p);
    const V bent = p * s * near * near * near * V(1.0 / 6.0) * (V(1.0) - V(0.15) * minimum(near * near, V(4.0)));
    V d = minimum(maximum(near - bent, V(0.5) * near), rough_log1p(d0 * inverse_p));
    for (int rounds = 0; rounds < 40; ++rounds) {
      const V grown = expm1_bounded(d);
      const auto round = inverse_series(e, way, d, grown);
      const V size = absolute(round.x);
      if (!any_above((size * size) * (size * size) * size, V(1e-9) * d)) {
        d = d - round.change;
        break;
      }
      const bool far = any_above(size, V(0.4));  // for the series
      d = maximum(d - (far ? halley(s, p, d0, d, grown) : round.change), V(0.0));
    }
    return d * per_length;
  }

  /// 1 / (1 + exp(m)) to 0.01, ready long before the exponential.
  template <class S>
  static S rough_slope(S m) {
    const S t = maximum(minimum(m * S(1 / 4.66), S(1.0)), S(-1.0));
    const S t2 = t * t;
    return S(0.5) - t * (S(1.0851) - t2 * (S(1.1169) - t2 * S(0.5318)));
  }

  /// d to second order, from the first.
  template <class S>
  static S rough_displacement(S first, S p) {
    first = minimum(first, S(2.5));
    return first - S(0.5) * first * (first - first * p);
  }

  /// expm1(d) / d, roughly.
  template <class S>
  static S mean_growth(S d) {
    return S(1.0) + d * (S(1.0 / 2) + d * (S(1.0 / 6) + d * S(1.0 / 24)));
  }

  /// The same divided by 1 + exp(m0): s d + p expm1(d) = d0, with p = sigmoid(m0), s = 1 - p and d0 = h q s the plain
  /// gradient step. Halley's iteration from the smaller of two upper bounds. m0 beyond +-700 moves as it does at +-700.
  template <class S>
  static S far_step(S m0, S y, S h, S q) {
    const S e = exp_bounded(minimum(maximum(m0, S(-700.0)), S(700.0)));
    const S s = S(1.0) / (S(1.0) + e);
    const S p = e * s;
    const S d0 = h * q * s;
    if (d0 < S(1e-16)) return y * h * s;
    S d = minimum(d0 / s, log1p(d0 / maximum(p, S(1e-290))));
    for (int round = 0; round < 40; ++round) {
      const S change = halley(s, p, d0, d, expm1(d));
      d = d - change;
      if (absolute(change * change * change) <= S(1e-15) * d) break;
    }
    return y * d / q;
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
