// The hinge loss to a certified gap.
#pragma once

#include "solvers/full_batch.hpp"
#include "solvers/row_access.hpp"

namespace gradstream::solvers {

/// Dual coordinate ascent on every column (one-vs-rest columns are solved side by side), then rounds of the augmented
/// Lagrangian method where these are affordable. `optimality` of the result is the relative duality gap, primal at the
/// best intercept for its coefficients; the middle one where there are many.
///
/// References: Hsieh et al. (2008), ICML; Shalev-Shwartz and Zhang (2013), JMLR 14.
BatchResult dual_ascent(const RowAccess& rows, const kernels::Targets& targets, const Spec& spec,
                        const Standardization& standardization, const BatchStart& start, const BatchOptions& options,
                        Monitor& monitor);

}  // namespace gradstream::solvers
