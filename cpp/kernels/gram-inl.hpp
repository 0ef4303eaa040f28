// Sums of outer products of rows, the one loop of a Newton step that is bound by arithmetic.
#pragma once

#include "kernels/pack-inl.hpp"
#include "kernels/table.hpp"

namespace gradstream::kernels {
namespace {

inline constexpr std::int64_t kGramRows = 4;  // with three packs across: twelve sums in registers hide the latency

/// sums[j + a][i...] += sum_r left[r][j + a] right[r][i...], `kPacks` packs wide.
template <int kPacks>
GRADSTREAM_INLINE void add_gram_block(const GramTile& tile, std::int64_t j, std::int64_t i, double* sums) {
  Wide sum[kGramRows][kPacks];
  for (auto& row : sum) {
    for (Wide& value : row) value = Wide(0.0);
  }
  for (std::int64_t r = 0; r < tile.rows; ++r) {
    const double *const left = tile.left + r * tile.width + j, *const right = tile.right + r * tile.width + i;
    Wide across[kPacks];
    for (int p = 0; p < kPacks; ++p) across[p] = load<Wide>(right + p * kLanes);
    for (int a = 0; a < kGramRows; ++a) {
      for (int p = 0; p < kPacks; ++p) sum[a][p] += Wide(left[a]) * across[p];
    }
  }
  for (int a = 0; a < kGramRows; ++a) {
    for (int p = 0; p < kPacks; ++p) {
      double* const at = sums + (j + a) * tile.stride + i + p * kLanes;
      store(at, load<Wide>(at) + sum[a][p]);
    }
  }
}

inline void add_gram(const GramTile& tile, double* sums) {
  for (std::int64_t j = 0; j < tile.width; j += kGramRows) {
    const std::int64_t end = j + kGramRows;  // of the lower triangle in these rows
    std::int64_t i = 0;
    for (; i + 3 * kLanes <= tile.width && i + 2 * kLanes < end; i += 3 * kLanes) add_gram_block<3>(tile, j, i, sums);
    for (; i < end; i += kLanes) add_gram_block<1>(tile, j, i, sums);
  }
}

}  // namespace
}  // namespace gradstream::kernels
