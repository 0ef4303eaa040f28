// Everything a kernel takes for granted of a CSR matrix, checked before one sees it.
#pragma once

#include "core/status.hpp"
#include "views/rows.hpp"

namespace gradstream {

/// How many indices of [begin, end) are not above the one before them. Narrow sums, which compilers make side by side.
template <class I>
std::int64_t count_descents(const I* index, std::int64_t begin, std::int64_t end) {
  constexpr std::int64_t kTogether = 1 << 12;
  std::int64_t total = 0;
  for (std::int64_t from = begin; from < end; from += kTogether) {
    const std::int64_t to = from + kTogether < end ? from + kTogether : end;
    I some = 0;
    for (std::int64_t e = from; e < to; ++e) some += static_cast<I>(index[e] <= index[e - 1]);
    total += static_cast<std::int64_t>(some);
  }
  return total;
}

/// Whether all indices are in range and increase within their rows: descents are where rows begin, and nowhere else.
/// One sweep over the indices, for rows are often shorter than what it takes to begin one.
template <class T, class I>
bool in_order(const CsrView<T, I>& X) {
  const auto first = static_cast<std::int64_t>(X.indptr[0]), last = static_cast<std::int64_t>(X.indptr[X.rows]);
  std::int64_t expected = 0;
  bool inside = true;
  for (std::int64_t i = 0; i < X.rows; ++i) {
    const auto begin = static_cast<std::int64_t>(X.indptr[i]), end = static_cast<std::int64_t>(X.indptr[i + 1]);
    if (begin == end) continue;
    if (begin > first) expected += X.indices[begin] <= X.indices[begin - 1] ? 1 : 0;
    inside = inside && X.indices[begin] >= 0 && static_cast<std::int64_t>(X.indices[end - 1]) < X.columns;
  }
  return inside && count_descents(X.indices, first + 1, last) == expected;
}

/// `entries`: length of data and indices. Row pointers first, then every index: in range, increasing within its row.
template <class T, class I>
Status check_csr(const CsrView<T, I>& X, std::int64_t entries) {
  if (X.indptr[0] != 0) return {Code::indptr, 0};
  for (std::int64_t i = 0; i < X.rows; ++i) {
    if (X.indptr[i + 1] < X.indptr[i] || static_cast<std::int64_t>(X.indptr[i + 1]) > entries) return {Code::indptr, i};
  }
  if (in_order(X)) return {};
  for (std::int64_t i = 0; i < X.rows; ++i) {
    const auto begin = static_cast<std::int64_t>(X.indptr[i]), end = static_cast<std::int64_t>(X.indptr[i + 1]);
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
