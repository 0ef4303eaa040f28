// Everything a kernel takes for granted of a CSR matrix, checked before one sees it.
#pragma once

#include "core/status.hpp"
#include "views/rows.hpp"

namespace gradstream {

/// Indices of one row in range and increasing: without a branch per index.
template <class I>
bool in_order(const I* index, std::int64_t count, std::int64_t columns) {
  if (count == 0) return true;
  int increasing = 1;
  for (std::int64_t e = 1; e < count; ++e) increasing &= static_cast<int>(index[e - 1] < index[e]);
  return increasing != 0 && index[0] >= 0 && static_cast<std::int64_t>(index[count - 1]) < columns;
}

/// `entries`: length of data and indices. Row pointers first, then every index: in range, increasing within its row.
template <class T, class I>
Status check_csr(const CsrView<T, I>& X, std::int64_t entries) {
  if (X.indptr[0] != 0) return {Code::indptr, 0};
  for (std::int64_t i = 0; i < X.rows; ++i) {
    if (X.indptr[i + 1] < X.indptr[i] || static_cast<std::int64_t>(X.indptr[i + 1]) > entries) return {Code::indptr, i};
  }
  for (std::int64_t i = 0; i < X.rows; ++i) {
    const auto begin = static_cast<std::int64_t>(X.indptr[i]), end = static_cast<std::int64_t>(X.indptr[i + 1]);
    if (in_order(X.indices + begin, end - begin, X.columns)) continue;
    std::int64_t previous = -1;
    for (std::int64_t at = begin; at < end; ++at) {
      const auto j = static_cast<std::int64_t>(X.indices[at]);
      if (j < 0 || j >= X.columns) return {Code::index_out_of_range, i};
      if (j <= previous) return {j == previous ? Code::duplicate : Code::unsorted, i};
      previous = j;
    }
  }
  return {};
}

}  // namespace gradstream
