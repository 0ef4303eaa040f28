#include "parallel/parallel_for.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "parallel/fork_guard.hpp"
#include "parallel/interruption.hpp"

#if defined(GRADSTREAM_PARALLEL_OPENMP)
#include <omp.h>
#endif

#if defined(__linux__)
#include <sched.h>
#endif

namespace gradstream::parallel {
namespace {

void one_by_one(std::int64_t blocks, const std::function<void(std::int64_t)>& body) {
  for (std::int64_t b = 0; b < blocks; ++b) {
    look_for_interruption();
    body(b);
  }
}

}  // namespace

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

#if defined(GRADSTREAM_PARALLEL_THREADS) || defined(GRADSTREAM_PARALLEL_OPENMP)
namespace {

/// The first exception that a body throws, kept for the caller: it may leave neither a thread nor a parallel region,
/// and the caller may not leave while other threads are in the body. Blocks after it are left out.
class FirstException {
 public:
  void run(const std::function<void(std::int64_t)>& body, std::int64_t block) noexcept {
    if (taken_.test()) return;
    try {
      look_for_interruption();
      body(block);
    } catch (...) {
      if (!taken_.test_and_set()) exception_ = std::current_exception();
    }
  }
  void rethrow() {
    if (exception_) std::rethrow_exception(std::exchange(exception_, nullptr));
  }

 private:
  std::atomic_flag taken_;
  std::exception_ptr exception_;
};

}  // namespace
#endif

#if defined(GRADSTREAM_PARALLEL_OPENMP)

void for_blocks(std::int64_t blocks, int n_threads, const std::function<void(std::int64_t)>& body) {
  const int threads = in_forked_child() ? 1 : static_cast<int>(std::min<std::int64_t>(n_threads, blocks));
  if (threads <= 1) {
    one_by_one(blocks, body);
    return;
  }
  FirstException exception;
  Interruption* const interruption = Interruption::current();
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
  for (std::int64_t b = 0; b < blocks; ++b) {
    if (Interruption::current() == interruption) {
      exception.run(body, b);
    } else {
      const Helping helping(interruption);
      exception.run(body, b);
    }
  }
  exception.rethrow();
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
  Interruption* interruption;
  std::atomic<std::int64_t> next{0};
  std::atomic<std::int64_t> done{0};
  std::mutex mutex;
  std::condition_variable all_done;
  FirstException exception;

  void work() {
    for (std::int64_t b = next.fetch_add(1); b < count; b = next.fetch_add(1)) {
      exception.run(*body, b);
      if (done.fetch_add(1) + 1 < count) continue;
      const std::lock_guard<std::mutex> locked(mutex);
      all_done.notify_one();
    }
  }
  void help() {
    const Helping helping(interruption);
    work();
  }
  /// Looks up now and then, so that the blocks of others end as well when the call is to end.
  void wait() {
    constexpr std::chrono::milliseconds nap(50);
    std::unique_lock<std::mutex> locked(mutex);
    const auto finished = [this] { return done.load() == count; };
    while (!all_done.wait_for(locked, nap, finished)) {
      if (interruption != nullptr) interruption->wanted();
    }
  }
};

}  // namespace

/// Threads live for one call: safe across fork, no pool to shut down, no spinning beside other work.
void for_blocks(std::int64_t blocks, int n_threads, const std::function<void(std::int64_t)>& body) {
  const auto threads = std::min<std::int64_t>(n_threads, blocks);
  if (threads <= 1) {
    one_by_one(blocks, body);
    return;
  }
  const auto shared = std::make_shared<Blocks>();
  shared->count = blocks;
  shared->body = &body;
  shared->interruption = Interruption::current();
  try {
    for (std::int64_t i = 1; i < threads; ++i) std::thread([shared] { shared->help(); }).detach();
  } catch (const std::exception&) {
    // no more threads or no memory for one: those started have the body, the caller does what is left
  }
  shared->work();
  shared->wait();
  shared->exception.rethrow();
}

int max_threads() {
  const char* wanted = std::getenv("OMP_NUM_THREADS");  // what joblib and job schedulers set
  const int named = wanted != nullptr ? std::atoi(wanted) : 0;
  return named > 0 ? named : usable_cores();
}
const char* backend() { return "threads"; }

#else

void for_blocks(std::int64_t blocks, int, const std::function<void(std::int64_t)>& body) { one_by_one(blocks, body); }
int max_threads() { return 1; }
const char* backend() { return "serial"; }

#endif

}  // namespace gradstream::parallel
