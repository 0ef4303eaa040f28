// The Hessian of rows in memory, one product at a time.
#pragma once

#include "solvers/row_sums.hpp"
#include "solvers/vectors.hpp"

namespace gradstream::solvers {

/// Of the weighted losses alone, in X's units: no penalty, no standardisation but the centre. 16 bytes per row and
/// column: the margins of the point that was evaluated last, and the second derivatives at the point of the products.
class HessianProducts {
 public:
  HessianProducts(const RowAccess& rows, const LossSpec& loss, const kernels::Targets& targets, GradientPass& pass);

  /// Where a pass at these parameters keeps its margins.
  double* margins_of(const double* parameters);
  /// Second derivatives at the parameters, from margins kept there or made from the model.
  void measure(const double* parameters, const kernels::LinearModel& model);
  /// Sums over rows into `sums`, coef and intercept; of dense rows, whose columns are much the same wherever they are
  /// looked at, over every eighth row.
  void diagonal(const double* center, kernels::GradientSums& sums);
  void product(const kernels::LinearModel& direction, kernels::GradientSums& sums);

 private:
  bool kept_at(const double* parameters) const;
  void make_margins(const kernels::LinearModel& model);
  kernels::RowCurvatures curvatures() const;

  const RowAccess& rows_;
  LossSpec loss_;
  kernels::Targets targets_;
  GradientPass& pass_;
  Vector point_;  // of the margins
  Vector margins_, curvatures_;
  std::vector<std::int64_t> sampled_;  // rows of the diagonal; empty: all
};

}  // namespace gradstream::solvers
