#include "parallel/fork_guard.hpp"

#include <atomic>

#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#endif

namespace gradstream::parallel {
namespace {

std::atomic<int> count{0};

#if defined(__unix__) || defined(__APPLE__)
void count_child() { count.fetch_add(1); }
const int registered = pthread_atfork(nullptr, nullptr, &count_child);
#endif

}  // namespace

int forks() { return count.load(std::memory_order_relaxed); }

}  // namespace gradstream::parallel
