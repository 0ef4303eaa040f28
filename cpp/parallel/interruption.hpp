// How a long call is ended from outside.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>

namespace gradstream::parallel {

/// What a call throws that is ended from outside.
struct Interrupted {};

/// While it lives, calls of the thread that made it can be ended. `asked` is asked on that thread, at most every 50
/// ms; once it has said yes, that thread and those that help it (for_blocks) throw Interrupted where they look next.
class Interruption {
 public:
  explicit Interruption(std::function<bool()> asked);
  ~Interruption();
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;

  /// That of this thread, or of the thread it helps; null: nobody wants to end anything.
  static Interruption* current();

  /// Whether the call is to end. Asks only on the thread that made it.
  bool wanted();

  /// Whether it was to end when somebody asked last: also where all was done by then, and nobody looked any more.
  bool was_wanted() const { return wanted_.load(std::memory_order_relaxed); }

 private:
  using Clock = std::chrono::steady_clock;
  std::function<bool()> asked_;
  std::atomic<bool> wanted_{false};
  Clock::time_point last_ = Clock::now();
  Interruption* outer_;
};

/// Makes this thread one that helps with a call that can be ended.
class Helping {
 public:
  explicit Helping(Interruption* call);
  ~Helping();
  Helping(const Helping&) = delete;
  Helping& operator=(const Helping&) = delete;
};

/// For loops that are not over blocks; to be called every few milliseconds of work. Throws Interrupted.
void look_for_interruption();

/// For loops over rows.
inline void look_for_interruption(std::size_t row) {
  constexpr std::size_t often = 1024;
  if (row % often == 0) look_for_interruption();
}

}  // namespace gradstream::parallel
