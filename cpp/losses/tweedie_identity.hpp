#pragma once

#include "losses/describe.hpp"

namespace gradstream::losses {

/// Half Tweedie deviance of power p, the margin being the mean itself, without the terms in y alone:
///   z^(2 - p) / (2 - p) - y z^(1 - p) / (1 - p);  r = z^-p (z - y)
/// where the quotient becomes -log z at p = 1 and log z at p = 2 in its place. Infinite for z <= 0. Convex for p in
/// [0, 1], with a single minimum where y > 0 for any p. Domain: y >= 0, from p = 2 on y > 0, up to p = 0 any y.
struct TweedieIdentity {
  static constexpr Description description{.name = "tweedie_identity",
                                           .task = "regression",
                                           .domain = "power",
                                           .parameter = "power",
                                           .smooth = true,
                                           .probabilities = false,
                                           .positive = true,
                                           .convex_from = 0.0,
                                           .convex_to = 1.0};

  template <class V>
  static Evaluation<V> evaluate(V z, V y, V p) {
    const V a = V(1.0) - p, c = V(2.0) - p;
    const auto outside = z <= V(0.0);
    const V log_z = logarithm(maximum(z, V(2.3e-308)));
    const V drawn = exp(a * log_z), mean = exp(c * log_z);
    const auto none = y == V(0.0);  // also where exp overflows
    const V target = where(none, V(0.0), y * where(a == V(0.0), log_z, drawn / a));
    const V infinite(std::numeric_limits<double>::infinity());
    const V value = where(outside, infinite, where(c == V(0.0), log_z, mean / c) - target);
    const V r = where(outside, -infinite, exp(-(p * log_z)) * (z - y));
    return {where(z == z, value, z), where(z == z, r, z)};
  }
};

}  // namespace gradstream::losses
