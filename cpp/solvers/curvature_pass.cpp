#include "solvers/curvature_pass.hpp"

#include <algorithm>

#include "parallel/interruption.hpp"
#include "parallel/parallel_for.hpp"

namespace gradstream::solvers {
namespace {

constexpr std::int64_t kTile = 512;  // rows whose margins are made at once

/// Few blocks, because partial sums are square: of a quarter of a millisecond at least.
std::int64_t count_blocks(double work_ns, std::int64_t by_memory) {
  constexpr double block_ns = 2.5e5;
  constexpr std::int64_t most = 32;
  return std::clamp<std::int64_t>(static_cast<std::int64_t>(work_ns / block_ns), 1,
                                  std::clamp<std::int64_t>(by_memory, 1, most));
}

double work_ns(const CurvatureRows& problem, ColumnPairs pairs) {
  return curvature_sums_ns(problem.rows.rows(), problem.rows.columns() + 1, problem.loss.columns, pairs);
}

}  // namespace

CurvaturePass::CurvaturePass(const CurvatureRows& problem, ColumnPairs pairs, int n_threads)
    : problem_(problem),
      columns_(problem.loss.columns),
      blocks_(RowBlocks::of(problem.rows.rows(), 1)),
      n_threads_(useful_threads(n_threads, work_ns(problem, pairs))),
      weights_(columns_ == 1 ? static_cast<std::size_t>(problem.rows.rows()) : 0) {
  parts_.emplace_back(static_cast<std::size_t>(problem.rows.columns() + 1), columns_, pairs);
  const std::int64_t by_memory = problem.memory / (8 * parts_.front().doubles());
  blocks_ = RowBlocks::of(problem.rows.rows(), count_blocks(work_ns(problem, pairs), by_memory));
  parts_.resize(static_cast<std::size_t>(blocks_.count()), parts_.front());
}

CurvatureSums& CurvaturePass::run(const kernels::LinearModel& model, Bends bends) {
  bends_ = bends;
  parallel::for_blocks(blocks_.count(), n_threads_, [&](std::int64_t block) {
    sum_block(model, blocks_[block], parts_[static_cast<std::size_t>(block)]);
  });
  CurvatureSums& total = parts_.front();
  for (std::size_t block = 1; block < parts_.size(); ++block) total.add(parts_[block]);
  if (columns_ == 1) total.standardise(problem_.standardization.scale, problem_.intercept);
  return total;
}

void CurvaturePass::sum_block(const kernels::LinearModel& model, RowSet set, CurvatureSums& sums) {
  sums.clear();
  const std::int64_t d = problem_.rows.columns();
  Vector workspace(
      static_cast<std::size_t>(std::max(problem_.rows.workspace(columns_), kernels::gram_workspace(d, 0))));
  for (std::int64_t first = 0; first < set.count; first += kTile) {
    parallel::look_for_interruption();
    const RowSet tile = set.part(first, std::min(kTile, set.count - first));
    if (columns_ == 1) {
      sum_products(model, tile, sums, workspace.data());
    } else {
      sum_rows(model, tile, sums, workspace.data());
    }
  }
  sums.flush();
}

void CurvaturePass::sum_products(const kernels::LinearModel& model, RowSet tile, CurvatureSums& sums,
                                 double* workspace) {
  const auto& [rows, targets, loss, standardization, intercept, memory] = problem_;
  Vector z(static_cast<std::size_t>(tile.count));
  rows.margins(tile, model, 1, z.data(), workspace);
  const double* weight = targets.weight != nullptr ? targets.weight + tile.begin : nullptr;
  RowCurvature(loss, bends_)
      .compact(tile.count, z.data(), {targets.y + tile.begin, weight}, weights_.data() + tile.begin);
  const Vector origin(standardization.center == nullptr ? static_cast<std::size_t>(rows.columns()) : 0);
  const double* shift = standardization.center == nullptr ? origin.data() : standardization.center;
  rows.gram(tile, {shift, nullptr, weights_.data(), 0, sums.products(), nullptr}, workspace);
}

void CurvaturePass::sum_rows(const kernels::LinearModel& model, RowSet tile, CurvatureSums& sums,
                             double* workspace) const {
  const auto& [rows, targets, loss, standardization, intercept, memory] = problem_;
  const std::int64_t K = columns_;
  Vector z(static_cast<std::size_t>(tile.count * K)), second(static_cast<std::size_t>(tile.count * K * K));
  Vector x(static_cast<std::size_t>(rows.columns() + 1));
  const double* weight = targets.weight != nullptr ? targets.weight + tile.begin : nullptr;
  rows.margins(tile, model, K, z.data(), workspace);
  RowCurvature row_curvature(loss, bends_);
  row_curvature(tile.count, z.data(), {targets.y + tile.begin, weight}, second.data());
  for (std::int64_t i = 0; i < tile.count; ++i) {
    if (weight != nullptr && weight[i] == 0.0) continue;
    load_standard_row(rows, standardization, tile.begin + i, intercept, x);
    sums.add(x, second.data() + i * K * K);
  }
}

}  // namespace gradstream::solvers
