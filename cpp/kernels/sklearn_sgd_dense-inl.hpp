// scikit-learn's SGD on dense rows. Row by row is a chain: margin, step, weights, margin; so the next row's margin is
// summed while the weights change, and rows of a shuffled order are fetched ahead.
#pragma once

#include "kernels/sklearn_sgd_step-inl.hpp"

namespace gradstream::kernels {
namespace {

inline constexpr std::int64_t kSgdRowsAhead = 16;       // fetched into the second level of cache
inline constexpr std::int64_t kSgdRowsNear = 4;         // and from there into the first
inline constexpr std::int64_t kSgdLinesAhead = 16;      // of a row; the processor sees by itself how a long one goes on
inline constexpr std::int64_t kSgdChainFeatures = 128;  // up to here a step waits more than it works
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

/// The product of two rows, features in the last pack but once.
template <class V, class T>
GRADSTREAM_INLINE double dense_gram(const SgdLayout& layout, const T* a, const T* b) {
  V even(0.0), odd(0.0);
  sgd_packs<V>(layout, [&](std::int64_t, std::int64_t from, auto is_odd, auto is_rest) {
    V values = load<V>(a + from);
    if constexpr (is_rest) values = with_last_lanes(V(0.0), values, layout.d - layout.whole);
    (is_odd ? odd : even) += values * load<V>(b + from);
  });
  return sum_lanes(even + odd);
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

/// Fetches rows of an order that no processor foresees.
template <class T>
GRADSTREAM_INLINE void prefetch_dense(const DenseView<T>& X, const SgdTargets& targets, const SgdColumn& column,
                                      std::int64_t i, std::int64_t known) {
  constexpr std::int64_t kLine = 64 / sizeof(T);
  if (column.order == nullptr) return;
  if (i + kSgdRowsAhead < known) {
    const std::int64_t row = visited(column, i + kSgdRowsAhead);
    const T* x = X.row(row);
    for (std::int64_t j = 0; j < X.columns && j < kSgdLinesAhead * kLine; j += kLine) {
      GRADSTREAM_PREFETCH_SECOND_LEVEL(x + j);
    }
    GRADSTREAM_PREFETCH_SECOND_LEVEL(x + X.columns - 1);
    prefetch_targets(targets, row);
  }
  if (i + kSgdRowsNear < known) {
    const T* x = X.row(visited(column, i + kSgdRowsNear));
    for (std::int64_t j = 0; j < X.columns && j < kSgdLinesAhead * kLine; j += kLine) GRADSTREAM_PREFETCH(x + j);
  }
}

template <class V, bool kAverage, bool kTruncate, bool kObjective, class T>
void sgd_dense_rows(const DenseView<T>& X, const SgdRule& rule, const SgdTargets& targets, SgdVisit visit,
                    SgdColumn& result) {
  const SgdLayout layout(X.columns, V::lanes);
  SgdColumn column = result;
  double product = dense_product<V>(layout, column.v, X.row(visited(column, visit.begin)));
  for (std::int64_t i = visit.begin; i < visit.end; ++i) {
    prefetch_dense(X, targets, column, i, visit.known);
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

/// Two products with the weights after a step, and of rows.
struct SgdLookAhead {
  double product;  // v . x of the row two on
  double gram;     // x . x of the next row and the one after it
};

/// Makes the step of row x[0]; x[1] and x[2] are the rows after it.
template <class V, bool kAverage, bool kObjective, class T>
GRADSTREAM_INLINE SgdLookAhead dense_look_ahead(const SgdLayout& layout, SgdColumn& column, const SgdMove& move,
                                                const T* const (&x)[3]) {
  const std::int64_t rest = layout.d - layout.whole;
  V even(0.0), odd(0.0), gram_even(0.0), gram_odd(0.0), square(0.0);
  sgd_packs<V>(layout, [&](std::int64_t at, std::int64_t from, auto is_odd, auto is_rest) {
    const auto lanes_that_count = [&](double value) {
      if constexpr (is_rest) return with_last_lanes(V(0.0), V(value), rest);
      return V(value);
    };
    const V values = load<V>(x[0] + from), last = load<V>(x[2] + from);
    const V v = load<V>(column.v + at) + lanes_that_count(move.c) * values;
    if constexpr (kAverage) {
      store(column.averaged + at, load<V>(column.averaged + at) + lanes_that_count(move.average_c) * values);
    }
    if constexpr (kObjective) square += v * v;
    store(column.v + at, v);
    (is_odd ? odd : even) += v * last;
    V next = load<V>(x[1] + from);
    if constexpr (is_rest) next = with_last_lanes(V(0.0), next, rest);
    (is_odd ? gram_odd : gram_even) += next * last;
  });
  if constexpr (kObjective) column.square = sum_lanes(square);
  return {sum_lanes(even + odd), sum_lanes(gram_even + gram_odd)};
}

/// Few features, where the chain is what counts: v' . x' = v . x' + c (x . x'), of which only c is late. So a row waits
/// for the row before it by one product of numbers, and by a sum over features for the one before that.
template <class V, bool kAverage, bool kObjective, class T>
void sgd_dense_chain(const DenseView<T>& X, const SgdRule& rule, const SgdTargets& targets, SgdVisit visit,
                     SgdColumn& result) {
  const SgdLayout layout(X.columns, V::lanes);
  SgdColumn column = result;
  const auto row_at = [&](std::int64_t i) { return X.row(visited(column, i < visit.known ? i : visit.known - 1)); };
  const T* x[3] = {row_at(visit.begin), row_at(visit.begin + 1), row_at(visit.begin + 2)};
  double product = dense_product<V>(layout, column.v, x[0]);
  SgdLookAhead ahead{dense_product<V>(layout, column.v, x[1]), dense_gram<V>(layout, x[0], x[1])};
  for (std::int64_t i = visit.begin; i < visit.end; ++i) {
    prefetch_dense(X, targets, column, i, visit.known);
    const double z = product * column.scale + column.intercept;
    const double square = rule.passive_aggressive() ? dense_square(X.columns, x[0]) : 0.0;
    const SgdTarget target = sgd_target(targets, column, visited(column, i));
    const SgdMove move = sgd_move<kAverage, false, kObjective>(rule, column, z, target, square);
    if (move.settled) ahead.product = dense_product<V>(layout, column.v, x[1]);
    product = ahead.product + move.c * ahead.gram;
    ahead = dense_look_ahead<V, kAverage, kObjective>(layout, column, move, x);
    x[0] = x[1];
    x[1] = x[2];
    x[2] = row_at(i + 3);
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
        if (X.columns <= kSgdChainFeatures) {
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
