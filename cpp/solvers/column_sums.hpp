// What least squares asks of sparse columns one by one, in one read of X.
#pragma once

#include <cstdint>
#include <vector>

#include "parallel/parallel_for.hpp"
#include "solvers/gram_sums.hpp"
#include "solvers/row_access.hpp"
#include "solvers/row_blocks.hpp"
#include "solvers/row_sums.hpp"
#include "solvers/vectors.hpp"

namespace gradstream::solvers {

/// Of every column j the sums of s x, s x^2 and s x y_k: (d, m + 2), what belongs to a column side by side.
template <class View>
void add_column_sums(const View& X, RowSet set, const double* y, std::int64_t targets, const double* weight,
                     double* sums) {
  if constexpr (is_csr<View>) {
    const std::int64_t each = targets + 2;
    for (std::int64_t i = 0; i < set.count; ++i) {
      const std::int64_t row = set[i];
      const double s = weight != nullptr ? weight[row] : 1.0;
      const double* own = y + row * targets;
      for (auto at = X.indptr[row]; at < X.indptr[row + 1]; ++at) {
        double* sum = sums + static_cast<std::int64_t>(X.indices[at]) * each;
        const double x = static_cast<double>(X.data[at]), sx = s * x;
        sum[0] += sx;
        sum[1] += sx * x;
        for (std::int64_t k = 0; k < targets; ++k) sum[2 + k] += sx * own[k];
      }
    }
  }
}

/// The same of all rows, block by block: the same bits for any n_threads.
inline Vector column_sums(const GramRows& rows, const RowAccess& access, const double* y, int n_threads) {
  const auto width = static_cast<std::size_t>(access.columns() * (rows.targets + 2));
  const RowBlocks blocks({access.rows(), access.bytes(), true, static_cast<std::int64_t>(width)});
  std::vector<Vector> parts(static_cast<std::size_t>(blocks.count()), Vector(width, 0.0));
  parallel::for_blocks(blocks.count(), useful_threads(n_threads, pass_ns(access, 1)), [&](std::int64_t block) {
    double* sums = parts[static_cast<std::size_t>(block)].data();
    std::visit([&](const auto& view) { add_column_sums(view, blocks[block], y, rows.targets, rows.weight, sums); },
               rows.view);
  });
  for (std::size_t block = 1; block < parts.size(); ++block) axpy(1.0, parts[block], parts[0]);
  return std::move(parts[0]);
}

}  // namespace gradstream::solvers
