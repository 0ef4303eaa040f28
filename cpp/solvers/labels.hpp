// Margins to labels, in one pass and on as many threads as the margins were made with.
#pragma once

#include <algorithm>
#include <cstdint>

#include "parallel/parallel_for.hpp"
#include "solvers/row_blocks.hpp"

namespace gradstream::solvers {

/// Margins (n, K); of one column, positive ones are of the second class.
struct MarginRows {
  const double* z;
  std::int64_t rows;
  std::int64_t columns;
};

/// The place of the first of the largest margins.
inline std::int64_t largest(const double* z, std::int64_t columns) { return std::max_element(z, z + columns) - z; }

/// labels[i] = the class of row i. `Label` is anything of the size of the classes' elements.
template <class Label>
void labels_of_margins(const MarginRows& margins, const Label* classes, Label* labels, int n_threads) {
  constexpr std::int64_t kBlock = 1 << 14;
  constexpr double kNanosecondsPerMargin = 1.5;  // with the pages of new arrays, which the system hands out one by one
  const std::int64_t K = margins.columns, blocks = (margins.rows + kBlock - 1) / kBlock;
  const int threads = useful_threads(n_threads, kNanosecondsPerMargin * static_cast<double>(margins.rows * K));
  parallel::for_blocks(blocks, threads, [&](std::int64_t block) {
    const std::int64_t begin = block * kBlock, end = std::min(begin + kBlock, margins.rows);
    if (K == 1) {
      const Label low = classes[0], high = classes[1];
      for (std::int64_t i = begin; i < end; ++i) labels[i] = margins.z[i] > 0.0 ? high : low;
    } else {
      for (std::int64_t i = begin; i < end; ++i) labels[i] = classes[largest(margins.z + i * K, K)];
    }
  });
}

}  // namespace gradstream::solvers
