// Blocks of b rows: margins from the state at the block's start, one step at its end. An unfinished block's sums are
// state, so that a stream may be cut anywhere; a large dense block is split into parts of fixed size that threads
// share, added in order.
#pragma once

#include "solvers/streaming.hpp"

namespace gradstream::solvers {

/// Adds rows (all of positive weight) to blocks and steps after each full one. Not ok: the state is spoilt, the caller
/// restores it.
template <class View>
Status learn_blocks(const View& X, RowSet rows, const Spec& spec, LearnerState<typename View::value_type>& state,
                    const LearnInputs& inputs, double& loss);

/// The step of an unfinished block, if it has rows; of the inputs only the standardiser's freeze and the weight factor
/// matter.
template <class T>
Status flush_block(const Spec& spec, LearnerState<T>& state, const LearnInputs& inputs);

}  // namespace gradstream::solvers
