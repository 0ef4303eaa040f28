// What X looks like: borrowed, read-only, never copied.
#pragma once

#include <cstdint>
#include <variant>

namespace gradstream {

/// Rows whose elements are contiguous; rows may lie apart (`row_stride`, in elements).
template <class T>
struct DenseView {
  using value_type = T;
  const T* data;
  std::int64_t rows;
  std::int64_t columns;
  std::int64_t row_stride;

  const T* row(std::int64_t i) const { return data + i * row_stride; }
  DenseView one_row(std::int64_t i) const { return {row(i), 1, columns, row_stride}; }
};

/// Any other strides: Fortran order, every second column, reversed rows. Kernels copy it tile by tile.
template <class T>
struct StridedView {
  using value_type = T;
  const T* data;
  std::int64_t rows;
  std::int64_t columns;
  std::int64_t row_stride;
  std::int64_t column_stride;

  const T* row(std::int64_t i) const { return data + i * row_stride; }
  StridedView one_row(std::int64_t i) const { return {row(i), 1, columns, row_stride, column_stride}; }
};

/// What one sparse row stores: x[e] in column index[e].
template <class T, class I>
struct CsrRow {
  const T* x;
  const I* index;
  std::int64_t count;
};

/// Compressed sparse rows, indices increasing within a row (`check_csr` has seen to it).
template <class T, class I>
struct CsrView {
  using value_type = T;
  using index_type = I;
  const T* data;
  const I* indices;
  const I* indptr;
  std::int64_t rows;
  std::int64_t columns;

  CsrRow<T, I> row(std::int64_t i) const {
    return {data + indptr[i], indices + indptr[i], static_cast<std::int64_t>(indptr[i + 1] - indptr[i])};
  }
  std::int64_t stored() const { return static_cast<std::int64_t>(indptr[rows] - indptr[0]); }
  CsrView one_row(std::int64_t i) const { return {data, indices, indptr + i, 1, columns}; }
};

using AnyView = std::variant<DenseView<float>, DenseView<double>, StridedView<float>, StridedView<double>,
                             CsrView<float, std::int32_t>, CsrView<float, std::int64_t>, CsrView<double, std::int32_t>,
                             CsrView<double, std::int64_t>>;

/// M(View) for every alternative of AnyView: explicit instantiations in solvers.
#define GRADSTREAM_FOR_EACH_VIEW(M) \
  M(DenseView<float>);              \
  M(DenseView<double>);             \
  M(StridedView<float>);            \
  M(StridedView<double>);           \
  M(CsrView<float, std::int32_t>);  \
  M(CsrView<float, std::int64_t>);  \
  M(CsrView<double, std::int32_t>); \
  M(CsrView<double, std::int64_t>)

/// The views of a row on its own: its elements are contiguous.
#define GRADSTREAM_FOR_EACH_ROW_VIEW(M) \
  M(DenseView<float>);                  \
  M(DenseView<double>);                 \
  M(CsrView<float, std::int32_t>);      \
  M(CsrView<float, std::int64_t>);      \
  M(CsrView<double, std::int32_t>);     \
  M(CsrView<double, std::int64_t>)

template <class View>
inline constexpr bool is_csr = false;
template <class T, class I>
inline constexpr bool is_csr<CsrView<T, I>> = true;
template <class View>
inline constexpr bool is_strided = false;
template <class T>
inline constexpr bool is_strided<StridedView<T>> = true;

/// Which rows, in which order: `order[begin + i]`, or `begin + i` without an order.
struct RowSet {
  std::int64_t begin;
  std::int64_t count;
  const std::int64_t* order = nullptr;
  std::int64_t ordered = 0;  // length of `order`: what comes after the set may be fetched ahead

  std::int64_t operator[](std::int64_t i) const { return order != nullptr ? order[begin + i] : begin + i; }
  RowSet part(std::int64_t first, std::int64_t size) const { return {begin + first, size, order, ordered}; }
};

}  // namespace gradstream
