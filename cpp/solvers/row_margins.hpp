// Margins of many rows under coefficients that stand in X's own units.
#pragma once

#include <cstdint>

#include "kernels/table.hpp"
#include "views/rows.hpp"

namespace gradstream::solvers {

/// out (n, K) = X coef + intercept; false when a margin is not finite, which has the same bits for every thread count.
bool row_margins(const AnyView& view, const kernels::LinearModel& model, std::int64_t columns, int n_threads,
                 double* out);

}  // namespace gradstream::solvers
