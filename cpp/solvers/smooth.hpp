// The smooth objective: which method, in which order.
#pragma once

#include "solvers/lbfgs.hpp"

namespace gradstream::solvers {

class SampledStart;

/// Whether a start from a few rows would be of use: otherwise a Newton step costs less than the gradients it spares.
bool sampled_start_pays(const Oracle& oracle);

/// L-BFGS to the goal. Where Newton steps are cheap they take over near the optimum and go on to rounding level, so
/// that small fits agree however their rows are weighted, repeated or ordered; where they are dear, once L-BFGS has
/// cost as much as a few of them. `start`, where there is one, has been where `point` is: L-BFGS starts from its
/// curvature.
Code minimise_smooth(Oracle& oracle, Point& point, const GradientGoal& goal, Monitor& monitor,
                     SampledStart* start = nullptr);

}  // namespace gradstream::solvers
