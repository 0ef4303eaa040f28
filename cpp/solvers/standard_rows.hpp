// Rows in standardised coordinates, one at a time: what sums of outer products are made of.
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
void load_standard_row(const RowAccess& rows, const Standardization& standardization, std::int64_t row, double intercept, Vector& x);

/// coef (d, K) in standardised coordinates -> `scaled`, in X's units. Without a scale they are the same, and `coef` is returned.
const double* in_units_of_x(const double* coef, std::int64_t columns, const Standardization& standardization, Vector& scaled);

/// hessian[(j, k), (i, l)] += curvature[k][l] x_j x_i for i <= j; hessian (p K, p K), curvature (K, K), x of p entries.
void add_outer_product(const Vector& x, std::int64_t K, const double* curvature, double* hessian);

}  // namespace gradstream::solvers
