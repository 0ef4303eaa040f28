// Which rows are summed together. A function of the shape alone: sums have the same bits for every thread count.
#pragma once

#include <algorithm>
#include <cstdint>

#include "views/rows.hpp"

namespace gradstream::solvers {

/// What the rule looks at.
struct RowShape {
  std::int64_t rows;
  std::int64_t bytes;  // of the stored values and indices
  bool sparse;
  std::int64_t partial;  // doubles in the partial sums of one block
};

/// Consecutive blocks of nearly equal size.
class RowBlocks {
 public:
  /// About 2 MiB of X each, so that a block outweighs its start and its sums; sparse at most 16, because partial sums
  /// are as wide as the model. Partial sums of all blocks together take at most 5 % of X.
  explicit RowBlocks(const RowShape& shape) : rows_(shape.rows) {
    const std::int64_t partial_bytes = 8 * std::max<std::int64_t>(shape.partial, 1);
    const std::int64_t by_size = std::min<std::int64_t>(shape.bytes >> 21, shape.sparse ? 16 : shape.rows);
    const std::int64_t by_memory = shape.bytes / 20 / partial_bytes;
    count_ = std::max<std::int64_t>(1, std::min({by_size, by_memory, shape.rows}));
  }

  static RowBlocks of(std::int64_t rows, std::int64_t count) { return {rows, count}; }

  std::int64_t count() const { return count_; }
  std::int64_t begin(std::int64_t block) const { return block * (rows_ / count_) + std::min(block, rows_ % count_); }
  RowSet operator[](std::int64_t block) const { return {begin(block), begin(block + 1) - begin(block)}; }

 private:
  RowBlocks(std::int64_t rows, std::int64_t count)
      : rows_(rows), count_(std::max<std::int64_t>(1, std::min(count, rows))) {}

  std::int64_t rows_;
  std::int64_t count_;
};

/// Threads that pay for themselves: one below 50 microseconds of work, then one more for every 25.
inline int useful_threads(int n_threads, double work_ns) {
  constexpr double start_ns = 25e3;
  const double affordable = std::clamp(work_ns / start_ns, 1.0, static_cast<double>(std::max(n_threads, 1)));
  return static_cast<int>(affordable);
}

}  // namespace gradstream::solvers
