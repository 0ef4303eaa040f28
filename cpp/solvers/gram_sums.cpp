#include "solvers/gram_sums.hpp"

#include <algorithm>

#include "core/aligned.hpp"
#include "parallel/parallel_for.hpp"
#include "solvers/row_sums.hpp"

namespace gradstream::solvers {
namespace {

/// Mean of a few rows, evenly spaced: as near to the means as a standard deviation, in whatever order rows come.
Vector shift_of(const RowAccess& access, const GramRows& rows) {
  constexpr std::int64_t enough = 64;
  const std::int64_t n = access.rows(), d = access.columns(), count = std::min(n, enough);
  Vector shift(static_cast<std::size_t>(d + rows.targets), 0.0);
  double seen = 0.0;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t row = i * n / count;
    if (rows.weight != nullptr && rows.weight[row] == 0.0) continue;
    access.row_axpy(row, nullptr, 1.0, shift.data());
    for (std::int64_t k = 0; k < rows.targets; ++k) {
      shift[static_cast<std::size_t>(d + k)] += rows.y[row * rows.targets + k];
    }
    seen += 1.0;
  }
  for (double& value : shift) value /= std::max(seen, 1.0);
  return shift;
}

/// Blocks of rows that are summed side by side, group after group: partial sums of a group take at most 5 % of X.
class GramPass {
 public:
  GramPass(const RowAccess& access, const GramRows& rows, const Vector& shift)
      : rows_(rows),
        shift_(shift),
        n_(access.rows()),
        d_(access.columns()),
        width_(kernels::gram_width(d_, rows.targets)),
        partial_(width_ * width_ + rows.targets),
        total_(static_cast<std::size_t>(partial_), 0.0) {
    constexpr double block_ns = 4e5;
    constexpr std::int64_t most = 256;
    const double row_ns = gram_sums_ns(1, d_, rows.targets);
    per_block_ = std::max<std::int64_t>(kernels::kGramTile, static_cast<std::int64_t>(block_ns / row_ns));
    const std::int64_t blocks = (n_ + per_block_ - 1) / per_block_;
    group_ =
        std::clamp<std::int64_t>(access.bytes() / 20 / (8 * partial_), 1, std::clamp<std::int64_t>(blocks, 1, most));
  }

  void run(int n_threads) {
    AlignedVector<double> partials(static_cast<std::size_t>(group_ * partial_));
    const int threads =
        std::min(useful_threads(n_threads, gram_sums_ns(n_, d_, rows_.targets)), static_cast<int>(group_));
    ScratchPool scratch(threads, kernels::gram_workspace(d_, rows_.targets));
    for (std::int64_t begin = 0; begin < n_; begin += group_ * per_block_) {
      const std::int64_t left = n_ - begin, blocks = std::min(group_, (left + per_block_ - 1) / per_block_);
      parallel::for_blocks(blocks, threads, [&](std::int64_t block) {
        const std::int64_t first = begin + block * per_block_;
        const ScratchPool::Loan workspace(scratch);
        sum_block({first, std::min(per_block_, n_ - first)}, partials.data() + block * partial_, workspace.data());
      });
      for (std::int64_t block = 0; block < blocks; ++block) add(partials.data() + block * partial_);
    }
  }

  GramSums result() const {
    const auto d = static_cast<std::size_t>(d_), m = static_cast<std::size_t>(rows_.targets);
    GramSums out{entry(d, d), shift_, Vector(d * d), Vector(d * m), Vector(m), true};
    if (out.weight == 0.0) {
      std::fill(out.mean.begin(), out.mean.end(), 0.0);
      out.finite = all_finite(partial_, total_.data());
      return out;
    }
    Vector beside(d + m);  // sums of deviations from the shift
    for (std::size_t j = 0; j < d; ++j) beside[j] = entry(d, j);
    for (std::size_t k = 0; k < m; ++k) beside[d + k] = entry(d + 1 + k, d);
    for (std::size_t j = 0; j < d + m; ++j) out.mean[j] += beside[j] / out.weight;
    const auto about_mean = [&](double sum, std::size_t a, std::size_t b) {
      return sum - beside[a] / out.weight * beside[b];
    };
    for (std::size_t j = 0; j < d; ++j) {
      for (std::size_t i = 0; i <= j; ++i) {
        out.products[j * d + i] = out.products[i * d + j] = about_mean(entry(j, i), j, i);
      }
      for (std::size_t k = 0; k < m; ++k) out.cross[j * m + k] = about_mean(entry(d + 1 + k, j), j, d + k);
    }
    for (std::size_t k = 0; k < m; ++k) {
      const double sum = total_[static_cast<std::size_t>(width_ * width_) + k];
      out.squares[k] = std::max(0.0, about_mean(sum, d + k, d + k));
    }
    const auto finite = [](const Vector& values) {
      return all_finite(static_cast<std::int64_t>(values.size()), values.data());
    };
    out.finite = finite(out.mean) && finite(out.products) && finite(out.cross) && finite(out.squares);
    return out;
  }

 private:
  double entry(std::size_t j, std::size_t i) const { return total_[j * static_cast<std::size_t>(width_) + i]; }

  void sum_block(RowSet set, double* partial, double* workspace) const {
    std::fill_n(partial, partial_, 0.0);
    const kernels::GramJob job{shift_.data(), rows_.y, rows_.weight, rows_.targets, partial, partial + width_ * width_};
    std::visit([&](const auto& view) { kernels::table().of(view).gram(view, set, job, workspace); }, rows_.view);
  }

  void add(const double* partial) {
    for (std::int64_t at = 0; at < partial_; ++at) total_[static_cast<std::size_t>(at)] += partial[at];
  }

  const GramRows& rows_;
  const Vector& shift_;
  std::int64_t n_, d_, width_, partial_, per_block_, group_;
  Vector total_;  // sums (width, width), then squares of targets
};

}  // namespace

GramSums gram_sums(const GramRows& rows, int n_threads) {
  const auto access = access_rows(rows.view);
  const Vector shift = shift_of(*access, rows);
  GramPass pass(*access, rows, shift);
  pass.run(n_threads);
  return pass.result();
}

double gram_sums_ns(std::int64_t n, std::int64_t d, std::int64_t targets) {
  const double inner = static_cast<double>(d) + 1.0, m = static_cast<double>(targets);
  return static_cast<double>(n) * (0.03 * inner * (0.5 * inner + m) + 0.3 * (inner + m) + 2.0);
}

}  // namespace gradstream::solvers
