#include "parallel/parallel_for.hpp"

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include "parallel/fork_guard.hpp"

#if defined(GRADSTREAM_PARALLEL_OPENMP)
#include <omp.h>
#endif

namespace gradstream::parallel {

#if defined(GRADSTREAM_PARALLEL_OPENMP)

void for_blocks(std::int64_t blocks, int n_threads, const std::function<void(std::int64_t)>& body) {
  const int threads = in_forked_child() ? 1 : static_cast<int>(std::min<std::int64_t>(n_threads, blocks));
  if (threads <= 1) {
    for (std::int64_t b = 0; b < blocks; ++b) body(b);
    return;
  }
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
  for (std::int64_t b = 0; b < blocks; ++b) body(b);
}

int max_threads() { return in_forked_child() ? 1 : omp_get_max_threads(); }
const char* backend() { return "openmp"; }

#elif defined(GRADSTREAM_PARALLEL_THREADS)

/// Threads live for one call: safe across fork, nothing to shut down, visible to ThreadSanitizer.
void for_blocks(std::int64_t blocks, int n_threads, const std::function<void(std::int64_t)>& body) {
  const auto threads = std::min<std::int64_t>(n_threads, blocks);
  std::atomic<std::int64_t> next{0};
  const auto work = [&] {
    for (std::int64_t b = next.fetch_add(1); b < blocks; b = next.fetch_add(1)) body(b);
  };
  std::vector<std::thread> others;
  for (std::int64_t i = 1; i < threads; ++i) others.emplace_back(work);
  work();
  for (std::thread& other : others) other.join();
}

int max_threads() { return std::max(1, static_cast<int>(std::thread::hardware_concurrency())); }
const char* backend() { return "threads"; }

#else

void for_blocks(std::int64_t blocks, int, const std::function<void(std::int64_t)>& body) {
  for (std::int64_t b = 0; b < blocks; ++b) body(b);
}
int max_threads() { return 1; }
const char* backend() { return "serial"; }

#endif

}  // namespace gradstream::parallel
