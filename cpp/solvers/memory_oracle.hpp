// The oracle over rows in memory.
#pragma once

#include <memory>
#include <utility>

#include "core/spec.hpp"
#include "solvers/curvature_pass.hpp"
#include "solvers/hessian_products.hpp"
#include "solvers/oracle.hpp"
#include "solvers/row_sums.hpp"
#include "solvers/vectors.hpp"

namespace gradstream::solvers {

class MemoryOracle final : public Oracle {
 public:
  /// Borrows everything but `spec`.
  MemoryOracle(const RowAccess& rows, const kernels::Targets& targets, const Spec& spec,
               const Standardization& standardization, int n_threads);

  std::int64_t coefficients() const override { return features_ * columns_; }
  std::int64_t intercepts() const override { return columns_; }
  bool fit_intercept() const override { return spec_.fit_intercept; }
  double value_gradient(const double* parameters, double* gradient) override;
  std::pair<double, double> value_gradient_and_blank(const double* parameters, double* gradient, const double* blank,
                                                     double* blank_gradient) override;
  /// From now on margins of the last point are kept: products with the Hessian will be wanted there.
  void expect_products();
  /// From now on these rows are a few of an X of so many bytes, which limits on memory are measured by.
  void belong_to(std::int64_t bytes) { bytes_ = bytes; }
  double gradient_cost() const override;
  double curvature_cost() const override;
  void curvature(const double* parameters, double* hessian) override;
  bool bent_curvature(const double* parameters, double* hessian) override;
  double blocks_cost() const override;
  std::optional<double> shift_curvature() const override;
  void curvature_blocks(const double* parameters, double* blocks) override;
  bool has_products() const override { return true; }
  void prepare_products(const double* parameters, double* diagonal) override;
  void hessian_product(const double* direction, double* product) override;

 private:
  kernels::LinearModel model_at(const double* parameters);
  /// From sums over rows in X's units to means in standardised coordinates, and l2 times the parameters. |w|^2.
  double add_penalty(const double* parameters, kernels::GradientSums& sums) const;
  double mean_with_penalty(const double* parameters, kernels::GradientSums& sums) const;
  void write_curvature(const double* parameters, Bends bends, double* hessian);
  CurvatureSums& sum_curvature(const double* parameters, Bends bends, std::unique_ptr<CurvaturePass>& pass,
                               ColumnPairs pairs);
  void pin_free_directions(double* hessian) const;
  double losses_ns() const;

  const RowAccess& rows_;
  kernels::Targets targets_;
  Spec spec_;
  Standardization standardization_;
  std::int64_t features_;
  std::int64_t columns_;
  double total_weight_;
  Vector coef_;  // (d, K) in X's units; empty without a scale
  int n_threads_;
  std::int64_t bytes_;
  GradientPass pass_;
  std::unique_ptr<CurvaturePass> curvature_pass_, block_pass_;  // made when first asked for
  std::unique_ptr<HessianProducts> products_;                   // as well
};

}  // namespace gradstream::solvers
