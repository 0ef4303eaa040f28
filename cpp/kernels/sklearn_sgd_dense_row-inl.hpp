// Rows of scikit-learn's SGD on dense data: sums over features, and rows of a shuffled order fetched ahead.
#pragma once

#include "kernels/sklearn_sgd_step-inl.hpp"

namespace gradstream::kernels {
namespace {

inline constexpr std::int64_t kSgdRowsAhead = 32;   // fetched into the second level of cache
inline constexpr std::int64_t kSgdRowsNear = 8;     // and from there into the first
inline constexpr std::int64_t kSgdLinesAhead = 16;  // of a row; the processor sees by itself how a long one goes on

/// f(where in v, where in x, pack number) over the packs of a row; `rest` lanes count in the one at `whole`.
template <class V, class F>
GRADSTREAM_INLINE void sgd_packs(const SgdLayout& layout, F&& f) {
  std::int64_t i = 0;
  for (; i + 2 * V::lanes <= layout.whole; i += 2 * V::lanes) {
    f(i, i, std::false_type{}, std::false_type{});
    f(i + V::lanes, i + V::lanes, std::true_type{}, std::false_type{});
  }
  if (i < layout.whole) f(i, i, std::false_type{}, std::false_type{});
  if constexpr (V::lanes > 1) {
    if (layout.whole < layout.d) f(layout.whole, layout.d - V::lanes, std::true_type{}, std::true_type{});
  }
}

template <class V, class T>
GRADSTREAM_INLINE double dense_product(const SgdLayout& layout, const double* v, const T* x) {
  V even(0.0), odd(0.0);
  sgd_packs<V>(layout, [&](std::int64_t at, std::int64_t from, auto is_odd, auto) {
    (is_odd ? odd : even) += load<V>(v + at) * load<V>(x + from);
  });
  return sum_lanes(even + odd);
}

template <bool kNear>
GRADSTREAM_INLINE void fetch_line(const void* at) {
  if constexpr (kNear) {
    GRADSTREAM_PREFETCH(at);
  } else {
    GRADSTREAM_PREFETCH_SECOND_LEVEL(at);
  }
}

/// Fetches the lines of a row, the last one included, which often is one more than the length says. Without a branch a
/// line: what is in flight at a time is counted in instructions, and has to reach the rows to come.
template <bool kNear, class T>
GRADSTREAM_INLINE void prefetch_row(const T* x, std::int64_t columns) {
  constexpr std::int64_t kLine = 64 / sizeof(T);
  fetch_line<kNear>(x + columns - 1);
  switch (static_cast<std::uint64_t>(columns + kLine - 1) / kLine) {
    default:
      for (std::int64_t j = 8; j < kSgdLinesAhead && j * kLine < columns; ++j) fetch_line<kNear>(x + j * kLine);
      [[fallthrough]];
    case 8: fetch_line<kNear>(x + 7 * kLine); [[fallthrough]];
    case 7: fetch_line<kNear>(x + 6 * kLine); [[fallthrough]];
    case 6: fetch_line<kNear>(x + 5 * kLine); [[fallthrough]];
    case 5: fetch_line<kNear>(x + 4 * kLine); [[fallthrough]];
    case 4: fetch_line<kNear>(x + 3 * kLine); [[fallthrough]];
    case 3: fetch_line<kNear>(x + 2 * kLine); [[fallthrough]];
    case 2: fetch_line<kNear>(x + kLine); [[fallthrough]];
    case 1: fetch_line<kNear>(x);
  }
}

/// Fetches rows of an order that no processor foresees.
template <class T>
GRADSTREAM_INLINE void prefetch_dense(const DenseView<T>& X, const std::uint32_t* order, std::int64_t i,
                                      std::int64_t known) {
  if (order == nullptr) return;
  if (i + kSgdRowsAhead < known) prefetch_row<false>(X.row(order[i + kSgdRowsAhead]), X.columns);
  if (i + kSgdRowsNear < known) prefetch_row<true>(X.row(order[i + kSgdRowsNear]), X.columns);
}

}  // namespace
}  // namespace gradstream::kernels
