#include "parallel/fork_guard.hpp"

#include <atomic>

#if defined(GRADSTREAM_PARALLEL_OPENMP) && (defined(__unix__) || defined(__APPLE__))
#include <pthread.h>
#endif

namespace gradstream::parallel {
namespace {

std::atomic<bool> forked{false};

#if defined(GRADSTREAM_PARALLEL_OPENMP) && (defined(__unix__) || defined(__APPLE__))
void mark_child() { forked.store(true); }
const int registered = pthread_atfork(nullptr, nullptr, &mark_child);
#endif

}  // namespace

bool in_forked_child() { return forked.load(std::memory_order_relaxed); }

}  // namespace gradstream::parallel
