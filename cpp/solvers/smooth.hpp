// The smooth objective: which method, in which order.
#pragma once

#include "solvers/lbfgs.hpp"

namespace gradstream::solvers {

/// L-BFGS to the goal. Where Newton steps are cheap they take over near the optimum and go on to rounding level, so
/// that small fits agree however their rows are weighted, repeated or ordered; where they are dear, once L-BFGS has
/// cost as much as a few of them. `samples`, where there are any, from few rows to more: L-BFGS
/// starts from the last one's optimum and curvature.
Code minimise_smooth(Oracle& oracle, Point& point, const GradientGoal& goal, Monitor& monitor,
                     const std::vector<Oracle*>& samples = {});

}  // namespace gradstream::solvers
