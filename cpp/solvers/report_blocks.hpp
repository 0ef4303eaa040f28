// Margins of many rows, shared out among threads.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "core/aligned.hpp"
#include "core/compiler.hpp"
#include "core/status.hpp"
#include "parallel/parallel_for.hpp"
#include "views/rows.hpp"

namespace gradstream::solvers {

/// Rows per block of a parallel report: about 100 us of work, so that one-row calls and small chunks never wake a
/// thread.
inline std::int64_t report_block(std::int64_t elements_per_row) {
  constexpr std::int64_t kElements = 1 << 18;
  return std::max<std::int64_t>(64, kElements / elements_per_row);
}

/// report(rows, scratch) for all `rows`, in blocks of `per_block`; `scratch` is that of the only one. The first row
/// that is not finite, whichever thread finds one first.
template <class Report>
GRADSTREAM_INLINE Status report_blocks(std::int64_t rows, std::int64_t per_block, int n_threads,
                                       AlignedVector<double>& scratch, const Report& report) {
  if (rows <= per_block) return report(RowSet{0, rows}, scratch);
  std::atomic<std::int64_t> first_bad{rows};
  parallel::for_blocks((rows + per_block - 1) / per_block, n_threads, [&](std::int64_t b) {
    AlignedVector<double> own;
    const Status status = report(RowSet{b * per_block, std::min(per_block, rows - b * per_block)}, own);
    std::int64_t lowest = first_bad.load();
    while (!status.ok() && status.row < lowest && !first_bad.compare_exchange_weak(lowest, status.row)) {
    }
  });
  if (first_bad.load() < rows) return {Code::non_finite, first_bad.load()};
  return {};
}

}  // namespace gradstream::solvers
