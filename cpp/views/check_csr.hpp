// Everything a kernel takes for granted of a CSR matrix, checked before one sees it.
#pragma once

#include "core/status.hpp"
#include "views/rows.hpp"

namespace gradstream {

/// `entries`: length of data and indices. Row pointers first, then every index: in range, increasing within its row.
template <class T, class I>
Status check_csr(const CsrView<T, I>& X, std::int64_t entries) {
  if (X.indptr[0] != 0) return {Code::indptr, 0};
  for (std::int64_t i = 0; i < X.rows; ++i) {
    if (X.indptr[i + 1] < X.indptr[i] || static_cast<std::int64_t>(X.indptr[i + 1]) > entries) return {Code::indptr, i};
  }
  for (std::int64_t i = 0; i < X.rows; ++i) {
    std::int64_t previous = -1;
    for (auto at = static_cast<std::int64_t>(X.indptr[i]); at < static_cast<std::int64_t>(X.indptr[i + 1]); ++at) {
      const auto j = static_cast<std::int64_t>(X.indices[at]);
      if (j < 0 || j >= X.columns) return {Code::index_out_of_range, i};
      if (j <= previous) return {j == previous ? Code::duplicate : Code::unsorted, i};
      previous = j;
    }
  }
  return {};
}

}  // namespace gradstream
