// exp, expm1, log1p and what losses need, branch-free on packs. The same polynomial serves every lane count, so a
// scalar and a lane agree to the bit on one instruction set, and results do not depend on the platform's libm.
#pragma once

#include "kernels/pack-inl.hpp"

namespace gradstream::kernels {
namespace {

template <int N>
GRADSTREAM_INLINE Pack<N> maximum(Pack<N> a, Pack<N> b) {
  return where(a > b, a, b);
}
template <int N>
GRADSTREAM_INLINE Pack<N> minimum(Pack<N> a, Pack<N> b) {
  return where(a < b, a, b);
}
template <int N>
GRADSTREAM_INLINE Pack<N> absolute(Pack<N> a) {
  return maximum(a, -a);
}
/// -1, or +1 for anything not below 0.
template <int N>
GRADSTREAM_INLINE Pack<N> sign_of(Pack<N> a) {
  return where(a < Pack<N>(0.0), Pack<N>(-1.0), Pack<N>(1.0));
}
template <int N>
GRADSTREAM_INLINE Pack<N> square_root(Pack<N> a) {
  if constexpr (N == 1) {
    return Pack<N>(GRADSTREAM_SQRT(a.v));
  } else {
    Pack<N> out;
    for (int i = 0; i < N; ++i) out.v[i] = GRADSTREAM_SQRT(a.v[i]);
    return out;
  }
}

/// 1/sqrt(a) for normal a > 0, to 1e-15: a guess from the exponent field (3.5 % off), then two rounds of the binomial
/// series. Half the time of a square root and a division, which wait for one unit. Any other a gives no meaning.
template <int N>
GRADSTREAM_INLINE Pack<N> inverse_square_root(Pack<N> a) {
  using V = Pack<N>;
  using Bits = typename V::Bits;
  const Bits bits = bit_copy<Bits>(a.v);
  V y = V(bit_copy<typename V::Real>(static_cast<Bits>((Bits{} + 0x5FE6EB50C7B537A9LL) - (bits >> 1))));
  V r = V(1.0) - a * y * y;
  y = y + y * r * (V(0.5) + V(0.375) * r);
  r = V(1.0) - a * y * y;
  return y + y * r * (V(0.5) + r * (V(0.375) + V(0.3125) * r));
}

/// 2^k for integer-valued k in [-1022, 1023], by writing the exponent field.
template <int N>
GRADSTREAM_INLINE Pack<N> power_of_two(Pack<N> k) {
  using Bits = typename Pack<N>::Bits;
  const Pack<N> shifted =
      k + Pack<N>(6755399441055744.0 + 1023.0);  // 1.5 * 2^52: the low mantissa bits now hold k + 1023
  return Pack<N>(bit_copy<typename Pack<N>::Real>(static_cast<Bits>(bit_copy<Bits>(shifted.v) << 52)));
}

template <int N>
struct ExpParts {
  Pack<N> k;     // exp(x) = 2^k (1 + tail)
  Pack<N> tail;  // expm1 of the reduced argument, |reduced| <= ln2/2
};

/// exp(r) - 1 for |r| <= 0.5: Taylor to r^13 by Estrin's scheme, for a short dependency chain.
template <int N>
GRADSTREAM_INLINE Pack<N> expm1_small(Pack<N> r) {
  using V = Pack<N>;
  const V r2 = r * r;
  const V r4 = r2 * r2;
  const V r8 = r4 * r4;
  const V p0 = V(5.0e-01) + r * V(1.66666666666666666667e-01);
  const V p1 = V(4.16666666666666666667e-02) + r * V(8.33333333333333333333e-03);
  const V p2 = V(1.38888888888888888889e-03) + r * V(1.98412698412698412698e-04);
  const V p3 = V(2.48015873015873015873e-05) + r * V(2.75573192239858906526e-06);
  const V p4 = V(2.75573192239858906526e-07) + r * V(2.50521083854417187751e-08);
  const V p5 = V(2.08767569878680989792e-09) + r * V(1.60590438368216145994e-10);
  return r + r2 * ((p0 + r2 * p1) + r4 * (p2 + r2 * p3) + r8 * (p4 + r2 * p5));
}

/// Cody-Waite reduction to |reduced| <= ln2/2: about 1 ulp.
template <int N>
GRADSTREAM_INLINE ExpParts<N> exp_parts(Pack<N> x) {
  using V = Pack<N>;
  const V magic(6755399441055744.0);
  const V k = (x * V(1.4426950408889634074) + magic) - magic;
  const V r = (x - k * V(6.93147180369123816490e-01)) - k * V(1.90821492927058770002e-10);
  return {k, expm1_small(r)};
}

/// exp(x) for |x| <= 700.
template <int N>
GRADSTREAM_INLINE Pack<N> exp_bounded(Pack<N> x) {
  const ExpParts<N> parts = exp_parts(x);
  const Pack<N> scale = power_of_two(parts.k);
  return scale + scale * parts.tail;
}

/// exp(x): 0 below -745, infinite above 709.78, NaN for NaN. Subnormal results are rounded to 0 below -708.
template <int N>
GRADSTREAM_INLINE Pack<N> exp(Pack<N> x) {
  using V = Pack<N>;
  const V clipped = minimum(maximum(x, V(-708.0)), V(709.0));
  const ExpParts<N> parts = exp_parts(clipped);
  const V scale = power_of_two(parts.k - V(1.0));  // k can be 1024 / 2 at the top
  V value = (scale + scale * parts.tail) * V(2.0);
  value = where(x > V(709.0), value * power_of_two(V(512.0)) * power_of_two(V(512.0)), value);
  value = where(x < V(-708.0), V(0.0), value);
  return where(x == x, value, x);
}

/// exp(x) for x <= 0; 0 below -708, NaN for NaN.
template <int N>
GRADSTREAM_INLINE Pack<N> exp_negative(Pack<N> x) {
  using V = Pack<N>;
  const auto vanishes = x < V(-708.0);
  const ExpParts<N> parts = exp_parts(where(vanishes, V(0.0), x));
  const V scale = power_of_two(parts.k);
  return where(vanishes, V(0.0), scale + scale * parts.tail);
}

/// exp(x) - 1 for |x| <= 700.
template <int N>
GRADSTREAM_INLINE Pack<N> expm1_bounded(Pack<N> x) {
  const ExpParts<N> parts = exp_parts(x);
  const Pack<N> scale = power_of_two(parts.k);
  return (scale - Pack<N>(1.0)) + scale * parts.tail;
}

/// exp(x) - 1 without cancellation near 0.
template <int N>
GRADSTREAM_INLINE Pack<N> expm1(Pack<N> x) {
  using V = Pack<N>;
  const V clipped = minimum(maximum(x, V(-708.0)), V(709.0));
  const ExpParts<N> parts = exp_parts(clipped);
  const V scale = power_of_two(parts.k - V(1.0)) * V(2.0);
  const V value = (scale - V(1.0)) + scale * parts.tail;
  return where(x > V(709.0), V(1e300) * V(1e300), where(x == x, value, x));
}

/// sat(x) = (1 - exp(-x)) / x, 1 at 0; x >= 0.
template <int N>
GRADSTREAM_INLINE Pack<N> saturation(Pack<N> x) {
  using V = Pack<N>;
  const V safe = maximum(x, V(1e-280));
  return where(x < V(1e-280), V(1.0), -expm1(-safe) / safe);
}

/// 2 atanh(s) for |s| <= 0.1716: terms to s^21 leave 2e-18. Estrin's scheme, for a short dependency chain.
template <int N>
GRADSTREAM_INLINE Pack<N> atanh_series(Pack<N> s) {
  using V = Pack<N>;
  const V s2 = s * s;
  const V s4 = s2 * s2;
  const V s8 = s4 * s4;
  const V p0 = V(2.0 / 3.0) + s2 * V(2.0 / 5.0);
  const V p1 = V(2.0 / 7.0) + s2 * V(2.0 / 9.0);
  const V p2 = V(2.0 / 11.0) + s2 * V(2.0 / 13.0);
  const V p3 = V(2.0 / 15.0) + s2 * V(2.0 / 17.0);
  const V p4 = V(2.0 / 19.0) + s2 * V(2.0 / 21.0);
  const V p = (p0 + s4 * p1) + s8 * ((p2 + s4 * p3) + s8 * p4);
  return V(2.0) * s + s * s2 * p;
}

/// log(x + lost) for positive normal x: x = m 2^e with m in [sqrt(1/2), sqrt(2)), then 2 atanh((m-1)/(m+1)). `lost` is
/// small beside x.
template <int N>
GRADSTREAM_INLINE Pack<N> logarithm_with(Pack<N> x, Pack<N> lost) {
  using V = Pack<N>;
  using Bits = typename V::Bits;
  const V scaled = x * V(0.70710678118654752440);  // its exponent field is e + 1022
  const Bits exponent = (bit_copy<Bits>(scaled.v) >> 52) & (Bits{} + 0x7FF);
  const V biased = V(bit_copy<typename V::Real>(static_cast<Bits>(exponent | (Bits{} + 0x4330000000000000LL)))) -
                   V(4503599627370496.0);
  const V e = biased - V(1022.0);
  const V inverse = power_of_two(-e);
  const V f = (x * inverse - V(1.0)) + lost * inverse;
  return e * V(6.93147180369123816490e-01) + (atanh_series(f / (V(2.0) + f)) + e * V(1.90821492927058770002e-10));
}

/// log(x) for normal x > 0.
template <int N>
GRADSTREAM_INLINE Pack<N> logarithm(Pack<N> x) {
  return logarithm_with(x, Pack<N>(0.0));
}

/// log(1 + u) for u > -1, digits of small u kept; saturates at log(1e300) for finite u beyond.
template <int N>
GRADSTREAM_INLINE Pack<N> log1p(Pack<N> u) {
  using V = Pack<N>;
  const V one(1.0);
  const V x = one + u;
  const V lost = where(u < one, u - (x - one), V(0.0));  // what rounding 1 + u dropped
  const V value = logarithm_with(x, lost);
  return where(u < V(1e300), value, where(u < V(1e300) * V(1e300), V(690.77552789821368), u));
}

/// log(1 + u) for u >= 0 to 0.6 %: a start for iterations.
template <int N>
GRADSTREAM_INLINE Pack<N> rough_log1p(Pack<N> u) {
  using V = Pack<N>;
  using Bits = typename V::Bits;
  const Bits bits = bit_copy<Bits>((V(1.0) + u).v);
  const Bits exponent = bits >> 52;
  const Bits mantissa = (bits & (Bits{} + 0xFFFFFFFFFFFFFLL)) | (Bits{} + 0x3FF0000000000000LL);
  const V e = V(bit_copy<typename V::Real>(static_cast<Bits>(exponent | (Bits{} + 0x4330000000000000LL)))) -
              V(4503599627370496.0 + 1023.0);
  const V f = V(bit_copy<typename V::Real>(mantissa)) - V(1.0);
  return V(0.6931471805599453) * (e + f * (V(1.4337) - f * (V(0.618) - V(0.1843) * f)));
}

/// Whether any lane of a is above that of b.
template <int N>
GRADSTREAM_INLINE bool any_above(Pack<N> a, Pack<N> b) {
  return sum_lanes(where(a > b, Pack<N>(1.0), Pack<N>(0.0))) > 0.0;
}

/// log(1 + u) for 0 <= u <= 1: as 2 atanh(u/(2 + u)), above sqrt(2) - 1 as log(2) + log((1 + u)/2).
template <int N>
GRADSTREAM_INLINE Pack<N> log1p_unit(Pack<N> u) {
  using V = Pack<N>;
  const auto large = u > V(0.41421356237309505);
  const V s = where(large, u - V(1.0), u) / (u + where(large, V(3.0), V(2.0)));
  return atanh_series(s) + where(large, V(0.69314718055994531), V(0.0));
}

/// log(1 + exp(x)).
template <int N>
GRADSTREAM_INLINE Pack<N> softplus(Pack<N> x) {
  return maximum(x, Pack<N>(0.0)) + log1p_unit(exp_negative(-absolute(x)));
}

/// The integral of exp(growth v) (1 + exp(-v))^-bend from f to f + length, by Gauss-Legendre with eight nodes side by
/// side.
inline One integral_of_logistic_power(One f, One length, One growth, One bend) {
  static constexpr double node[] = {-0.9602898564975363, -0.7966664774136267, -0.5255324099163290, -0.1834346424956498,
                                    0.1834346424956498,  0.5255324099163290,  0.7966664774136267,  0.9602898564975363};
  static constexpr double weight[] = {0.1012285362903763, 0.2223810344533745, 0.3137066458778873, 0.3626837833783620,
                                      0.3626837833783620, 0.3137066458778873, 0.2223810344533745, 0.1012285362903763};
  const double half = 0.5 * length.v;
  Wide sum(0.0);
  for (int i = 0; i < 8; i += kLanes) {
    const Wide at = Wide(f.v + half) + Wide(half) * load<Wide>(node + i);
    sum += load<Wide>(weight + i) * exp(Wide(growth.v) * at - Wide(bend.v) * softplus(-at));
  }
  return One(half * sum_lanes(sum));
}

}  // namespace
}  // namespace gradstream::kernels
