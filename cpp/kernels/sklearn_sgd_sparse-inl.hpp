// scikit-learn's SGD on CSR rows: w = scale v, so that l2 costs nothing per feature, and what a row touches is fetched
// before its turn.
#pragma once

#include "kernels/sklearn_sgd_step-inl.hpp"

namespace gradstream::kernels {
namespace {

inline constexpr std::int64_t kSgdEntriesAhead = 8;  // rows whose entries are fetched
inline constexpr std::int64_t kSgdWeightsAhead = 2;  // rows whose weights are

template <class T, class I>
struct SgdEntries {
  const T* x;
  const I* index;
  std::int64_t count;
  SgdEntries(const CsrView<T, I>& X, std::int64_t row)
      : x(X.data + X.indptr[row]),
        index(X.indices + X.indptr[row]),
        count(static_cast<std::int64_t>(X.indptr[row + 1] - X.indptr[row])) {}
};

struct SgdSparseSums {
  double product;
  double square;
};

/// v . x, and |x|^2 when wanted; four sums, so that none waits for the one before.
template <bool kSquare, class T, class I>
GRADSTREAM_INLINE SgdSparseSums sparse_sums(const SgdEntries<T, I>& row, const double* v) {
  double product[4] = {}, square[4] = {};
  const auto add = [&](std::int64_t e, int to) {
    const auto x = static_cast<double>(row.x[e]);
    product[to] += v[row.index[e]] * x;
    if constexpr (kSquare) square[to] += x * x;
  };
  std::int64_t e = 0;
  for (; e + 4 <= row.count; e += 4) {
    add(e, 0);
    add(e + 1, 1);
    add(e + 2, 2);
    add(e + 3, 3);
  }
  for (; e < row.count; ++e) add(e, 0);
  return {(product[0] + product[1]) + (product[2] + product[3]), (square[0] + square[1]) + (square[2] + square[3])};
}

/// v += c x and the average's share of it; with l1 the penalty of the features present, and |v|^2 and |v|_1 follow.
template <bool kAverage, bool kTruncate, bool kObjective, class T, class I>
GRADSTREAM_INLINE void sparse_advance(const SgdEntries<T, I>& row, SgdColumn& column, const SgdMove& move) {
  double square = 0.0, size = 0.0;
  for (std::int64_t e = 0; e < row.count; ++e) {
    const auto j = static_cast<std::int64_t>(row.index[e]);
    const auto x = static_cast<double>(row.x[e]);
    const One before(column.v[j]);
    One v = before + One(move.c * x);
    if constexpr (kAverage) column.averaged[j] += move.average_c * x;
    if constexpr (kTruncate) {
      One paid(column.paid[j]);
      v = truncated(move, v, paid);
      column.paid[j] = paid.v;
      if constexpr (kObjective) {
        square += v.v * v.v - before.v * before.v;
        size += absolute(v).v - absolute(before).v;
      }
    }
    column.v[j] = v.v;
  }
  column.square += square;
  column.absolute += size;
}

template <class T, class I>
GRADSTREAM_INLINE void prefetch_entries_of(const CsrView<T, I>& X, const SgdTargets& targets, std::int64_t row) {
  const SgdEntries<T, I> entries(X, row);
  constexpr std::int64_t kLine = 64 / sizeof(T);
  for (std::int64_t e = 0; e < entries.count; e += kLine) {
    GRADSTREAM_PREFETCH(entries.x + e);
    GRADSTREAM_PREFETCH(entries.index + e);
  }
  prefetch_targets(targets, row);
}

template <bool kAverage, bool kTruncate, class T, class I>
GRADSTREAM_INLINE void prefetch_weights_of(const CsrView<T, I>& X, const SgdColumn& column, std::int64_t row) {
  const SgdEntries<T, I> entries(X, row);
  for (std::int64_t e = 0; e < entries.count; ++e) {
    const auto j = static_cast<std::int64_t>(entries.index[e]);
    GRADSTREAM_PREFETCH_WRITE(column.v + j);
    if constexpr (kAverage) GRADSTREAM_PREFETCH_WRITE(column.averaged + j);
    if constexpr (kTruncate) GRADSTREAM_PREFETCH_WRITE(column.paid + j);
  }
}

template <bool kAverage, bool kTruncate, bool kObjective, class T, class I>
void sgd_sparse_rows(const CsrView<T, I>& X, const SgdRule& rule, const SgdTargets& targets, SgdVisit visit,
                     SgdColumn& result) {
  SgdColumn column = result;
  for (std::int64_t i = visit.begin; i < visit.end; ++i) {
    if (i + kSgdEntriesAhead < visit.known) {
      prefetch_entries_of(X, targets, visited(column, i + kSgdEntriesAhead));
    }
    if (i + kSgdWeightsAhead < visit.known) {
      prefetch_weights_of<kAverage, kTruncate>(X, column, visited(column, i + kSgdWeightsAhead));
    }
    const std::int64_t at = visited(column, i);
    const SgdEntries<T, I> row(X, at);
    const bool measured = (kObjective && !kTruncate) || rule.passive_aggressive();
    const SgdSparseSums sums = measured ? sparse_sums<true>(row, column.v) : sparse_sums<false>(row, column.v);
    const double z = sums.product * column.scale + column.intercept;
    const double s = targets.weight != nullptr ? targets.weight[at] : 1.0;
    const double scale = column.scale;
    const SgdMove move = sgd_move<kAverage, kTruncate, kObjective>(rule, column, z, sgd_target(targets, column, at), s,
                                                                   sums.square);
    if (move.skip) continue;
    if constexpr (kObjective && !kTruncate) {
      const double product = sums.product * (scale * move.shrink) * move.inverse;  // the scale may have become 1
      column.square += move.c * (2.0 * product + move.c * sums.square);
    }
    if (kTruncate || move.c != 0.0) sparse_advance<kAverage, kTruncate, kObjective>(row, column, move);
  }
  result = column;
}

template <class T, class I>
void sgd_sparse(const CsrView<T, I>& X, const SgdRule& rule, const SgdTargets& targets, SgdVisit visit,
                SgdColumn* columns, int count) {
  with_flags(rule, [&](auto average, auto truncate, auto objective) {
    for (int k = 0; k < count; ++k) {
      sgd_sparse_rows<average, truncate, objective>(X, rule, targets, visit, columns[k]);
    }
  });
}

}  // namespace
}  // namespace gradstream::kernels
