// Sums over all rows, block by block on several threads, partial sums added in block order: the same bits for any
// number of threads.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "core/aligned.hpp"
#include "solvers/row_access.hpp"
#include "solvers/row_blocks.hpp"

namespace gradstream::solvers {

/// Nanoseconds of one pass of losses and gradients by one thread, roughly.
double pass_ns(const RowAccess& rows, std::int64_t columns);

/// One workspace per thread, lent to whoever runs a block. Waits only while more bodies run than there are slots.
class ScratchPool {
 public:
  ScratchPool(int slots, std::int64_t doubles);

  class Loan {
   public:
    explicit Loan(ScratchPool& pool) : pool_(pool), slot_(pool.acquire()) {}
    ~Loan() { pool_.taken_[slot_].clear(std::memory_order_release); }
    Loan(const Loan&) = delete;
    Loan& operator=(const Loan&) = delete;
    double* data() const { return pool_.memory_.data() + slot_ * pool_.doubles_; }

   private:
    ScratchPool& pool_;
    std::size_t slot_;
  };

 private:
  std::size_t acquire();

  std::size_t slots_;
  std::size_t doubles_;
  std::unique_ptr<std::atomic_flag[]> taken_;
  std::vector<double> memory_;
};

/// Loss and gradient sums over all rows, as often as wanted, without allocating.
class GradientPass {
 public:
  /// What a block of rows adds to sums as wide as the model; `workspace` is that of RowAccess.
  using Body = std::function<void(RowSet, kernels::GradientSums&, double* workspace)>;

  GradientPass(const RowAccess& rows, const LossSpec& loss, const kernels::Targets& targets, int n_threads);

  /// Overwrites `sums`: coef (d, K) and intercept (K,) in the units of the model's coefficients; and `sums.blank`.
  void run(const kernels::LinearModel& model, kernels::GradientSums& sums);
  /// The same with anything else that is added up.
  void run(const Body& body, kernels::GradientSums& sums);
  /// body(rows, workspace) for all blocks of rows, side by side: nothing is added up.
  void each_block(const std::function<void(RowSet, double*)>& body);

 private:
  struct Block {
    double loss;
    double weight;
  };
  double* partial(std::int64_t block);
  void run_block(const Body& body, std::int64_t block);
  /// Every block its own sums at w = 0, or none.
  void part_blank(const kernels::BlankSums* total);
  void add_blanks(kernels::BlankSums& total) const;
  kernels::GradientSums cleared(double* coef, double* intercept) const;

  const RowAccess& rows_;
  LossSpec loss_;
  kernels::Targets targets_;
  RowBlocks blocks_;
  int n_threads_;
  std::int64_t pieces_;
  std::int64_t coefficients_;
  std::int64_t stride_;
  AlignedVector<double> partials_;  // of blocks 1, 2, ...: coef, then intercept
  std::vector<Block> scalars_;
  std::vector<kernels::BlankSums> blanks_;
  AlignedVector<double> blank_coefs_;
  ScratchPool scratch_;
  kernels::GradientSums* first_ = nullptr;  // of the pass that runs: block 0 adds straight into the result
};

/// GradientPass once, for any coefficients in X's units.
void loss_gradient(const AnyView& view, const kernels::Targets& targets, const LossSpec& loss,
                   const kernels::LinearModel& model, int n_threads, kernels::GradientSums& sums);

/// Sums of squares of the rows' own gradients, weighted: coef (d, K) and intercept (K,); CSR rows on one thread.
void squared_gradients(const AnyView& view, const kernels::Targets& targets, const LossSpec& loss,
                       const kernels::LinearModel& model, int n_threads, kernels::GradientSums& sums);

/// Weighted means and sums of squared deviations of all columns, blocks merged in order (Chan, Golub, LeVeque 1983).
void moments(const AnyView& view, const double* weight, int n_threads, kernels::MomentSums& sums);

}  // namespace gradstream::solvers
