// The Hessian of a sum of losses over all rows, in blocks on several threads, partial sums added in block order: the
// same bits for any number of threads.
#pragma once

#include "core/spec.hpp"
#include "solvers/curvature_sums.hpp"
#include "solvers/row_access.hpp"
#include "solvers/row_blocks.hpp"
#include "solvers/row_curvature.hpp"
#include "solvers/standard_rows.hpp"

namespace gradstream::solvers {

/// Borrows everything. `intercept` is what rows have in the intercept's column: 1, or 0 without one. `memory`: bytes
/// that partial sums may take.
struct CurvatureRows {
  const RowAccess& rows;
  const kernels::Targets& targets;
  const LossSpec& loss;
  const Standardization& standardization;
  double intercept;
  std::int64_t memory;
};

class CurvaturePass {
 public:
  CurvaturePass(const CurvatureRows& problem, ColumnPairs pairs, int n_threads);

  /// The sums at a model in X's units; they stand until the next run.
  CurvatureSums& run(const kernels::LinearModel& model, Bends bends);

 private:
  void sum_block(const kernels::LinearModel& model, RowSet set, CurvatureSums& sums);
  /// Any number of columns, row by row.
  void sum_rows(const kernels::LinearModel& model, RowSet tile, CurvatureSums& sums, double* workspace) const;
  /// One column, whole tiles at once; standardised at the end.
  void sum_products(const kernels::LinearModel& model, RowSet tile, CurvatureSums& sums, double* workspace);

  CurvatureRows problem_;
  std::int64_t columns_;
  Bends bends_ = Bends::upward;  // of the run
  RowBlocks blocks_;
  int n_threads_;
  std::vector<CurvatureSums> parts_;  // of every block
  Vector weights_;                    // (n,) second derivatives of the rows' losses, of one column
};

}  // namespace gradstream::solvers
