// Standardised coordinates, without a copy of X.
#pragma once

#include <cstdint>

#include "solvers/row_access.hpp"
#include "solvers/vectors.hpp"

namespace gradstream::solvers {

/// x~ = (x - center) scale. Null: 0 and 1. A scale of 0 marks a constant column.
struct Standardization {
  const double* center = nullptr;
  const double* scale = nullptr;
};

/// x (d + 1) = the standardised row, then `intercept`: 1, or 0 without one.
void load_standard_row(const RowAccess& rows, const Standardization& standardization, std::int64_t row,
                       double intercept, Vector& x);

/// coef (d, K) in standardised coordinates -> `scaled`, in X's units. Without a scale they are the same, and `coef` is
/// returned.
const double* in_units_of_x(const double* coef, std::int64_t columns, const Standardization& standardization,
                            Vector& scaled);

}  // namespace gradstream::solvers
