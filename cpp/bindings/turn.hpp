// Who may learn: one call at a time.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

#include "parallel/claim.hpp"

namespace gradstream::bindings {

/// One learner of a handle at a time: a second thread gets an error, not a race.
class Turn {
 public:
  explicit Turn(parallel::Claim& busy) : busy_(busy) {
    if (!busy_.take()) {
      throw std::runtime_error(
          "this estimator is learning in another thread; wait for it, or give each thread its own copy "
          "(sklearn.clone)");
    }
  }
  ~Turn() { busy_.give(); }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  parallel::Claim& busy_;
};

/// The same for an estimator, around whatever changes it (_core.Turn, for a `with` statement): entering and leaving are
/// single steps of the interpreter, so Ctrl-C comes before or after and never leaves a turn behind that nobody has.
class EstimatorTurn {
 public:
  explicit EstimatorTurn(std::string owner) : owner_(std::move(owner)) {}

  bool take() { return taken_.take(); }
  void give() { taken_.give(); }
  bool taken() const { return taken_.taken(); }
  void enter() {
    if (take()) return;
    throw std::runtime_error("This " + owner_ +
                             " is learning already, in another thread or around this callback. Wait for that call, or "
                             "let every thread learn with an estimator of its own.");
  }

 private:
  std::string owner_;
  parallel::Claim taken_;
};

}  // namespace gradstream::bindings
