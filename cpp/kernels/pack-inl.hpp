// N doubles side by side, in the compiler's vector type. Included by instruction-set files only (they set
// GRADSTREAM_LANES). Unnamed namespace: no code compiled for one instruction set can be linked into another.
#pragma once

#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#include "core/compiler.hpp"

namespace gradstream::kernels {
namespace {

#ifdef GRADSTREAM_VECTOR_EXTENSIONS
inline constexpr int kLanes = GRADSTREAM_LANES;
#else
inline constexpr int kLanes = 1;  // without vector types: right, and left to the compiler's own vectoriser
#endif

template <int N>
struct PackTypes {
#ifdef GRADSTREAM_VECTOR_EXTENSIONS
  typedef double Real __attribute__((vector_size(N * 8)));
  typedef std::int64_t Bits __attribute__((vector_size(N * 8)));
  typedef float Single __attribute__((vector_size(N * 4)));
  using Mask = Bits;
#endif
};
template <>
struct PackTypes<1> {
  using Real = double;
  using Bits = std::int64_t;
  using Single = float;
  using Mask = bool;
};

template <int N>
struct Pack {
  static constexpr int lanes = N;
  using Real = typename PackTypes<N>::Real;
  using Bits = typename PackTypes<N>::Bits;
  using Mask = typename PackTypes<N>::Mask;
  Real v;

  Pack() = default;
  GRADSTREAM_INLINE Pack(double x) : v(x - Real{}) {}  // implicit: formulas read as formulas
  template <class R = Real, class = std::enable_if_t<!std::is_same_v<R, double>>>
  GRADSTREAM_INLINE Pack(R x) : v(x) {}

  friend GRADSTREAM_INLINE Pack operator+(Pack a, Pack b) { return Pack(a.v + b.v); }
  friend GRADSTREAM_INLINE Pack operator-(Pack a, Pack b) { return Pack(a.v - b.v); }
  friend GRADSTREAM_INLINE Pack operator*(Pack a, Pack b) { return Pack(a.v * b.v); }
  friend GRADSTREAM_INLINE Pack operator/(Pack a, Pack b) { return Pack(a.v / b.v); }
  friend GRADSTREAM_INLINE Pack operator-(Pack a) { return Pack(-a.v); }
  GRADSTREAM_INLINE Pack& operator+=(Pack b) {
    v = v + b.v;
    return *this;
  }
  friend GRADSTREAM_INLINE Mask operator<(Pack a, Pack b) { return a.v < b.v; }
  friend GRADSTREAM_INLINE Mask operator>(Pack a, Pack b) { return a.v > b.v; }
  friend GRADSTREAM_INLINE Mask operator<=(Pack a, Pack b) { return a.v <= b.v; }
  friend GRADSTREAM_INLINE Mask operator==(Pack a, Pack b) { return a.v == b.v; }
  /// `where(m, a, b)` takes both arguments by value: both are computed.
  friend GRADSTREAM_INLINE Pack where(Mask m, Pack a, Pack b) { return Pack(m ? a.v : b.v); }
};

using Wide = Pack<kLanes>;
using One = Pack<1>;

template <class To, class From>
GRADSTREAM_INLINE To bit_copy(const From& from) {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  std::memcpy(&to, &from, sizeof(To));
  return to;
}

template <class V>
GRADSTREAM_INLINE V load(const double* p) {
  V x;
  std::memcpy(&x.v, p, sizeof(x.v));
  return x;
}
/// Lane by lane, which compilers turn into one instruction; __builtin_convertvector takes GCC up to six.
template <class V, int... lane>
GRADSTREAM_INLINE V widen(const float* p, std::integer_sequence<int, lane...>) {
  return V(typename V::Real{static_cast<double>(p[lane])...});
}
template <class V>
GRADSTREAM_INLINE V load(const float* p) {
  return widen<V>(p, std::make_integer_sequence<int, V::lanes>{});
}
template <class V>
GRADSTREAM_INLINE void store(double* p, V x) {
  std::memcpy(p, &x.v, sizeof(x.v));
}
template <class V>
GRADSTREAM_INLINE void store(float* p, V x) {
  if constexpr (V::lanes == 1) {
    *p = static_cast<float>(x.v);
  } else {
#ifdef GRADSTREAM_VECTOR_EXTENSIONS
    const auto single = __builtin_convertvector(x.v, typename PackTypes<V::lanes>::Single);
    std::memcpy(p, &single, sizeof(single));
#endif
  }
}

/// Half of the lanes: from lane kFirst on. By a shuffle, for a copy of bytes sends the whole pack through memory.
template <int kFirst, int N, std::size_t... I>
GRADSTREAM_INLINE Pack<N / 2> half_from(Pack<N> x, std::index_sequence<I...>) {
#ifdef GRADSTREAM_SHUFFLES
  return Pack<N / 2>(__builtin_shufflevector(x.v, x.v, (kFirst + I)...));
#else
  Pack<N / 2> half;
  std::memcpy(&half.v, reinterpret_cast<const char*>(&x.v) + kFirst * sizeof(double), sizeof(half.v));
  return half;
#endif
}

/// Sum of the lanes, as a balanced tree.
template <int N>
GRADSTREAM_INLINE double sum_lanes(Pack<N> x) {
  if constexpr (N == 1) {
    return x.v;
  } else if constexpr (N == 2) {
    return x.v[0] + x.v[1];
  } else {
    constexpr std::make_index_sequence<N / 2> half;
    return sum_lanes(half_from<0>(x, half) + half_from<N / 2>(x, half));
  }
}

#ifdef GRADSTREAM_SHUFFLES
/// Neighbouring groups of `kGroup` lanes of a and b added up: a's sums where a's even groups were, b's in between.
template <int kGroup, int N, std::size_t... I>
GRADSTREAM_INLINE Pack<N> add_neighbours(Pack<N> a, Pack<N> b, std::index_sequence<I...>) {
  constexpr auto from = [](std::size_t i, bool second) {
    const std::size_t pair = i / (2 * kGroup), inside = i % (2 * kGroup), of_b = inside / kGroup;
    return static_cast<int>(pair * 2 * kGroup + inside % kGroup + (second ? kGroup : 0) + of_b * N);
  };
  return Pack<N>(__builtin_shufflevector(a.v, b.v, from(I, false)...)) +
         Pack<N>(__builtin_shufflevector(a.v, b.v, from(I, true)...));
}
#endif

/// Lane i: the sum of x[i], N packs of N lanes. By transposing, in a third of the instructions of N sums.
template <int N>
GRADSTREAM_INLINE Pack<N> sums_of_each(const Pack<N>* x) {
  Pack<N> out;
#ifdef GRADSTREAM_SHUFFLES
  if constexpr (N > 1) {
    constexpr std::make_index_sequence<N> lanes;
    Pack<N> sums[N];
    for (int i = 0; i < N; ++i) sums[i] = x[i];
    for (int i = 0; i < N / 2; ++i) sums[i] = add_neighbours<1>(sums[2 * i], sums[2 * i + 1], lanes);
    if constexpr (N > 2) {
      for (int i = 0; i < N / 4; ++i) sums[i] = add_neighbours<2>(sums[2 * i], sums[2 * i + 1], lanes);
    }
    if constexpr (N > 4) sums[0] = add_neighbours<4>(sums[0], sums[1], lanes);
    static_assert(N <= 8);
    return sums[0];
  }
#endif
  double each[N];
  for (int i = 0; i < N; ++i) each[i] = sum_lanes(x[i]);
  std::memcpy(&out.v, each, sizeof(out.v));
  return out;
}

/// The largest lane; a lane that is no number is passed over.
template <int N>
GRADSTREAM_INLINE double largest_lane(Pack<N> x) {
  if constexpr (N == 1) {
    return x.v;
  } else if constexpr (N == 2) {
    return x.v[0] < x.v[1] ? x.v[1] : x.v[0];
  } else {
    constexpr std::make_index_sequence<N / 2> half;
    const Pack<N / 2> low = half_from<0>(x, half), high = half_from<N / 2>(x, half);
    return largest_lane(where(low < high, high, low));
  }
}

/// 0, 1, 2 ... N-1.
template <int N>
GRADSTREAM_INLINE Pack<N> lane_numbers() {
  if constexpr (N == 1) {
    return Pack<N>(0.0);
  } else {
    static constexpr auto kNumbers = [] {
      struct {
        double at[N];
      } numbers{};
      for (int i = 0; i < N; ++i) numbers.at[i] = i;
      return numbers;
    }();
    return load<Pack<N>>(kNumbers.at);
  }
}

/// The first n lanes of x, zeros after them.
template <int N>
GRADSTREAM_INLINE Pack<N> first_lanes(Pack<N> x, std::int64_t n) {
  return where(lane_numbers<N>() < Pack<N>(static_cast<double>(n)), x, Pack<N>(0.0));
}

/// Lanes of x up to the last n, then those of y.
template <int N>
GRADSTREAM_INLINE Pack<N> with_last_lanes(Pack<N> x, Pack<N> y, std::int64_t n) {
  return where(lane_numbers<N>() < Pack<N>(static_cast<double>(N - n)), x, y);
}

GRADSTREAM_INLINE std::int64_t padded(std::int64_t n) { return (n + kLanes - 1) / kLanes * kLanes; }

/// f(tag, i) over [0, n): packs of kLanes, then single elements. `tag` names the pack type.
template <class F>
GRADSTREAM_INLINE void each_pack(std::int64_t n, F&& f) {
  std::int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) f(Wide{}, i);
  if constexpr (kLanes > 1) {
    for (; i < n; ++i) f(One{}, i);
  }
}

}  // namespace
}  // namespace gradstream::kernels
