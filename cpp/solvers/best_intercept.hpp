// Intercepts that are best for given coefficients.
#pragma once

#include <cstdint>

#include "kernels/table.hpp"
#include "solvers/vectors.hpp"

namespace gradstream::solvers {

/// The K intercepts that minimise the mean loss at w = 0. Classes without weight get a finite stand-in for minus
/// infinity.
Vector best_intercepts(const LossSpec& loss, const kernels::Targets& targets, std::int64_t rows);

/// Whether no row pulls at a common margin b by more than b's own rounding: equal targets, one row.
bool meets_all(const LossSpec& loss, const kernels::Targets& targets, std::int64_t rows, double b);

/// argmin_b sum_i s_i max(0, 1 - y_i (margins_i + b)), y = -1/+1: the middle of the interval where there is one. O(n
/// log n).
double best_hinge_intercept(const Vector& margins, const Vector& y, const Vector& weight);

}  // namespace gradstream::solvers
