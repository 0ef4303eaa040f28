// Cholesky factorisation of matrices of hundreds of columns, at the speed of the sums of products.
#pragma once

#include <cstddef>

namespace gradstream::solvers {

/// As `factorise` of small_dense.hpp: the factor of the lower triangle of `a` (n, n), in place; what is above it is
/// left as it is. False where a pivot has lost all but `smallest` of its diagonal.
bool factorise_blocked(std::size_t n, double* a, double smallest = 1e-12);

}  // namespace gradstream::solvers
