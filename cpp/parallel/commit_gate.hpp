// Many readers of a state beside the one call that changes it.
#pragma once

#include <atomic>
#include <thread>

#include "parallel/fork_guard.hpp"

namespace gradstream::parallel {

/// Who changes a dense state does so in a copy and writes it back in one go; who reads it takes a copy. Between these
/// two the gate stands, so that no reader ever sees half of a change. Both hold it for as long as a copy takes. Writers
/// come one at a time (their turn sees to it) and before readers that come later.
class CommitGate {
 public:
  class Reading {
   public:
    explicit Reading(CommitGate& gate) : gate_(gate) { gate_.begin_reading(); }
    ~Reading() { gate_.holders_.fetch_sub(kReader, std::memory_order_release); }
    Reading(const Reading&) = delete;
    Reading& operator=(const Reading&) = delete;

   private:
    CommitGate& gate_;
  };

  class Writing {
   public:
    explicit Writing(CommitGate& gate) : gate_(gate) { gate_.begin_writing(); }
    ~Writing() { gate_.holders_.fetch_sub(kWriter, std::memory_order_release); }
    Writing(const Writing&) = delete;
    Writing& operator=(const Writing&) = delete;

   private:
    CommitGate& gate_;
  };

 private:
  static constexpr int kWriter = 1;
  static constexpr int kReader = 2;

  /// Threads of the parent hold nothing in a forked child.
  void forget_the_parent() {
    if (process_.load(std::memory_order_relaxed) == forks()) return;
    holders_.store(0, std::memory_order_relaxed);
    process_.store(forks(), std::memory_order_relaxed);
  }

  void begin_reading() {
    forget_the_parent();
    while ((holders_.fetch_add(kReader, std::memory_order_acquire) & kWriter) != 0) {
      holders_.fetch_sub(kReader, std::memory_order_relaxed);
      while ((holders_.load(std::memory_order_relaxed) & kWriter) != 0) std::this_thread::yield();
    }
  }

  void begin_writing() {
    forget_the_parent();
    holders_.fetch_add(kWriter, std::memory_order_relaxed);
    while (holders_.load(std::memory_order_acquire) != kWriter) std::this_thread::yield();
  }

  std::atomic<int> holders_{0};
  std::atomic<int> process_{forks()};
};

}  // namespace gradstream::parallel
