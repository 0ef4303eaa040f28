// scikit-learn's SGD on dense rows: which loop learns them, and the one that does for any rule and any number of
// features.
#pragma once

#include "kernels/sklearn_sgd_chain-inl.hpp"

namespace gradstream::kernels {
namespace {

inline constexpr std::int64_t kSgdChainFeatures = 128;   // up to here a step waits more than it works
inline constexpr std::int64_t kSgdSkippedFeatures = 64;  // from here a row that moves nothing is only read

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

template <class V, bool kAverage, bool kTruncate, bool kObjective, class T>
void sgd_dense_rows(const DenseView<T>& X, const SgdRule& rule, const SgdTargets& targets, SgdVisit visit,
                    SgdColumn& result) {
  const SgdLayout layout(X.columns, V::lanes);
  SgdColumn column = result;
  double product = dense_product<V>(layout, column.v, X.row(visited(column, visit.begin)));
  for (std::int64_t i = visit.begin; i < visit.end; ++i) {
    prefetch_dense(X, column.order, i, visit.known);
    if (i + kSgdRowsAhead < visit.known) prefetch_targets(targets, visited(column, i + kSgdRowsAhead));
    const std::int64_t row = visited(column, i);
    const T* x = X.row(row);
    const T* next = i + 1 < visit.known ? X.row(visited(column, i + 1)) : x;
    const double z = product * column.scale + column.intercept;
    const double square = rule.passive_aggressive() ? dense_square(X.columns, x) : 0.0;
    const SgdTarget target = sgd_target(targets, column, row);
    const SgdMove move = sgd_move<kAverage, kTruncate, kObjective>(rule, column, z, target, square);
    product = move.skip ? dense_product<V>(layout, column.v, next)
                        : dense_advance<V, kAverage, kTruncate, kObjective>(layout, column, move, x, next);
  }
  result = column;
}

template <class T>
void sgd_dense(const DenseView<T>& X, const SgdRule& rule, const SgdTargets& targets, SgdVisit visit,
               SgdColumn& column) {
  if (visit.begin >= visit.end) return;
  with_flags(rule, [&](auto average, auto truncate, auto objective) {
    const auto with_pack = [&](auto pack) {
      using V = decltype(pack);
      if constexpr (!truncate) {
        if (X.columns <= kSgdChainFeatures && !rule.passive_aggressive()) {
          sgd_dense_chain<V, average, objective>(X, rule, targets, visit, column);
          return;
        }
      }
      sgd_dense_rows<V, average, truncate, objective>(X, rule, targets, visit, column);
    };
    if (X.columns < kLanes) {
      with_pack(One{});
    } else {
      with_pack(Wide{});
    }
  });
}

}  // namespace
}  // namespace gradstream::kernels
