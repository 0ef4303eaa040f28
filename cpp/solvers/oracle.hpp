// All a full-batch solver knows of the data: value, gradient and curvature of the smooth part of the objective at a
// point.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

#include "core/status.hpp"

namespace gradstream::solvers {

/// Parameters are one vector: coefficients (d, K) row-major in standardised coordinates, then K intercepts.
/// In memory, from disk chunk by chunk, or summed over machines: three oracles, the same solvers.
class Oracle {
 public:
  virtual ~Oracle() = default;
  virtual std::int64_t coefficients() const = 0;  // d * K
  virtual std::int64_t intercepts() const = 0;    // K
  virtual bool fit_intercept() const = 0;
  std::int64_t size() const { return coefficients() + intercepts(); }

  /// F(parameters) = mean loss + l2/2 |w|^2, its gradient in `gradient` (0 for the intercepts without fit_intercept).
  /// Not finite where the loss overflows; never throws for that.
  virtual double value_gradient(const double* parameters, double* gradient) = 0;

  /// The same at two points, (value, value at `blank`), in one read of the rows where that is possible. Coefficients of
  /// `blank` are 0.
  virtual std::pair<double, double> value_gradient_and_blank(const double* parameters, double* gradient,
                                                             const double* blank, double* blank_gradient) {
    const double value = value_gradient(parameters, gradient);
    return {value, value_gradient(blank, blank_gradient)};
  }

  /// Nanoseconds of one value_gradient and of one curvature, roughly (a guess from the shape, never a measurement: it
  /// decides which way is taken); a curvature of infinite cost is not to be had.
  virtual double gradient_cost() const = 0;
  virtual double curvature_cost() const = 0;
  /// Lower triangle of the Hessian of F (where it jumps: of one side) in `hessian` (size, size) row-major; directions
  /// in which F is constant by construction are given curvature, so that a strictly convex problem has a positive
  /// definite matrix. Rows that bend down, where the loss is not convex, count as if they bent up as much: no Hessian,
  /// but what makes descent directions of a sensible length anywhere.
  virtual void curvature(const double* parameters, double* hessian) = 0;
  /// The Hessian with such rows as they are, positive definite near a minimum at least. False: there are no such rows.
  virtual bool bent_curvature(const double* /*parameters*/, double* /*hessian*/) { return false; }

  /// The same of the K blocks that belong to one column each, (K, d + 1, d + 1) with the intercept last.
  virtual double blocks_cost() const { return std::numeric_limits<double>::infinity(); }
  virtual void curvature_blocks(const double* /*parameters*/, double* /*blocks*/) {}
  /// What F bends by when one number is added to all columns of a feature, where the loss is blind to that (softmax);
  /// nothing where columns are separate.
  virtual std::optional<double> shift_curvature() const { return std::nullopt; }

  /// The same Hessian where it has too many entries: its diagonal at a point, and then, there, its product with a
  /// direction, at about the price of a gradient. Nothing is added to it here: entries of the diagonal may be 0.
  virtual bool has_products() const { return false; }
  virtual void prepare_products(const double* /*parameters*/, double* /*diagonal*/) {}
  virtual void hessian_product(const double* /*direction*/, double* /*product*/) {}
};

}  // namespace gradstream::solvers
