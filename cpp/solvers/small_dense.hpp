// Factorisation of small dense matrices.
#pragma once

#include <cmath>
#include <cstddef>

#include "solvers/vectors.hpp"

namespace gradstream::solvers {

/// Cholesky factor of the lower triangle of `a` (n, n), in place. False where a pivot has lost all but `smallest` of
/// its diagonal.
inline bool factorise(std::size_t n, double* a, double smallest = 1e-12) {
  for (std::size_t i = 0; i < n; ++i) {
    double* row = a + i * n;
    for (std::size_t j = 0; j < i; ++j) {
      row[j] = (row[j] - dot(row, a + j * n, j)) / a[j * n + j];
    }
    const double pivot = row[i] - dot(row, row, i);
    if (!(pivot > smallest * row[i])) return false;
    row[i] = std::sqrt(pivot);
  }
  return true;
}

/// b = A^-1 b with the factor of A.
inline void solve(std::size_t n, const double* factor, double* b) {
  for (std::size_t i = 0; i < n; ++i) {
    b[i] = (b[i] - dot(factor + i * n, b, i)) / factor[i * n + i];
  }
  for (std::size_t i = n; i-- > 0;) {
    b[i] /= factor[i * n + i];
    for (std::size_t j = 0; j < i; ++j) b[j] -= factor[i * n + j] * b[i];
  }
}

}  // namespace gradstream::solvers
