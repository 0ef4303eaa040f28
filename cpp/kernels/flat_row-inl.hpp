// A row in flat form and its columns: what a step works on. Element i is feature i / K, column i % K. Dense rows step
// on the weights themselves, sparse rows on gathered copies.
#pragma once

#include "kernels/loss-inl.hpp"
#include "kernels/stream.hpp"
#include "optimizers/list.hpp"

namespace gradstream::kernels {
namespace {

/// The row in flat form; every array has n elements, n whole packs. Padding: x = 0, weights 0, slots 1.
template <class T>
struct FlatRow {
  std::int64_t n = 0;
  const double* x = nullptr;
  const double* next = nullptr;  // x of the row to come, or x itself: its margin is summed as the weights change
  T* slot[1 + optimizers::kMaxSlots] = {};
  double* rate = nullptr;    // scratch: c
  double* column = nullptr;  // scratch: a value per column, repeated for every feature (K > 1)
};

/// What the step needs of the row besides its features. Arrays of K.
struct RowColumns {
  const Spec* spec = nullptr;
  optimizers::StepContext context;
  ScalarEvaluate evaluate = nullptr;
  ScalarInvariant invariant = nullptr;
  double y = 0.0;
  double s = 1.0;
  double* z = nullptr;
  double* r = nullptr;
  double* u = nullptr;
  double* q = nullptr;
  double* bias = nullptr;  // (1 + slots, K)
  double loss = 0.0;       // out, when wanted
  bool want_loss = false;
};

GRADSTREAM_INLINE std::int64_t columns_of(const RowColumns& row) { return row.spec->loss.columns; }

/// r_k, and the row's loss when asked for.
inline void residuals(RowColumns& row) {
  const LossSpec& loss = row.spec->loss;
  if (loss.kind == ColumnsKind::softmax) {
    const double value = softmax_row(loss.columns, row.z, row.y, row.r);
    row.loss += row.s * value;
    return;
  }
  for (std::int64_t k = 0; k < loss.columns; ++k) {
    const auto e = row.evaluate(row.z[k], column_target(loss, One(row.y), k).v, loss.parameter);
    row.r[k] = e.r;
    row.loss += row.s * e.value;
  }
}

/// sum_i product(i) over packs of a flat row of one column: the one order of summation that margins have, with the bits
/// of the others wherever they come from.
template <class F>
GRADSTREAM_INLINE double sum_products(std::int64_t n, F&& product) {
  Wide even(0.0), odd(0.0);
  std::int64_t i = 0;
  for (; i + 2 * kLanes <= n; i += 2 * kLanes) {
    even += product(i);
    odd += product(i + kLanes);
  }
  if (i < n) even += product(i);
  return sum_lanes(even + odd);
}

/// Repeats K values along the flat row.
inline void spread(std::int64_t n, std::int64_t K, const double* values, double* flat) {
  for (std::int64_t i = 0; i < n; i += K) {
    for (std::int64_t k = 0; k < K && i + k < n; ++k) flat[i + k] = values[k];
  }
}

/// The value of element i's column: one for all, or from the spread copy.
template <bool kMany>
struct ColumnValue {
  double single;
  const double* flat;
  template <class V>
  GRADSTREAM_INLINE V at(std::int64_t i) const {
    if constexpr (kMany) {
      return load<V>(flat + i);
    } else {
      return V(single);
    }
  }
};

template <bool kMany, class T>
GRADSTREAM_INLINE ColumnValue<kMany> column_values(const FlatRow<T>& row, std::int64_t K, const double* values) {
  if constexpr (kMany) spread(row.n, K, values, row.column);
  return {values[0], row.column};
}

}  // namespace
}  // namespace gradstream::kernels
