// One holder at a time.
#pragma once

#include <atomic>

#include "parallel/fork_guard.hpp"

namespace gradstream::parallel {

/// Taken or not; never waits. A forked child finds free what another thread of its parent had taken.
class Claim {
 public:
  bool take() {
    const int now = 1 + forks();
    return holder_.exchange(now, std::memory_order_acquire) != now;
  }
  void give() { holder_.store(0, std::memory_order_release); }
  bool taken() const { return holder_.load(std::memory_order_acquire) == 1 + forks(); }

 private:
  std::atomic<int> holder_{0};
};

}  // namespace gradstream::parallel
