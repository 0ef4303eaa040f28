#include "parallel/interruption.hpp"

#include <utility>

namespace gradstream::parallel {
namespace {

struct Place {
  Interruption* call = nullptr;
  bool asks = false;  // not on threads that help
};
thread_local Place place;

}  // namespace

Interruption::Interruption(std::function<bool()> asked) : asked_(std::move(asked)), outer_(place.call) {
  place = {this, true};
}

Interruption::~Interruption() { place = {outer_, outer_ != nullptr}; }

Interruption* Interruption::current() { return place.call; }

bool Interruption::wanted() {
  constexpr std::chrono::milliseconds patience(50);
  if (wanted_.load(std::memory_order_relaxed)) return true;
  if (!place.asks) return false;
  const auto now = Clock::now();
  if (now - last_ < patience) return false;
  last_ = now;
  if (asked_()) wanted_.store(true, std::memory_order_relaxed);
  return wanted_.load(std::memory_order_relaxed);
}

Helping::Helping(Interruption* call) { place = {call, false}; }
Helping::~Helping() { place = {}; }

void look_for_interruption() {
  if (place.call != nullptr && place.call->wanted()) throw Interrupted{};
}

}  // namespace gradstream::parallel
