#include "solvers/row_margins.hpp"

#include <algorithm>
#include <atomic>

#include "core/aligned.hpp"
#include "parallel/parallel_for.hpp"
#include "solvers/row_access.hpp"
#include "solvers/row_blocks.hpp"

namespace gradstream::solvers {

bool row_margins(const AnyView& view, const kernels::LinearModel& model, std::int64_t columns, int n_threads,
                 double* out) {
  constexpr double kNanosecondsPerProduct = 0.25;
  const auto rows = access_rows(view);
  const std::int64_t products = rows->stored() * columns;
  const int threads = useful_threads(n_threads, kNanosecondsPerProduct * static_cast<double>(products));
  const std::int64_t count = std::max<std::int64_t>(1, std::min(rows->bytes() >> 18, rows->rows()));
  const auto begin_of = [&](std::int64_t block) {
    return rows->rows() / count * block + std::min(block, rows->rows() % count);
  };
  std::atomic<bool> finite{true};
  parallel::for_blocks(count, threads, [&](std::int64_t block) {
    const std::int64_t begin = begin_of(block), end = begin_of(block + 1);
    // Margins of sparse rows need no scratch, which would be as wide as the model.
    AlignedVector<double> workspace(rows->sparse() ? 0 : static_cast<std::size_t>(rows->workspace(columns)));
    rows->margins({begin, end - begin}, model, columns, out + begin * columns, workspace.data());
    double probe = 0.0;
    for (std::int64_t i = begin * columns; i < end * columns; ++i) probe += 0.0 * out[i];
    if (probe != 0.0) finite.store(false, std::memory_order_relaxed);
  });
  return finite.load();
}

}  // namespace gradstream::solvers
