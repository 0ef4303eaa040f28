// Row by row: one pass in the given order, state carried. What partial_fit and learn_one call at batch size 1.
#pragma once

#include "solvers/dense_workspace.hpp"

namespace gradstream::solvers {

/// A job on the state as it stands; `dense` only for the dense layout.
template <class T>
kernels::StreamJob<T> stream_job(const Spec& spec, const LearnerState<T>& state, DenseWorkspace<T>* dense,
                                 bool frozen) {
  kernels::StreamJob<T> job;
  job.spec = &spec;
  job.context = step_context(spec);
  job.bias = state.bias;
  job.counters = state.counters;
  job.standardizer = {state.mean, state.m2, state.seen, nullptr, spec.standardize == Standardize::center_scale, frozen};
  if (dense != nullptr) {
    job.standardizer.mean = dense->statistic(0);
    job.standardizer.m2 = dense->statistic(1);
    job.standardizer.scale = dense->statistic(2);
  }
  job.table.slots = slot_count(spec);
  if (dense != nullptr) {
    for (int a = 0; a <= job.table.slots; ++a) job.table.slot[a] = dense->slot(a);
  } else {
    job.table.record = state.table;
    job.table.record_width = record_width<T>(spec);
  }
  return job;
}

/// Learns the rows in order. Not ok: a sparse state is spoilt, the caller restores it.
template <class View>
Status stream_rows(const View& X, RowSet rows, const Spec& spec, LearnerState<typename View::value_type>& state,
                   const LearnInputs& inputs, LearnerMemory<typename View::value_type>& memory, double& loss);

/// Margins of the state as it stands into out (rows, K), rows shared out among threads.
template <class View>
Status report_rows(const View& X, const Spec& spec, const LearnerState<typename View::value_type>& state,
                   LearnerMemory<typename View::value_type>& memory, double* out, int n_threads);

/// Learns a single row of batch size 1, or leaves the state as it is.
template <class View>
Status learn_row(const View& x, const Spec& spec, LearnerState<typename View::value_type>& state,
                 const LearnInputs& inputs, LearnerMemory<typename View::value_type>& memory);

}  // namespace gradstream::solvers
