// Fits on all rows at once, to a certified optimum.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "core/spec.hpp"
#include "core/status.hpp"
#include "kernels/table.hpp"
#include "solvers/memory_oracle.hpp"
#include "solvers/monitor.hpp"

namespace gradstream::solvers {

enum class BatchSolver {
  by_shape,  // smooth losses without l1: one of the next two
  lbfgs,     // smooth losses without l1
  newton,    // the same
  gd,        // accelerated proximal gradient: smooth losses, any penalty
  cd,        // dual coordinate ascent: hinge, and one column of log_loss with l2
};

/// By its name: "auto", "lbfgs", "newton", "gd", "cd"; nothing for another.
std::optional<BatchSolver> batch_solver(std::string_view name);
std::string_view name(BatchSolver solver);

/// Where to begin, coefficients (d, K) in standardised coordinates and intercepts (K,); null: at w = 0 with the best
/// intercepts, where also a start is given up at which the objective overflows.
struct BatchStart {
  const double* coef = nullptr;
  const double* intercept = nullptr;

  bool given() const { return coef != nullptr || intercept != nullptr; }
};

struct BatchOptions {
  BatchSolver solver = BatchSolver::lbfgs;
  double tol = 1e-6;
  int max_iter = 1000;
  std::uint64_t seed = 0;
  int n_threads = 1;
  LookUp look_up = nullptr;
};

struct BatchResult {
  std::vector<double> coef;  // (d, K), standardised coordinates
  std::vector<double> intercept;
  double objective;   // penalised, l1 included
  double optimality;  // numerics.md, "Certificates"
  int n_iter;
  Code status;  // converged, max_iter, no_progress, interrupted, non_finite
  std::vector<double> loss_curve;
  BatchSolver solver;  // that was taken
};

/// Some weight must be positive. Same bits for any n_threads. Exceptions thrown by `progress` pass through.
BatchResult full_batch(const AnyView& view, const kernels::Targets& targets, const Spec& spec,
                       const Standardization& standardization, const BatchStart& start, const BatchOptions& options,
                       const Progress& progress);

}  // namespace gradstream::solvers
