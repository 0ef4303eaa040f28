// Who may learn: one call at a time.
#pragma once

#include <atomic>
#include <stdexcept>

namespace gradstream::bindings {

/// One learner at a time: a second thread gets an error, not a race.
class Turn {
 public:
  explicit Turn(std::atomic<bool>& busy) : busy_(busy) {
    if (busy_.exchange(true)) {
      throw std::runtime_error(
          "this estimator is learning in another thread; wait for it, or give each thread its own copy "
          "(sklearn.clone)");
    }
  }
  ~Turn() { busy_.store(false); }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  std::atomic<bool>& busy_;
};

}  // namespace gradstream::bindings
