#include "solvers/gram_sums.hpp"

#include <algorithm>

#include "core/aligned.hpp"
#include "parallel/parallel_for.hpp"
#include "solvers/row_sums.hpp"

namespace gradstream::solvers {
namespace {

constexpr std::int64_t kSampled = 64;

/// Of sparse rows only columns that all of `count` evenly spaced rows store have a shift: the others' means are within
/// some deviations of 0.
void keep_stored_shifts(const AnyView& any, std::int64_t count, Vector& shift) {
  const auto keep = [&](const auto& view) {
    if constexpr (is_csr<std::decay_t<decltype(view)>>) {
      std::vector<std::int64_t> stored(static_cast<std::size_t>(view.columns), 0);
      for (std::int64_t i = 0; i < count; ++i) {
        const std::int64_t row = i * view.rows / count;
        for (auto at = view.indptr[row]; at < view.indptr[row + 1]; ++at) {
          ++stored[static_cast<std::size_t>(view.indices[at])];
        }
      }
      for (std::size_t j = 0; j < stored.size(); ++j) {
        if (stored[j] < count) shift[j] = 0.0;
      }
    }
  };
  std::visit(keep, any);
}

/// Mean of a few rows, evenly spaced: as near to the means as a standard deviation, in whatever order rows come.
Vector shift_of(const RowAccess& access, const GramRows& rows) {
  const std::int64_t n = access.rows(), d = access.columns(), count = std::min(n, kSampled);
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
  keep_stored_shifts(rows.view, count, shift);
  return shift;
}

/// Of tiles of dense rows.
double dense_ns(const GramShape& shape) {
  const double inner = static_cast<double>(shape.columns) + 1.0, m = static_cast<double>(shape.targets);
  return static_cast<double>(shape.rows) * (0.045 * inner * (0.5 * inner + m) + 0.3 * (inner + m) + 2.0);
}

/// Row by row of what is stored: 0.4 to 0.6 ns a product, and loops that end unforeseen (Zen 4).
double row_by_row_ns(const GramShape& shape) {
  const double rows = static_cast<double>(shape.rows), m = static_cast<double>(shape.targets);
  const double each = static_cast<double>(shape.stored) / std::max(rows, 1.0) + 1.0;
  return rows * (each * (0.24 * each + 0.5 * m + 2.0) + 5.0);
}

bool row_by_row(const GramShape& shape) {
  return shape.stored < shape.rows * shape.columns && row_by_row_ns(shape) < dense_ns(shape);
}

GramShape shape_of(const RowAccess& access, const GramRows& rows) {
  return {access.rows(), access.columns(), rows.targets, access.stored()};
}

/// Blocks of rows that are summed side by side, group after group: partial sums of a group take at most 5 % of X, or
/// 32 MB.
class GramPass {
 public:
  GramPass(const RowAccess& access, const GramRows& rows, const Vector& shift)
      : rows_(rows),
        shift_(shift),
        n_(access.rows()),
        d_(access.columns()),
        width_(kernels::gram_width(d_, rows.targets)),
        partial_(width_ * width_ + rows.targets),
        work_ns_(gram_sums_ns(shape_of(access, rows))),
        row_by_row_(access.sparse() && row_by_row(shape_of(access, rows))),
        total_(static_cast<std::size_t>(partial_), 0.0) {
    // A block outweighs clearing and adding its sums; a group of four takes 32 MB of a thousand columns.
    constexpr double least_ns = 4e5, beside_ns = 20.0;
    constexpr std::int64_t most = 256, few_bytes = 1 << 25;
    const double block_ns = std::max(least_ns, beside_ns * static_cast<double>(partial_));
    const double row_ns = std::max(1.0, work_ns_ / static_cast<double>(std::max<std::int64_t>(n_, 1)));
    per_block_ = std::max<std::int64_t>(kernels::kGramTile, static_cast<std::int64_t>(block_ns / row_ns));
    const std::int64_t blocks = (n_ + per_block_ - 1) / per_block_;
    const std::int64_t bytes = std::max(access.bytes() / 20, few_bytes);
    group_ = std::clamp<std::int64_t>(bytes / (8 * partial_), 1, std::clamp<std::int64_t>(blocks, 1, most));
  }

  void run(int n_threads) {
    AlignedVector<double> partials(static_cast<std::size_t>(group_ * partial_));
    const int threads = std::min(useful_threads(n_threads, work_ns_), static_cast<int>(group_));
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
    const kernels::GramJob job{shift_.data(), rows_.y, rows_.weight, rows_.targets, partial, partial + width_ * width_,
                               row_by_row_};
    std::visit([&](const auto& view) { kernels::table().of(view).gram(view, set, job, workspace); }, rows_.view);
  }

  void add(const double* partial) {
    for (std::int64_t at = 0; at < partial_; ++at) total_[static_cast<std::size_t>(at)] += partial[at];
  }

  const GramRows& rows_;
  const Vector& shift_;
  std::int64_t n_, d_, width_, partial_, per_block_, group_;
  double work_ns_;
  bool row_by_row_;
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

double gram_sums_ns(const GramShape& shape) { return row_by_row(shape) ? row_by_row_ns(shape) : dense_ns(shape); }

}  // namespace gradstream::solvers
