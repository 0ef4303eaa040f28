// What the estimator's streaming and mini-batch calls are made of: whole calls that happen or do not.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "core/status.hpp"
#include "solvers/dense_workspace.hpp"
#include "views/rows.hpp"

namespace gradstream::solvers {

/// True when the user wants to stop (Ctrl-C); asked every few milliseconds.
using Interrupted = std::function<bool()>;

/// Learns all rows, or restores the state and says which row could not be learnt.
template <class View>
Status learn(const View& X, const Spec& spec, LearnerState<typename View::value_type>& state, const LearnInputs& inputs,
             LearnerMemory<typename View::value_type>& memory, const Interrupted& interrupted);

struct EpochOrder {
  std::uint64_t seed = 0;
  std::uint64_t epoch = 0;
  bool shuffle = true;
};

/// One pass over the rows of positive weight in the epoch's order, the standardiser standing, weights divided by their
/// mean; ends with the step of the last, incomplete block. `mean_loss`: weighted mean of each row's loss before its
/// step. Not ok: the state is spoilt (fit works on a state of its own).
template <class View>
Status run_epoch(const View& X, const Spec& spec, LearnerState<typename View::value_type>& state,
                 const LearnInputs& inputs, const EpochOrder& order, const Interrupted& interrupted, double& mean_loss);

}  // namespace gradstream::solvers
