// scikit-learn's SGD on dense rows. Row by row is a chain: margin, step, weights, margin; so the next row's margin is
// summed while the weights change, rows of a shuffled order are fetched ahead, and columns go side by side.
#pragma once

#include "kernels/sklearn_sgd_step-inl.hpp"

namespace gradstream::kernels {
namespace {

inline constexpr std::int64_t kSgdRowsAhead = 6;
inline constexpr std::int64_t kSgdLinesAhead = 16;     // of a row; the processor sees by itself how a long one goes on
inline constexpr std::int64_t kSgdSkippedFeatures = 64;  // from here a row that moves nothing is only read

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

template <class T>
double dense_square(std::int64_t d, const T* x) {
  double sum = 0.0;
  for (std::int64_t j = 0; j < d; ++j) sum += static_cast<double>(x[j]) * static_cast<double>(x[j]);
  return sum;
}

/// Makes the step of row x; returns v . next.
template <class V, bool kAverage, bool kTruncate, bool kObjective, class T>
GRADSTREAM_INLINE double dense_advance(const SgdLayout& layout, SgdColumn& column, const SgdMove& move, const T* x,
                                       const T* next) {
  if constexpr (!kTruncate) {
    if (layout.d >= kSgdSkippedFeatures && move.c == 0.0) return dense_product<V>(layout, column.v, next);
  }
  const std::int64_t rest = layout.d - layout.whole;
  V even(0.0), odd(0.0), square(0.0), size(0.0);
  sgd_packs<V>(layout, [&](std::int64_t at, std::int64_t from, auto is_odd, auto is_rest) {
    const auto lanes_that_count = [&](double value) {
      if constexpr (is_rest) return with_last_lanes(V(0.0), V(value), rest);
      return V(value);
    };
    const V values = load<V>(x + from);
    V v = load<V>(column.v + at) + lanes_that_count(move.c) * values;
    if constexpr (kAverage) {
      store(column.averaged + at, load<V>(column.averaged + at) + lanes_that_count(move.average_c) * values);
    }
    if constexpr (kTruncate) {
      V paid = load<V>(column.paid + at);
      v = truncated(move, v, paid);
      store(column.paid + at, paid);
      if constexpr (kObjective) size += absolute(v);
    }
    if constexpr (kObjective) square += v * v;
    store(column.v + at, v);
    (is_odd ? odd : even) += v * load<V>(next + from);
  });
  if constexpr (kObjective) {
    column.square = sum_lanes(square);
    column.absolute = sum_lanes(size);
  }
  return sum_lanes(even + odd);
}

template <class T>
GRADSTREAM_INLINE void prefetch_dense(const DenseView<T>& X, const SgdTargets& targets, std::int64_t row) {
  const T* x = X.row(row);
  constexpr std::int64_t kLine = 64 / sizeof(T);
  for (std::int64_t j = 0; j < X.columns && j < kSgdLinesAhead * kLine; j += kLine) GRADSTREAM_PREFETCH(x + j);
  GRADSTREAM_PREFETCH(x + X.columns - 1);
  prefetch_targets(targets, row);
}

template <class V, bool kAverage, bool kTruncate, bool kObjective, int kColumns, class T>
void sgd_dense_rows(const DenseView<T>& X, const SgdRule& rule, const SgdTargets& targets, SgdVisit visit,
                    SgdColumn* columns) {
  const SgdLayout layout(X.columns, V::lanes);
  SgdColumn column[kColumns];
  double product[kColumns];
  for (int k = 0; k < kColumns; ++k) {
    column[k] = columns[k];
    product[k] = dense_product<V>(layout, column[k].v, X.row(visited(column[k], visit.begin)));
  }
  for (std::int64_t i = visit.begin; i < visit.end; ++i) {
    for (int k = 0; k < kColumns; ++k) {
      if (i + kSgdRowsAhead < visit.known) prefetch_dense(X, targets, visited(column[k], i + kSgdRowsAhead));
      const std::int64_t row = visited(column[k], i);
      const T* x = X.row(row);
      const T* next = i + 1 < visit.known ? X.row(visited(column[k], i + 1)) : x;
      const double z = product[k] * column[k].scale + column[k].intercept;
      const double s = targets.weight != nullptr ? targets.weight[row] : 1.0;
      const double square = rule.passive_aggressive() ? dense_square(X.columns, x) : 0.0;
      const SgdMove move = sgd_move<kAverage, kTruncate, kObjective>(
          rule, column[k], z, sgd_target(targets, column[k], row), s, square);
      product[k] = move.skip ? dense_product<V>(layout, column[k].v, next)
                             : dense_advance<V, kAverage, kTruncate, kObjective>(layout, column[k], move, x, next);
    }
  }
  for (int k = 0; k < kColumns; ++k) columns[k] = column[k];
}

template <class T>
void sgd_dense(const DenseView<T>& X, const SgdRule& rule, const SgdTargets& targets, SgdVisit visit,
               SgdColumn* columns, int count) {
  if (visit.begin >= visit.end) return;
  with_flags(rule, [&](auto average, auto truncate, auto objective) {
    const auto run = [&](auto pack, auto side_by_side, SgdColumn* first) {
      using V = decltype(pack);
      sgd_dense_rows<V, average, truncate, objective, side_by_side>(X, rule, targets, visit, first);
    };
    const auto with_pack = [&](auto side_by_side, SgdColumn* first) {
      if (X.columns < kLanes) {
        run(One{}, side_by_side, first);
      } else {
        run(Wide{}, side_by_side, first);
      }
    };
    int k = 0;
    if (k + kSgdGroup <= count) {
      for (; k + kSgdGroup <= count; k += kSgdGroup) {
        with_pack(std::integral_constant<int, kSgdGroup>{}, columns + k);
      }
    }
    for (; k < count; ++k) with_pack(std::integral_constant<int, 1>{}, columns + k);
  });
}

}  // namespace
}  // namespace gradstream::kernels
