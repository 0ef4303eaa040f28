// scikit-learn's SGD on CSR rows: w = scale v, so that l2 costs nothing per feature.
#pragma once

#include "kernels/sklearn_sgd_step-inl.hpp"

namespace gradstream::kernels {
namespace {

/// Rows whose entries are fetched into the second level of cache, and from there into the first: so twice as many lines
/// are on their way as the first level alone would wait for. Their weights are not fetched: 75 more instructions a row
/// cost more than they save (text, 2^18 features: 206 against 179 ns a row).
inline constexpr std::int64_t kSgdEntriesAhead = 8;
inline constexpr std::int64_t kSgdEntriesNear = 2;
inline constexpr std::int64_t kSgdPointersAhead = 16;  // rows of which it is found out where their entries are

/// value(e), value(e + 1), ... side by side, built in registers.
template <class V, class F, std::size_t... I>
GRADSTREAM_INLINE V gathered(std::int64_t e, F&& value, std::index_sequence<I...>) {
  if constexpr (V::lanes == 1) {
    return V(value(e));
  } else {
    return V(typename V::Real{value(e + static_cast<std::int64_t>(I))...});
  }
}

struct SgdSparseSums {
  double product;
  double square;
};

/// Fetches the lines of entries e to e + 15 of rows to come.
template <class T, class I>
GRADSTREAM_INLINE void prefetch_rows_to_come(const CsrRow<T, I>& ahead, const CsrRow<T, I>& near, std::int64_t e) {
  constexpr std::int64_t kLine = 64 / sizeof(T);
  const std::int64_t far = e < ahead.count ? e : 0, close = e < near.count ? e : 0;
  GRADSTREAM_PREFETCH_SECOND_LEVEL(ahead.x + far);
  GRADSTREAM_PREFETCH_SECOND_LEVEL(ahead.x + far + kLine % 16);
  GRADSTREAM_PREFETCH_SECOND_LEVEL(ahead.index + far);
  GRADSTREAM_PREFETCH(near.x + close);
  GRADSTREAM_PREFETCH(near.x + close + kLine % 16);
  GRADSTREAM_PREFETCH(near.index + close);
}

/// v . x, and |x|^2 when wanted; four sums, so that none waits for the one before. Fetches rows to come meanwhile, a
/// few lines now and then: all at once they would stand before the weights of this row (text: 281 against 221 ns a
/// row).
template <bool kSquare, class T, class I>
GRADSTREAM_INLINE SgdSparseSums sparse_sums(const CsrRow<T, I>& row, const CsrRow<T, I>& ahead,
                                            const CsrRow<T, I>& near, const double* v) {
  constexpr std::int64_t kTogether = 16;
  double product[4] = {}, square[4] = {};
  const auto add = [&](std::int64_t e, std::int64_t to) {
    const auto x = static_cast<double>(row.x[e]);
    product[to] += v[row.index[e]] * x;
    if constexpr (kSquare) square[to] += x * x;
  };
  std::int64_t e = 0;
  for (; e + kTogether <= row.count; e += kTogether) {
    prefetch_rows_to_come(ahead, near, e);
    for (std::int64_t k = 0; k < kTogether; ++k) add(e + k, k % 4);
  }
  for (std::int64_t far = e; far < ahead.count; far += kTogether) prefetch_rows_to_come(ahead, near, far);
  for (; e + 4 <= row.count; e += 4) {
    for (std::int64_t k = 0; k < 4; ++k) add(e + k, k);
  }
  for (; e < row.count; ++e) add(e, 0);
  return {(product[0] + product[1]) + (product[2] + product[3]), (square[0] + square[1]) + (square[2] + square[3])};
}

/// v += c x, and the average's share of it.
template <bool kAverage, class T, class I>
GRADSTREAM_INLINE void sparse_advance(const CsrRow<T, I>& row, SgdColumn& column, const SgdMove& move) {
  for (std::int64_t e = 0; e < row.count; ++e) {
    const auto j = static_cast<std::int64_t>(row.index[e]);
    const auto x = static_cast<double>(row.x[e]);
    column.v[j] += move.c * x;
    if constexpr (kAverage) column.averaged[j] += move.average_c * x;
  }
}

/// Entries e, e + 1, ... of a row with l1 (one, without kWhole): the step, then the penalty of these features. Adds to
/// what |v|^2 and |v|_1 change by.
template <class V, bool kWhole, bool kObjective, class T, class I>
GRADSTREAM_INLINE void sparse_truncate(const CsrRow<T, I>& row, SgdColumn& column, const SgdMove& move, std::int64_t e,
                                       V& square, V& size) {
  const auto read = [&](const double* from) {
    const auto value = [&](std::int64_t at) { return from[row.index[at]]; };
    if constexpr (kWhole) return gathered<V>(e, value, std::make_index_sequence<V::lanes>{});
    return V(value(e));
  };
  const V before = read(column.v);
  V paid = read(column.paid), x(static_cast<double>(row.x[e]));
  if constexpr (kWhole) x = load<V>(row.x + e);
  const V v = truncated(move, before + V(move.c) * x, paid);
  if constexpr (kObjective) {
    square = square + (v * v - before * before);
    size = size + (absolute(v) - absolute(before));
  }
  if constexpr (kWhole) {
    double values[V::lanes], debts[V::lanes];
    store(values, v);
    store(debts, paid);
    for (int lane = 0; lane < V::lanes; ++lane) {
      column.v[row.index[e + lane]] = values[lane];
      column.paid[row.index[e + lane]] = debts[lane];
    }
  } else {
    column.v[row.index[e]] = first_lane(v);
    column.paid[row.index[e]] = first_lane(paid);
  }
}

template <bool kAverage, bool kObjective, class T, class I>
GRADSTREAM_INLINE void sparse_advance_l1(const CsrRow<T, I>& row, SgdColumn& column, const SgdMove& move) {
  if constexpr (kAverage) {
    for (std::int64_t e = 0; e < row.count; ++e) {
      column.averaged[row.index[e]] += move.average_c * static_cast<double>(row.x[e]);
    }
  }
  Wide square(0.0), size(0.0);
  Even last_square(0.0), last_size(0.0);
  std::int64_t e = 0;
  for (; e + kLanes <= row.count; e += kLanes)
    sparse_truncate<Wide, true, kObjective>(row, column, move, e, square, size);
  for (; e < row.count; ++e) sparse_truncate<Even, false, kObjective>(row, column, move, e, last_square, last_size);
  column.square += sum_lanes(square) + first_lane(last_square);
  column.absolute += sum_lanes(size) + first_lane(last_size);
}

template <bool kAverage, bool kTruncate, bool kObjective, class T, class I>
void sgd_sparse_rows(const CsrView<T, I>& X, const SgdRule& rule, const SgdTargets& targets, SgdVisit visit,
                     SgdColumn& result) {
  SgdColumn column = result;
  for (std::int64_t i = visit.begin; i < visit.end; ++i) {
    const std::int64_t at = visited(column, i);
    const std::int64_t far = visited(column, i + kSgdEntriesAhead < visit.known ? i + kSgdEntriesAhead : i);
    const std::int64_t close = visited(column, i + kSgdEntriesNear < visit.known ? i + kSgdEntriesNear : i);
    const CsrRow<T, I> row = X.row(at), ahead = X.row(far), near = X.row(close);
    prefetch_targets(targets, far);
    if (i + kSgdPointersAhead < visit.known) GRADSTREAM_PREFETCH(X.indptr + visited(column, i + kSgdPointersAhead));
    const bool measured = (kObjective && !kTruncate) || rule.passive_aggressive();
    const SgdSparseSums sums =
        measured ? sparse_sums<true>(row, ahead, near, column.v) : sparse_sums<false>(row, ahead, near, column.v);
    const double z = sums.product * column.scale + column.intercept;
    const double scale = column.scale;
    const SgdTarget target = sgd_target(targets, column, at);
    const SgdMove move = sgd_move<kAverage, kTruncate, kObjective>(rule, column, z, target, sums.square);
    if (move.skip) continue;
    if constexpr (kObjective && !kTruncate) {
      const double product = sums.product * (scale * move.shrink) * move.inverse;  // the scale may have become 1
      column.square += move.c * (2.0 * product + move.c * sums.square);
    }
    if constexpr (kTruncate) {
      sparse_advance_l1<kAverage, kObjective>(row, column, move);
    } else if (move.c != 0.0) {
      sparse_advance<kAverage>(row, column, move);
    }
  }
  result = column;
}

template <class T, class I>
void sgd_sparse(const CsrView<T, I>& X, const SgdRule& rule, const SgdTargets& targets, SgdVisit visit,
                SgdColumn& column) {
  with_flags(rule, [&](auto average, auto truncate, auto objective) {
    sgd_sparse_rows<average, truncate, objective>(X, rule, targets, visit, column);
  });
}

}  // namespace
}  // namespace gradstream::kernels
