// A few rows: an oracle whose optimum is near that of all rows, and whose curvature costs a small part of theirs.
#pragma once

#include <memory>

#include "solvers/memory_oracle.hpp"

namespace gradstream::solvers {

/// A problem's rows, and the threads that work on them. Borrowed.
struct SampledRows {
  const RowAccess& rows;
  const kernels::Targets& targets;
  const Spec& spec;
  const Standardization& standardization;
  int n_threads;
};

class RowSample {
 public:
  /// Every `step`-th row, the same for any layout of X: read where it is, or where elements of a row lie apart from a
  /// standardised copy.
  RowSample(const SampledRows& from, std::int64_t step);

  Oracle& oracle() { return *oracle_; }
  /// Whether any of its rows has weight.
  bool counts() const { return counts_; }

 private:
  void copy_rows(const SampledRows& from, std::int64_t step, std::int64_t first);

  Vector x_, y_, weight_;
  bool counts_ = false;
  std::unique_ptr<RowAccess> rows_;
  std::unique_ptr<MemoryOracle> oracle_;
};

/// From few rows to more. None where a sample does not pay: sparse or few rows, a curvature that is not to be had. At
/// most 1/12 of all rows.
struct RowSamples {
  std::vector<std::unique_ptr<RowSample>> samples;
  std::vector<Oracle*> oracles;  // of those with weight
};
RowSamples take_samples(const SampledRows& from, const Oracle& oracle);

}  // namespace gradstream::solvers
