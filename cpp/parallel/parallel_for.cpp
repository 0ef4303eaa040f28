#include "parallel/parallel_for.hpp"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <memory>
#include <system_error>
#include <thread>
#include <vector>

#include "parallel/fork_guard.hpp"

#if defined(GRADSTREAM_PARALLEL_OPENMP)
#include <omp.h>
#endif

#if defined(__linux__)
#include <sched.h>
#endif

namespace gradstream::parallel {

#if defined(GRADSTREAM_PARALLEL_THREADS)
namespace {

int usable_cores() {
#if defined(__linux__)
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) == 0) return std::max(1, CPU_COUNT(&set));
#endif
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

}  // namespace
#endif

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

namespace {

/// What the caller and the threads it started share. A thread that comes late, because other work holds its core, finds
/// no block left and goes: the caller waits for blocks, never for threads.
struct Blocks {
  std::int64_t count;
  const std::function<void(std::int64_t)>* body;
  std::atomic<std::int64_t> next{0};
  std::atomic<std::int64_t> done{0};

  void work() {
    for (std::int64_t b = next.fetch_add(1); b < count; b = next.fetch_add(1)) {
      (*body)(b);
      if (done.fetch_add(1) + 1 == count) done.notify_one();
    }
  }
  void wait() {
    for (std::int64_t seen = done.load(); seen < count; seen = done.load()) done.wait(seen);
  }
};

}  // namespace

/// Threads live for one call: safe across fork, no pool to shut down, no spinning beside other work.
void for_blocks(std::int64_t blocks, int n_threads, const std::function<void(std::int64_t)>& body) {
  const auto threads = std::min<std::int64_t>(n_threads, blocks);
  if (threads <= 1) {
    for (std::int64_t b = 0; b < blocks; ++b) body(b);
    return;
  }
  const auto shared = std::make_shared<Blocks>();
  shared->count = blocks;
  shared->body = &body;
  try {
    for (std::int64_t i = 1; i < threads; ++i) std::thread([shared] { shared->work(); }).detach();
  } catch (const std::system_error&) {
    // no more threads to be had: the caller does what is left
  }
  shared->work();
  shared->wait();
}

int max_threads() {
  const char* wanted = std::getenv("OMP_NUM_THREADS");  // what joblib and job schedulers set
  const int named = wanted != nullptr ? std::atoi(wanted) : 0;
  return named > 0 ? named : usable_cores();
}
const char* backend() { return "threads"; }

#else

void for_blocks(std::int64_t blocks, int, const std::function<void(std::int64_t)>& body) {
  for (std::int64_t b = 0; b < blocks; ++b) body(b);
}
int max_threads() { return 1; }
const char* backend() { return "serial"; }

#endif

}  // namespace gradstream::parallel
