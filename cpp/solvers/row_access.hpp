// One view of X behind a virtual call per block of rows (per row for coordinate methods): the layout is asked for once
// per fit.
#pragma once

#include <cstdint>
#include <memory>

#include "kernels/table.hpp"
#include "views/rows.hpp"

namespace gradstream::solvers {

/// From sums u_j = sum_i a_i (x_ij - center_j) to coefficients in X's units: coef_j = scale_j soft(scale_j u_j, l1) /
/// l2.
struct RidgeMap {
  const double* scale;  // null: 1
  double l1;
  double l2;

  double operator()(std::int64_t j, double u) const {
    const double factor = scale != nullptr ? scale[j] : 1.0;
    const double v = factor * u;
    const double shrunk = v > l1 ? v - l1 : v < -l1 ? v + l1 : 0.0;
    return factor * shrunk / l2;
  }
};

class RowAccess {
 public:
  virtual ~RowAccess() = default;
  virtual std::int64_t rows() const = 0;
  virtual std::int64_t columns() const = 0;
  virtual std::int64_t stored() const = 0;  // values
  virtual std::int64_t bytes() const = 0;   // values and indices
  virtual bool sparse() const = 0;

  virtual std::int64_t workspace(std::int64_t columns) const = 0;
  virtual void loss_gradient(RowSet, const kernels::LinearModel&, const kernels::Targets&, const LossSpec&,
                             kernels::GradientSums&, double* workspace) const = 0;
  virtual void curvature_product(RowSet, const kernels::LinearModel& direction, std::int64_t columns,
                                 const kernels::RowCurvatures&, kernels::GradientSums&, double* workspace) const = 0;
  virtual void curvature_diagonal(RowSet, const double* center, std::int64_t columns, const kernels::RowCurvatures&,
                                  kernels::GradientSums&, double* workspace) const = 0;
  virtual void margins(RowSet, const kernels::LinearModel&, std::int64_t columns, double* out,
                       double* workspace) const = 0;
  virtual void moments(RowSet, const double* weight, kernels::MomentSums&, double* workspace) const = 0;
  virtual void gram(RowSet, const kernels::GramJob&, double* workspace) const = 0;
  virtual double row_dot(std::int64_t row, const double* center, const double* v) const = 0;
  virtual void row_axpy(std::int64_t row, const double* center, double a, double* v) const = 0;
  virtual double row_norm(std::int64_t row, const double* center, const double* scale) const = 0;
  /// coef_j = map(j, u_j) for every feature that row_axpy(row, ...) changes.
  virtual void refresh(std::int64_t row, const RidgeMap& map, const double* u, double* coef) const = 0;
  /// The rows first, first + step, ...: where they are, if their elements are contiguous; otherwise null.
  virtual std::unique_ptr<RowAccess> every(std::int64_t step, std::int64_t first) const = 0;
};

/// The view must outlive the result; so must the instruction set in use stay what it is.
std::unique_ptr<RowAccess> access_rows(const AnyView& view);

}  // namespace gradstream::solvers
